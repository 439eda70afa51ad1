"""How often each class occurs in scenes, and a fair sample of where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import NotEnoughDataError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from whence.typing import Floats, Ints

__all__ = ["ClassPlaces", "class_places"]

_KEPT = 4096
_BAND_ROWS = 512


@dataclass(frozen=True, eq=False)
class ClassPlaces:
    """Counts of classes, and pixels to draw from.

    Attributes
    ----------
    counts
        (scenes, classes) pixels of each class.
    pixels
        For each scene and class a sample (n, 2) of rows and columns, drawn evenly from all its pixels.
    """

    counts: Ints
    pixels: tuple[tuple[NDArray[np.int32], ...], ...]

    @property
    def shares(self) -> Floats:
        """Share of each class (classes,) among the pixels that have one."""
        total = self.counts.sum(axis=0).astype(np.float64)
        shares: Floats = total / max(total.sum(), 1)
        return shares

    def draw(self, random: np.random.Generator) -> tuple[int, int, int]:
        """Draw a class evenly among those that occur, then one of its pixels: scene, row and column.

        Raises
        ------
        NotEnoughDataError
            When no pixel has a class.
        """
        present = np.flatnonzero(self.counts.sum(axis=0))
        if not present.size:
            raise NotEnoughDataError("no pixel of the scenes has a class; look at the masks and their scheme")
        chosen = int(random.choice(present))
        weights = self.counts[:, chosen] / self.counts[:, chosen].sum()
        scene = int(random.choice(len(weights), p=weights))
        row, column = random.choice(self.pixels[scene][chosen])
        return scene, int(row), int(column)


def class_places(ids: Iterable[NDArray[np.uint8]], classes: int, *, seed: int = 0) -> ClassPlaces:
    """Count classes and sample their pixels.

    Each pixel gets a random number, and those with the least are kept: a sample without replacement in one
    pass (Vitter, 1985, in its form with keys).

    Parameters
    ----------
    ids
        (rows, cols) of each scene.
    classes
        How many there are; other ids are passed over.
    seed
        Of the sample.
    """
    counts, pixels = [], []
    for number, scene in enumerate(ids):
        random = np.random.default_rng([seed, number])
        counts.append(np.bincount(scene.ravel(), minlength=256)[:classes])
        pixels.append(tuple(_sample(scene, one, random) for one in range(classes)))
    return ClassPlaces(np.array(counts, np.int64).reshape(-1, classes), tuple(pixels))


def _sample(ids: NDArray[np.uint8], number: int, random: np.random.Generator) -> NDArray[np.int32]:
    """Sample rows and columns (n, 2) of one class."""
    places, keys = np.empty((0, 2), np.int32), np.empty(0)
    for top in range(0, len(ids), _BAND_ROWS):
        rows, columns = np.nonzero(ids[top : top + _BAND_ROWS] == number)
        if not rows.size:
            continue
        drawn = random.random(rows.size)
        if keys.size >= _KEPT:
            better = drawn < keys.max()
            rows, columns, drawn = rows[better], columns[better], drawn[better]
        keys = np.concatenate([keys, drawn])
        places = np.concatenate([places, np.column_stack([rows + top, columns]).astype(np.int32)])
        if keys.size > _KEPT:
            least = np.argpartition(keys, _KEPT)[:_KEPT]
            keys, places = keys[least], places[least]
    return places
