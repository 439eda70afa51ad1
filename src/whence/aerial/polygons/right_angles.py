"""Outlines of buildings with right angles, fitted to the pixels, and refused where they would not fit.

An outline is simplified, its main direction found, every wall turned into that direction or across it, and
laid through the middle of the pixels' edges that it stands for (least squares). Walls in other directions
stay as they are where they are long; where too much of the outline is in no main direction (round roofs),
or the result overlaps the outline as traced too little, it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from whence.typing import Floats

__all__ = ["GUARD_IOU", "main_directions", "squared"]

GUARD_IOU = 0.85
_NEAR = np.radians(15.0)
_LEAST_ALIGNED = 0.7  # of the outline; of a circle it is 0.33, or 0.67 with two directions
_ROUND = 0.88  # 4 π area / perimeter²; a circle has 1, an octagon 0.948, a hexagon 0.907, a square 0.785
_SECOND_GUARD_IOU = 0.92  # for a second trial with more tolerance; a square in the place of a circle has 0.91
_SECOND_SHARE = 0.2
_TOLERANCE_CELLS = 1.5
_PARALLEL = np.sin(np.radians(8.0))
_SHORT_STEPS = 2.5
_ROUNDS = 50


@dataclass(frozen=True, eq=False)
class _Wall:
    """A straight piece: a point of it, its direction, its length, and where it came from."""

    point: Floats
    along: Floats
    length: float

    def meets(self, other: _Wall) -> Floats | None:
        """Give the corner with another wall, or None when they are almost parallel."""
        cross = float(self.along[0] * other.along[1] - self.along[1] * other.along[0])
        if abs(cross) < _PARALLEL:
            return None
        apart = other.point - self.point
        step = (apart[0] * other.along[1] - apart[1] * other.along[0]) / cross
        return np.asarray(self.point + step * self.along)


def squared(
    outline: Any, *, cell: float, tolerance: float = 0.0, guard_iou: float = GUARD_IOU
) -> tuple[Any, float] | None:
    """Give an outline right angles.

    Parameters
    ----------
    outline
        Polygon of shapely as traced along pixels, in a plane with one unit in both directions.
    cell
        Side of a pixel in that unit.
    tolerance
        Steps of a wall smaller than this, at least 1.5 pixels, are evened out.
    guard_iou
        Least overlap with the outline.

    Returns
    -------
    tuple or None
        The polygon and its IoU with the outline; None when it is refused.
    """
    import shapely

    step = max(tolerance, _TOLERANCE_CELLS * cell)
    shell = shapely.simplify(shapely.Polygon(outline.exterior), step)
    if 4.0 * np.pi * shell.area >= _ROUND * shell.length**2:
        return None
    for trial, guard in ((step, guard_iou), (2.0 * step, max(guard_iou, _SECOND_GUARD_IOU))):
        polygon = _fit(outline, cell, trial)
        found = None if polygon is None else _guarded(polygon, outline, guard)
        if found is not None:
            return found
    return None


def _fit(outline: Any, cell: float, step: float) -> Any:
    """Lay walls through an outline; None where no main direction or no sensible ring is found."""
    import shapely

    rings = [
        shapely.get_coordinates(ring)
        for number, ring in enumerate(shapely.get_rings(outline))
        if number == 0 or shapely.Polygon(ring).area >= step**2
    ]
    pieces = [_pieces(ring, cell, step) for ring in rings]
    if not pieces or pieces[0] is None:
        return None
    axes = main_directions([piece for ring in pieces if ring is not None for piece in ring])
    if axes is None:
        return None
    shell, *inner = [None if ring is None else _ring(ring, axes, step) for ring in pieces]
    if shell is None:
        return None
    holes = [_or(ring, old, step) for ring, old in zip(inner, rings[1:], strict=True)]
    return shapely.Polygon(shell, [hole for hole in holes if hole is not None])


def _guarded(polygon: Any, outline: Any, guard_iou: float) -> tuple[Any, float] | None:
    import shapely

    if not polygon.is_valid or polygon.is_empty:
        return None
    shared = shapely.area(shapely.intersection(polygon, outline))
    iou = float(shared / (polygon.area + outline.area - shared))
    return (polygon, iou) if iou >= guard_iou else None


def _or(ring: Floats | None, old: Floats, step: float) -> Floats | None:
    """Take the simplified hole where it cannot be squared."""
    import shapely

    if ring is not None:
        return ring
    simple = shapely.get_coordinates(shapely.simplify(shapely.LineString(old), step / 2.0))
    return simple if len(simple) >= 4 else None


def main_directions(pieces: list[Floats]) -> Floats | None:
    """Find one or two main directions of walls.

    Parameters
    ----------
    pieces
        Points (n, 2) of each straight piece, evenly spaced.

    Returns
    -------
    Floats or None
        (1,) or (2,) radians in [0, π/2), each standing for itself and what is across it; None when less
        than 70 % of the walls are near them.
    """
    lines = [_fitted(points) for points in pieces]
    angles = np.array([np.arctan2(along[1], along[0]) % (np.pi / 2.0) for _, along in lines])
    weights = np.array([float(np.hypot(*(points[-1] - points[0]))) for points in pieces])
    first = _peak(angles, weights)
    rest = np.abs(_off(angles, first)) > _NEAR
    axes = [_refined(pieces, angles, first)]
    if weights[rest].sum() > _SECOND_SHARE * weights.sum():
        axes.append(_refined(pieces, angles, _peak(angles[rest], weights[rest])))
    near = np.min([np.abs(_off(angles, axis)) for axis in axes], axis=0) <= _NEAR * (
        0.5 if len(axes) > 1 else 1.0
    )
    if weights[near].sum() < _LEAST_ALIGNED * weights.sum():
        return None
    return np.array(axes)


def _peak(angles: Floats, weights: Floats) -> float:
    """Give the angle that the most wall is near."""
    away = np.abs(_off(angles[:, None], angles[None]))
    score = (np.maximum(0.0, 1.0 - away / _NEAR) * weights[None]).sum(axis=1)
    return float(angles[int(score.argmax())])


def _off(angles: Any, axis: Any) -> Any:
    """Signed difference modulo a right angle."""
    quarter = np.pi / 2.0
    return (angles - axis + quarter / 2.0) % quarter - quarter / 2.0


def _refined(pieces: list[Floats], angles: Floats, axis: float) -> float:
    """Fit one direction to all walls near it or across it: the main axis of their pooled scatter."""
    total = np.zeros((2, 2))
    for points, angle in zip(pieces, angles, strict=True):
        if abs(_off(angle, axis)) > _NEAR or len(points) < 2:
            continue
        along = _fitted(points)[1]
        quarter = round((np.arctan2(along[1], along[0]) - axis) / (np.pi / 2.0))
        turn = _rotation(-quarter * np.pi / 2.0)
        centred = (points - points.mean(axis=0)) @ turn.T
        total += centred.T @ centred
    vector = np.linalg.eigh(total)[1][:, 1] if total.any() else np.array([np.cos(axis), np.sin(axis)])
    return float(np.arctan2(vector[1], vector[0]) % (np.pi / 2.0))


def _rotation(angle: float) -> Floats:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _fitted(points: Floats) -> tuple[Floats, Floats]:
    """Give the middle of points and their direction, from first to last."""
    middle = points.mean(axis=0)
    if len(points) < 2:
        return middle, np.array([1.0, 0.0])
    centred = points - middle
    along = np.linalg.eigh(centred.T @ centred)[1][:, 1]
    return middle, along if along @ (points[-1] - points[0]) >= 0.0 else -along


def _pieces(ring: Floats, cell: float, step: float) -> list[Floats] | None:
    """Cut a ring at the corners of its simplified form; give the middles of the pixels' edges between."""
    import shapely

    start = _corner(ring)
    ring = np.concatenate([ring[start:-1], ring[: start + 1]])
    simple = shapely.get_coordinates(shapely.simplify(shapely.LineString(ring), step))
    if len(simple) < 4:
        return None
    lookup = {tuple(point): number for number, point in enumerate(ring[:-1].tolist())}
    corners = [*(lookup[tuple(point)] for point in simple[:-1].tolist()), len(ring) - 1]
    return [_middles(ring[a : b + 1], cell) for a, b in pairwise(corners)]


