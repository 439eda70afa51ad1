"""Blended cells brought back to pixels of the image, band of rows by band of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.prediction.grid import Taps, resampled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from whence.imagery.raster import Window
    from whence.typing import Bools

__all__ = ["Presence", "WayBack"]


class WayBack:
    """Takes finished rows of cells and gives finished rows of pixels.

    Parameters
    ----------
    cells, pixels
        Rows and columns of what the network saw, and of the image.
    """

    def __init__(self, cells: tuple[int, int], pixels: tuple[int, int]) -> None:
        self._down, self._across = (Taps(old, new) for old, new in zip(cells, pixels, strict=True))
        self._held: NDArray[np.uint16] | None = None
        self._first = 0

    def ready(self, finished: int) -> int:
        """How many rows of pixels depend on the first `finished` rows of cells alone."""
        return self._down.ready(finished)

    def first_needed(self, row: int) -> int:
        """First row of cells that a row of pixels depends on."""
        return self._down.needed(row, row + 1)[0]

    def take(self, blended: NDArray[np.uint16], first: int) -> None:
        """Add finished rows of cells (classes, rows, columns), of which `first` is the first one."""
        if self._held is None or not self._held.shape[1]:
            self._held, self._first = blended, first
        else:
            self._held = np.concatenate([self._held, blended], axis=1)

    def drop(self, before: int) -> None:
        """Forget the rows of cells that rows of pixels from `before` on do not depend on."""
        if self._held is not None and before < self._down.new:
            gone = min(max(self.first_needed(before) - self._first, 0), self._held.shape[1])
            self._held, self._first = self._held[:, gone:].copy(), self._first + gone

    def rows(self, start: int, stop: int, *, chunk: int) -> Iterator[tuple[int, int, NDArray[Any]]]:
        """Give rows of pixels (classes, rows, columns) by chunks, with where they start and stop."""
        held = self._held
        if held is None:
            return
        same = self._down.step == 1 and self._across.step == 1
        across = None if same else self._across.matrix(0, self._across.new)
        for top in range(start, stop, chunk):
            bottom = min(top + chunk, stop)
            low, high = self._down.needed(top, bottom)
            near = held[:, low - self._first : high - self._first]
            if same:
                yield top, bottom, near
            else:
                down = self._down.matrix(top, bottom)
                yield top, bottom, np.stack([resampled(layer, down, across) for layer in near])


class Presence:
    """Where the image holds something, for the rows under way.

    Parameters
    ----------
    width
        Columns of the image.
    """

    def __init__(self, width: int) -> None:
        self._width, self._first = width, 0
        self._rows: Bools = np.zeros((0, width), np.bool_)

    def put(self, window: Window, there: Bools | None) -> None:
        """Note a part of the image (height, width); None where everything is there."""
        if not len(self._rows):
            self._first = max(self._first, window.row)
        known = max(self._first - window.row, 0)  # rows that were dropped already
        window = window._replace(row=window.row + known, height=window.height - known)
        there = None if there is None else there[known:]
        missing = window.row + window.height - self._first - len(self._rows)
        if missing > 0:
            self._rows = np.concatenate([self._rows, np.zeros((missing, self._width), np.bool_)])
        rows, columns = window._replace(row=window.row - self._first).slices
        self._rows[rows, columns] = True if there is None else there

    def rows(self, start: int, stop: int) -> Bools:
        """Give rows of the image (rows, columns)."""
        return self._rows[start - self._first : stop - self._first]

    def drop(self, before: int) -> None:
        """Forget the rows before one."""
        gone = max(before - self._first, 0)
        self._rows, self._first = self._rows[gone:].copy(), self._first + gone
