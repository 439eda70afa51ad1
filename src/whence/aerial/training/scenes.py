"""The scenes of a training: reduced, kept in memory where they fit, with places of every class."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from whence.aerial.normalisation import DIVISORS
from whence.aerial.scheme import IGNORE
from whence.errors import InputError, NotEnoughDataError
from whence.imagery.raster import Window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whence.aerial.datasets import Scene, SceneSet
    from whence.typing import Bools, Floats, Ints

__all__ = ["Patch", "TrainingScenes", "reduced"]

_PLACES = 4096  # pixels of each class that are remembered of each scene
_MB = 2**20


class Patch(NamedTuple):
    """Pixels after the reduction.

    Attributes
    ----------
    image
        (rows, cols, bands) uint8, or float32 divided by the divisor of its type. Where nothing is, the mean
        of the scene, as networks are shown the mean there when they predict.
    ids
        (rows, cols) training ids; `IGNORE` where nothing is.
    """

    image: NDArray[Any]
    ids: NDArray[np.uint8]


@dataclass(eq=False)
class _Known:
    """What is remembered of a scene: its size, its pixels if they fit, its classes and places of them."""

    scene: Scene
    rows: int
    columns: int
    counts: Ints  # pixels per class
    places: Sequence[Ints]  # per class (n, 2) row, column
    mean: NDArray[Any]  # (bands,) of the pixels that hold something, in the type of a patch
    kept: Patch | None = None


@dataclass(eq=False)
class TrainingScenes:
    """Scenes with masks, read once.

    Attributes
    ----------
    scenes
        The data set, already narrowed to what is meant.
    reduction
        How many times images are reduced.
    divisors
        See `whence.aerial.normalisation.Normalisation`.
    memory_mb
        How much may be kept in memory.
    seed
        Of the places that are remembered.

    Raises
    ------
    NotEnoughDataError
        When no pixel of the scenes has a class.
    InputError
        When a scene has no mask, or is smaller than the reduction.
    """

    scenes: SceneSet
    reduction: int = 1
    divisors: Mapping[str, float] = field(default_factory=dict)
    memory_mb: int = 4096
    seed: int = 0

    def __post_init__(self) -> None:
        self._digest = hashlib.blake2b(digest_size=16)
        self._bands: tuple[str, int] | None = None
        self.kinds: dict[str, str] = {}  # type of the values -> the first scene that has it
        self._room = self.memory_mb * _MB
        rng = np.random.default_rng(self.seed)
        self._known = [self._look(scene, rng) for scene in self.scenes.scenes]
        self.counts = np.sum([one.counts for one in self._known], axis=0)
        if not self.counts.any():
            raise NotEnoughDataError("no pixel of the scenes to learn from has a class; look at the masks")
        self.by_class = [
            np.array([len(one.places[number]) for one in self._known]) for number in range(len(self.counts))
        ]

    @property
    def shares(self) -> Floats:
        """Share of every class, each place counting alike however large it is; together 1."""
        by_place: dict[str, Ints] = {}
        for one in self._known:
            by_place[one.scene.group] = by_place.get(one.scene.group, 0) + one.counts
        seen = [counts / counts.sum() for counts in by_place.values() if counts.any()]
        found: Floats = np.mean(seen, axis=0)
        return found

    def __len__(self) -> int:
        return len(self._known)

    @property
    def digest(self) -> str:
        """Digest of all pixels and masks, in order."""
        return self._digest.hexdigest()

    @property
    def pixels(self) -> int:
        """Pixels of all scenes after the reduction."""
        return sum(one.rows * one.columns for one in self._known)

    def size(self, number: int) -> tuple[int, int]:
        """Rows and columns of a scene after the reduction."""
        return self._known[number].rows, self._known[number].columns

    def places(self, number: int, class_id: int) -> Ints:
        """Places (n, 2) of a class in a scene, row and column, some thousands of them at most."""
        return self._known[number].places[class_id]

    def patch(self, number: int, window: Window) -> Patch:
        """Cut a window, in reduced pixels and within the scene."""
        one = self._known[number]
        if one.kept is not None:
            rows = slice(window.row, window.row + window.height)
            columns = slice(window.column, window.column + window.width)
            return Patch(one.kept.image[rows, columns], one.kept.ids[rows, columns])
        step = self.reduction
        full = Window(window.column * step, window.row * step, window.width * step, window.height * step)
        with self.scenes.opened(one.scene, any_order=True) as reader:
            image, ids, valid = reader.read(full)
        return self._reduced(self._divided(image), ids, valid, one.mean)

    def _look(self, scene: Scene, rng: np.random.Generator) -> _Known:
        image, ids, valid = self.scenes.read(scene)
        if ids is None:
            raise InputError(f"the scene {scene.name} has no mask; leave it out, or give it one")
        self._digest.update(f"{scene.name} {image.dtype.str} {image.shape};".encode())
        self._digest.update(np.ascontiguousarray(image).data)
        self._digest.update(np.ascontiguousarray(ids).data)
        self._check_bands(scene, image)
        image = self._divided(image)
        mean = _mean(image, valid)
        patch = self._reduced(image, ids, valid, mean)
        if not patch.ids.size:
            raise InputError(f"the scene {scene.name} has {image.shape[:2]} pixels, fewer than the reduction")
        classes = len(self.scenes.scheme.classes)
        counts = np.bincount(patch.ids.ravel(), minlength=IGNORE + 1)[:classes]
        places = [_some(patch.ids == number, rng) for number in range(classes)]
        room = patch.image.nbytes + patch.ids.nbytes
        self._room -= room
        kept = patch if self._room >= 0 else None
        rows, columns = patch.ids.shape
        return _Known(scene, rows, columns, counts, places, mean, kept)

    def _check_bands(self, scene: Scene, image: NDArray[Any]) -> None:
        first, bands = self._bands or (scene.name, image.shape[2])
        self._bands = first, bands
        if image.shape[2] != bands:
            raise InputError(
                f"the scene {scene.name} has {image.shape[2]} bands and {first} has {bands}; leave one "
                "out, or choose bands that all have (data.options, bands)"
            )
        self.kinds.setdefault(image.dtype.name, scene.name)

    def _divided(self, image: NDArray[Any]) -> NDArray[Any]:
        if image.dtype == np.uint8 and "uint8" not in self.divisors:
            return image
        name = image.dtype.name
        return image.astype(np.float32) / np.float32(self.divisors.get(name, DIVISORS.get(name, 1.0)))

    def _reduced(
        self, image: NDArray[Any], ids: NDArray[np.uint8] | None, valid: Bools | None, mean: NDArray[Any]
    ) -> Patch:
        if ids is None:
            raise InputError("a scene without a mask cannot be learnt from")
        if valid is not None:
            image = np.where(valid[..., None], image, mean)
        return Patch(reduced(image, self.reduction), _nearest(ids, self.reduction))


def _mean(image: NDArray[Any], valid: Bools | None) -> NDArray[Any]:
    """Mean (bands,) of the pixels that hold something, in the type of the image."""
    there = image.reshape(-1, image.shape[-1]) if valid is None else image[valid]
    if not len(there):
        return np.zeros(image.shape[-1], image.dtype)
    mean = there.mean(axis=0, dtype=np.float64)
    return np.asarray(np.rint(mean) if image.dtype == np.uint8 else mean).astype(image.dtype)


def reduced(image: NDArray[Any], step: int) -> NDArray[Any]:
    """Means over whole squares of `step` pixels of an image (rows, cols, bands)."""
    rows, columns = image.shape[0] // step, image.shape[1] // step
    if step == 1 or not rows or not columns:
        return np.ascontiguousarray(image[:rows, :columns])
    whole = np.ascontiguousarray(image[: rows * step, : columns * step])
    small = cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(small).reshape(rows, columns, image.shape[2])


def _nearest(ids: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    rows, columns = ids.shape[0] // step, ids.shape[1] // step
    return np.ascontiguousarray(ids[step // 2 :: step, step // 2 :: step][:rows, :columns])


def _some(mask: Bools, rng: np.random.Generator) -> Ints:
    """Give some of the places (n, 2) where a mask is set."""
    found = np.flatnonzero(mask)
    if len(found) > _PLACES:
        found = np.sort(rng.choice(found, _PLACES, replace=False))
    return np.stack(np.divmod(found, mask.shape[1]), axis=1).astype(np.int64)