def _corner(ring: Floats) -> int:
    """Choose a vertex that is a corner of the shape: the one farthest from the middle."""
    open_ring = ring[:-1]
    return int(((open_ring - open_ring.mean(axis=0)) ** 2).sum(axis=1).argmax())


def _middles(points: Floats, cell: float) -> Floats:
    """Give points evenly spaced by about a pixel, at the middles of the pixels' edges."""
    parts = []
    for a, b in pairwise(points):
        count = max(1, round(float(np.hypot(*(b - a))) / cell))
        share = (np.arange(count) + 0.5) / count
        parts.append(a + share[:, None] * (b - a))
    return np.concatenate(parts)


def _ring(pieces: list[Floats], axes: Floats, step: float) -> Floats | None:
    """Turn pieces of a ring into walls and those into corners; None when nothing sensible is left."""
    walls = [wall for points in pieces if (wall := _wall(points, axes, step)) is not None]
    for _ in range(_ROUNDS):
        if len(walls) < 3:
            return None
        joined = _joined(walls, step)
        if joined is None:
            return _corners(walls)
        walls = joined
    return None


def _wall(points: Floats, axes: Floats, step: float) -> _Wall | None:
    """Turn a piece into a main direction if it is near one; short ones that are not are left out."""
    middle, along = _fitted(points)
    off = _off(np.arctan2(along[1], along[0]), axes)
    best = int(np.abs(off).argmin())
    if abs(off[best]) <= _NEAR:
        along = _rotation(-float(off[best])) @ along
    elif np.hypot(*(points[-1] - points[0])) < _SHORT_STEPS * step:
        return None
    return _Wall(middle, along, float(len(points)))


def _joined(walls: list[_Wall], step: float) -> list[_Wall] | None:
    """Join the first two neighbours that are parallel, or put a short wall across; None when none are."""
    for number, wall in enumerate(walls):
        place = (number + 1) % len(walls)
        other = walls[place]
        if wall.meets(other) is not None:
            continue
        normal = np.array([-wall.along[1], wall.along[0]])
        apart = abs(float((other.point - wall.point) @ normal))
        if apart <= step or wall.along @ other.along < 0.0:
            merged = _merged(wall, other)
            return [merged if k == number else one for k, one in enumerate(walls) if k != place]
        across = replace(wall, point=(wall.point + other.point) / 2.0, along=normal, length=1.0)
        return [*walls[: number + 1], across, *walls[number + 1 :]]
    return None


def _merged(one: _Wall, other: _Wall) -> _Wall:
    total = one.length + other.length
    longer = one if one.length >= other.length else other
    return _Wall((one.point * one.length + other.point * other.length) / total, longer.along, total)


def _corners(walls: list[_Wall]) -> Floats | None:
    corners = [walls[k - 1].meets(walls[k]) for k in range(len(walls))]
    found = [corner for corner in corners if corner is not None]
    return np.array(found) if len(found) == len(walls) else None
