"""The grid of a height model: square cells, north up, one height at the centre of each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import Bools, Floats

__all__ = ["MAX_CELLS", "Lattice"]

MAX_CELLS = 4_000_000_000
"""A grid larger than this is taken for a slip of the cell size."""


@dataclass(frozen=True)
class Lattice:
    """A north-up grid of square cells.

    Parameters
    ----------
    west, north
        Outer corner of the top-left cell, in units of the coordinate system.
    cell_m
        Side of a cell, in units of the coordinate system (metres, for heights that shall have slopes).
    columns, rows
        Its size.

    Examples
    --------
    >>> lattice = Lattice(500000.0, 6000100.0, 25.0, 8, 4)
    >>> lattice.to_world(np.array([0.5, 0.5])).tolist()
    [500012.5, 6000087.5]
    """

    west: float
    north: float
    cell_m: float
    columns: int
    rows: int

    def __post_init__(self) -> None:
        if not (self.cell_m > 0 and math.isfinite(self.cell_m)):
            raise InputError(f"a cell of {self.cell_m} is no size; give a positive number of metres")
        if self.columns < 3 or self.rows < 3:
            raise InputError(
                f"{self.columns} × {self.rows} cells are no grid; give smaller cells or a larger area"
            )
        if self.columns * self.rows > MAX_CELLS:
            raise InputError(
                f"{self.columns} × {self.rows} cells are too many; a cell of {self.cell_m:g} is probably a "
                "slip: give a larger one"
            )

    @classmethod
    def around(cls, positions: Floats, cell_m: float) -> Self:
        """Lay a grid around positions, its corners whole multiples of the cell.

        Parameters
        ----------
        positions
            (n, 2) easting, northing.
        cell_m
            Side of a cell.

        Raises
        ------
        InputError
            When the cell is no size, or makes too few or too many cells.
        """
        if not (cell_m > 0 and math.isfinite(cell_m)):
            raise InputError(f"a cell of {cell_m} is no size; give a positive number of metres")
        west, south = np.floor(positions.min(axis=0) / cell_m)
        east, north = np.ceil(positions.max(axis=0) / cell_m)
        return cls(west * cell_m, north * cell_m, cell_m, int(east - west), int(north - south))

    @classmethod
    def of_extent(cls, extent: tuple[float, float, float, float], cell_m: float) -> Self:
        """Lay a grid over west, south, east, north, from the north-western corner on, in whole cells.

        Raises
        ------
        InputError
            When it is empty or turned round, or the cell is no size.
        """
        west, south, east, north = extent
        if not (west < east and south < north):
            raise InputError(
                f"{west:g} {south:g} {east:g} {north:g} is no extent; give west south east north"
            )
        if not (cell_m > 0 and math.isfinite(cell_m)):
            raise InputError(f"a cell of {cell_m} is no size; give a positive number of metres")
        columns, rows = (math.ceil(side / cell_m - 1e-9) for side in (east - west, north - south))
        return cls(west, north, cell_m, columns, rows)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def cells(self) -> int:
        """How many cells."""
        return self.rows * self.columns

    @property
    def geotransform(self) -> tuple[float, float, float, float, float, float]:
        """The six numbers of an affine: a, b, c, d, e, f with x = a·column + b·row + c."""
        return (self.cell_m, 0.0, self.west, 0.0, -self.cell_m, self.north)

    def to_cells(self, world: Floats) -> Floats:
        """Give (..., 2) column, row of (..., 2) easting, northing; the first cell's centre is 0.5, 0.5."""
        return np.asarray((world - [self.west, self.north]) / [self.cell_m, -self.cell_m])

    def to_world(self, cells: Floats) -> Floats:
        """Give (..., 2) easting, northing of (..., 2) column, row."""
        return np.asarray([self.west, self.north] + cells * [self.cell_m, -self.cell_m])

    def inside(self, world: Floats) -> Bools:
        """Tell which of (..., 2) positions lie in the grid."""
        cells = self.to_cells(world)
        return np.asarray(((cells >= 0) & (cells <= [self.columns, self.rows])).all(axis=-1))

    def centres(self) -> Floats:
        """Give the (rows, columns, 2) positions of the centres."""
        columns, rows = np.meshgrid(np.arange(self.columns) + 0.5, np.arange(self.rows) + 0.5)
        return self.to_world(np.stack([columns, rows], axis=-1))

    def window(self, *, row: int, column: int, rows: int, columns: int) -> Lattice:
        """Give a part of the grid as a grid of its own."""
        return replace(
            self,
            west=self.west + column * self.cell_m,
            north=self.north - row * self.cell_m,
            columns=columns,
            rows=rows,
        )
