"""What is wrong with contours before any surface is made: crossings, mixed units, duplicates, crumbs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError, NotEnoughDataError
from whence.maps.heights.labels import neighbours_of

if TYPE_CHECKING:
    from whence.earth.crs import Crs
    from whence.maps.heights.terrain import Contours
    from whence.typing import Bools, Floats, Ints

__all__ = [
    "Crossing",
    "MixedUnits",
    "duplicate_lines",
    "find_crossings",
    "find_mixed_units",
    "require_lengths",
    "short_lines",
    "without_crossings",
]

_FOOT_M = 0.3048
_PIECE = 64
_SHARE = 0.05
_FIT = 0.06  # of the lower height, which neighbours in one unit may differ by
_STEPS = 1.25  # intervals, likewise


@dataclass(frozen=True)
class Crossing:
    """Two lines of different heights that meet, and where first: easting, northing."""

    lines: tuple[int, int]
    heights_m: tuple[float, float]
    easting: float
    northing: float

    def __str__(self) -> str:
        one, other = self.lines
        return (
            f"lines {one + 1} ({self.heights_m[0]:g} m) and {other + 1} ({self.heights_m[1]:g} m) cross at "
            f"{self.easting:.6g}, {self.northing:.7g}"
        )


def find_crossings(contours: Contours) -> tuple[Crossing, ...]:
    """Find pairs of lines of different heights that cross or touch, which no ground does but a cliff.

    Returns
    -------
    tuple of Crossing
        Each pair once, by the numbers of its lines.
    """
    import shapely

    pieces, owner = _pieces(contours)
    if len(pieces) == 0:
        return ()
    one, other = shapely.STRtree(pieces).query(pieces, predicate="intersects")
    heights = contours.heights_m
    apart = (owner[one] < owner[other]) & (heights[owner[one]] != heights[owner[other]])
    one, other = one[apart], other[apart]
    pairs = owner[np.stack([one, other], axis=1)].reshape(-1, 2)
    _, first = np.unique(pairs, axis=0, return_index=True)
    found = []
    for number in first:
        place = shapely.get_coordinates(shapely.intersection(pieces[one[number]], pieces[other[number]]))[0]
        a, b = (int(line) for line in pairs[number])
        found.append(Crossing((a, b), (float(heights[a]), float(heights[b])), *map(float, place)))
    return tuple(found)


def _pieces(contours: Contours) -> tuple[Floats, Ints]:
    """Cut lines into pieces of some vertices, whose boxes are small: shapely lines, and their owners."""
    import shapely

    paths, owner = [], []
    for number, line in enumerate(contours.lines):
        for first in range(0, len(line) - 1, _PIECE):
            paths.append(shapely.LineString(line[first : first + _PIECE + 1]))
            owner.append(number)
    return np.array(paths, dtype=object), np.array(owner, dtype=np.int64)


def without_crossings(contours: Contours, crossings: tuple[Crossing, ...]) -> Contours:
    """Leave out lines until none cross: each time the one with the most crossings, of equals the shorter."""
    length = [float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in contours.lines]
    left = {one.lines for one in crossings}
    kept = np.ones(len(contours), dtype=bool)
    while left:
        lines, counts = np.unique(np.array(sorted(left)), return_counts=True)
        worst = max(zip(counts.tolist(), (-length[line] for line in lines), lines.tolist(), strict=True))[2]
        kept[worst] = False
        left = {pair for pair in left if worst not in pair}
    return contours.choose(kept)


@dataclass(frozen=True, eq=False)
class MixedUnits:
    """Lines whose heights seem to be in feet among others in metres.

    Parameters
    ----------
    contours
        As they were given.
    in_feet
        (lines,) which of them.
    """

    contours: Contours
    in_feet: Bools

    def __str__(self) -> str:
        high = self.contours.heights_m[self.in_feet]
        low = self.contours.heights_m[~self.in_feet]
        return (
            f"{len(high)} of {len(self.contours)} lines, {high.min():g} to {high.max():g}, seem to be in "
            f"feet; the others, {low.min():g} to {low.max():g}, are 3.28 times lower beside them"
        )

    def converted(self) -> Contours:
        """Give the contours with the feet turned into metres."""
        heights = self.contours.heights_m
        return self.contours.relabel(np.where(self.in_feet, heights * _FOOT_M, heights))


def find_mixed_units(contours: Contours) -> MixedUnits | None:
    """Find out whether part of the heights are in feet, part in metres; None when there is no sign of it.

    Where the two families meet, heights of neighbours have the ratio 0.3048; lines that see none of the other
    family follow the neighbours that they agree with.
    """
    if len(contours) < 3 or contours.interval_m <= 0:
        return None
    try:
        pairs, _ = neighbours_of(contours)
    except NotEnoughDataError:
        return None
    heights = contours.heights_m
    if len(pairs) == 0:
        return None
    low, high = np.sort(heights[pairs], axis=1).T
    if not (high > low).any():
        return None
    step = float(np.quantile((high - low)[high > low], _SHARE))
    alike = (low > 0) & (np.abs(high * _FOOT_M - low) < np.maximum(_STEPS * step, _FIT * low))
    order = np.argsort(heights[pairs], axis=1)
    sides = np.take_along_axis(pairs, order, axis=1)
    far = high - low > 4 * step
    alike &= far
    if alike.sum() < max(0.5 * far.sum(), 1):
        return None
    in_feet = _spread(len(contours), pairs[~alike & ~far], sides[alike])
    fewest = max(2, _SHARE * len(contours))
    return MixedUnits(contours, in_feet) if fewest <= in_feet.sum() <= len(contours) - fewest else None


def _spread(count: int, joined: Ints, sides: Ints) -> Bools:
    """Give lines in feet: groups that agree among themselves vote by the sides on which they were found."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(joined)), (joined[:, 0], joined[:, 1])), shape=(count, count))
    group = connected_components(graph, directed=False)[1]
    votes = np.bincount(group[sides[:, 1]], minlength=count) - np.bincount(
        group[sides[:, 0]], minlength=count
    )
    return np.asarray(votes[group] > 0)


def duplicate_lines(contours: Contours) -> Ints:
    """Give the numbers of lines that are there before, with the same height, forwards or backwards."""
    seen: set[tuple[bytes, float]] = set()
    found = []
    for number, (line, height) in enumerate(zip(contours.lines, contours.heights_m.tolist(), strict=True)):
        key = min(np.ascontiguousarray(one).tobytes() for one in (line, line[::-1]))
        if (key, height) in seen:
            found.append(number)
        seen.add((key, height))
    return np.array(found, dtype=np.int64)


def short_lines(contours: Contours, cell_m: float) -> Ints:
    """Give the numbers of lines shorter than a cell, which say nothing that the grid can show."""
    lengths = np.array([np.hypot(*np.diff(line, axis=0).T).sum() for line in contours.lines])
    return np.flatnonzero(lengths < cell_m)


def require_lengths(crs: Crs | None) -> None:
    """Refuse a geographic system: its degrees are no lengths, and differ along both axes.

    Raises
    ------
    InputError
        When coordinates are longitudes and latitudes.
    """
    if crs is not None and crs.is_geographic:
        raise InputError(
            f"the contours are in {crs.label}: degrees are no lengths; bring them into a projected system "
            "first (ogr2ogr -t_srs EPSG:3035 projected.gpkg contours.gpkg)"
        )
