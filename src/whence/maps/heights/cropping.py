"""Parts of a terrain by place: an index of the segments of its lines, so that a part costs what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.maps.heights.terrain import Contours, Terrain

if TYPE_CHECKING:
    from typing import Self

    from whence.maps.heights.lattice import Lattice
    from whence.typing import Floats, Ints

__all__ = ["SegmentIndex"]

_BUCKET_CELLS = 256.0


@dataclass(frozen=True, eq=False)
class SegmentIndex:
    """The segments of the contours of a terrain, sorted into square buckets of the plane.

    Parameters
    ----------
    terrain
        What was indexed.
    begins, ends
        (n, 2) easting, northing of the segments, along the lines in order; none is longer than a bucket.
    owner
        (n,) the line of each.
    order, keys
        (n,) numbers of the segments by bucket, and their buckets, ascending.
    west, south, side_m, across
        Where buckets are: corner, side, and how many in a row.
    """

    terrain: Terrain
    begins: Floats
    ends: Floats
    owner: Ints
    order: Ints
    keys: Ints
    west: float
    south: float
    side_m: float
    across: int

    @classmethod
    def of(cls, terrain: Terrain, lattice: Lattice) -> Self:
        """Index a terrain for parts of a grid."""
        side = _BUCKET_CELLS * lattice.cell_m
        begins, ends, owner = _segments(terrain.contours, side)
        if len(owner) == 0:
            none = np.empty(0, dtype=np.int64)
            return cls(terrain, begins, ends, none, none, none, lattice.west, lattice.north, side, 1)
        middle = (begins + ends) / 2
        west, south = middle.min(axis=0).tolist()
        bucket = np.floor((middle - [west, south]) / side).astype(np.int64)
        across = int(bucket[:, 0].max()) + 1
        keys = bucket[:, 1] * across + bucket[:, 0]
        order = np.argsort(keys, kind="stable")
        return cls(terrain, begins, ends, owner, order, keys[order], west, south, side, across)

    def crop(self, lattice: Lattice) -> Terrain:
        """Give the part of the terrain that touches a grid, its lines cut where they leave its surroundings.

        Lines are whole within a cell or so around the grid, and their vertices are as they were drawn.
        """
        low = np.array([lattice.west, lattice.north - lattice.rows * lattice.cell_m]) - 2 * lattice.cell_m
        high = np.array([lattice.west + lattice.columns * lattice.cell_m, lattice.north]) + 2 * lattice.cell_m
        spots = self.terrain.spots
        near = np.asarray(((spots.positions >= low) & (spots.positions <= high)).all(axis=1))
        return Terrain(
            self._lines(low, high),
            spots.choose(near),
            tuple(lake for lake in self.terrain.lakes if _meets(lake.shore, low, high)),
            tuple(line for line in self.terrain.breaklines if _meets(line, low, high)),
            self.terrain.crs,
        )

    def _lines(self, low: Floats, high: Floats) -> Contours:
        """Give the segments whose boxes meet a box, joined again where they follow one another."""
        found = self._near(low, high)
        begins, ends = self.begins[found], self.ends[found]
        meets = ((np.maximum(begins, ends) >= low) & (np.minimum(begins, ends) <= high)).all(axis=1)
        numbers = found[meets]
        if len(numbers) == 0:
            return Contours((), np.empty(0))
        owner = self.owner[numbers]
        cuts = np.flatnonzero((np.diff(numbers) != 1) | (np.diff(owner) != 0)) + 1
        runs = np.split(numbers, cuts)
        lines = tuple(np.concatenate([self.begins[run], self.ends[run[-1:]]]) for run in runs)
        firsts = np.array([run[0] for run in runs])
        return Contours(lines, self.terrain.contours.heights_m[self.owner[firsts]])

    def _near(self, low: Floats, high: Floats) -> Ints:
        """Give the numbers of all segments in buckets that a box may meet, ascending."""
        if len(self.keys) == 0:
            return np.empty(0, dtype=np.int64)
        corner = np.array([self.west, self.south])
        first = np.floor((low - corner) / self.side_m).astype(int) - 1
        last = np.floor((high - corner) / self.side_m).astype(int) + 1
        left, right = max(int(first[0]), 0), min(int(last[0]), self.across - 1)
        if left > right:
            return np.empty(0, dtype=np.int64)
        rows = np.arange(max(int(first[1]), 0), int(last[1]) + 1)
        begin = np.searchsorted(self.keys, rows * self.across + left)
        end = np.searchsorted(self.keys, rows * self.across + right, side="right")
        parts = [self.order[a:b] for a, b in zip(begin, end, strict=True)]
        return np.sort(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)


def _segments(contours: Contours, longest_m: float) -> tuple[Floats, Floats, Ints]:
    """Give (n, 2) begins and ends and (n,) lines of all segments, long ones cut."""
    begin, span, owner = contours.segments()
    parts = np.maximum(np.ceil(np.hypot(*span.T) / longest_m), 1).astype(np.int64)
    segment = np.repeat(np.arange(len(parts)), parts)
    along = (np.arange(len(segment)) - (np.cumsum(parts) - parts)[segment])[:, None]
    count = parts[segment][:, None]
    ends = begin[segment] + span[segment] * (along + 1) / count
    return begin[segment] + span[segment] * along / count, ends, owner[segment]


def _meets(path: Floats, low: Floats, high: Floats) -> bool:
    return bool(((path.max(axis=0) >= low) & (path.min(axis=0) <= high)).all())
