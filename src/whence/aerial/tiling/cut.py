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
from whence.errors import InputError, NotEnoughDataError
from whence.imagery.atomic import atomic_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from whence.aerial.datasets.scene_set import SceneSet
    from whence.aerial.scheme import Scheme
    from whence.typing import Json, PathLike

__all__ = ["cut_tiles"]

_BEGUN = re.compile(r"_\d{5,}_\d{5,}\.[0-9a-f]{8}\.part\.(png|tif)$")


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
    each tile came from; the data set ``folder`` reads both. Scenes may be cut into folders that hold tiles of
    other scenes, cut alike; tiles that a scene no longer has go away when it is cut again.

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
        When the folders hold tiles cut otherwise or the scenes themselves, or a scene cannot be cut.
    NotEnoughDataError
        When there are no scenes.
    """
    chosen = cut or Cut()
    if not scenes.scenes:
        raise NotEnoughDataError("there are no scenes to cut; look at what was left out")
    masked = any(mask_of(scene, chosen) for scene in scenes.scenes)
    if masked and masks_to is None:
        raise InputError("the scenes have masks; name a folder for those of the tiles (--output-mask-dir)")
    images = Path(images_to)
    masks = Path(masks_to) if masked and masks_to is not None else None
    _check_names(scenes)
    _check_folders(scenes, images, masks)
    _make_folders(images, masks)
    _remove_begun(images, masks)
    home = masks or images
    settings = dataclasses.asdict(chosen) | {"scheme": scenes.scheme.to_json()}
    journal = Journal.open(home, settings, restart=restart)
    _remove_tiles(journal.forgotten, journal.tiles, images, masks)
    _write_meaning(home, scenes.scheme, coloured=chosen.coloured)
    jobs = list(jobs_of(scenes, chosen, images=images, masks=masks))
    results = []
    with journal:
        for number, (result, gone) in enumerate(_done(jobs, journal, workers), start=1):
            results.append(result)
            _remove_tiles(gone, (), images, masks)
            if progress is not None:
                progress(number, len(jobs))
    cutting = _summed(scenes, results)
    others = _others(journal, cutting, scenes, images=images, masks=masks)
    _write_tiles(home, [*others, *cutting.tiles], chosen)
    return cutting


def _done(jobs: list[Job], journal: Journal, workers: int) -> Iterator[tuple[tuple[Json, bool], list[Json]]]:
    """Run what is not in the journal, a few ahead; give in order result, whether it was there, tiles gone."""
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
                gone = []
                if future is not None:
                    known = future.result()
                    gone = journal.write(key, known)
                assert known is not None
                yield (known, future is None), gone
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


def _make_folders(*folders: Path | None) -> None:
    for folder in folders:
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{folder} cannot be made ({error.strerror}); choose another place") from error


def _remove_begun(*folders: Path | None) -> None:
    """Remove what a cutting that was killed had begun to write."""
    for folder in folders:
        for path in [] if folder is None else list(folder.glob(".*.part.*")):
            if _BEGUN.search(path.name):
                path.unlink(missing_ok=True)


def _others(
    journal: Journal, cutting: Cutting, scenes: SceneSet, *, images: Path, masks: Path | None
) -> list[Json]:
    """Give tiles of other scenes that lie in the folder; remove those of parts that a scene has no more."""
    cut = {one.name for one in scenes.scenes}
    _remove_tiles((tile for tile in journal.tiles if tile["scene"] in cut), cutting.tiles, images, masks)
    return [tile for tile in journal.tiles if tile["scene"] not in cut]


def _remove_tiles(tiles: Iterable[Json], kept: Iterable[Json], images: Path, masks: Path | None) -> None:
    """Remove tiles except for those that are kept."""
    names = {tile["name"] for tile in kept}
    for tile in tiles:
        for home, name in zip((images, masks), tile["files"], strict=False):
            if home is not None and tile["name"] not in names:
                (home / name).unlink(missing_ok=True)


def _check_folders(scenes: SceneSet, images: Path, masks: Path | None) -> None:
    """Refuse folders in which tiles would lie among the scenes, or masks over images of the same name."""
    if masks is not None and images.resolve() == masks.resolve():
        raise InputError(
            f"images and masks would both go to {images}, under the same names; give each a folder of its own"
        )
    sources = {
        path.parent.resolve()
        for scene in scenes.scenes
        for path in (scene.image, scene.mask, scene.eroded)
        if path is not None
    }
    for folder in (images, masks):
        if folder is not None and folder.resolve() in sources:
            raise InputError(
                f"{folder} holds the scenes themselves; tiles there would be cut again; give another folder"
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


def _write_tiles(home: Path, tiles: list[Json], cut: Cut) -> None:
    told = {"cut": dataclasses.asdict(cut), "tiles": tiles}
    with atomic_path(home / TILES_FILE) as beside:
        beside.write_text(json.dumps(told, ensure_ascii=False, indent=0) + "\n", "utf-8")
