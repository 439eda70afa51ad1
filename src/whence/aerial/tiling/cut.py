"""Scenes cut into tiles: padding is ignored, the place on the ground is kept, finished work is kept."""

from __future__ import annotations

import dataclasses
import json
import re
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from whence.aerial.datasets.folder import SCHEME_FILE, TILES_FILE
from whence.aerial.scheme_files import write_scheme
from whence.aerial.tiling.jobs import Job, jobs_of, mask_of
from whence.aerial.tiling.journal import Journal
from whence.aerial.tiling.settings import Cut, Cutting
from whence.errors import InputError
from whence.imagery.atomic import atomic_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whence.aerial.datasets.scene_set import SceneSet
    from whence.aerial.scheme import Scheme
    from whence.typing import Json, PathLike

__all__ = ["cut_tiles"]


def cut_tiles(
    scenes: SceneSet,
    images_to: PathLike,
    masks_to: PathLike | None = None,
    *,
    cut: Cut | None = None,
    workers: int = 1,
    restart: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Cutting:
    """Cut scenes into tiles.

    A tile is called after its scene, row and column: ``NAME_00512_01024``. It is a GeoTIFF where the image
    says where it lies, with that place; else a PNG (a TIFF where PNG cannot hold the values). Beside the
    masks (without masks, beside the images) lie ``scheme.json``, what the ids mean, and ``tiles.json``, what
    each tile came from; the data set ``folder`` reads both.

    Parameters
    ----------
    scenes
        What to cut.
    images_to, masks_to
        Folders to make; `masks_to` is needed when scenes have masks.
    cut
        How; see `Cut`.
    workers
        Threads that read, encode and write.
    restart
        Cut again what is there.
    progress
        Called with (done, in all), in parts of scenes.

    Returns
    -------
    Cutting
        Also when an earlier cutting had been interrupted: what it finished is kept.

    Raises
    ------
    InputError
        When the folders hold tiles cut otherwise, or a scene cannot be cut.
    """
    chosen = cut or Cut()
    masked = any(mask_of(scene, chosen) for scene in scenes.scenes)
    if masked and masks_to is None:
        raise InputError("the scenes have masks; name a folder for those of the tiles")
    images = Path(images_to)
    masks = Path(masks_to) if masked and masks_to is not None else None
    _check_names(scenes)
    for folder in (images, masks):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    home = masks or images
    settings = dataclasses.asdict(chosen) | {"scheme": scenes.scheme.to_json()}
    journal = Journal.open(home, settings, restart=restart)
    _write_meaning(home, scenes.scheme, coloured=chosen.coloured)
    jobs = list(jobs_of(scenes, chosen, images=images, masks=masks))
    results = []
    with journal:
        for number, result in enumerate(_done(jobs, journal, workers), start=1):
            results.append(result)
            if progress is not None:
                progress(number, len(jobs))
    cutting = _summed(scenes, results)
    _write_tiles(home, cutting, chosen)
    return cutting


def _done(jobs: list[Job], journal: Journal, workers: int) -> Iterator[tuple[Json, bool]]:
    """Run what is not in the journal, a few ahead, and give (result, whether it was there) in order."""
    with ThreadPoolExecutor(max(workers, 1), thread_name_prefix="whence-cut") as pool:
        under_way: deque[tuple[str, Json | None, Future[Json] | None]] = deque()
        waiting = iter(jobs)
        try:
            while True:
                while len(under_way) < 2 * max(workers, 1) and (job := next(waiting, None)) is not None:
                    known = journal.known(job.key)
                    there = known is not None and job.is_whole(known)
                    under_way.append((job.key, known, None if there else pool.submit(job.run)))
                if not under_way:
                    return
                key, known, future = under_way.popleft()
                if future is not None:
                    known = future.result()
                    journal.write(key, known)
                assert known is not None
                yield known, future is None
        finally:
            for _, _, future in under_way:
                if future is not None:
                    future.cancel()


def _summed(scenes: SceneSet, results: list[tuple[Json, bool]]) -> Cutting:
    return Cutting(
        scheme=scenes.scheme,
        scenes=len(scenes),
        tiles=tuple(tile for result, _ in results for tile in result["tiles"]),
        padded=sum(result["padded"] for result, _ in results),
        empty=sum(result["empty"] for result, _ in results),
        unlabelled=sum(result["unlabelled"] for result, _ in results),
        kept=sum(len(result["tiles"]) for result, there in results if there),
        left_out=scenes.left_out,
    )


def _check_names(scenes: SceneSet) -> None:
    wrong = [one.name for one in scenes.scenes if not one.name or re.search(r"[/\\\0]", one.name)]
    if wrong:
        raise InputError(f"{len(wrong)} scenes have names that no file can have, {wrong[0]!r} among them")


def _write_meaning(home: Path, scheme: Scheme, *, coloured: bool) -> None:
    """Say beside the masks what they hold."""
    meant = scheme.of_ids()
    if coloured and scheme.ignore_colour not in scheme.ignored_colours:
        meant = dataclasses.replace(meant, ignored_colours=(*scheme.ignored_colours, scheme.ignore_colour))
    write_scheme(home / SCHEME_FILE, meant)


def _write_tiles(home: Path, cutting: Cutting, cut: Cut) -> None:
    told = {"cut": dataclasses.asdict(cut), "tiles": list(cutting.tiles)}
    with atomic_path(home / TILES_FILE) as beside:
        beside.write_text(json.dumps(told, ensure_ascii=False, indent=0) + "\n", "utf-8")
