"""Outlines of buildings with right angles, fitted to the pixels, and refused where they would not fit.

An outline is simplified, its main direction found, every wall turned into that direction or across it, and
laid through the middle of the pixels' edges that it stands for (least squares). Walls in other directions
stay as they are where they are long; where too much of the outline is in no main direction (round roofs),
or the result overlaps the outline as traced too little, it is refused.

Outlines that touch are fitted together: a wall that two of them have is fitted once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from whence.aerial.polygons.chains import Chains, Ring, chains_of
from whence.aerial.polygons.directions import Piece, common_directions, main_directions
from whence.aerial.polygons.walls import Side, Walls, wall_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from whence.typing import Floats, Ints

__all__ = ["GUARD_IOU", "Squared", "squared", "squared_together"]

GUARD_IOU = 0.85
_ROUND = 0.88  # 4 π area / perimeter²; a circle has 1, an octagon 0.948, a hexagon 0.907, a square 0.785
_SECOND_GUARD_IOU = 0.92  # for a second trial with more tolerance; a square in the place of a circle has 0.91
_TOLERANCE_CELLS = 1.5
_OVERLAP = 1e-9  # of the largest polygon of a group
_TRIALS = 8  # how often a group is fitted again without those that did not fit


@dataclass(frozen=True, eq=False)
class Squared:
    """Outlines with right angles.

    Attributes
    ----------
    polygons
        Number of an outline -> polygon; those that were refused are not there.
    yielding
        Numbers of those that would fit alone, and were refused for the sake of others that they touch.
    """

    polygons: dict[int, Any]
    yielding: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class _Rules:
    """The plane that things are fitted in, the side of a pixel there, and the trials: step and least IoU."""

    plane: Floats
    cell: float
    trials: tuple[tuple[float, float], ...]

    def laid(self, outlines: NDArray[Any]) -> NDArray[Any]:
        """Lay polygons in columns and rows into the plane."""
        return np.asarray(shapely.transform(outlines, lambda at: _times(at, self.plane)))

    def lifted(self, polygon: Any) -> Any:
        """Give a polygon of the plane in columns and rows."""
        back = np.asarray(np.linalg.inv(self.plane), np.float64)
        return shapely.transform(polygon, lambda at: _times(at, back))


def squared(
    outline: Any, *, plane: Floats | None = None, tolerance: float = 0.0, guard_iou: float = GUARD_IOU
) -> Any:
    """Give one outline right angles; None when it is refused. See `squared_together`."""
    found = squared_together(np.array([outline]), plane=plane, tolerance=tolerance, guard_iou=guard_iou)
    return found.polygons.get(0)


def squared_together(
    outlines: NDArray[Any],
    *,
    plane: Floats | None = None,
    tolerance: float = 0.0,
    guard_iou: float = GUARD_IOU,
) -> Squared:
    """Give outlines right angles; those that touch keep their common walls.

    Parameters
    ----------
    outlines
        (n,) polygons as traced along pixels, in columns and rows, that do not overlap.
    plane
        (2, 2) turns (column, row) into a plane with one unit in both directions; None takes pixels.
    tolerance
        Steps of a wall smaller than this, at least 1.5 pixels, are evened out; in the unit of the plane.
    guard_iou
        Least overlap of each with its outline.

    Returns
    -------
    Squared
        In columns and rows. Of outlines that touch, vertices on common walls are those of both, to the last
        digit. What is refused takes no part in the fit of the others.
    """
    matrix = np.eye(2) if plane is None else plane
    cell = float(np.sqrt(abs(np.linalg.det(matrix))))
    step = max(tolerance, _TOLERANCE_CELLS * cell)
    rules = _Rules(matrix, cell, ((step, guard_iou), (2.0 * step, max(guard_iou, _SECOND_GUARD_IOU))))
    angular = [k for k, flat in enumerate(rules.laid(outlines)) if not _is_round(flat, step)]
    waiting = [(group, 0) for group in _groups(angular, outlines, matrix)]
    found: dict[int, Any] = {}
    yielding: list[int] = []
    while waiting:
        group, tried = waiting.pop()
        fits, failing = _best_trial(outlines[group], rules)
        if not failing:
            found.update(zip(group, map(rules.lifted, fits), strict=True))
            continue
        dropped = [group[k] for k in sorted(failing)] if tried < _TRIALS else group
        if len(group) > 1:
            yielding += [number for number in dropped if not _best_trial(outlines[[number]], rules)[1]]
        rest = [number for number in group if number not in set(dropped)]
        waiting += [(smaller, tried + 1) for smaller in _groups(rest, outlines, matrix)]
    return Squared(found, tuple(sorted(yielding)))


def _times(points: Floats, matrix: Floats) -> Floats:
    """Multiply points (n, 2) by a matrix; the same point gives the same digits, whatever stands around it."""
    x, y = points.T
    return np.stack([x * row[0] + y * row[1] for row in matrix], axis=1)


def _is_round(outline: Any, step: float) -> bool:
    shell = shapely.simplify(shapely.Polygon(outline.exterior), step)
    return bool(4.0 * np.pi * shell.area >= _ROUND * shell.length**2)


def _groups(numbers: list[int], outlines: NDArray[Any], plane: Floats) -> list[list[int]]:
    """Tell outlines apart that have no wall in common, directly or through others."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if len(numbers) < 2:
        return [numbers] if numbers else []
    pairs = np.array(chains_of(outlines[numbers], plane).touching, np.int64).reshape(-1, 2)
    size = (len(numbers), len(numbers))
    links = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=size)
    count, label = connected_components(links, directed=False)
    members: list[list[int]] = [[] for _ in range(count)]
    for number, own in zip(numbers, label.tolist(), strict=True):
        members[own].append(number)
    return members


