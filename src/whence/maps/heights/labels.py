"""Wrong contour labels, found by their neighbours.

Between two lines that see each other there is no third one, so their heights differ by one interval or not
at all. A line that breaks this with most of its neighbours has probably the wrong height; the height that
would break it least is proposed. Nothing is changed without being asked (`Suspects.repaired`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import NotEnoughDataError
from whence.maps.heights.surface.tin import triangulate

if TYPE_CHECKING:
    from whence.maps.heights.terrain import Contours
    from whence.typing import Bools, Floats, Ints

__all__ = ["Suspect", "Suspects", "find_wrong_labels", "neighbours_of", "spacing_m"]

_MOST_VOTES = 30.0
_MOST_POSITIONS = 400_000
_FEWEST_EDGES = 0.9
_BLUNT = -(3**0.5) / 2  # cosine of 150°


@dataclass(frozen=True)
class Suspect:
    """A line whose height contradicts its neighbours.

    Parameters
    ----------
    line
        Its number.
    height_m, proposed_m
        As it is labelled, and what would agree best.
    contradictions, remaining
        Excess over one interval, in intervals, summed over what its neighbours see of it: now, and with the
        proposed height.
    """

    line: int
    height_m: float
    proposed_m: float
    contradictions: float
    remaining: float


@dataclass(frozen=True, eq=False)
class Suspects:
    """All suspects among some contours, the worst first.

    Parameters
    ----------
    contours
        As they were given.
    found
        The suspects.
    """

    contours: Contours
    found: tuple[Suspect, ...]

    def __len__(self) -> int:
        return len(self.found)

    def repaired(self) -> Contours:
        """Give the contours with all proposed heights."""
        heights = self.contours.heights_m.copy()
        for suspect in self.found:
            heights[suspect.line] = suspect.proposed_m
        return self.contours.relabel(heights)

    def without(self) -> Contours:
        """Give the contours without the suspects."""
        kept = np.ones(len(self.contours), dtype=bool)
        kept[[suspect.line for suspect in self.found]] = False
        return self.contours.choose(kept)


def find_wrong_labels(contours: Contours, *, interval_m: float | None = None) -> Suspects:
    """Find lines whose heights contradict their neighbours'.

    Heights are changed one at a time, each time the one that takes away most contradictions, until none
    takes away any. A closed line whose only neighbours have its own height is suspected too: it would be a
    pit within a hill or a hill within a pit; its proposed height follows the slope outside.

    Parameters
    ----------
    contours
        The lines; at least three.
    interval_m
        The contour interval; None takes that of the contours.

    Raises
    ------
    NotEnoughDataError
        When there are fewer than three lines or two heights.
    """
    interval = contours.interval_m if interval_m is None else interval_m
    if len(contours) < 3 or not interval > 0:
        raise NotEnoughDataError(
            f"{len(contours)} lines of interval {interval:g} cannot check one another; give at least three "
            "lines with two heights"
        )
    pairs, edges = neighbours_of(contours)
    table = _Table.of(pairs, np.minimum(edges, _MOST_VOTES), len(contours))
    heights = contours.heights_m.copy()
    changed = _descend(table, heights, interval)
    changed |= _lift_rings(table, heights, interval, contours.closed)
    before, after = contours.heights_m, heights
    suspects = [
        Suspect(
            int(line),
            float(before[line]),
            float(after[line]),
            table.cost(line, before[line], before, interval),
            table.cost(line, after[line], after, interval),
        )
        for line in sorted(changed)
        if before[line] != after[line]
    ]
    return Suspects(contours, tuple(sorted(suspects, key=lambda one: one.remaining - one.contradictions)))


def neighbours_of(contours: Contours) -> tuple[Ints, Floats]:
    """Find which lines see each other.

    Returns
    -------
    pairs, edges
        (p, 2) numbers of lines, the smaller first, and (p,) how many edges of the Delaunay triangulation of
        their positions join them.
    """
    lengths = sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in contours.lines)
    positions, owner = contours.vertices(_step(contours, lengths))
    middle = positions.mean(axis=0)
    _, first = np.unique(positions, axis=0, return_index=True)
    positions, owner = positions[first] - middle, owner[first]
    mesh = triangulate(positions)
    corners = mesh.simplices[_within_rim(positions, mesh.simplices, mesh.neighbors)]
    ends = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    ends = np.unique(np.sort(ends, axis=1), axis=0)
    between = np.sort(owner[ends], axis=1)
    between = between[between[:, 0] != between[:, 1]]
    pairs, edges = np.unique(between, axis=0, return_counts=True)
    return pairs, edges.astype(float)


def _within_rim(positions: Floats, corners: Ints, neighbours: Ints) -> Bools:
    """Tell which triangles are not splinters along the rim.

    Where lines end at the rim of a sheet, a millimetre decides whether their ends lie on the hull. Splinters
    over ends that do not would join lines that do not see each other. So triangles are taken away from
    outside, as long as their outer side lies opposite an angle of more than 150°.

    Parameters
    ----------
    positions
        (n, 2).
    corners, neighbours
        (t, 3) of a triangulation; the k-th neighbour lies opposite the k-th corner, -1 for none.
    """
    points = positions[corners]
    one = points[:, [1, 2, 0]] - points
    other = points[:, [2, 0, 1]] - points
    size = np.hypot(one[..., 0], one[..., 1]) * np.hypot(other[..., 0], other[..., 1])
    blunt = (one * other).sum(axis=2) < _BLUNT * size  # (t, 3) angles at the corners
    kept = np.ones(len(corners), dtype=bool)
    while True:
        outside = (neighbours < 0) | ~kept[neighbours]
        splinters = kept & (blunt & outside).any(axis=1)
        if not splinters.any():
            return kept
        kept &= ~splinters


def spacing_m(contours: Contours) -> float:
    """Give the median distance between lines of different heights, along what is nearest to each position.

    Raises
    ------
    NotEnoughDataError
        When there are no two heights.
    """
    if not contours.interval_m > 0:
        raise NotEnoughDataError("lines of one height have no spacing; give the size of a cell")
    length = sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in contours.lines)
    positions, owner = contours.vertices(_step(contours, length))
    _, first = np.unique(positions, axis=0, return_index=True)
    positions, levels = positions[first] - positions[first].mean(axis=0), contours.heights_m[owner[first]]
    corners = triangulate(positions).simplices
    ends = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    ends = ends[levels[ends[:, 0]] != levels[ends[:, 1]]]
    gap = np.hypot(*(positions[ends[:, 0]] - positions[ends[:, 1]]).T)
    nearest = np.full(len(positions), np.inf)
    np.minimum.at(nearest, ends.ravel(), np.repeat(gap, 2))
    return float(np.median(nearest[np.isfinite(nearest)]))


def _step(contours: Contours, length: float) -> float:
    """Give a step along the lines of a third of their distance, which is area over length."""
    every = np.concatenate(contours.lines)
    area = float(np.prod(np.ptp(every, axis=0))) or length**2
    return max(area / length / 3, length / _MOST_POSITIONS)


@dataclass(frozen=True, eq=False)
class _Table:
    """Neighbours of each line, and how much each counts."""

    lines: list[Ints]
    votes: list[Floats]

    @classmethod
    def of(cls, pairs: Ints, edges: Floats, count: int) -> _Table:
        both = np.concatenate([pairs, pairs[:, ::-1]])
        votes = np.concatenate([edges, edges])
        order = np.argsort(both[:, 0], kind="stable")
        cuts = np.searchsorted(both[order, 0], np.arange(1, count))
        return cls(np.split(both[order, 1], cuts), np.split(votes[order], cuts))

    def cost(self, line: int, height: float, heights: Floats, interval: float) -> float:
        """Contradictions of a line with its neighbours if it had a height, in intervals."""
        steps = np.abs(heights[self.lines[line]] - height) / interval
        return float((self.votes[line] * np.maximum(steps - 1.0, 0.0)).sum().round(9))

    def best(self, line: int, heights: Floats, interval: float) -> tuple[float, float]:
        """How much less the line can contradict, and with which height."""
        now = self.cost(line, heights[line], heights, interval)
        around = np.unique(heights[self.lines[line]])
        offers = np.unique(np.concatenate([around - interval, around, around + interval]))
        costs = [self.cost(line, offer, heights, interval) for offer in offers]
        least = min(costs)
        equal = [offer for offer, cost in zip(offers, costs, strict=True) if cost <= least + 1e-9]
        return now - least, float(min(equal, key=lambda offer: abs(offer - heights[line])))


def _descend(table: _Table, heights: Floats, interval: float) -> set[int]:
    """Change heights in place, the most useful change first; give the lines that were changed."""
    count = len(heights)
    gains = np.zeros(count)
    offers = heights.copy()
    stale = [line for line in range(count) if len(table.lines[line])]
    changed: set[int] = set()
    for _ in range(4 * count):
        for line in stale:
            gains[line], offers[line] = table.best(line, heights, interval)
        worst = int(gains.argmax())
        if gains[worst] < _FEWEST_EDGES:
            break
        heights[worst] = offers[worst]
        changed.add(worst)
        stale = [worst, *table.lines[worst].tolist()]
    return changed


def _lift_rings(table: _Table, heights: Floats, interval: float, closed: Bools) -> set[int]:
    """Lift (or lower) rings that lie in a ring of their own height; give their numbers."""
    changed = set()
    for line in np.flatnonzero(closed):
        around = table.lines[line]
        if len(around) != 1 or heights[around[0]] != heights[line]:
            continue
        outer = around[0]
        beyond = heights[table.lines[outer]][table.lines[outer] != line]
        slope = np.sign(heights[outer] - beyond).sum()
        if slope != 0:
            heights[line] += interval * np.sign(slope)
            changed.add(int(line))
    return changed
