"""Which level each line has: by what is written, what is thick, and what faces what.

A line of level l has the band from l to l + 1 on its upper side and that from l - 1 to l on its lower side.
Two sides that face each other share a band. So each line has a state, its level and which side is up; what
faces each other should agree about the band between, and slopes rather go on than turn about. All costs are
bounded, so that a single wrong label or a view through a gap is outvoted. The best states are found by
passing messages between facing lines (min-sum belief propagation, Pearl 1988; truncated linear costs as in
Felzenszwalb & Huttenlocher 2006); a line whose best level is hardly better than another stays without one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Self

    from whence.maps.heights.tracing.views import Views
    from whence.typing import Bools, Floats, Ints

__all__ = ["Beliefs", "Claims", "Ladder", "Solver", "solve_levels"]

_ROUNDS = 120
_FEWER_ROUNDS = 40
_DAMPING = 0.35
_VIEW = 1.6
_TURN = 0.35  # of a view: a crest or a hollow between two lines
_MOST_STEPS = 3
_LABEL = 5.0
_LABEL_STEPS = 1.5
_SPOT = 1.5
_SPOT_STEPS = 2.0
_SPOT_SLACK = 0.2
_THICK, _THIN = 3.0, 1.5
_BEYOND = 12  # levels above and below all that is known
_DONE = 1e-3


@dataclass(frozen=True)
class Ladder:
    """The levels of a map.

    Attributes
    ----------
    interval_m
        From one contour to the next.
    every
        Every so manieth is an index contour; 0 where none is.
    """

    interval_m: float
    every: int = 0


@dataclass(frozen=True, eq=False)
class Claims:
    """What the map itself says.

    Attributes
    ----------
    labels, label_lines
        (k,) heights beside contours in intervals, and (k,) the lines on which they stand.
    spots
        (s,) spot heights in intervals, in the order of the views.
    thick
        (n,) which lines are index contours.
    """

    labels: Floats
    label_lines: Ints
    spots: Floats
    thick: Bools


@dataclass(frozen=True, eq=False)
class Beliefs:
    """What is thought of each line.

    Attributes
    ----------
    levels
        (L,) the levels that were considered.
    costs
        (n, L, 2) cost of each state, less that of the best; last axis 0: its left is up, 1: its right.
    """

    levels: Ints
    costs: Floats

    def best(self) -> tuple[Ints, Floats]:
        """Level (n,) of each line, and (n,) how much worse the next best is."""
        of_level = self.costs.min(axis=2)
        least = np.partition(of_level, 1, axis=1)[:, :2]
        return self.levels[of_level.argmin(axis=1)], least[:, 1] - least[:, 0]

    def upper_side(self) -> Ints:
        """Which side (n,) of each line is up, 0 left or 1 right, at its best level."""
        rows = np.arange(len(self.costs))
        return np.asarray(self.costs[rows, self.costs.min(axis=2).argmin(axis=1)].argmin(axis=1))


def solve_levels(count: int, views: Views, claims: Claims, ladder: Ladder) -> Solver:
    """Find what level each line has.

    Parameters
    ----------
    count
        Number of lines.
    views
        What faces what.
    claims
        What the map says.
    ladder
        Interval and index contours.
    """
    said = np.concatenate([claims.labels, claims.spots])
    levels = _levels(said, count)
    unary = _of_labels(count, claims, levels) + _of_thickness(claims, ladder, levels)
    unary += _of_spots(count, views, claims, levels)
    net = _Net.of(views)
    total, messages = net.passed(unary, np.zeros((len(net.source), *unary.shape[1:])), _ROUNDS)
    return Solver(_beliefs(levels, total), unary, messages, net, views, claims)


def _levels(said: Floats, count: int) -> Ints:
    """Give the levels to consider: all that is said, but no farther from its middle than lines reach."""
    if not len(said):
        return np.arange(-_BEYOND, _BEYOND + 1)
    middle = int(np.round(np.median(said)))
    low = max(int(np.floor(said.min())), middle - count)
    high = min(int(np.ceil(said.max())), middle + count)
    return np.arange(low - _BEYOND, high + _BEYOND + 1)


def _beliefs(levels: Ints, total: Floats) -> Beliefs:
    return Beliefs(levels, total - total.min(axis=(1, 2), keepdims=True))


@dataclass(frozen=True, eq=False)
class Solver:
    """What was found, and how to ask what would be found without a mark."""

    beliefs: Beliefs
    _unary: Floats
    _messages: Floats
    _net: _Net
    _views: Views
    _claims: Claims

    def cost(self) -> float:
        """Tell what the best states cost in all: how badly lines, labels and spots fit together."""
        rows = np.arange(len(self._unary))
        level = self.beliefs.costs.min(axis=2).argmin(axis=1)
        upper = self.beliefs.upper_side()
        own = float(self._unary[rows, level, np.minimum(upper, self._unary.shape[2] - 1)].sum())
        return own + self._net.disagreement(level, upper)

    def without_spot(self, spot: int) -> Self:
        """Tell what would be found without a spot height, all else being as it is."""
        mine = self._views.spots == spot
        only = replace(
            self._views,
            **{
                name: getattr(self._views, name)[mine]
                for name in ("spots", "spot_lines", "spot_sides", "spot_votes")
            },
        )
        return self._again(_of_spots(len(self._unary), only, self._claims, self.beliefs.levels))

    def without_label(self, label: int) -> Self:
        """Tell the same without a label."""
        claims = replace(
            self._claims, labels=self._claims.labels[[label]], label_lines=self._claims.label_lines[[label]]
        )
        return self._again(_of_labels(len(self._unary), claims, self.beliefs.levels))

    def _again(self, less: Floats) -> Self:
        unary = self._unary - less
        total, messages = self._net.passed(unary, self._messages, _FEWER_ROUNDS)
        beliefs = _beliefs(self.beliefs.levels, total)
        return replace(self, beliefs=beliefs, _unary=unary, _messages=messages)


def _of_labels(count: int, claims: Claims, levels: Ints) -> Floats:
    """Cost (n, L, 2) of not having the height that is written on a line."""
    costs = np.zeros((count, len(levels), 2))
    for label, line in zip(claims.labels, claims.label_lines, strict=True):
        off = np.minimum(np.abs(levels - label), _LABEL_STEPS) / _LABEL_STEPS
        costs[line] += _LABEL * off[:, None]
    return costs


def _of_thickness(claims: Claims, ladder: Ladder, levels: Ints) -> Floats:
    """Cost (n, L, 1) of an index contour at a level that is none, and the reverse."""
    costs = np.zeros((len(claims.thick), len(levels), 1))
    if ladder.every > 1:
        index = levels % ladder.every == 0
        costs[claims.thick] = np.where(index, 0.0, _THICK)[:, None]
        costs[~claims.thick] = np.where(index, _THIN, 0.0)[:, None]
    return costs


def _of_spots(count: int, views: Views, claims: Claims, levels: Ints) -> Floats:
    """Cost (n, L, 2) of a band beside a line that does not hold the spot heights seen there."""
    costs = np.zeros((count, len(levels), 2))
    seen = np.bincount(views.spots, weights=views.spot_votes, minlength=len(claims.spots))
    for spot, line, side, vote in zip(
        views.spots, views.spot_lines, views.spot_sides, views.spot_votes, strict=True
    ):
        height = claims.spots[spot]
        # Half of the votes of one spot at most go to one line, so that it is never alone to decide.
        weight = _SPOT * vote / max(seen[spot] / 3.0, 1.0)
        for state in (0, 1):
            band = levels if state == side else levels - 1
            off = np.maximum(np.maximum(band - height, height - band - 1) - _SPOT_SLACK, 0.0)
            costs[line, :, state] += weight * np.minimum(off, _SPOT_STEPS)
    return costs


@dataclass(frozen=True, eq=False)
class _Net:
    """Directed ways of messages, two for every view; in `order` those to one target stand together."""

    source: Ints
    target: Ints
    from_side: Ints
    to_side: Ints
    weight: Floats
    back: Ints
    order: Ints
    targets: Ints
    starts: Ints

    @classmethod
    def of(cls, views: Views) -> Self:
        half = len(views.lines)
        target = np.concatenate([views.lines[:, 1], views.lines[:, 0]])
        order = np.argsort(target, kind="stable")
        targets, starts = np.unique(target[order], return_index=True)
        return cls(
            np.concatenate([views.lines[:, 0], views.lines[:, 1]]),
            target,
            np.concatenate([views.sides[:, 0], views.sides[:, 1]]),
            np.concatenate([views.sides[:, 1], views.sides[:, 0]]),
            _VIEW * np.concatenate([views.votes, views.votes])[:, None],
            np.concatenate([np.arange(half, 2 * half), np.arange(half)]),
            order,
            targets,
            starts,
        )

    def passed(self, unary: Floats, messages: Floats, rounds: int) -> tuple[Floats, Floats]:
        """Pass messages until they hardly change; gives (n, L, 2) the sum of all costs, and the messages."""
        total = self._sum(unary, messages)
        for _ in range(rounds if len(self.source) else 0):
            asked = total[self.source] - messages[self.back]
            fresh = _to_states(_agreed(_to_bands(asked, self.from_side), self.weight), self.to_side)
            fresh -= fresh.min(axis=(1, 2), keepdims=True)
            fresh = _DAMPING * messages + (1 - _DAMPING) * fresh
            moved = float(np.abs(fresh - messages).max())
            messages = fresh
            total = self._sum(unary, messages)
            if moved < _DONE:
                break
        return total, messages

    def disagreement(self, levels: Ints, upper: Ints) -> float:
        """Cost of all views, lines having these (n,) levels and upper sides."""
        half = slice(0, len(self.source) // 2)
        below = upper[self.source[half]] == self.from_side[half]
        other_below = upper[self.target[half]] == self.to_side[half]
        bands = levels[self.source[half]] + below - levels[self.target[half]] - other_below
        steps = np.minimum(np.abs(bands), _MOST_STEPS) + _TURN * (below == other_below)
        return float((self.weight[half, 0] * steps).sum())

    def _sum(self, unary: Floats, messages: Floats) -> Floats:
        total = unary.copy()
        if len(self.targets):
            total[self.targets] += np.add.reduceat(messages[self.order], self.starts, axis=0)
        return total


def _to_bands(states: Floats, side: Ints) -> Floats:
    """Costs (e, L + 1, 2) by the band on a side, from those (e, L, 2) by state; last axis: line below, above.

    Band k stands for that below level k of the list.
    """
    rows = np.arange(len(states))
    bands = np.full((len(states), states.shape[1] + 1, 2), np.inf)
    bands[:, 1:, 0] = states[rows, :, side]  # that side is up: the line lies below its band
    bands[:, :-1, 1] = states[rows, :, 1 - side]
    return bands


def _to_states(bands: Floats, side: Ints) -> Floats:
    """Undo `_to_bands`."""
    rows = np.arange(len(bands))
    states = np.empty((len(bands), bands.shape[1] - 1, 2))
    states[rows, :, side] = bands[:, 1:, 0]
    states[rows, :, 1 - side] = bands[:, :-1, 1]
    return states


def _agreed(bands: Floats, weight: Floats) -> Floats:
    """Cheapest (e, L + 1, 2) for the facing side, over all that this side may be."""
    out = np.empty_like(bands)
    for lies in (0, 1):
        # Facing lines of which one lies below and one above the band: the slope goes on.
        kind = np.minimum(bands[..., 1 - lies], bands[..., lies] + _TURN * weight)
        best = np.minimum(kind, kind.min(axis=1, keepdims=True) + _MOST_STEPS * weight)
        for step in range(1, _MOST_STEPS):
            best[:, step:] = np.minimum(best[:, step:], kind[:, :-step] + step * weight)
            best[:, :-step] = np.minimum(best[:, :-step], kind[:, step:] + step * weight)
        out[..., lies] = best
    return out
