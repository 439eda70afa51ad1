"""Arcs simplified once, and the faces between them: neighbours keep their common wall.

Every arc is simplified by itself (Douglas & Peucker 1973) with its ends fixed, so that both sides get the
same line and there are neither gaps nor overlaps. Where simplified arcs would cross, touch or collapse, the
arcs concerned are simplified less, in the end not at all; the arcs as traced never cross.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.scheme import IGNORE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.aerial.polygons.arcs import Arcs
    from whence.typing import Bools, Floats, Ints

__all__ = ["Faces", "faces_of"]

_HALVINGS = 4


@dataclass(frozen=True, eq=False)
class Faces:
    """Polygons that tile what has a class.

    Attributes
    ----------
    polygons
        (n,) of shapely, in columns and rows.
    values
        (n,) class or number of the object.
    keys
        (n,) one number for each, the same whatever the tolerance: the lowest arc of the outline and its side.
    """

    polygons: NDArray[Any]
    values: Ints
    keys: Ints


def faces_of(arcs: Arcs, *, tolerance: float = 0.0, plane: Floats | None = None) -> Faces:
    """Build the polygons between arcs.

    Parameters
    ----------
    arcs
        Boundaries.
    tolerance
        How far a simplified line may be from its arc, in the unit of the plane; 0 keeps every corner of
        every pixel.
    plane
        (2, 2) turns (column, row) into the plane in which distances are measured; None measures pixels.

    Returns
    -------
    Faces
        In the same order whatever the blocks were.
    """
    import shapely

    if not len(arcs):
        return Faces(np.zeros(0, object), np.zeros(0, np.int64), np.zeros(0, np.int64))
    lines = _Lines.of(arcs, np.eye(2) if plane is None else plane)
    if tolerance > 0.0:
        lines = _simplified(lines, tolerance)
    shapes = shapely.linestrings(lines.places, indices=lines.owners)
    polygons = np.array(shapely.get_parts(shapely.polygonize(shapes)), dtype=object)
    keys = _keys(polygons, lines)
    values = arcs.sides[keys // 2, keys % 2]
    kept = values != IGNORE
    return Faces(polygons[kept], values[kept], keys[kept])


@dataclass(frozen=True, eq=False)
class _Lines:
    """Arcs as points (n, 2) column, row, with the number (n,) of the arc of each, and the plane."""

    places: Floats
    owners: Ints
    plane: Floats

    @classmethod
    def of(cls, arcs: Arcs, plane: Floats) -> _Lines:
        return cls(arcs.points.astype(np.float64), arcs.owners, plane)

    @property
    def codes(self) -> Ints:
        """(n,) one number for each place."""
        columns, rows = self.places.astype(np.int64).T
        codes: Ints = rows * (1 << 31) + columns
        return codes

    @property
    def links(self) -> Ints:
        """(s,) number of the first point of each segment."""
        return np.flatnonzero(self.owners[1:] == self.owners[:-1])


def _simplified(lines: _Lines, tolerance: float) -> _Lines:
    """Simplify every arc as far as nothing collides."""
    import shapely

    count = int(lines.owners[-1]) + 1
    shapes = shapely.linestrings(lines.places @ lines.plane.T, indices=lines.owners)
    back = np.linalg.inv(lines.plane).T
    tolerances = np.full(count, float(tolerance))
    while True:
        places, owners = shapely.get_coordinates(
            shapely.simplify(shapes, tolerances, preserve_topology=False), return_index=True
        )
        found = _Lines(np.round(places @ back), owners, lines.plane)
        bad = _colliding(found, count) & (tolerances > 0.0)
        if not bad.any():
            return found
        lower = tolerances[bad] / 2.0
        tolerances[bad] = np.where(lower < tolerance * 0.5**_HALVINGS, 0.0, lower)


def _colliding(lines: _Lines, count: int) -> Bools:
    """Find arcs that collapse, or meet another or themselves elsewhere than at common ends."""
    import shapely

    bad = np.zeros(count, np.bool_)
    first = lines.links
    codes = lines.codes
    ends = np.stack([codes[first], codes[first + 1]], axis=1)
    places = np.stack([lines.places[first], lines.places[first + 1]], axis=1)
    bad[lines.owners[first[ends[:, 0] == ends[:, 1]]]] = True
    shapes = shapely.linestrings(places)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    wrong = _meet_wrongly(places[one], places[other], ends[one], ends[other])
    for side in (one, other):
        bad[lines.owners[first[side[wrong]]]] = True
    return bad


def _meet_wrongly(one: Floats, other: Floats, ends: Ints, its: Ints) -> Bools:
    """Tell which touching segments (n, 2, 2) do more than share an end."""
    wrong = np.ones(len(one), np.bool_)
    for k in (0, 1):
        for j in (0, 1):
            common = ends[:, k] == its[:, j]
            a, b = one[:, 1 - k] - one[:, k], other[:, 1 - j] - other[:, j]
            along = (a * b).sum(axis=1) > 0.0
            overlap = (a[:, 0] * b[:, 1] == a[:, 1] * b[:, 0]) & along
            wrong &= ~(common & ~overlap)
    return wrong


def _keys(polygons: NDArray[Any], lines: _Lines) -> Ints:
    """Find for each polygon the lowest 2 · arc + side among the segments of its outline."""
    import shapely

    first, codes = lines.links, lines.codes
    names = np.unique(codes)
    place = np.searchsorted(names, codes)
    start, end, owner = place[first], place[first + 1], lines.owners[first]
    forward, backward = start * len(names) + end, end * len(names) + start
    steps = np.concatenate([forward, backward])
    told = np.concatenate([2 * owner + 1, 2 * owner])  # what lies to the right of each
    order = np.argsort(steps)
    # With rows counting downwards, what shapely calls counter-clockwise has its inside to the right here.
    outlines = shapely.get_exterior_ring(polygons)
    turned = np.where(shapely.is_ccw(outlines), outlines, shapely.reverse(outlines))
    corners, polygon = shapely.get_coordinates(turned, return_index=True)
    at = np.searchsorted(names, _Lines(corners, polygon, lines.plane).codes)
    own = np.flatnonzero(polygon[1:] == polygon[:-1])
    asked = at[own] * len(names) + at[own + 1]
    keys = told[order][np.searchsorted(steps[order], asked)]
    lowest: Ints = np.minimum.reduceat(keys, np.flatnonzero(np.diff(polygon[own], prepend=-1)))
    return lowest
