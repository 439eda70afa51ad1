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
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from whence.aerial.prediction.plan import Axis

__all__ = ["SCALE", "Blender", "quantised"]

SCALE = 65535
"""What stands for a probability of 1."""

_HALF, _SHIFT = np.uint32(1 << 15), np.uint32(16)  # plan.WHOLE ** 2 is 1 << 16


class Blender:
    """Running sums of the tiles of an image, made for one pass from above to below.

    Parameters
    ----------
    rows, columns
        The tiles along both axes.
    classes
        How many probabilities a pixel has.
    """

    def __init__(self, rows: Axis, columns: Axis, *, classes: int) -> None:
        self._rows, self._columns, self._classes = rows, columns, classes
        self._carried = np.zeros((classes, 0, columns.size), np.uint32)

    def row(self, number: int, tiles: Iterable[NDArray[Any] | None]) -> NDArray[np.uint16]:
        """Add a row of tiles.

        Parameters
        ----------
        number
            Which row; they come one after the other, from any first one on.
        tiles
            From left to right: (classes, side, side) as `quantised` gives them, or None for one that
            holds nothing.

        Returns
        -------
        NDArray[numpy.uint16]
            (classes, rows, width) what is finished: the rows that no later tile touches. After a start in
            the middle, the rows that earlier tiles touch as well are too small.
        """
        start, height = self._rows.starts[number], self._rows.end(number) - self._rows.starts[number]
        finished = self._rows.done(number) - start
        carried, kept = self._carried, self._carried.shape[1]
        done = np.empty((self._classes, finished, self._columns.size), np.uint16)
        self._carried = np.empty((self._classes, height - finished, self._columns.size), np.uint32)
        for place, strip in self._across(number, height, tiles):
            strip[:, :kept] += carried[:, :, place]
            done[:, :, place] = (strip[:, :finished] + _HALF) >> _SHIFT
            self._carried[:, :, place] = strip[:, finished:]
        return done

    def _across(
        self, number: int, height: int, tiles: Iterable[NDArray[Any] | None]
    ) -> Iterator[tuple[slice, NDArray[np.uint32]]]:
        """Add up along the row; give the columns that no later tile of the row touches."""
        columns, down = self._columns, self._rows.weights[number, :height, None]
        sums = np.zeros((self._classes, height, columns.side), np.uint32)
        for column, tile in enumerate(tiles):
            first, width = columns.starts[column], columns.end(column) - columns.starts[column]
            if tile is not None:
                weights = down * columns.weights[column, :width]
                sums[:, :, :width] += tile[:, :height, :width] * weights
            finished = columns.done(column) - first
            yield slice(first, first + finished), sums[:, :, :finished]
            rest = sums[:, :, finished:].copy()
            sums[:, :, : rest.shape[2]] = rest
            sums[:, :, rest.shape[2] :] = 0


def quantised(probabilities: NDArray[Any]) -> NDArray[np.uint32]:
    """Turn probabilities of any shape into whole numbers, `SCALE` for 1.

    Raises
    ------
    InputError
        When they are no probabilities.
    """
    low, high = probabilities.min(), probabilities.max()
    if not (low >= -1e-3 and high <= 1 + 1e-3):  # also when one is no number
        raise InputError(
            f"the model gives values of {low:g} to {high:g} where probabilities of 0 to 1 are due; it is "
            "damaged, or trained to overflow"
        )
    scaled = np.multiply(probabilities, np.float32(SCALE), dtype=np.float32)
    scaled += np.float32(0.5)
    np.clip(scaled, 0, SCALE, out=scaled)
    return np.asarray(scaled, np.uint32)
