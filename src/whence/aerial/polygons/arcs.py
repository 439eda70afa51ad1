"""The boundaries of classes as a planar graph: corners of pixels, arcs between junctions, what lies beside.

Pixels are seen four at a time, around each corner of the grid. The corner is a vertex where the boundary
turns, ends or branches; where it branches (three or four boundaries meet) it is a junction. Arcs run from
junction to junction; a boundary without a junction is one closed arc. All of it depends on 2 × 2 pixels
alone, so that blocks of rows give the very same vertices as the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from whence.aerial.scheme import IGNORE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.aerial.polygons.rows import Rows
    from whence.typing import Bools, Ints

__all__ = ["Arcs", "find_arcs"]

_UP, _RIGHT, _DOWN, _LEFT = range(4)
_DEGREE = np.array([bin(bits).count("1") for bits in range(16)])
_ONLY = np.full(16, -1)
_ONLY[[1, 2, 4, 8]] = [_UP, _RIGHT, _DOWN, _LEFT]


@dataclass(frozen=True, eq=False)
class Arcs:
    """Boundaries between classes.

    Attributes
    ----------
    points
        (n, 2) column, row of corners of pixels, arc after arc; a closed arc ends where it begins.
    starts
        (m + 1,) where each arc begins among the points.
    sides
        (m, 2) values to the left and to the right of each arc as seen with rows counting downwards, 255
        outside of the raster.
    """

    points: Ints
    starts: Ints
    sides: Ints

    def __len__(self) -> int:
        return len(self.sides)

    @property
    def owners(self) -> Ints:
        """(n,) number of the arc of every point."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))


def find_arcs(rows: Rows) -> Arcs:
    """Trace the boundaries between the values of a raster.

    Parameters
    ----------
    rows
        Classes, or numbers of objects; 255 is nothing.
    """
    corners = _Corners.of(rows)
    if not len(corners.bits):
        return Arcs(np.zeros((0, 2), np.int64), np.zeros(1, np.int64), np.zeros((0, 2), np.int64))
    return _chained(corners)


