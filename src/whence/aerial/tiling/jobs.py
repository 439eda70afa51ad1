"""The work of cutting: some tiles of one scene, read, filled up and written."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whence.aerial.datasets.scene import Pair
from whence.aerial.encoding import IGNORE
from whence.aerial.scaling import resampled
from whence.aerial.tiling.files import image_suffix, write_image, write_mask
from whence.aerial.tiling.windows import windows
from whence.imagery.raster import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.aerial.datasets.scene import Scene
    from whence.aerial.datasets.scene_set import SceneReader, SceneSet
    from whence.aerial.georeference import Georeference
    from whence.aerial.tiling.settings import Cut
    from whence.typing import Json

__all__ = ["Job", "jobs_of", "mask_of"]

_WHOLE_PX = 1 << 26  # scenes above are cut row of tiles by row of tiles


@dataclass(frozen=True)
class Job:
    """Some tiles of one scene."""

    scenes: SceneSet
    scene: Scene
    windows: tuple[Window, ...]
    cut: Cut
    images: Path
    masks: Path | None
    alone: bool = True

    @property
    def key(self) -> str:
        """What tells it from other jobs, and from itself with other files."""
        files = [path for path in (self.scene.image, mask_of(self.scene, self.cut)) if path is not None]
        stamps = [(path.stat().st_size, path.stat().st_mtime_ns) for path in files if path.exists()]
        first = self.windows[0]
        return json.dumps([self.scene.name, first.row, first.column, len(self.windows), stamps])

    def is_whole(self, made: Json) -> bool:
        """Tell whether the files that were made are still there."""
        homes = [self.images, self.masks]
        return all(
            home is not None and (home / name).is_file()
            for tile in made["tiles"]
            for home, name in zip(homes, tile["files"], strict=False)
        )

    def run(self) -> Json:
        """Cut; give what was made and what was left out."""
        made: Json = {"tiles": [], "padded": 0, "empty": 0, "unlabelled": 0}
        with self.scenes.opened(self.scene, eroded=self._eroded(), any_order=self.alone) as reader:
            whole = _Scaled(reader, self.cut.scale)
            for window in self.windows:
                self._cut(whole, window, made)
        return made

    def _eroded(self) -> bool:
        return self.cut.eroded and self.scene.mask is not None

    def _cut(self, whole: _Scaled, window: Window, made: Json) -> None:
        inside = Window(
            window.column,
            window.row,
            min(window.width, whole.width - window.column),
            min(window.height, whole.height - window.row),
        )
        pair = whole.read(inside)
        if pair.valid is not None and not pair.valid.any():
            made["empty"] += 1
            return
        if self.cut.mode == "train" and pair.ids is not None and (pair.ids == IGNORE).all():
            made["unlabelled"] += 1
            return
        made["padded"] += inside != window
        made["tiles"].append(self._write(_padded(pair, window), whole.place.within(window), window))

    def _write(self, pair: Pair, place: Georeference, window: Window) -> Json:
        name = f"{self.scene.name}_{window.row:05d}_{window.column:05d}"
        image = self.images / f"{name}{image_suffix(pair.image, place)}"
        write_image(image, pair.image, pair.valid, place=place)
        files, pixels = [image.name], []
        if pair.ids is not None and self.masks is not None:
            scheme = self.scenes.scheme
            mask = self.masks / f"{name}{'.tif' if place.known else '.png'}"
            write_mask(mask, pair.ids, scheme, place=place, coloured=self.cut.coloured)
            files.append(mask.name)
            counts = np.bincount(pair.ids.ravel(), minlength=256)
            pixels = [*counts[: len(scheme.classes)].tolist(), int(counts[IGNORE])]
        return {
            "name": name,
            "files": files,
            "scene": self.scene.name,
            "group": self.scene.group,
            "split": self.scene.split,
            "column": window.column,
            "row": window.row,
            "pixels": pixels,
        }


class _Scaled:
    """A scene at the scale that it is cut at; resampled whole where that is not its own."""

    def __init__(self, reader: SceneReader, scale: float) -> None:
        self._reader = reader
        self._pair: Pair | None = None
        self.width, self.height, self.place = reader.width, reader.height, reader.place
        if scale != 1:
            self._pair = resampled(reader.read(Window(0, 0, reader.width, reader.height)), scale)
            self.height, self.width = self._pair.image.shape[:2]
            whole = Window(0, 0, reader.width, reader.height)
            self.place = reader.place.within(whole, scale=scale)

    def read(self, window: Window) -> Pair:
        """Read a window that lies within."""
        if self._pair is None:
            return self._reader.read(window)
        image, ids, valid = self._pair
        part = window.slices
        return Pair(image[part], None if ids is None else ids[part], None if valid is None else valid[part])


def _padded(pair: Pair, window: Window) -> Pair:
    """Fill a tile up: nothing in the image, no class in the mask."""
    rows, columns = pair.image.shape[:2]
    if (rows, columns) == (window.height, window.width):
        return pair
    over = ((0, window.height - rows), (0, window.width - columns))
    there = np.ones((rows, columns), np.bool_) if pair.valid is None else pair.valid
    ids = None if pair.ids is None else np.pad(pair.ids, over, constant_values=IGNORE)
    return Pair(np.pad(pair.image, (*over, (0, 0))), ids, np.pad(there, over))


def jobs_of(scenes: SceneSet, cut: Cut, *, images: Path, masks: Path | None) -> Iterator[Job]:
    """Divide the work: a scene at once, or row of tiles by row of tiles where it is large."""
    for scene in scenes.scenes:
        parts = list(_parts(scenes, scene, cut))
        for part in parts:
            yield Job(scenes, scene, part, cut, images, masks, alone=len(parts) == 1)


def mask_of(scene: Scene, cut: Cut) -> Path | None:
    """Give the mask that is cut."""
    return scene.eroded if cut.eroded else scene.mask


def _parts(scenes: SceneSet, scene: Scene, cut: Cut) -> Iterator[tuple[Window, ...]]:
    """Divide the tiles of a scene into jobs: all at once, or row by row where a scene is large."""
    with scenes.opened(dataclasses.replace(scene, mask=None, eroded=None)) as reader:
        width, height = reader.width, reader.height
    if cut.scale != 1:
        width, height = (max(round(side * cut.scale), 1) for side in (width, height))
    tiles = windows(width, height, side_px=cut.side_px, stride_px=cut.stride_px, edge=cut.edge)
    if cut.scale != 1 or width * height <= _WHOLE_PX:
        yield tuple(tiles)
        return
    for row in sorted({tile.row for tile in tiles}):
        yield tuple(tile for tile in tiles if tile.row == row)
