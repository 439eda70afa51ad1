"""What is written on a map, weighed against its lines: heights of lines, and contradictions."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError
from whence.maps.heights.tracing.levels import Claims, Ladder, solve_levels
from whence.maps.heights.tracing.traced import Contradiction
from whence.maps.heights.tracing.views import views_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from whence.maps.heights.labelled import HeightLabels
    from whence.maps.heights.tracing.from_scan import LineWork
    from whence.maps.heights.tracing.levels import Beliefs, Solver
    from whence.maps.heights.tracing.traced import Evidence
    from whence.maps.heights.tracing.views import Views
    from whence.typing import Floats, Ints

__all__ = ["Marks", "Weighed", "weigh"]

_NEAR = 7.0  # strokes wide: a label stands so near its line
_SURE = 0.5  # by how much the best level must be better than the next
_HINTED = 0.2  # the same where only a spot is asked about
_OFF = 0.6  # intervals by which a spot may lie out of its band
_APART = 1.0  # and out of the band in which the lines would put it by themselves
_AGREE = 0.75  # share of labels that must be multiples of a step apart
_FACING = 0.6  # votes above which two lines are neighbours beyond doubt


@dataclass(frozen=True, eq=False)
class Marks:
    """Heights on a scan: (n, 2) column, row, (n,) heights in the unit of the map, and names."""

    pixels: Floats
    heights_m: Floats
    names: tuple[str, ...]

    @classmethod
    def of(cls, labels: HeightLabels | None) -> Self:
        """Take labelled heights; those that could not be read are left out.

        Raises
        ------
        InputError
            When they have no pixels.
        """
        if labels is None:
            return cls(np.empty((0, 2)), np.empty(0), ())
        if labels.pixels is None:
            raise InputError("the heights have no column and row, so they cannot be found on the scan")
        known = np.flatnonzero(np.isfinite(labels.map_heights))
        names = tuple(labels.names[number] for number in known)
        return cls(labels.pixels[known], labels.map_heights[known], names)

    def __len__(self) -> int:
        return len(self.heights_m)

    def joined(self, other: Marks) -> Marks:
        """Give these and others."""
        return Marks(
            np.concatenate([self.pixels, other.pixels]),
            np.concatenate([self.heights_m, other.heights_m]),
            (*self.names, *other.names),
        )


@dataclass(frozen=True, eq=False)
class Weighed:
    """Heights of lines and what they rest on; see `Traced`."""

    heights_m: Floats
    evidence: tuple[Evidence, ...]
    contradictions: tuple[Contradiction, ...]
    interval_m: float
    notes: tuple[str, ...]


def weigh(work: LineWork, labels: Marks, spots: Marks, *, interval_m: float | None) -> Weighed:
    """Give heights to lines.

    Parameters
    ----------
    work
        The lines.
    labels
        Heights beside contours.
    spots
        Spot heights.
    interval_m
        From one contour to the next; None derives it from the labels of index contours.
    """
    count = len(work.lines)
    views = views_of(
        list(work.lines),
        spots.pixels,
        work.ink.hidden,
        cell_px=work.ink.cell_px,
        step_px=1.5 * work.stroke_px,
    )
    on_line = _lines_of(work, labels)
    ladder, notes = _ladder(work, views, labels, on_line, interval_m)
    if ladder is None or not len(labels) + len(spots):
        unknown = np.full(count, np.nan)
        return Weighed(
            unknown, _rests_on(unknown, set()), (), 0.0 if ladder is None else ladder.interval_m, notes
        )
    step = ladder.interval_m
    placed = on_line >= 0
    claims = Claims(labels.heights_m[placed] / step, on_line[placed], spots.heights_m / step, work.is_index)
    solver = solve_levels(count, views, claims, ladder)
    levels, margin = solver.beliefs.best()
    heights = np.where(margin >= _SURE, levels * step, np.nan)
    found = [
        *_label_faults(labels, on_line, solver, step),
        *_spot_faults(spots, views, solver, step),
        *_neighbour_faults(work, views, heights, step),
    ]
    labelled = {int(line) for line in on_line[placed]}
    return Weighed(heights, _rests_on(heights, labelled), tuple(found), step, notes)


def _rests_on(heights: Floats, labelled: set[int]) -> tuple[Evidence, ...]:
    return tuple(
        "none" if np.isnan(height) else "label" if number in labelled else "neighbours"
        for number, height in enumerate(heights)
    )


def _lines_of(work: LineWork, labels: Marks) -> Ints:
    """Find the line (k,) on which each label stands, an index contour by preference; -1 for none."""
    from scipy.spatial import cKDTree

    if not len(labels):
        return np.empty(0, np.int64)
    places = np.concatenate(work.lines)
    owner = np.repeat(np.arange(len(work.lines)), [len(line) for line in work.lines])
    reach = _NEAR * work.stroke_px
    tree, found = cKDTree(places), []
    for place in labels.pixels:
        near = np.array(tree.query_ball_point(place, reach), dtype=np.int64)
        if not len(near):
            found.append(-1)
            continue
        away = np.hypot(*(places[near] - place).T) * np.where(work.is_index[owner[near]], 0.5, 1.0)
        found.append(int(owner[near[away.argmin()]]))
    return np.array(found, dtype=np.int64)


def _ladder(
    work: LineWork, views: Views, labels: Marks, on_line: Ints, interval_m: float | None
) -> tuple[Ladder | None, tuple[str, ...]]:
    """Find the interval, and every how manieth contour is thick."""
    thick = labels.heights_m[(on_line >= 0) & work.is_index[on_line]] if len(labels) else np.empty(0)
    step = _commonest_step(thick)
    if interval_m is not None:
        every = _between(work, views) if work.is_index.any() else 0
        told = round(step / interval_m) if step and work.is_index.any() else 0
        return Ladder(interval_m, every or (told if told > 1 else 0)), ()
    if not step:
        step = _commonest_step(labels.heights_m)
        if not step:
            return None, ("no interval was given and the labels do not tell it; lines have no heights",)
        return Ladder(step), (f"interval {step:g}, from the labels; give it if it is another",)
    every = _between(work, views)
    if not every:
        return None, ("the interval is not told by the lines between index contours; give it (--interval)",)
    return Ladder(step / every, every), (
        f"interval {step / every:g}: index contours every {step:g} with {every - 1} lines between",
    )


def _commonest_step(heights: Floats) -> float:
    """Give the greatest step of which nearly all heights are multiples apart; 0 with fewer than two."""
    levels = np.unique(np.round(heights, 6))
    apart = np.unique(np.round(np.abs(levels[:, None] - levels), 6))
    for step in apart[apart > 0][::-1]:
        rest = np.round(heights / step % 1.0, 3) % 1.0
        values, counts = np.unique(rest, return_counts=True)
        fits = rest == values[counts.argmax()]
        if fits.mean() >= _AGREE and len(np.unique(heights[fits])) > 1:
            return float(step)
    return float(apart[apart > 0].min()) if len(levels) > 1 else 0.0


def _between(work: LineWork, views: Views) -> int:
    """Count the steps from one index contour to the next: the commonest shortest way over thin lines."""
    sure = views.votes >= _FACING
    beside: dict[tuple[int, int], set[tuple[int, int]]] = defaultdict(set)
    for (one, other), (first, second) in zip(
        views.lines[sure].tolist(), views.sides[sure].tolist(), strict=True
    ):
        beside[one, first].add((other, second))
        beside[other, second].add((one, first))
    steps: Counter[int] = Counter()
    for line in np.flatnonzero(work.is_index).tolist():
        for side in (0, 1):
            found = _steps_to_thick(work, beside, (line, side))
            if found:
                steps[found] += 1
    ordered = sorted(steps.items(), key=lambda one: (-one[1], one[0]))
    return ordered[0][0] if ordered and ordered[0][0] > 1 else 0


def _steps_to_thick(
    work: LineWork, beside: dict[tuple[int, int], set[tuple[int, int]]], start: tuple[int, int]
) -> int:
    """Count the steps from a side of an index contour over thin lines to another one; 0 for none."""
    front, seen = {start}, {start[0]}
    for step in range(1, 12):
        facing = {one for place in front for one in beside[place] if one[0] not in seen}
        if any(work.is_index[line] for line, _ in facing):
            return step
        seen |= {line for line, _ in facing}
        front = {(line, 1 - side) for line, side in facing}
    return 0


def _label_faults(labels: Marks, on_line: Ints, solver: Solver, step: float) -> Iterator[Contradiction]:
    """List the labels that all else contradicts."""
    number_of = np.cumsum(on_line >= 0) - 1
    for number, line in enumerate(on_line.tolist()):
        place, said = _at(labels, number), float(labels.heights_m[number])
        if line < 0:
            yield Contradiction("no line", place, said, np.nan, (), labels.names[number])
            continue
        levels, margin = solver.without_label(int(number_of[number])).best()
        if margin[line] < _SURE:
            levels, margin = solver.beliefs.best()
        known = margin[line] >= _SURE
        expected = float(levels[line] * step) if known else np.nan
        if known and abs(expected - said) > 0.01 * step:
            yield Contradiction("label", place, said, expected, (line,), labels.names[number])
        elif not known and np.ptp(labels.heights_m[on_line == line]) > 0:
            yield Contradiction("two labels", place, said, np.nan, (line,), labels.names[number])


def _spot_faults(spots: Marks, views: Views, solver: Solver, step: float) -> Iterator[Contradiction]:
    """List the spot heights that do not fit the band between the lines around them."""
    for number in range(len(spots)):
        height = float(spots.heights_m[number]) / step
        seen = np.flatnonzero(views.spots == number)
        limits = ((solver.without_spot(number), _APART), (solver.beliefs, _OFF))
        for beliefs, limit in limits:
            band = _band_at(views, seen, beliefs)
            if band is not None and max(band - height, height - band - 1) > limit:
                around = tuple(int(line) for line in views.spot_lines[seen])
                said, name = float(spots.heights_m[number]), spots.names[number]
                yield Contradiction("spot", _at(spots, number), said, (band + 0.5) * step, around, name)
                break


def _at(marks: Marks, number: int) -> tuple[float, float]:
    return float(marks.pixels[number, 0]), float(marks.pixels[number, 1])


def _band_at(views: Views, seen: Ints, beliefs: Beliefs) -> float | None:
    """Give the band, in intervals, in which most lines around a spot put it; None where they do not tell."""
    levels, margin = beliefs.best()
    lines, sides, votes = views.spot_lines[seen], views.spot_sides[seen], views.spot_votes[seen]
    known = margin[lines] >= _HINTED
    if not known.any():
        return None
    bands = levels[lines] - (beliefs.upper_side()[lines] != sides)
    band, counted = _most(bands[known].astype(float), votes[known])
    return band if counted > 0.5 * votes.sum() else None


def _most(values: Floats, votes: Floats) -> tuple[float, float]:
    """Value with most votes, and these."""
    offers, place = np.unique(np.round(values), return_inverse=True)
    sums = np.bincount(place.ravel(), weights=votes)
    return float(offers[sums.argmax()]), float(sums.max())


def _neighbour_faults(work: LineWork, views: Views, heights: Floats, step: float) -> list[Contradiction]:
    """Lines that face each other and differ by more than one interval."""
    found = []
    for (one, other), votes in zip(views.lines.tolist(), views.votes.tolist(), strict=True):
        apart = abs(heights[one] - heights[other])
        if one != other and votes >= _FACING and apart > 1.5 * step:
            place = _nearest(work.lines[one], work.lines[other])
            found.append(
                Contradiction("neighbours", place, float(heights[one]), float(heights[other]), (one, other))
            )
    return found


def _nearest(line: Floats, other: Floats) -> tuple[float, float]:
    """Middle between two lines where they are nearest."""
    from scipy.spatial import cKDTree

    away, at = cKDTree(other).query(line)
    best = int(away.argmin())
    middle = (line[best] + other[at[best]]) / 2
    return float(middle[0]), float(middle[1])