@dataclass(frozen=True, eq=False)
class _Corners:
    """Vertices in reading order.

    Attributes
    ----------
    places
        (n, 2) column, row.
    bits
        (n,) in which directions boundaries leave: 1 up, 2 right, 4 down, 8 left.
    around
        (n, 4) values above left, above right, below left, below right.
    """

    places: Ints
    bits: Ints
    around: Ints

    @classmethod
    def of(cls, rows: Rows) -> _Corners:
        columns = rows.shape[1]
        above = np.full((1, columns), IGNORE)
        found = []
        for start, ids in rows.blocks():
            found.append(_corners_of(np.concatenate([above.astype(ids.dtype), ids]), start))
            above = ids[-1:]
        found.append(_corners_of(np.concatenate([above, np.full_like(above, IGNORE)]), rows.shape[0]))
        return cls(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    def neighbours(self) -> Ints:
        """(n, 4) the next vertex up, right, down and left; meaningless where no boundary leaves."""
        count = len(self.bits)
        following = np.zeros((count, 4), np.int64)
        following[:-1, _RIGHT] = np.arange(1, count)
        following[1:, _LEFT] = np.arange(count - 1)
        order = np.lexsort((self.places[:, 1], self.places[:, 0]))
        following[order[:-1], _DOWN] = order[1:]
        following[order[1:], _UP] = order[:-1]
        return following


def _corners_of(ids: NDArray[Any], first_row: int) -> tuple[Ints, Ints, Ints]:
    """Find the vertices between the rows of a block, which begins with the row above it."""
    padded = np.pad(ids, ((0, 0), (1, 1)), constant_values=IGNORE)
    parts = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    one, two, three, four = parts
    bits = (one != two).astype(np.uint8)
    bits |= (two != four).astype(np.uint8) << 1
    bits |= (three != four).astype(np.uint8) << 2
    bits |= (one != three).astype(np.uint8) << 3
    straight = np.zeros(16, np.bool_)
    straight[[0, 0b0101, 0b1010]] = True
    rows, columns = np.nonzero(~straight[bits])
    around = np.stack([part[rows, columns] for part in parts], axis=1).astype(np.int64)
    places = np.stack([columns, rows + first_row], axis=1)
    return places, bits[rows, columns].astype(np.int64), around


def _chained(corners: _Corners) -> Arcs:
    """Follow boundaries from vertex to vertex, each arc in one direction."""
    neighbours = corners.neighbours()
    exits = (corners.bits[:, None] >> np.arange(4)) & 1
    steps = np.flatnonzero(exits)  # 4 · vertex + direction, of every step that there is
    number = np.full(4 * len(corners.bits), -1)
    number[steps] = np.arange(len(steps))
    vertex, direction = steps // 4, steps % 4
    target, back = neighbours[vertex, direction], (direction + 2) % 4
    passes = _DEGREE[corners.bits[target]] == 2
    onward = _ONLY[np.where(passes, corners.bits[target] & ~(1 << back), 0)]
    following = np.where(passes, number[4 * target + np.where(passes, onward, 0)], np.arange(len(steps)))
    following, kept = _one_way(following, twin=number[4 * target + back])
    order, starts = _ordered(following, kept)
    first = steps[order[starts[:-1]]]
    ends = target[order[starts[1:] - 1]]
    points = np.insert(corners.places[vertex[order]], starts[1:], corners.places[ends], axis=0)
    return Arcs(points, starts + np.arange(len(starts)), _sides(corners, first))


def _one_way(following: Ints, *, twin: Ints) -> tuple[Ints, Bools]:
    """Keep one direction of each arc, and cut closed ones at their first vertex."""
    own = np.arange(len(following))
    links = coo_array((np.ones(len(own), np.int8), (own, following)), shape=(len(own), len(own)))
    count, chain = connected_components(links, directed=True, connection="weak")
    ends = following == own
    closed = np.bincount(chain[ends], minlength=count) == 0
    has_before = np.zeros(len(own), np.bool_)
    has_before[following[~ends]] = True
    begins = np.flatnonzero(~has_before)
    keep = closed.copy()
    last = np.zeros(count, np.int64)
    last[chain[ends]] = own[ends]
    keep[chain[begins]] = begins < twin[last[chain[begins]]]
    inner = np.flatnonzero(closed[chain])
    lowest = np.full(count, len(own))
    np.minimum.at(lowest, chain[inner], inner)  # a step to the right from the first vertex, or one down
    start = lowest[np.flatnonzero(closed)]
    keep[np.flatnonzero(closed)] = start < lowest[chain[twin[start]]]  # to the right, not down
    before = np.zeros(len(own), np.int64)
    before[following] = own
    following = following.copy()
    following[before[start]] = before[start]
    return following, keep[chain]


def _ordered(following: Ints, kept: Bools) -> tuple[Ints, Ints]:
    """Put the steps of each arc one after another by pointer doubling (Wyllie 1979)."""
    steps = np.flatnonzero(kept)
    place = np.full(len(following), -1)
    place[steps] = np.arange(len(steps))
    jump = place[following[steps]]
    left = (jump != np.arange(len(steps))).astype(np.int64)
    while True:
        further = left[jump]
        if not further.any():
            break
        left = left + further
        jump = jump[jump]
    order = np.lexsort((-left, jump))
    starts = np.flatnonzero(np.diff(jump[order], prepend=-1, append=-1))
    return steps[order], starts


def _sides(corners: _Corners, first: Ints) -> Ints:
    """Give the values left and right of the first step of every arc."""
    left = np.array([0, 1, 3, 2])  # up: above left; right: above right; down: below right; left: below left
    right = np.array([1, 3, 2, 0])
    vertex, direction = first // 4, first % 4
    around = corners.around[vertex]
    row = np.arange(len(first))
    return np.stack([around[row, left[direction]], around[row, right[direction]]], axis=1)
