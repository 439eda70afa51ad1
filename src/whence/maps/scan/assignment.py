"""What the numbers beside the crosses mean: which are eastings, which northings, and of which spacing.

Every label may be an easting or a northing, in metres or in kilometres, or no grid number at all. One that
stands on the continuation of a line tells the coordinate along which that line does not change. A meaning
fixes where the grid begins; the beginnings that most labels agree on, within the area of use of the
coordinate system, win. What only the winner explains must have twice the weight of what only another
does.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj

from whence.earth.crs import Crs
from whence.errors import InputError, NotEnoughDataError
from whence.maps.points import ControlPoints
from whence.maps.scan.attitude import ATTITUDES, Attitude
from whence.maps.scan.spacing import spacing_between, spacing_dividing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whence.maps.scan.labels import GridLabel
    from whence.maps.scan.lattice import Grid
    from whence.typing import Floats

__all__ = ["GridPoints", "place_grid"]

_FACTORS = (1.0, 1000.0)
_AGAINST = 0.1
_CORNER = 0.4
_OTHER_WAY = 0.8
_MARGIN = 2.0
_BEYOND_DEG = 1.0
_MOST_STARTS = 12


@dataclass(frozen=True)
class GridPoints:
    """The crosses of a grid with their coordinates.

    Attributes
    ----------
    points
        One control point a cross, named by easting and northing.
    attitude
        How the map lies on the scan.
    spacing
        Between neighbouring lines, in the unit of the coordinate system.
    labels
        Those that agree, as text.
    others
        Numbers beside crosses that are no labels of this grid.
    margin
        Weight of the labels that only this meaning explains over that of those that only another explains.
    notes
        What was assumed, in words.
    """

    points: ControlPoints
    attitude: Attitude
    spacing: float
    labels: tuple[str, ...]
    others: tuple[str, ...]
    margin: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Meaning:
    """A label taken as one coordinate (0 easting, 1 northing)."""

    label: int
    coordinate: int
    value: float
    weight: float


@dataclass(frozen=True)
class _Placement:
    """The coordinates of node (0, 0), and which labels say so."""

    attitude: Attitude
    spacing: float
    start: tuple[float, float]
    meanings: tuple[_Meaning, ...]

    @property
    def labels(self) -> frozenset[int]:
        return frozenset(one.label for one in self.meanings)

    @property
    def weight(self) -> float:
        return sum(one.weight for one in self.meanings)

    @property
    def measured(self) -> bool:
        """Whether labels on different lines of one coordinate tell the spacing."""
        return any(
            len({one.value for one in self.meanings if one.coordinate == coordinate}) > 1
            for coordinate in (0, 1)
        )

    @property
    def assumed(self) -> bool:
        """Whether the spacing is the one to assume of its labels."""
        return self.spacing == spacing_dividing([one.value for one in self.meanings])

    def margin_over(self, other: _Placement) -> float:
        """Weight of what only this placement explains over that of what only the other does."""
        mine = sum(one.weight for one in set(self.meanings) - set(other.meanings))
        its = sum(one.weight for one in set(other.meanings) - set(self.meanings))
        if its == 0.0:
            return float("inf") if mine > 0.0 else 0.0
        return mine / its

    def world(self, nodes: Any) -> Floats:
        return np.asarray(
            self.start + self.spacing * np.asarray(nodes, dtype=np.float64) @ self.attitude.ground.T
        )


def place_grid(
    grid: Grid,
    labels: Sequence[GridLabel],
    crs: Any,
    *,
    attitude: Attitude | None = None,
    spacing: float | None = None,
) -> GridPoints:
    """Give every cross of a grid its coordinates.

    Parameters
    ----------
    grid
        The crosses.
    labels
        Numbers beside them, as from `read_labels`; some may be no labels at all.
    crs
        Projected system of the grid.
    attitude
        How the map lies on the scan. When not given, labels must tell: at least two of one coordinate.
    spacing
        Between neighbouring lines, in the unit of the system. When not given, it is taken from two labels
        of one coordinate; or else the largest 1, 2 or 5 times a power of ten that divides all labels is
        assumed.

    Raises
    ------
    NotEnoughDataError
        When no two labels place the grid within the area of use, or several meanings are as likely.
    InputError
        For a geographic system or an impossible spacing.
    """
    system = Crs.parse(crs)
    if system.is_geographic:
        raise InputError(
            f"{system.label} counts degrees; labels of kilometre grids need the projected system"
        )
    if spacing is not None and not (np.isfinite(spacing) and spacing > 0):
        raise InputError(f"the spacing of a grid is a positive number, not {spacing}")
    ways = ATTITUDES[:4] if attitude is None else (attitude,)
    area = _area(system)
    found = [
        one
        for way in ways
        for step in _spacings(labels, way, spacing)
        for one in _placements(labels, way, step)
        if (spacing is not None or one.measured or one.assumed)
        and _within(area, system, one.world(grid.nodes.mean(axis=0)))
    ]
    best, margin = _winner(grid, found, labels, system=system, attitude=attitude)
    return _result(grid, labels, best, system=system, margin=margin, given=spacing)


def _meanings(labels: Sequence[GridLabel], way: Attitude) -> Iterator[_Meaning]:
    """List what each label may mean on a map that lies so."""
    for number, label in enumerate(labels):
        for coordinate, name in enumerate(("easting", "northing")):
            if label.coordinate not in (None, name):
                continue
            changing = int(np.abs(way.ground[coordinate]).argmax())
            weight = label.reading.confidence
            if label.along is None:
                weight *= _CORNER
            elif label.along == changing:
                weight *= _AGAINST
            for factor in _FACTORS:
                yield _Meaning(number, coordinate, label.value * factor, weight)


def _spacings(labels: Sequence[GridLabel], way: Attitude, given: float | None) -> set[float]:
    if given is not None:
        return {given}
    found: set[float] = set()
    meanings = [one for one in _meanings(labels, way) if one.weight > _CORNER / 2]
    for coordinate, factor in itertools.product((0, 1), _FACTORS):
        same = [one for one in meanings if one.coordinate == coordinate and _factor(labels, one) == factor]
        steps = [float(way.ground[coordinate] @ labels[one.label].node) for one in same]
        found |= spacing_between([one.value for one in same], steps)
    for east, north in itertools.product(meanings, meanings):
        if east.coordinate == 0 and north.coordinate == 1 and east.label != north.label:
            found.add(spacing_dividing([east.value, north.value]))
    return {step for step in found if step > 1.0}


def _factor(labels: Sequence[GridLabel], meaning: _Meaning) -> float:
    return meaning.value / labels[meaning.label].value


def _placements(labels: Sequence[GridLabel], way: Attitude, spacing: float) -> Iterator[_Placement]:
    """Every pair of an eastern and a northern beginning that labels speak for."""
    starts: tuple[dict[float, list[_Meaning]], ...] = (defaultdict(list), defaultdict(list))
    for one in _meanings(labels, way):
        steps = float(way.ground[one.coordinate] @ labels[one.label].node)
        starts[one.coordinate][round(one.value - spacing * steps, 3)].append(one)
    east, north = (_heaviest(one) for one in starts)
    for (easting, first), (northing, second) in itertools.product(east, north):
        if not {one.label for one in first} & {one.label for one in second}:
            yield _Placement(way, spacing, (easting, northing), (*first, *second))


def _heaviest(starts: dict[float, list[_Meaning]]) -> list[tuple[float, list[_Meaning]]]:
    return sorted(starts.items(), key=lambda item: -sum(one.weight for one in item[1]))[:_MOST_STARTS]


def _area(system: Crs) -> tuple[float, float, float, float] | None:
    area = pyproj.CRS.from_wkt(system.wkt).area_of_use
    return None if area is None else (area.west, area.south, area.east, area.north)


def _within(area: tuple[float, float, float, float] | None, system: Crs, world: Floats) -> bool:
    """Whether a place lies in the area of use, or not far beyond: sheets at its rim do."""
    try:
        longitude, latitude = (float(value) for value in system.to_lonlat(world))
    except InputError:
        return False
    if not (np.isfinite(longitude) and np.isfinite(latitude)):
        return False
    if area is None:
        return True
    west, south, east, north = area
    width = (east - west) % 360.0 or 360.0
    beyond = (longitude - west + _BEYOND_DEG) % 360.0
    return beyond <= width + 2 * _BEYOND_DEG and south - _BEYOND_DEG <= latitude <= north + _BEYOND_DEG


def _winner(
    grid: Grid,
    found: Sequence[_Placement],
    labels: Sequence[GridLabel],
    *,
    system: Crs,
    attitude: Attitude | None,
) -> tuple[_Placement, float]:
    """Choose the heaviest placement; also its least margin over one that puts the crosses elsewhere."""
    read = ", ".join(label.reading.text for label in labels) or "none"
    if not found:
        raise NotEnoughDataError(
            f"the numbers beside the crosses ({read}) name no easting and northing in the area of use of "
            f"{system.label}; check the coordinate system, or give control points by hand"
        )
    order = sorted(found, key=lambda one: (-one.weight, -one.spacing))
    best = order[0]
    elsewhere = [one for one in order[1:] if not np.allclose(one.world(grid.nodes), best.world(grid.nodes))]
    rival = min(elsewhere, key=best.margin_over, default=best)
    margin = best.margin_over(rival) if elsewhere else float("inf")
    if margin < _MARGIN:
        way_out = "say how the scan lies (--turn)" if attitude is None else "give the spacing (--spacing)"
        raise NotEnoughDataError(
            f"the numbers beside the crosses ({read}) can mean two things: the first cross at "
            f"{_told(best.world(grid.nodes[0]))} or at {_told(rival.world(grid.nodes[0]))} with lines every "
            f"{best.spacing:g} or {rival.spacing:g}; "
            f"{way_out}, or give control points by hand"
        )
    return best, margin


def _told(world: Floats) -> str:
    return " ".join(f"{value:.0f}" if float(value).is_integer() else f"{value:g}" for value in world)


def _result(
    grid: Grid,
    labels: Sequence[GridLabel],
    best: _Placement,
    *,
    system: Crs,
    margin: float,
    given: float | None,
) -> GridPoints:
    world = best.world(grid.nodes)
    points = ControlPoints(grid.pixels, world, crs=system, names=tuple(map(_told, world)))
    return GridPoints(
        points=points,
        attitude=best.attitude,
        spacing=best.spacing,
        labels=tuple(labels[i].reading.text for i in sorted(best.labels)),
        others=tuple(label.reading.text for i, label in enumerate(labels) if i not in best.labels),
        margin=margin,
        notes=_notes(best, given),
    )


def _notes(best: _Placement, given: float | None) -> tuple[str, ...]:
    notes = []
    if given is None and not best.measured:
        notes.append(
            f"the spacing of {best.spacing:g} is assumed: the largest 1, 2 or 5 times a power of ten that "
            "divides the labels"
        )
    if len(best.labels) == 2:
        notes.append("one easting and one northing were read: a misread digit would not show")
    return tuple(notes)
