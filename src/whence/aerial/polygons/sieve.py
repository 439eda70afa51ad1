"""Small parts are filled by their neighbours, over whole rasters of any size.

A part is a set of pixels of one class that are joined by their sides. The smallest part goes first: it takes
the class of the neighbour with which it shares the longest border (ties: the larger one, then the one that
begins first in reading order), and joins all its neighbours of that class. What remains small has no
neighbour but pixels without a class; it is dropped.

Parts are labelled in blocks of rows and joined over the seams, so that the result is that of the whole.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from whence.aerial.polygons.rows import Rows
from whence.aerial.scheme import IGNORE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Ints

__all__ = ["sieve", "sieved"]


def sieve(ids: NDArray[np.uint8], least_px: float) -> NDArray[np.uint8]:
    """Fill small parts of a raster in memory.

    Parameters
    ----------
    ids
        (rows, cols) classes, 255 none.
    least_px
        Pixels from which on a part is kept.

    Returns
    -------
    (rows, cols) classes without parts of fewer pixels.

    Examples
    --------
    >>> sieve(np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 2]], np.uint8), 2).tolist()
    [[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    """
    rows = sieved(Rows.of_array(ids), least_px)
    return np.concatenate([block for _, block in rows.blocks()]).astype(np.uint8)


def sieved(rows: Rows, least_px: float) -> Rows:
    """Fill small parts of a raster of any size; see `sieve`. It is read once now, and when it is used."""
    parts = _Parts.of(rows)
    if not (parts.sizes < least_px).any():
        return rows
    classes = _filled(parts, least_px)
    table = np.append(classes[parts.part], IGNORE).astype(np.uint8)

    def change(start: int, ids: NDArray[Any]) -> NDArray[np.uint8]:
        labels = _labelled(ids)
        return table[np.where(labels > 0, labels + parts.offsets[start] - 1, len(table) - 1)]

    return rows.mapped(change)


@dataclass(frozen=True, eq=False)
class _Parts:
    """The parts of a raster.

    Attributes
    ----------
    part
        (labels,) number of the part of each label of each block, parts in reading order.
    offsets
        First row of a block -> number of its first label.
    sizes, classes
        (parts,) pixels and class.
    borders
        (borders, 3) two parts and the length of their border in pixels, each pair once.
    """

    part: Ints
    offsets: dict[int, int]
    sizes: Ints
    classes: NDArray[np.uint8]
    borders: Ints

    @classmethod
    def of(cls, rows: Rows) -> _Parts:
        sizes, classes, joined, touching, offsets = [], [], [], [], {}
        count, last = 0, None
        for start, ids in rows.blocks():
            labels = _labelled(ids)
            offsets[start] = count
            found = int(labels.max(initial=0))
            of_class = np.zeros(found + 1, np.uint8)
            of_class[labels] = ids
            sizes.append(np.bincount(labels.reshape(-1), minlength=found + 1)[1:])
            classes.append(of_class[1:])
            numbers = np.where(labels > 0, labels + (count - 1), -1)
            touching += [_borders(numbers[:, :-1], numbers[:, 1:]), _borders(numbers[:-1], numbers[1:])]
            if last is not None:
                same = (last[0] == ids[0]) & (ids[0] != IGNORE)
                joined.append(np.stack([last[1][same], numbers[0][same]], axis=1))
                touching.append(_borders(np.where(same, -1, last[1]), np.where(same, -1, numbers[0])))
            last, count = (ids[-1], numbers[-1]), count + found
        return cls._joined(
            offsets,
            sizes=np.concatenate(sizes or [np.zeros(0, np.int64)]),
            classes=np.concatenate(classes or [np.zeros(0, np.uint8)]),
            pairs=np.concatenate([np.zeros((0, 2), np.int64), *joined]),
            borders=np.concatenate([np.zeros((0, 3), np.int64), *touching]),
        )

    @classmethod
    def _joined(
        cls, offsets: dict[int, int], *, sizes: Ints, classes: NDArray[np.uint8], pairs: Ints, borders: Ints
    ) -> _Parts:
        count = len(sizes)
        links = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
        found = connected_components(links, directed=False)[1] if count else np.zeros(0, np.int64)
        first, order = np.unique(found, return_index=True)[1], np.zeros(0, np.int64)
        order = np.empty(len(first), np.int64)
        order[np.argsort(first)] = np.arange(len(first))
        part = order[found]
        of_part = np.zeros(len(first), np.uint8)
        of_part[part] = classes
        ends = np.sort(part[borders[:, :2]], axis=1)
        totals = np.bincount(part, weights=sizes, minlength=len(first)).astype(np.int64)
        return cls(part, offsets, totals, of_part, _summed(ends, borders[:, 2], len(first)))


def _labelled(ids: NDArray[Any]) -> Ints:
    """Give the parts of a block numbers from 1 on in reading order; 0 where there is no class."""
    from skimage import measure

    found: Ints = measure.label(ids, background=IGNORE, connectivity=1).astype(np.int64)  # type: ignore[no-untyped-call]
    return found


def _borders(one: Ints, other: Ints) -> Ints:
    """Count sides between pixels of two parts: (borders, 3)."""
    a, b = one.reshape(-1), other.reshape(-1)
    apart = (a != b) & (a >= 0) & (b >= 0)
    ends = np.sort(np.stack([a[apart], b[apart]], axis=1), axis=1)
    return _summed(ends, np.ones(len(ends), np.int64), int(ends.max(initial=0)) + 1)


def _summed(ends: Ints, lengths: Ints, count: int) -> Ints:
    codes, place = np.unique(ends[:, 0] * count + ends[:, 1], return_inverse=True)
    totals = np.bincount(place, weights=lengths, minlength=len(codes)).astype(np.int64)
    return np.stack([codes // max(count, 1), codes % max(count, 1), totals], axis=1)


def _filled(parts: _Parts, least_px: float) -> NDArray[np.uint8]:
    """Give every part its class after the small ones are filled."""
    graph = _Graph(parts)
    waiting = [(int(parts.sizes[k]), int(k)) for k in np.flatnonzero(parts.sizes < least_px)]
    heapq.heapify(waiting)
    while waiting:
        size, number = heapq.heappop(waiting)
        if graph.find(number) != number or graph.sizes[number] != size:
            continue
        merged = graph.fill(number)
        if merged is not None and graph.sizes[merged] < least_px:
            heapq.heappush(waiting, (graph.sizes[merged], merged))
    roots = [graph.find(number) for number in range(len(parts.sizes))]
    return np.array([graph.classes[root] for root in roots], np.uint8)


class _Graph:
    """Parts and the borders between them, while parts are being joined."""

    def __init__(self, parts: _Parts) -> None:
        self.sizes: list[int] = parts.sizes.tolist()
        self.classes: list[int] = parts.classes.tolist()
        self._root = list(range(len(self.sizes)))
        ends = np.concatenate([parts.borders, parts.borders[:, [1, 0, 2]]])
        self._ends = ends[np.argsort(ends[:, 0], kind="stable")]
        self._starts = np.searchsorted(self._ends[:, 0], np.arange(len(self.sizes) + 1))
        self._changed: dict[int, dict[int, int]] = {}

    def find(self, number: int) -> int:
        """Give the part that a part has become; its number is that of its first."""
        root = self._root
        while root[number] != number:
            root[number] = root[root[number]]
            number = root[number]
        return number

    def fill(self, number: int) -> int | None:
        """Join a part with a neighbour; None when there is none, and the part is dropped."""
        around = self._around(number)
        if not around:
            self.classes[number] = IGNORE
            return None
        best = max(around, key=lambda other: (around[other], self.sizes[other], -other))
        taken = self.classes[best]
        group = [number, *(other for other in around if self.classes[other] == taken)]
        return self._join(group, taken)

    def _join(self, group: list[int], taken: int) -> int:
        root = min(group)
        largest = max(group, key=lambda one: len(self._borders(one)))
        borders = self._borders(largest)
        for one in group:
            if one != largest:
                for other, length in self._borders(one).items():
                    borders[other] = borders.get(other, 0) + length
                self._changed.pop(one, None)
        self._changed.pop(largest, None)
        self._changed[root] = borders
        self.sizes[root] = sum(self.sizes[one] for one in group)
        self.classes[root] = taken
        for one in group:
            self._root[one] = root
        return root

    def _borders(self, number: int) -> dict[int, int]:
        """Borders with parts as they were numbered when it was joined."""
        if number not in self._changed:
            ends = self._ends[self._starts[number] : self._starts[number + 1]]
            self._changed[number] = dict(zip(ends[:, 1].tolist(), ends[:, 2].tolist(), strict=True))
        return self._changed[number]

    def _around(self, number: int) -> dict[int, int]:
        """Borders with parts as they are now."""
        now: dict[int, int] = {}
        for other, length in self._resolved(number):
            now[other] = now.get(other, 0) + length
        self._changed[number] = now
        return dict(now)

    def _resolved(self, number: int) -> Iterator[tuple[int, int]]:
        for other, length in self._borders(number).items():
            root = self.find(other)
            if root != number and self.classes[root] != IGNORE:
                yield root, length
