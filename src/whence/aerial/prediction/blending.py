"""Sums of overlapping tiles, row of tiles by row of tiles.

Probabilities become whole numbers of 16 bits, the weights of an axis add up to 256 (`plan.WHOLE`), so the sum
over all tiles at a pixel stays within 32 bits and dividing it is a shift. Only the rows that the next row
of tiles also touches are carried on: memory grows with width × overlap × classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from whence.aerial.prediction.plan import Axis

__all__ = ["SCALE", "Blender", "quantised"]

SCALE = 65535
"""What stands for a probability of 1."""

_HALF, _SHIFT = np.uint32(1 << 15), np.uint32(16)  # plan.WHOLE ** 2 is 1 << 16
_LAST_BITS = np.float32(1 << 23)  # a float32 from here on has no fraction: its last bits are a whole number
_MASK = np.uint32((1 << 16) - 1)
_TOLERANCE = 1e-3


class Blender:
    """Running sums of the tiles of an image, made for one pass from above to below.

    A tile is worked on class by class, so that what is worked on stays in the processor's cache.

    Parameters
    ----------
    rows, columns
        The tiles along both axes.
    classes
        How many probabilities a pixel has.
    """

    def __init__(self, rows: Axis, columns: Axis, *, classes: int) -> None:
        self._rows, self._columns, self._classes = rows, columns, classes
        self._carried = np.zeros((classes, _longest_overlap(rows), columns.size), np.uint32)
        self._beside = np.zeros((classes, rows.side, _longest_overlap(columns)), np.uint32)
        self._sums = np.empty((rows.side, columns.side), np.uint32)
        self._kept = 0

    def row(self, number: int, tiles: Iterable[NDArray[Any] | None]) -> NDArray[np.uint16]:
        """Add a row of tiles.

        Parameters
        ----------
        number
            Which row; they come one after the other, from any first one on.
        tiles
            From left to right: (classes, side, side) as `quantised` gives them, or None for one that
            holds nothing. They are not needed any more when the next one is asked for.

        Returns
        -------
        NDArray[numpy.uint16]
            (classes, rows, width) what is finished: the rows that no later tile touches. After a start in
            the middle, the rows that earlier tiles touch as well are too small.
        """
        rows, columns = self._rows, self._columns
        height = rows.end(number) - rows.starts[number]
        done = np.empty((self._classes, rows.done(number) - rows.starts[number], columns.size), np.uint16)
        down, before = rows.weights[number, :height, None], 0
        for column, tile in enumerate(tiles):
            width = columns.end(column) - columns.starts[column]
            weights = None if tile is None else down * columns.weights[column, :width]
            for one in range(self._classes):
                sums = self._sums[:height, :width]
                if tile is None or weights is None:
                    sums[...] = 0
                else:
                    np.multiply(tile[one, :height, :width], weights, out=sums)
                sums[:, :before] += self._beside[one, :height, :before]
                self._settle(sums, one, column, done)
            before = columns.end(column) - columns.done(column)
        self._kept = height - done.shape[1]
        return done

    def _settle(self, sums: NDArray[np.uint32], one: int, column: int, done: NDArray[np.uint16]) -> None:
        """Hand the sums of a class on: to the next tile, to the next row, and to what is finished."""
        first, finished = self._columns.starts[column], done.shape[1]
        across = self._columns.done(column) - first
        place = slice(first, first + across)
        self._beside[one, : len(sums), : sums.shape[1] - across] = sums[:, across:]
        settled = sums[:, :across]
        settled[: self._kept] += self._carried[one, : self._kept, place]
        self._carried[one, : len(sums) - finished, place] = settled[finished:]
        settled = settled[:finished]
        settled += _HALF
        settled >>= _SHIFT
        done[one, :, place] = settled


def _longest_overlap(axis: Axis) -> int:
    return max(axis.end(number) - axis.done(number) for number in range(len(axis)))


def quantised(probabilities: NDArray[Any], out: NDArray[np.float32] | None = None) -> NDArray[np.uint32]:
    """Turn probabilities of any shape into whole numbers, `SCALE` for 1.

    Parameters
    ----------
    probabilities
        (..., rows, cols) or fewer axes; they are left as they are.
    out
        Room for the result, float32 of the same shape.

    Raises
    ------
    InputError
        When they are no probabilities.
    """
    scaled = np.empty(probabilities.shape, np.float32) if out is None else out
    for place in np.ndindex(probabilities.shape[:-2]):
        _quantise(probabilities[place], scaled[place])
    return scaled.view(np.uint32)


def _quantise(layer: NDArray[Any], scaled: NDArray[np.float32]) -> None:
    """Put whole numbers of 32 bits where `scaled` is: the bits of a float32 near 2²³ count in ones."""
    low, high = layer.min(), layer.max()
    if not (low >= -_TOLERANCE and high <= 1 + _TOLERANCE):  # also when one is no number
        raise InputError(
            f"the model gives values of {low:g} to {high:g} where probabilities of 0 to 1 are due; it is "
            "damaged, or trained to overflow"
        )
    np.multiply(layer, np.float32(SCALE), out=scaled)
    if low < 0 or high > 1:
        np.clip(scaled, 0, SCALE, out=scaled)
    scaled += _LAST_BITS
    whole = scaled.view(np.uint32)
    whole &= _MASK
