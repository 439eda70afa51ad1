"""Which level each line has: by what is written, what is thick, and what faces what.

A line of level l has the band from l to l + 1 on its upper side and that from l - 1 to l on its lower side.
Two sides that face each other share a band. So each line has a state, its level and which side is up; what
faces each other should agree about the band between, and slopes rather go on than turn about. All costs are
bounded, so that a single wrong label or a view through a gap is outvoted. The best states are found by
passing messages between facing lines (min-sum belief propagation, Pearl 1988; truncated linear costs as in
Felzenszwalb & Huttenlocher 2006); a line whose best level is hardly better than another stays without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from whence.maps.heights.tracing.views import Views
    from whence.typing import Bools, Floats, Ints

__all__ = ["Beliefs", "Claims", "Ladder", "solve_levels"]

_ROUNDS = 120
_DAMPING = 0.35
_VIEW = 1.6
_TURN = 0.22  # of a view: a crest or a hollow between two lines
_MOST_STEPS = 3
_LABEL = 5.0
_LABEL_STEPS = 1.5
_SPOT = 1.5
_SPOT_STEPS = 2.0
_SPOT_SLACK = 0.2
_THICK, _THIN = 3.0, 1.5
_BEYOND = 12  # levels above and below all that is known
_DONE = 1e-4


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
    own
        (n, L, 2) the part of it that labels on the line itself make.
    """

    levels: Ints
    costs: Floats
    own: Floats

    def best(self) -> tuple[Ints, Floats]:
        """Level (n,) of each line, and (n,) how much worse the next best is."""
        return self._told(self.costs)

    def without_labels(self) -> tuple[Ints, Floats]:
        """Tell the same as the others would have it, without the line's own labels."""
        return self._told(self.costs - self.own)

    def _told(self, costs: Floats) -> tuple[Ints, Floats]:
        of_level = costs.min(axis=2)
        least = np.partition(of_level, 1, axis=1)[:, :2]
        return self.levels[of_level.argmin(axis=1)], least[:, 1] - least[:, 0]

    def upper_side(self) -> Ints:
        """Which side (n,) of each line is up, 0 left or 1 right, at its best level."""
        rows = np.arange(len(self.costs))
        return np.asarray(self.costs[rows, self.costs.min(axis=2).argmin(axis=1)].argmin(axis=1))


def solve_levels(count: int, views: Views, claims: Claims, ladder: Ladder) -> Beliefs:
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
    low, high = (int(np.floor(said.min())), int(np.ceil(said.max()))) if len(said) else (0, 0)
    levels = np.arange(low - _BEYOND, high + _BEYOND + 1)
    own = _of_labels(count, claims, levels)
    unary = own + _of_thickness(claims, ladder, levels) + _of_spots(count, views, claims, levels)
    costs = _passed(unary, views)
    return Beliefs(levels, costs - costs.min(axis=(1, 2), keepdims=True), own)


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


def _passed(unary: Floats, views: Views) -> Floats:
    """Pass messages until they hardly change; gives (n, L, 2) the sum of all costs."""
    source = np.concatenate([views.lines[:, 0], views.lines[:, 1]])
    target = np.concatenate([views.lines[:, 1], views.lines[:, 0]])
    from_side = np.concatenate([views.sides[:, 0], views.sides[:, 1]])
    to_side = np.concatenate([views.sides[:, 1], views.sides[:, 0]])
    weight = _VIEW * np.concatenate([views.votes, views.votes])[:, None]
    half = len(views.lines)
    back = np.concatenate([np.arange(half, 2 * half), np.arange(half)])
    messages = np.zeros((2 * half, *unary.shape[1:]))
    total = unary.copy()
    for _ in range(_ROUNDS if half else 0):
        asked = total[source] - messages[back]
        fresh = _to_states(_agreed(_to_bands(asked, from_side), weight), to_side)
        fresh -= fresh.min(axis=(1, 2), keepdims=True)
        fresh = _DAMPING * messages + (1 - _DAMPING) * fresh
        moved = float(np.abs(fresh - messages).max())
        messages = fresh
        total = unary.copy()
        np.add.at(total, target, messages)
        if moved < _DONE:
            break
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
