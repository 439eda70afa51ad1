"""What is written on a map, weighed against its lines: heights of lines, and contradictions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError
from whence.maps.heights.tracing.crossings import crossings_of
from whence.maps.heights.tracing.intervals import Said, find_ladder
from whence.maps.heights.tracing.levels import solve_levels
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
    from whence.typing import Bools, Floats, Ints

__all__ = ["Marks", "Weighed", "weigh"]

_NEAR = 7.0  # strokes wide: a label stands so near its line
_SURE = 0.5  # by how much the best level must be better than the next
_HINTED = 0.2  # the same where only a spot is asked about
_HEAVY = 2.0  # weight of a mark that is named even where its lines are not sure of themselves
_OFF = 0.6  # intervals by which a spot may lie out of its band
_NEAREST = 200  # vertices that are asked about a spot which sees no line
_APART = 1.0  # and out of the band in which the lines would put it by themselves
_FACING = 0.6  # votes above which two lines are neighbours beyond doubt
_TELLING = 1.0  # what a contradiction must cost, so that it is called the most probable
_LOST = 0.3  # weight of an interval between neighbours: mostly a line is lost, and nothing wrong
_WRITTEN = ("label", "two labels", "spot")


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

    def within(self, size_px: tuple[int, int]) -> tuple[Marks, Marks]:
        """Part them into those on a scan of a width and height, and those beside it."""
        on = np.all((self.pixels >= 0) & (self.pixels <= np.array(size_px)), axis=1)
        return self._some(on), self._some(~on)

    def _some(self, chosen: Bools) -> Marks:
        names = tuple(self.names[number] for number in np.flatnonzero(chosen))
        return Marks(self.pixels[chosen], self.heights_m[chosen], names)

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
        From one contour to the next; None takes the usual one by which all fits together best.

    Raises
    ------
    InputError
        When none of the heights lies on the scan, or the interval is no positive number.
    """
    if interval_m is not None and not (np.isfinite(interval_m) and interval_m > 0):
        raise InputError(f"the interval must be more than 0, not {interval_m:g}")
    (labels, stray_labels), (spots, stray_spots) = labels.within(work.size_px), spots.within(work.size_px)
    strays = [*_outside(stray_labels), *_outside(stray_spots)]
    if strays and not len(labels) + len(spots):
        raise InputError(
            f"none of the {len(strays)} heights lies on the scan of {work.size_px[0]} × {work.size_px[1]} "
            "pixels; their columns and rows must be those of this scan"
        )
    weighed = _weigh(work, labels, spots, interval_m=interval_m)
    found = [*weighed.contradictions, *_crossings(work, weighed.heights_m), *strays]
    return replace(weighed, contradictions=_ranked(found))


def _weigh(work: LineWork, labels: Marks, spots: Marks, *, interval_m: float | None) -> Weighed:
    count = len(work.lines)
    views = views_of(
        list(work.lines),
        spots.pixels,
        work.ink.hidden,
        cell_px=work.ink.cell_px,
        step_px=1.5 * work.stroke_px,
    )
    on_line = _lines_of(work, labels)
    placed = on_line >= 0
    said = Said(labels.heights_m[placed], on_line[placed], spots.heights_m, work.is_index)
    ladder, notes = find_ladder(views, said, interval_m=interval_m)
    if ladder is None or not len(labels) + len(spots):
        unknown = np.full(count, np.nan)
        return Weighed(
            unknown, _rests_on(unknown, set()), (), 0.0 if ladder is None else ladder.interval_m, notes
        )
    step = ladder.interval_m
    solver = solve_levels(count, views, said.claims(step), ladder)
    levels, margin = solver.beliefs.best()
    heights = np.where(margin >= _SURE, levels * step, np.nan)
    found = [
        *_label_faults(labels, on_line, solver, step),
        *_spot_faults(spots, views, solver, step),
        *_hidden_spot_faults(spots, views, work, heights, step),
        *_neighbour_faults(work, views, heights, step),
    ]
    labelled = {int(line) for line in on_line[placed]}
    return Weighed(heights, _rests_on(heights, labelled), tuple(found), step, notes)


def _ranked(found: list[Contradiction]) -> tuple[Contradiction, ...]:
    """Put first what most of the sheet speaks against, and say so where it stands out."""
    ordered = sorted(found, key=lambda one: -one.weight)
    if ordered and ordered[0].kind in _WRITTEN and ordered[0].weight >= _TELLING:
        ordered[0] = replace(ordered[0], likeliest=True)
    return tuple(ordered)


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


def _label_faults(labels: Marks, on_line: Ints, solver: Solver, step: float) -> Iterator[Contradiction]:
    """List the labels that all else contradicts."""
    number_of, whole = np.cumsum(on_line >= 0) - 1, solver.cost()
    for number, line in enumerate(on_line.tolist()):
        place, said, name = _at(labels, number), float(labels.heights_m[number]), labels.names[number]
        if line < 0:
            yield Contradiction("no line", place, said, np.nan, (), name)
            continue
        without = solver.without_label(int(number_of[number]))
        weight = whole - without.cost()
        levels, margin = without.beliefs.best()
        if margin[line] < _SURE and weight < _HEAVY:
            levels, margin = solver.beliefs.best()
        known = margin[line] >= _SURE or weight >= _HEAVY
        expected = float(levels[line] * step) if known else np.nan
        if known and abs(expected - said) > 0.01 * step:
            yield Contradiction("label", place, said, expected, (line,), name, weight)
        elif not known and np.ptp(labels.heights_m[on_line == line]) > 0:
            yield Contradiction("two labels", place, said, np.nan, (line,), name, weight)


