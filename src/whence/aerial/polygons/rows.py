"""Rasters of classes as blocks of rows, whether they lie in memory or in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BLOCK_PX", "Rows"]

BLOCK_PX = 1 << 24
"""Pixels of a block: what is computed from it takes some tens of bytes for each."""


@dataclass(frozen=True, eq=False)
class Rows:
    """A raster that is read from top to bottom, as often as needed.

    Attributes
    ----------
    shape
        Rows and columns.
    read
        Gives the values of the rows from one number up to another.
    block
        Rows that are held at a time.
    """

    shape: tuple[int, int]
    read: Callable[[int, int], NDArray[Any]]
    block: int

    @classmethod
    def of_array(cls, ids: NDArray[Any], *, block: int | None = None) -> Rows:
        """Take (rows, cols) values in memory.

        Raises
        ------
        InputError
            When there are not two axes.
        """
        if ids.ndim != 2:
            raise InputError(f"classes of shape {ids.shape} are no raster; give (rows, cols)")
        return cls(
            (ids.shape[0], ids.shape[1]), lambda start, end: ids[start:end], block or _block(ids.shape[1])
        )

    def blocks(self) -> Iterator[tuple[int, NDArray[Any]]]:
        """Give the first row and the values of one block after another."""
        for start in range(0, self.shape[0], self.block):
            yield start, self.read(start, min(start + self.block, self.shape[0]))

    def mapped(self, change: Callable[[int, NDArray[Any]], NDArray[Any]]) -> Rows:
        """Change values as they are read; `change` gets the first row and the values of a block.

        The blocks that it gets are always those of `blocks`.
        """

        def read(start: int, end: int) -> NDArray[Any]:
            first = start - start % self.block
            parts = [
                change(row, self.read(row, min(row + self.block, self.shape[0])))
                for row in range(first, end, self.block)
            ]
            return np.concatenate(parts)[start - first : end - first]

        return Rows(self.shape, read, self.block)


def _block(columns: int) -> int:
    return max(1, BLOCK_PX // max(columns, 1))
