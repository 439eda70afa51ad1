"""Which interval a map has: every usual one is tried, and that by which all fits together is taken.

For each interval, and each number of steps from one thick line to the next, lines, labels, spot heights and
thickness are weighed as they will be later (`levels`). What the best heights then cost is the negative
logarithm of how likely all is under that interval, but for a constant. A wrong label or a lost line costs
little beside an interval that is wrong everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.maps.heights.tracing.levels import Claims, Ladder, solve_levels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whence.maps.heights.tracing.views import Views
    from whence.typing import Bools, Floats, Ints

__all__ = ["Said", "Trial", "find_ladder", "try_ladders", "usual_intervals"]

_USUAL = (1.0, 2.0, 2.5, 4.0, 5.0)
_SELDOM = (1.25, 1.5, 3.0, 6.0, 7.5, 8.0)
_SELDOM_COST = 6.0
_EVERY = (5, 4, 10, 2, 0)
_EVERY_COST = {5: 0.0, 4: 0.5, 10: 0.5, 2: 1.0}
_NO_INDEX = 0.5  # for each thick line, where thickness is to mean nothing
_MOST_LEVELS = 120
_CLEAR = 2.0  # by how much an interval must fit better than the next
_NAMED = 5


@dataclass(frozen=True, eq=False)
class Said:
    """What the map says, in its unit.

    Attributes
    ----------
    labels, label_lines
        (k,) heights beside contours, and (k,) the lines on which they stand.
    spots
        (s,) spot heights, in the order of the views.
    thick
        (n,) which lines are drawn thick.
    """

    labels: Floats
    label_lines: Ints
    spots: Floats
    thick: Bools

    def claims(self, interval_m: float) -> Claims:
        """Give the same in intervals."""
        return Claims(self.labels / interval_m, self.label_lines, self.spots / interval_m, self.thick)


@dataclass(frozen=True)
class Trial:
    """An interval, with how badly all fits together under it."""

    ladder: Ladder
    cost: float


def usual_intervals(low_m: float, high_m: float) -> Iterator[tuple[float, float]]:
    """Give the intervals that maps have, from low to high, in any unit, and a cost for seldom ones.

    Examples
    --------
    >>> [step for step, cost in usual_intervals(1, 20) if not cost]
    [1.0, 2.0, 2.5, 4.0, 5.0, 10.0, 20.0]
    """
    for power in range(int(np.floor(np.log10(low_m))), int(np.floor(np.log10(high_m))) + 1):
        for leading in sorted((*_USUAL, *_SELDOM)):
            step = float(f"{leading * 10.0**power:.6g}")
            if low_m <= step <= high_m:
                yield step, 0.0 if leading in _USUAL else _SELDOM_COST


def find_ladder(
    views: Views, said: Said, *, interval_m: float | None = None
) -> tuple[Ladder | None, tuple[str, ...]]:
    """Find the interval, and every how manieth contour is thick.

    Parameters
    ----------
    views
        What faces what.
    said
        What the map says.
    interval_m
        From one contour to the next, when it is known; then only the thick ones are asked about.

    Returns
    -------
    ladder, notes
        None where no interval fits clearly better than the others; the notes say what was weighed.
    """
    if interval_m is not None:
        if not (len(said.labels) or len(said.spots)):
            return Ladder(interval_m), ()
        return try_ladders(views, said, [(interval_m, 0.0)])[0].ladder, ()
    heights = np.concatenate([said.labels, said.spots])
    low, high = np.quantile(heights, [0.1, 0.9]) if len(heights) else (0.0, 0.0)
    if high - low <= 1e-6 * max(abs(high), 1.0):
        return None, ("no interval was given and the heights do not tell it; give it (--interval)",)
    most = min(_MOST_LEVELS, len(said.thick) + 1)
    trials = try_ladders(views, said, usual_intervals((high - low) / most, high - low))
    first = trials[0]
    if len(trials) > 1 and trials[1].cost - first.cost < _CLEAR:
        rivals = f"{first.ladder.interval_m:g} and {trials[1].ladder.interval_m:g}"
        alike = f"the heights fit intervals of {rivals} alike, so no line has a height; give it (--interval)"
        return None, (alike, _told(trials))
    every = first.ladder.every
    thick = f", every {every}th line thick" if every else ""
    return first.ladder, (f"interval {first.ladder.interval_m:g}{thick}, as all fits together", _told(trials))


def try_ladders(views: Views, said: Said, intervals: Iterable[tuple[float, float]]) -> list[Trial]:
    """Weigh intervals, each given with a cost of its own; the best first, each with its best thickness."""
    found = []
    for interval_m, own in intervals:
        every = [
            Trial(ladder, own + cost + solve_levels(len(said.thick), views, claims, ladder).cost())
            for claims in (said.claims(interval_m),)
            for ladder, cost in _thickness(said, interval_m)
        ]
        found.append(min(every, key=lambda one: one.cost))
    return sorted(found, key=lambda one: one.cost)


def _thickness(said: Said, interval_m: float) -> Iterator[tuple[Ladder, float]]:
    """Give what thick lines may mean, with a cost; what most of their labels exclude is left out."""
    if not said.thick.any():
        yield Ladder(interval_m), 0.0
        return
    labels = said.labels[said.thick[said.label_lines]]
    for every in _EVERY:
        if not every:
            yield Ladder(interval_m), _NO_INDEX * float(said.thick.sum())
        elif not len(labels) or _are_multiples(labels, interval_m * every).mean() >= 0.5:
            yield Ladder(interval_m, every), _EVERY_COST[every]


def _are_multiples(heights: Floats, step: float) -> Bools:
    return np.asarray(np.abs(heights / step - np.round(heights / step)) < 0.01)


def _told(trials: list[Trial]) -> str:
    """Say how badly each interval fits, for a reader."""
    each = ", ".join(f"{one.ladder.interval_m:g}: {one.cost:.1f}" for one in trials[:_NAMED])
    return f"what does not fit, by interval (the less the better): {each}"
