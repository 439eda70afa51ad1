"""Cells of equal steps in longitude and latitude, such as the quarter-degree grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from whence.earth.partitions.occupied import (
    Nearest,
    area_radius_m,
    box_areas_m2,
    check_cell,
    mean_points,
    open_record,
    training_positions,
    whole_numbers,
)
from whence.earth.points import as_lonlat
from whence.errors import InputError

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import ArrayLike, Floats, Ints, Json

__all__ = ["DegreeGrid"]


@dataclass(frozen=True, eq=False)
class DegreeGrid:
    """The occupied cells of a grid that starts at 180° W, 90° S.

    A cell holds its western and southern edge; the northernmost row holds the pole too, and 180° E is 180° W.
    Cells are numbered row by row from the south.

    Parameters
    ----------
    step_deg
        Side of a cell, degrees; a whole number of cells goes into 180°.
    keys
        (n,) row · columns + column of each occupied cell, ascending.
    mean_lonlat
        (n, 2) mean training position of each, degrees.
    counts
        (n,) training positions in each.

    Examples
    --------
    >>> grid = DegreeGrid.fit([[37.6, 55.7], [37.7, 55.6], [30.3, 59.9]])
    >>> len(grid), grid.assign([[37.62, 55.74], [31.0, 59.0]])
    (2, array([0, 1]))
    """

    step_deg: float
    keys: Ints
    mean_lonlat: Floats
    counts: Ints

    name: ClassVar[str] = "grid"

    @classmethod
    def fit(cls, lonlat: ArrayLike, *, step_deg: float = 0.25) -> Self:
        """Take the cells that hold positions.

        Parameters
        ----------
        lonlat
            (n, 2) longitude, latitude, degrees.
        step_deg
            Side of a cell, degrees.

        Raises
        ------
        NotEnoughDataError
            When there is no position.
        InputError
            When cells of that side do not fill 180° evenly.
        """
        points = training_positions(lonlat)
        keys, cell, counts = np.unique(_keys(points, step_deg), return_inverse=True, return_counts=True)
        middles = _middles(_boxes(keys, step_deg))
        return cls(step_deg, keys, mean_points(points, cell, middles), counts.astype(np.int64))

    def __len__(self) -> int:
        return len(self.keys)

    def assign(self, lonlat: ArrayLike) -> Ints:
        """Find the cell number (...) of each position (..., 2); see `Partition.assign`."""
        points = as_lonlat(lonlat)
        rows = points.reshape(-1, 2)
        keys = _keys(rows, self.step_deg)
        cell = np.minimum(np.searchsorted(self.keys, keys), len(self) - 1)
        stray = self.keys[cell] != keys
        cell[stray] = self._nearest.find(rows[stray])
        return cell.reshape(points.shape[:-1])

    def centers(self) -> Floats:
        """(n, 2) mean training position of each cell, longitude, latitude, degrees."""
        return self.mean_lonlat

    def size_m(self) -> Floats:
        """(n,) radius of the circle as large as the cell, metres."""
        return area_radius_m(box_areas_m2(self.boxes()))

    def boxes(self) -> Floats:
        """(n, 4) west, south, east, north of each cell, degrees."""
        return _boxes(self.keys, self.step_deg)

    def neighbours(self, cell: int, rings: int = 1) -> Ints:
        """Cells within `rings` rows and columns, over the date line too; see `Partition.neighbours`."""
        check_cell(cell, len(self), rings)
        columns = _columns(self.step_deg)
        row, column = np.divmod(self.keys, columns)
        across = np.abs(column - column[cell])
        near = (np.minimum(across, columns - across) <= rings) & (np.abs(row - row[cell]) <= rings)
        near[cell] = False
        return np.flatnonzero(near).astype(np.int64)

    def to_json(self) -> Json:
        """Everything needed to make it again, as JSON values."""
        return {
            "partition": self.name,
            "version": 1,
            "step_deg": self.step_deg,
            "keys": self.keys.tolist(),
            "mean_lonlat": self.mean_lonlat.tolist(),
            "counts": self.counts.tolist(),
        }

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Make it again from what `to_json` gave.

        Raises
        ------
        FormatError
            When it is of another kind or version, or incomplete.
        """
        columns = ("keys", "mean_lonlat", "counts")
        record = open_record(content, cls.name, values=("step_deg",), columns=columns)
        return cls(
            float(record["step_deg"]),
            whole_numbers(record, "keys"),
            as_lonlat(record["mean_lonlat"]),
            whole_numbers(record, "counts"),
        )

    @cached_property
    def _nearest(self) -> Nearest:
        return Nearest.of(self.mean_lonlat)


def _columns(step_deg: float) -> int:
    if not 0.0 < step_deg <= 180.0 or abs(180.0 / step_deg - round(180.0 / step_deg)) > 1e-6:
        raise InputError(
            f"cells of {step_deg}° do not fill 180° evenly; take a step such as 0.1, 0.25, 0.5 or 1 degree"
        )
    return 2 * round(180.0 / step_deg)


def _edges(step_deg: float) -> tuple[Floats, Floats]:
    """Western and southern edges, the last one closing the grid."""
    columns = _columns(step_deg)
    return np.linspace(-180.0, 180.0, columns + 1), np.linspace(-90.0, 90.0, columns // 2 + 1)


def _keys(lonlat: Floats, step_deg: float) -> Ints:
    """Row · columns + column; looked up among the very edges that `boxes` reports, not by division."""
    west, south = _edges(step_deg)
    columns = len(west) - 1
    column = np.searchsorted(west, lonlat[:, 0], side="right") - 1
    row = np.searchsorted(south, lonlat[:, 1], side="right") - 1
    return np.minimum(row, columns // 2 - 1) * columns + column % columns


def _boxes(keys: Ints, step_deg: float) -> Floats:
    west, south = _edges(step_deg)
    row, column = np.divmod(keys, len(west) - 1)
    return np.stack([west[column], south[row], west[column + 1], south[row + 1]], axis=-1)


def _middles(boxes: Floats) -> Floats:
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2.0)