def _spot_faults(spots: Marks, views: Views, solver: Solver, step: float) -> Iterator[Contradiction]:
    """List the spot heights that do not fit the band between the lines around them."""
    whole = solver.cost()
    for number in range(len(spots)):
        height = float(spots.heights_m[number]) / step
        seen = np.flatnonzero(views.spots == number)
        without = solver.without_spot(number)
        weight = whole - without.cost()
        hinted = -np.inf if weight >= _HEAVY else _HINTED
        for beliefs, limit in ((without.beliefs, _APART), (solver.beliefs, _OFF)):
            band = _band_at(views, seen, beliefs, hinted=hinted)
            if band is not None and max(band[0] - height, height - band[1] - 1) > limit:
                around = tuple(int(line) for line in views.spot_lines[seen])
                said, name = float(spots.heights_m[number]), spots.names[number]
                expected = (sum(band) + 1) / 2 * step
                yield Contradiction("spot", _at(spots, number), said, expected, around, name, weight)
                break


def _hidden_spot_faults(
    spots: Marks, views: Views, work: LineWork, heights: Floats, step: float
) -> Iterator[Contradiction]:
    """List the spot heights that no line is seen from, and that do not fit the lines which are nearest."""
    from scipy.spatial import cKDTree

    hidden = np.setdiff1d(np.arange(len(spots)), views.spots)
    known = np.flatnonzero(np.isfinite(heights))
    if not len(hidden) or not len(known):
        return
    tree = cKDTree(np.concatenate([work.lines[line] for line in known]))
    owner = np.repeat(known, [len(work.lines[line]) for line in known])
    for number in hidden.tolist():
        nearest = owner[np.atleast_1d(tree.query(spots.pixels[number], k=min(_NEAREST, len(owner)))[1])]
        low, high = float(heights[nearest].min()) - step, float(heights[nearest].max()) + step
        said = float(spots.heights_m[number])
        off = max(low - said, said - high) / step
        if off > _APART:
            around, name = tuple(int(line) for line in np.unique(nearest)), spots.names[number]
            yield Contradiction(
                "spot", _at(spots, number), said, (low + high) / 2, around, name, min(off, 3.0) / 2
            )


def _at(marks: Marks, number: int) -> tuple[float, float]:
    return float(marks.pixels[number, 0]), float(marks.pixels[number, 1])


def _band_at(views: Views, seen: Ints, beliefs: Beliefs, *, hinted: float) -> tuple[float, float] | None:
    """Give the band, in intervals, in which most lines around a spot put it; None where they do not tell.

    Where they differ, from the lowest band to the highest.
    """
    levels, margin = beliefs.best()
    lines, sides, votes = views.spot_lines[seen], views.spot_sides[seen], views.spot_votes[seen]
    known = margin[lines] >= hinted
    if not known.any():
        return None
    bands = (levels[lines] - (beliefs.upper_side()[lines] != sides)).astype(float)[known]
    band, counted = _most(bands, votes[known])
    if counted > 0.5 * votes.sum():
        return band, band
    return (float(bands.min()), float(bands.max())) if known.all() else None


def _most(values: Floats, votes: Floats) -> tuple[float, float]:
    """Value with most votes, and these."""
    offers, place = np.unique(np.round(values), return_inverse=True)
    sums = np.bincount(place.ravel(), weights=votes)
    return float(offers[sums.argmax()]), float(sums.max())


def _neighbour_faults(work: LineWork, views: Views, heights: Floats, step: float) -> list[Contradiction]:
    """Lines that face each other and differ by more than one interval."""
    found = []
    for (one, other), votes in zip(views.lines.tolist(), views.votes.tolist(), strict=True):
        first, second = float(heights[one]), float(heights[other])
        if one != other and votes >= _FACING and abs(first - second) > 1.5 * step:
            place = _nearest(work.lines[one], work.lines[other])
            weight = _LOST * votes * (abs(first - second) / step - 1)
            found.append(Contradiction("neighbours", place, first, second, (one, other), "", weight))
    return found


def _crossings(work: LineWork, heights: Floats) -> Iterator[Contradiction]:
    for one, other, place in crossings_of(work.lines):
        said, against = float(heights[one]), float(heights[other])
        yield Contradiction("crossing", place, said, against, (one, other), "", _LOST)


def _outside(marks: Marks) -> Iterator[Contradiction]:
    for number, said in enumerate(marks.heights_m.tolist()):
        yield Contradiction("outside", _at(marks, number), said, np.nan, (), marks.names[number])


def _nearest(line: Floats, other: Floats) -> tuple[float, float]:
    """Middle between two lines where they are nearest."""
    from scipy.spatial import cKDTree

    away, at = cKDTree(other).query(line)
    best = int(away.argmin())
    middle = (line[best] + other[at[best]]) / 2
    return float(middle[0]), float(middle[1])
