"""Crops cut while training, straight from the scenes: each by its number, the same everywhere."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.class_places import class_places
from whence.aerial.datasets.scene import Pair
from whence.aerial.encoding import IGNORE
from whence.aerial.scaling import reduced
from whence.errors import InputError
from whence.imagery.raster import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.aerial.class_places import ClassPlaces
    from whence.aerial.datasets.scene import Scene
    from whence.aerial.datasets.scene_set import SceneSet
    from whence.typing import Bools

__all__ = ["Crop", "RandomCrops"]

_TRIES = 10


@dataclass(frozen=True, eq=False)
class Crop:
    """One crop.

    Attributes
    ----------
    image
        (side, side, bands) in the type of the file.
    ids
        (side, side) training ids, 255 ignored; None of a scene without mask.
    valid
        (side, side), False where the image has nothing; None when it has something everywhere.
    scene
        Where it was cut.
    window
        Of the scene, in pixels at full resolution; it reaches over the rim of a scene smaller than a crop.
    """

    image: NDArray[Any]
    ids: NDArray[np.uint8] | None
    valid: Bools | None
    scene: Scene
    window: Window


class RandomCrops:
    """Crops at random places of scenes; ``crops[number]`` depends on seed and number alone.

    Parameters
    ----------
    scenes
        What to cut from. Plain crops come from every scene in proportion to its pixels.
    side_px
        Side of a crop, in pixels after reduction.
    seed
        Another seed gives other crops.
    balance
        Share of the crops that hold a pixel of a class drawn evenly among those there are, at a random place
        of the crop. The pixel is any of that class in all scenes.
    reduction
        Reduce by a whole number: means of squares for images, the commonest class for ids.
    eroded
        Take the masks whose borders are ignored.
    memory_mb
        What scenes held in memory may take, after reduction. Of those that do not fit windows are read,
        with the same result.

    Raises
    ------
    InputError
        For sides and reductions that are not positive, and a balance outside 0 to 1.

    Examples
    --------
    >>> from whence.aerial.datasets import open_dataset
    >>> crops = RandomCrops(open_dataset("dubai", "data/dubai"), 256, balance=0.5)       # doctest: +SKIP
    >>> crops[7].image.shape                                                             # doctest: +SKIP
    (256, 256, 3)
    """

    def __init__(
        self,
        scenes: SceneSet,
        side_px: int,
        *,
        seed: int = 0,
        balance: float = 0.0,
        reduction: int = 1,
        eroded: bool = False,
        memory_mb: float = 2048.0,
    ) -> None:
        if side_px < 1 or reduction < 1:
            raise InputError(f"crops of {side_px} px reduced {reduction} times cannot be; give 1 or more")
        if not 0 <= balance <= 1:
            raise InputError(f"balance is {balance}; it is a share of the crops, 0 to 1")
        self.scenes = scenes
        self.side_px, self.seed, self.balance = side_px, seed, balance
        self.reduction, self.eroded, self.memory_mb = reduction, eroded, memory_mb
        self._sizes = [self._size_px(scene) for scene in scenes.scenes]
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.RLock()
        self._held: dict[int, Pair] = {}
        self._left_bytes = self.memory_mb * 1e6
        self._places: ClassPlaces | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave pixels and locks behind: another process reads for itself."""
        dropped = {"_lock", "_held", "_left_bytes", "_places"}
        return {name: value for name, value in self.__dict__.items() if name not in dropped}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the settings; nothing is held yet."""
        self.__dict__.update(state)
        self._forget()

    def __getitem__(self, number: int) -> Crop:
        """Cut the crop of a number, from 0; there is no end to them.

        A crop in which no pixel has a class is drawn again, up to ten times.
        """
        if number < 0:
            raise IndexError("crops are numbered from 0")
        random = np.random.default_rng([self.seed, number])
        for _ in range(_TRIES):
            crop = self._cut(*self._choose(random))
            if crop.ids is None or (crop.ids != IGNORE).any():
                break
        return crop

    @property
    def places(self) -> ClassPlaces:
        """How often each class occurs, and where; counted once, when first asked for."""
        with self._lock:
            if self._places is None:
                ids = (self._ids_of(number) for number in range(len(self._sizes)))
                self._places = class_places(ids, len(self.scenes.scheme.classes), seed=self.seed)
            return self._places

    def _size_px(self, scene: Scene) -> tuple[int, int]:
        """Give height and width after reduction."""
        with self._opened(scene, ids=False) as reader:
            return -(-reader.height // self.reduction), -(-reader.width // self.reduction)

    def _choose(self, random: np.random.Generator) -> tuple[int, int, int]:
        """Draw scene, row and column of the upper left corner, after reduction."""
        if random.random() < self.balance:
            number, row, column = self.places.draw(random)
            height, width = self._sizes[number]
            back = random.integers(0, self.side_px, 2)
            row, column = row - int(back[0]), column - int(back[1])
            return (
                number,
                min(max(row, 0), max(height - self.side_px, 0)),
                min(max(column, 0), max(width - self.side_px, 0)),
            )
        areas = np.array([height * width for height, width in self._sizes], np.float64)
        number = int(random.choice(len(areas), p=areas / areas.sum()))
        height, width = self._sizes[number]
        row = int(random.integers(0, max(height - self.side_px, 0) + 1))
        column = int(random.integers(0, max(width - self.side_px, 0) + 1))
        return number, row, column

    def _cut(self, number: int, row: int, column: int) -> Crop:
        height, width = self._sizes[number]
        area = Window(column, row, min(self.side_px, width - column), min(self.side_px, height - row))
        held = self._holding(number)
        pair = self._reduced_window(number, area) if held is None else _part(held, area)
        pair = _filled(pair, (self.side_px, self.side_px))
        times = self.reduction
        window = Window(column * times, row * times, self.side_px * times, self.side_px * times)
        return Crop(pair.image, pair.ids, pair.valid, self.scenes.scenes[number], window)

    def _holding(self, number: int) -> Pair | None:
        """Give a scene held in memory, reading it if there is room."""
        with self._lock:
            if number in self._held:
                return self._held[number]
            height, width = self._sizes[number]
            with self._opened(self.scenes.scenes[number], ids=False) as reader:
                sample = reader.read(Window(0, 0, 1, 1)).image
            need = height * width * (sample.shape[2] * sample.itemsize + 2)
            if need > self._left_bytes:
                return None
            self._left_bytes -= need
            self._held[number] = self._reduced_window(number, Window(0, 0, width, height))
            return self._held[number]

    def _reduced_window(self, number: int, area: Window) -> Pair:
        """Read a window, given after reduction; incomplete squares at the rim are filled with nothing."""
        times = self.reduction
        with self._opened(self.scenes.scenes[number], ids=True) as reader:
            left, top = area.column * times, area.row * times
            inside = Window(
                left,
                top,
                min(area.width * times, reader.width - left),
                min(area.height * times, reader.height - top),
            )
            pair = reader.read(inside)
        return reduced(_filled(pair, (area.height * times, area.width * times)), times)

    def _ids_of(self, number: int) -> NDArray[np.uint8]:
        height, width = self._sizes[number]
        held = self._holding(number)
        pair = self._reduced_window(number, Window(0, 0, width, height)) if held is None else held
        if pair.ids is None:
            raise InputError(
                f"the scene {self.scenes.scenes[number].name} has no mask, so crops cannot be balanced by "
                "class; choose scenes with masks, or balance 0"
            )
        return pair.ids

    def _opened(self, scene: Scene, *, ids: bool) -> Any:
        if not ids:
            scene = type(scene)(scene.image, None, name=scene.name, window=scene.window)
        return self.scenes.opened(scene, eroded=self.eroded and ids)


def _part(pair: Pair, area: Window) -> Pair:
    """Cut and copy, so that whoever changes a crop does not change the scene."""
    part = area.slices
    return Pair(
        pair.image[part].copy(),
        None if pair.ids is None else pair.ids[part].copy(),
        None if pair.valid is None else pair.valid[part].copy(),
    )


def _filled(pair: Pair, size: tuple[int, int]) -> Pair:
    """Fill up at the right and below: 0, no class, nothing there."""
    rows, columns = pair.image.shape[:2]
    if (rows, columns) == size:
        return pair
    over = ((0, size[0] - rows), (0, size[1] - columns))
    there = np.ones((rows, columns), np.bool_) if pair.valid is None else pair.valid
    ids = None if pair.ids is None else np.pad(pair.ids, over, constant_values=IGNORE)
    return Pair(np.pad(pair.image, (*over, (0, 0))), ids, np.pad(there, over))