def _best_trial(outlines: NDArray[Any], rules: _Rules) -> tuple[list[Any], set[int]]:
    """Fit a group with one tolerance after the other; give the polygons and which of them do not fit."""
    flat = rules.laid(outlines)
    trials = []
    for step, guard_iou in rules.trials:
        fit = _Fit.of(outlines, rules, step)
        trials.append((fit.polygons, _failing(fit, flat, guard_iou)))
        if not trials[-1][1]:
            break
    return min(trials, key=lambda trial: len(trial[1]))


@dataclass(frozen=True, eq=False)
class _Fit:
    """What came of a trial: a polygon or None for each outline, and which pairs touch."""

    polygons: list[Any]
    touching: list[tuple[int, int]]

    @classmethod
    def of(cls, outlines: NDArray[Any], rules: _Rules, step: float) -> _Fit:
        cut = chains_of(outlines, rules.plane)
        rings = [
            ring
            for ring in cut.rings
            if not ring.hole or ring.area >= step**2 or any(cut.chains[k].shared for k, _ in ring.chains)
        ]
        pieces = [chain.pieces(rules.cell, step) for chain in cut.chains]
        own: list[list[Piece]] = [[] for _ in outlines]
        for ring in rings:
            own[ring.owner] += [piece for k, _ in ring.chains for piece in pieces[k]]
        axes = [main_directions(parts) if parts else None for parts in own]
        known = [one for one in axes if one is not None]
        if len(known) < len(axes):
            return cls([None if one is None else shapely.Polygon() for one in axes], cut.touching)
        corners = _corners(cut, rings, pieces, axes=common_directions(known, own, cut.touching), step=step)
        return cls(_polygons(rings, corners, count=len(outlines), step=step), cut.touching)


