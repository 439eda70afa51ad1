"""Reading a grid of heights at any position: bilinear rows, and the data that hang on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from whence.typing import Bools, Floats, Ints

__all__ = ["Data", "bilinear_rows", "read_out"]


def bilinear_rows(nodes: Floats, shape: tuple[int, int]) -> csr_array:
    """Give the matrix that reads a grid at positions.

    Parameters
    ----------
    nodes
        (n, 2) column, row with the centre of the first cell at 0, 0. Up to half a cell beyond the outer
        centres the outer plane is continued.
    shape
        Rows and columns of the grid.

    Returns
    -------
    csr_array
        (n, rows·columns), four entries a row that sum to 1.
    """
    rows, columns = shape
    corner = np.floor(nodes).astype(np.int64)
    corner[:, 0] = np.clip(corner[:, 0], 0, columns - 2)
    corner[:, 1] = np.clip(corner[:, 1], 0, rows - 2)
    fx, fy = (nodes - corner).T
    first = corner[:, 1] * columns + corner[:, 0]
    indices = np.stack([first, first + 1, first + columns, first + columns + 1], axis=1).astype(np.int32)
    values = np.stack([(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy], axis=1)
    pointer = np.arange(0, 4 * len(nodes) + 1, 4, dtype=np.int32)
    return csr_array((values.ravel(), indices.ravel(), pointer), shape=(len(nodes), rows * columns))


def read_out(heights: Floats, nodes: Floats) -> Floats:
    """Read a (rows, columns) grid at (n, 2) column, row, bilinearly; see `bilinear_rows`."""
    return np.asarray(bilinear_rows(nodes, heights.shape) @ heights.ravel())


@dataclass(frozen=True, eq=False)
class Data:
    """Heights at positions of a grid, with weights.

    Parameters
    ----------
    nodes
        (n, 2) column, row with the centre of the first cell at 0, 0.
    heights
        (n,) heights, m.
    weights
        (n,) weight of each squared difference: the length of line in cells that it stands for.
    owner
        (n,) the line each lies on, -1 for none. Neighbours on a line follow one another.
    """

    nodes: Floats
    heights: Floats
    weights: Floats
    owner: Ints

    def __len__(self) -> int:
        return len(self.heights)

    def choose(self, kept: Bools | Ints | slice) -> Data:
        """Give some of them."""
        return Data(self.nodes[kept], self.heights[kept], self.weights[kept], self.owner[kept])

    def joined(self, other: Data) -> Data:
        """Give these data and then others."""
        return Data(
            np.concatenate([self.nodes, other.nodes]),
            np.concatenate([self.heights, other.heights]),
            np.concatenate([self.weights, other.weights]),
            np.concatenate([self.owner, other.owner]),
        )

    def coarser(self) -> Data:
        """Halve the grid: positions in cells of twice the size, every second one along lines.

        Spots and other data without a line all stay. The sum of the weights stays about the same, so that
        data pull as much as before.
        """
        on_line = self.owner >= 0
        kept = np.flatnonzero(~on_line | (np.arange(len(self)) % 2 == 0))
        weights = np.where(on_line, 2 * self.weights, self.weights)[kept]
        return Data(self.nodes[kept] / 2, self.heights[kept], weights, self.owner[kept])

    def rows(self, shape: tuple[int, int], dtype: Any = np.float64) -> csr_array:
        """Give the rows that read the grid, each times the root of its weight."""
        rows = bilinear_rows(self.nodes, shape)
        rows.data = (rows.data.reshape(-1, 4) * np.sqrt(self.weights)[:, None]).ravel().astype(dtype)
        return rows
