"""Hexagons of Uber's H3 at any resolution, those that hold data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING, ClassVar

import h3 as h3_text
import h3.api.numpy_int as h3
import numpy as np

from whence.earth.partitions.occupied import (
    Nearest,
    area_radius_m,
    check_cell,
    mean_points,
    open_record,
    training_positions,
    whole_numbers,
)
from whence.earth.points import as_lonlat
from whence.errors import FormatError, InputError

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import ArrayLike, Floats, Ints, Json

__all__ = ["H3Partition"]


@dataclass(frozen=True, eq=False)
class H3Partition:
    """The H3 cells of one resolution that hold data.

    Side of a cell on average: 10 km at resolution 5, 1.4 km at 7, 530 m at 8, 200 m at 9, 76 m at 10.

    Parameters
    ----------
    h3_ids
        (n,) H3 indexes as int64, ascending, all of one resolution.
    mean_lonlat
        (n, 2) mean training position of each, degrees.
    counts
        (n,) training positions in each.

    Examples
    --------
    >>> cells = H3Partition.fit([[37.6173, 55.7558], [37.6175, 55.7557], [30.3, 59.9]], resolution=8)
    >>> len(cells), cells.assign([[37.617, 55.756], [30.0, 60.0]])
    (2, array([1, 0]))
    """

    h3_ids: Ints
    mean_lonlat: Floats
    counts: Ints

    name: ClassVar[str] = "h3"

    @classmethod
    def fit(cls, lonlat: ArrayLike, *, resolution: int = 8) -> Self:
        """Take the cells that hold positions.

        Parameters
        ----------
        lonlat
            (n, 2) longitude, latitude, degrees.
        resolution
            0 (the size of a continent) to 15 (half a metre).

        Raises
        ------
        NotEnoughDataError
            When there is no position.
        InputError
            When the resolution is not one of H3's.
        """
        if resolution not in range(16):
            raise InputError(f"H3 has the resolutions 0 to 15, not {resolution!r}")
        points = training_positions(lonlat)
        ids, cell, counts = np.unique(_cells(points, resolution), return_inverse=True, return_counts=True)
        return cls(ids, mean_points(points, cell, _middles(ids)), counts.astype(np.int64))

    def __len__(self) -> int:
        return len(self.h3_ids)

    @property
    def resolution(self) -> int:
        """Resolution of the cells, 0 to 15."""
        return int(h3.get_resolution(int(self.h3_ids[0])))

    def assign(self, lonlat: ArrayLike) -> Ints:
        """Find the cell number (...) of each position (..., 2); see `Partition.assign`."""
        points = as_lonlat(lonlat)
        rows = points.reshape(-1, 2)
        ids = _cells(rows, self.resolution)
        cell = np.minimum(np.searchsorted(self.h3_ids, ids), len(self) - 1)
        stray = self.h3_ids[cell] != ids
        cell[stray] = self._nearest.find(rows[stray])
        return cell.reshape(points.shape[:-1])

    def centers(self) -> Floats:
        """(n, 2) mean training position of each cell, longitude, latitude, degrees."""
        return self.mean_lonlat

    def middles(self) -> Floats:
        """(n, 2) middle of each cell, whatever data it holds; longitude, latitude, degrees."""
        return _middles(self.h3_ids)

    def size_m(self) -> Floats:
        """(n,) radius of the circle as large as the cell, metres; 0.909 of the side of a hexagon."""
        areas = np.fromiter(map(h3.cell_area, self.h3_ids.tolist(), repeat("m^2")), np.float64, len(self))
        return area_radius_m(areas)

    def neighbours(self, cell: int, rings: int = 1) -> Ints:
        """Occupied cells of the k-ring, six a ring and five round a pentagon; see `Partition.neighbours`."""
        check_cell(cell, len(self), rings)
        disk = np.asarray(h3.grid_disk(int(self.h3_ids[cell]), rings), dtype=np.int64)
        found = np.flatnonzero(np.isin(self.h3_ids, disk))
        return np.asarray(found[found != cell], dtype=np.int64)

    def to_json(self) -> Json:
        """Everything needed to make it again, as JSON values; H3 indexes as their usual strings."""
        return {
            "partition": self.name,
            "version": 1,
            "h3": [h3.int_to_str(cell) for cell in self.h3_ids.tolist()],
            "mean_lonlat": self.mean_lonlat.tolist(),
            "counts": self.counts.tolist(),
        }

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Make it again from what `to_json` gave.

        Raises
        ------
        FormatError
            When it is of another kind or version, incomplete, or has cells that are not H3's.
        """
        record = open_record(content, cls.name, columns=("h3", "mean_lonlat", "counts"))
        wrong = [text for text in record["h3"] if not h3_text.is_valid_cell(text)]
        if wrong:
            raise FormatError(f"{wrong[0]!r} is no H3 cell; the file of the partition is broken")
        ids = [h3.str_to_int(text) for text in record["h3"]]
        return cls(
            np.array(ids, dtype=np.int64),
            as_lonlat(record["mean_lonlat"]),
            whole_numbers(record, "counts"),
        )

    @cached_property
    def _nearest(self) -> Nearest:
        return Nearest.of(self.mean_lonlat)


def _cells(lonlat: Floats, resolution: int) -> Ints:
    """H3 index (n,) of each position (n, 2); H3 offers no batch call, so a C-level map feeds the array."""
    longitude, latitude = lonlat[:, 0].tolist(), lonlat[:, 1].tolist()
    return np.fromiter(map(h3.latlng_to_cell, latitude, longitude, repeat(resolution)), np.int64, len(lonlat))


def _middles(ids: Ints) -> Floats:
    latlon = np.array([h3.cell_to_latlng(cell) for cell in ids.tolist()]).reshape(-1, 2)
    return latlon[:, ::-1]
