"""A quadtree of the data: small cells where there are many photos, large ones where there are few."""

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

    from whence.typing import ArrayLike, Bools, Floats, Ints, Json

__all__ = ["Quadtree"]

_DEEPEST = 30  # 4 cm on the equator, and two bits a level still fit into an int64


@dataclass(frozen=True, eq=False)
class Quadtree:
    """The leaves of a quadtree over longitude and latitude (Astruc et al. 2024, OpenStreetView-5M).

    The root is the box of the training positions in degrees. A box with more than `max_points` of them is
    split at its middle into quadrants 0 (south-west), 1 (south-east), 2 (north-west), 3 (north-east), down to
    `max_depth`; empty quadrants are left out. Boxes hold their western and southern edge, those on the rim of
    the root their outer edge too. Leaves are numbered in the order of the quadrants, depth first.

    Parameters
    ----------
    root
        (4,) west, south, east, north, degrees.
    max_points, max_depth
        What it was fitted with.
    codes
        (n,) path to each leaf, two bits a level from the top, filled up with zeros to `max_depth` levels;
        ascending.
    depths
        (n,) level of each leaf, 0 for the root.
    mean_lonlat
        (n, 2) mean training position of each leaf, degrees.
    counts
        (n,) training positions in each.

    Examples
    --------
    >>> tree = Quadtree.fit([[0.0, 0.0], [1.0, 1.0], [9.0, 9.0], [10.0, 10.0]], max_points=2)
    >>> tree.boxes()[0], tree.assign([[0.5, 0.5], [5.0, 5.0], [40.0, 40.0]])
    (array([0., 0., 5., 5.]), array([0, 1, 1]))
    """

    root: Floats
    max_points: int
    max_depth: int
    codes: Ints
    depths: Ints
    mean_lonlat: Floats
    counts: Ints

    name: ClassVar[str] = "quadtree"

    @classmethod
    def fit(cls, lonlat: ArrayLike, *, max_points: int = 1000, max_depth: int = 10) -> Self:
        """Split the box of the positions until no leaf holds too many.

        Parameters
        ----------
        lonlat
            (n, 2) longitude, latitude, degrees.
        max_points
            A box with more positions is split, at least 1.
        max_depth
            Levels below the root at most, 0 to 30. It ends the splitting of positions that coincide.

        Raises
        ------
        NotEnoughDataError
            When there is no position.
        InputError
            When a limit is out of range.
        """
        if max_points < 1 or max_depth not in range(_DEEPEST + 1):
            raise InputError(
                f"max_points must be at least 1 and max_depth from 0 to {_DEEPEST}, "
                f"not {max_points} and {max_depth}"
            )
        points = training_positions(lonlat)
        root = np.concatenate([points.min(axis=0), points.max(axis=0)])
        path = _descend(points, root, max_depth)
        depth_of_point = _leaf_depths(path, max_points, max_depth)
        codes, first, cell, counts = np.unique(
            _truncated(path, depth_of_point, max_depth),
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        depths = depth_of_point[first]
        boxes = _boxes(root, codes, depths, max_depth)
        means = mean_points(points, cell, (boxes[:, :2] + boxes[:, 2:]) / 2.0)
        return cls(root, max_points, max_depth, codes, depths, means, counts.astype(np.int64))

    def __len__(self) -> int:
        return len(self.codes)

    def assign(self, lonlat: ArrayLike) -> Ints:
        """Find the leaf number (...) of each position (..., 2); see `Partition.assign`."""
        points = as_lonlat(lonlat)
        rows = points.reshape(-1, 2)
        path = _descend(rows, self.root, self.max_depth)
        cell = np.maximum(np.searchsorted(self.codes, path, side="right") - 1, 0)
        empty_quadrant = _truncated(path, self.depths[cell], self.max_depth) != self.codes[cell]
        stray = empty_quadrant | ~_within(rows, self.root)
        cell[stray] = self._nearest.find(rows[stray])
        return cell.reshape(points.shape[:-1])

    def centers(self) -> Floats:
        """(n, 2) mean training position of each leaf, longitude, latitude, degrees."""
        return self.mean_lonlat

    def size_m(self) -> Floats:
        """(n,) radius of the circle as large as the leaf, metres, at least 1."""
        return area_radius_m(box_areas_m2(self.boxes()))

    def boxes(self) -> Floats:
        """(n, 4) west, south, east, north of each leaf, degrees."""
        return _boxes(self.root, self.codes, self.depths, self.max_depth)

    def ancestors(self, level: int) -> Ints:
        """Find which box of a level each leaf lies in.

        Parameters
        ----------
        level
            0 for the root to `max_depth` for the leaves themselves.

        Returns
        -------
        Ints
            (n,) numbers 0 to m − 1 of the m boxes of that level, in the order of the leaves. A leaf higher up
            than the level is its own ancestor.

        Raises
        ------
        InputError
            When there is no such level.
        """
        if level not in range(self.max_depth + 1):
            raise InputError(f"no level {level!r}; they run from 0, the root, to {self.max_depth}")
        boxes = self.codes >> (2 * (self.max_depth - level))
        _, ancestor = np.unique(boxes, return_inverse=True)
        return np.asarray(ancestor, dtype=np.int64)

    def neighbours(self, cell: int, rings: int = 1) -> Ints:
        """Leaves that touch, at an edge or a corner, over the date line too; see `Partition.neighbours`."""
        check_cell(cell, len(self), rings)
        boxes = self.boxes()
        reached = np.zeros(len(self), dtype=bool)
        reached[cell] = True
        front = [cell]
        for _ in range(rings):
            touched = np.any([_touching(boxes, boxes[leaf]) for leaf in front], axis=0)
            front = np.flatnonzero(touched & ~reached).tolist()
            if not front:
                break
            reached |= touched
        reached[cell] = False
        return np.flatnonzero(reached).astype(np.int64)

    def to_json(self) -> Json:
        """Everything needed to make it again, as JSON values."""
        return {
            "partition": self.name,
            "version": 1,
            "root": self.root.tolist(),
            "max_points": self.max_points,
            "max_depth": self.max_depth,
            "codes": self.codes.tolist(),
            "depths": self.depths.tolist(),
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
        record = open_record(
            content,
            cls.name,
            values=("root", "max_points", "max_depth"),
            columns=("codes", "depths", "mean_lonlat", "counts"),
        )
        return cls(
            np.array(record["root"], dtype=np.float64),
            int(record["max_points"]),
            int(record["max_depth"]),
            whole_numbers(record, "codes"),
            whole_numbers(record, "depths"),
            as_lonlat(record["mean_lonlat"]),
            whole_numbers(record, "counts"),
        )

    @cached_property
    def _nearest(self) -> Nearest:
        return Nearest.of(self.mean_lonlat)


def _descend(lonlat: Floats, root: Floats, max_depth: int) -> Ints:
    """Path (n,) of positions (n, 2) down the quadrants, two bits a level."""
    low = np.tile(root[:2], (len(lonlat), 1))
    high = np.tile(root[2:], (len(lonlat), 1))
    path = np.zeros(len(lonlat), dtype=np.int64)
    for _ in range(max_depth):
        middle = (low + high) / 2.0
        upper = lonlat >= middle
        low, high = np.where(upper, middle, low), np.where(upper, high, middle)
        path = (path << 2) | (upper[:, 1].astype(np.int64) << 1) | upper[:, 0]
    return path


def _leaf_depths(path: Ints, max_points: int, max_depth: int) -> Ints:
    """Level (n,) of the leaf that each position ends in: the first whose box holds few enough."""
    depth = np.full(len(path), max_depth, dtype=np.int64)
    undecided = np.arange(len(path))
    for level in range(max_depth):
        box = path[undecided] >> (2 * (max_depth - level))
        _, which, counts = np.unique(box, return_inverse=True, return_counts=True)
        few = counts[which] <= max_points
        depth[undecided[few]] = level
        undecided = undecided[~few]
    return depth


def _truncated(path: Ints, depth: Ints, max_depth: int) -> Ints:
    """Paths with everything below a level set to zero."""
    below = 2 * (max_depth - depth)
    return np.asarray((path >> below) << below)


def _boxes(root: Floats, codes: Ints, depths: Ints, max_depth: int) -> Floats:
    """Box (n, 4) of each leaf, by the same halving as `_descend`, so that edges agree to the last bit."""
    low, high = np.tile(root[:2], (len(codes), 1)), np.tile(root[2:], (len(codes), 1))
    for level in range(max_depth):
        quadrant = (codes >> (2 * (max_depth - 1 - level))) & 3
        upper = np.stack([quadrant & 1, quadrant >> 1], axis=-1).astype(bool)
        going = (level < depths)[:, np.newaxis]
        middle = (low + high) / 2.0
        low, high = np.where(going & upper, middle, low), np.where(going & ~upper, middle, high)
    return np.concatenate([low, high], axis=1)


def _within(lonlat: Floats, root: Floats) -> Bools:
    return np.asarray(((lonlat >= root[:2]) & (lonlat <= root[2:])).all(axis=1))


def _touching(boxes: Floats, box: Floats) -> Bools:
    """Which boxes (n, 4) share a point with one, also a turn further east or west."""
    level = (boxes[:, 1] <= box[3]) & (boxes[:, 3] >= box[1])
    beside = [
        (boxes[:, 0] + turn <= box[2]) & (boxes[:, 2] + turn >= box[0]) for turn in (-360.0, 0.0, 360.0)
    ]
    return np.asarray(level & np.any(beside, axis=0))