def _corners(
    cut: Chains, rings: list[Ring], pieces: list[list[Piece]], *, axes: list[Floats], step: float
) -> list[Floats | None]:
    """Lay walls through the pieces of all rings, and find where they meet."""
    walls = Walls(step)
    sides: list[list[Side]] = []
    for chain, parts in zip(cut.chains, pieces, strict=True):
        around = np.concatenate([axes[owner] for owner in chain.owners])
        laid = [wall_of(piece, around, step, keep=chain.shared) for piece in parts]
        sides.append(
            [walls.add(wall, piece.span) for wall, piece in zip(laid, parts, strict=True) if wall is not None]
        )
    holders: dict[int, list[int]] = {}
    for number, ring in enumerate(rings):
        walls.rings.append([])
        for k, forwards in ring.chains:
            holders.setdefault(k, []).append(number)
            walls.rings[-1] += sides[k] if forwards else [side.backwards for side in reversed(sides[k])]
    shared = [
        (side.wall, both[0], both[1]) for k, both in holders.items() if len(both) > 1 for side in sides[k]
    ]
    return walls.corners() if walls.settle(shared) else [None] * len(rings)


def _polygons(rings: list[Ring], corners: list[Floats | None], *, count: int, step: float) -> list[Any]:
    """Put rings together; None for an outline without a shell."""
    shells: list[Floats | None] = [None] * count
    holes: list[list[Floats]] = [[] for _ in range(count)]
    for ring, found in zip(rings, corners, strict=True):
        if not ring.hole:
            shells[ring.owner] = found
            continue
        hole = found if found is not None else _simple(ring.points, step)
        holes[ring.owner] += [] if hole is None else [hole]
    return [
        None if shell is None else shapely.Polygon(shell, inner)
        for shell, inner in zip(shells, holes, strict=True)
    ]


def _simple(ring: Floats, step: float) -> Floats | None:
    """Give the simplified hole where it cannot be squared."""
    simple = shapely.get_coordinates(shapely.simplify(shapely.LineString(ring), step / 2.0))
    return simple if len(simple) >= 4 else None


def _failing(fit: _Fit, outlines: NDArray[Any], guard_iou: float) -> set[int]:
    """Find the polygons of a group that are none, overlap too little, or do not fit beside others."""
    if any(polygon is None for polygon in fit.polygons):
        return {k for k, polygon in enumerate(fit.polygons) if polygon is None}
    polygons = np.array(fit.polygons, dtype=object)
    failing = {k for k, one in enumerate(fit.polygons) if not one.is_valid or one.is_empty}
    if not failing:
        shared = shapely.area(shapely.intersection(polygons, outlines))
        ious = shared / (shapely.area(polygons) + shapely.area(outlines) - shared)
        failing = set(np.flatnonzero(ious < guard_iou).tolist())
    if not failing and len(polygons) > 1:
        failing = _overlapping(polygons, fit.touching) or _around_gaps(polygons, outlines)
    return failing


def _overlapping(polygons: NDArray[Any], touching: Iterable[tuple[int, int]]) -> set[int]:
    """Find the smaller of any two that touched and now overlap."""
    pairs: Ints = np.array(list(touching), np.int64).reshape(-1, 2)
    areas = shapely.area(polygons)
    twice = shapely.area(shapely.intersection(polygons[pairs[:, 0]], polygons[pairs[:, 1]]))
    wrong = pairs[twice > _OVERLAP * areas.max()]
    return {int(min(pair, key=lambda k: areas[k])) for pair in wrong.tolist()}


def _around_gaps(polygons: NDArray[Any], outlines: NDArray[Any]) -> set[int]:
    """Find the smallest polygon around any hole between polygons that was none before."""
    before = _holes(shapely.union_all(outlines))
    gaps = [gap for gap in _holes(shapely.union_all(polygons)) if not shapely.intersects(gap, before).any()]
    areas = shapely.area(polygons)
    around = [np.flatnonzero(shapely.intersects(polygons, gap)) for gap in gaps]
    return {int(near[areas[near].argmin()]) for near in around if len(near)}


def _holes(shape: Any) -> NDArray[Any]:
    rings = [ring for part in shapely.get_parts(shape) for ring in part.interiors]
    return np.asarray(shapely.polygons(np.array(rings, dtype=object)), dtype=object)
