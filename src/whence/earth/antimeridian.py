"""Polygons cut at the date line, so that flat geometry can answer questions about the Earth.

The rule for rings: a step of more than 180° and less than 360° of longitude goes the short way, over the date
line. A ring with such a step is unrolled, cut at ±180° and laid back into the map; a ring without is taken
as drawn. Edges are straight in longitude and latitude, as RFC 7946 has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from whence.errors import InputError

if TYPE_CHECKING:
    from whence.typing import Floats

__all__ = ["cut", "cut_ring"]


def cut(geometry: Any, *, repair: bool = False) -> Any:
    """Cut polygons at the date line.

    Parameters
    ----------
    geometry
        A shapely Polygon, MultiPolygon, or collection of them, in degrees of longitude and latitude.
        Longitudes may run on past ±180; latitudes are within ±90. A third coordinate is ignored.
    repair
        Mend rings that cross themselves (`shapely.make_valid`) in place of refusing them.

    Returns
    -------
    shapely Polygon or MultiPolygon
        The same area within ±180 and ±90. A geometry that needs no cut comes back as it is.

    Raises
    ------
    InputError
        When there is no polygon, a part is something else, a coordinate is not a number or out of range, a
        ring crosses itself, or one winds round the Earth more than once.
    """
    polygons = [shapely.force_2d(part) for part in _polygons(geometry)]
    if all(_lies_flat(polygon) for polygon in polygons):
        whole = polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
        if whole.is_valid:
            return whole
    pieces = [_cut_polygon(polygon, repair=repair) for polygon in polygons]
    return _only_polygons(shapely.union_all(pieces))


def cut_ring(ring: Floats, *, pole_deg: float | None = None, repair: bool = False) -> Any:
    """Turn one ring into the polygon inside it, cut at the date line.

    Parameters
    ----------
    ring
        (n, 2) longitude, latitude, degrees; closed or not.
    pole_deg
        For a ring that runs round the Earth: the latitude, 90 or -90, of the pole inside it. By default the
        pole on whose side the ring lies.
    repair
        As in `cut`.

    Returns
    -------
    shapely Polygon or MultiPolygon
        Within ±180 and ±90.

    Raises
    ------
    InputError
        As `cut`, and when there are fewer than three corners.
    """
    _check_ring(ring)
    closed = ring if np.array_equal(ring[0], ring[-1]) else np.vstack([ring, ring[:1]])
    unrolled = _unrolled(closed)
    turns = round((unrolled[-1, 0] - unrolled[0, 0]) / 360.0)
    if abs(turns) > 1:
        raise InputError(f"a ring winds {abs(turns)} times round the Earth; give one turn at most")
    if turns:
        pole = pole_deg if pole_deg is not None else float(np.copysign(90.0, unrolled[:, 1].mean()))
        unrolled = np.vstack([unrolled, [[unrolled[-1, 0], pole], [unrolled[0, 0], pole]]])
    return _into_map(_sound(shapely.Polygon(unrolled), repair=repair))


def _cut_polygon(polygon: Any, *, repair: bool) -> Any:
    rings = [shapely.get_coordinates(ring) for ring in (polygon.exterior, *polygon.interiors)]
    for ring in rings:
        _check_ring(ring)
    if not any(_jumps(ring).any() for ring in rings):
        return _into_map(_sound(polygon, repair=repair))
    outer, *holes = (cut_ring(ring, repair=repair) for ring in rings)
    return _only_polygons(outer.difference(shapely.union_all(holes)))


def _jumps(ring: Floats) -> Any:
    steps = np.abs(np.diff(ring[:, 0]))
    return (steps > 180.0) & (steps < 360.0)


def _unrolled(ring: Floats) -> Floats:
    """Ring (n, 2) with longitudes that run on past ±180, where it has a step over the date line."""
    if not _jumps(ring).any():
        return ring
    turns = np.cumsum(-np.round(np.diff(ring[:, 0]) / 360.0))
    result = ring.copy()
    result[1:, 0] += 360.0 * turns
    return result


def _into_map(polygon: Any) -> Any:
    """Cut an unrolled polygon into turns of 360° and lay them on top of each other."""
    west, _, east, _ = polygon.bounds
    if west >= -180.0 and east <= 180.0:
        return polygon
    if east - west > 360.0:
        raise InputError(
            f"a polygon is {east - west:g}° wide, more than once round the Earth; check its longitudes"
        )
    pieces = []
    for turn in range(int(np.floor((west + 180.0) / 360.0)), int(np.ceil((east - 180.0) / 360.0)) + 1):
        offset = 360.0 * turn
        piece = polygon.intersection(shapely.box(offset - 180.0, -90.0, offset + 180.0, 90.0))
        pieces.append(shapely.transform(piece, lambda points, by=offset: points - [by, 0.0]))
    return _only_polygons(shapely.union_all(pieces))


def _lies_flat(polygon: Any) -> bool:
    rings = [shapely.get_coordinates(ring) for ring in (polygon.exterior, *polygon.interiors)]
    for ring in rings:
        _check_ring(ring)
    return all(np.abs(ring[:, 0]).max() <= 180.0 and not _jumps(ring).any() for ring in rings)


def _check_ring(ring: Floats) -> None:
    if len(ring) < 3:
        raise InputError(f"a ring needs at least three corners; this one has {len(ring)}")
    bad = ~np.isfinite(ring).all(axis=1) | (np.abs(ring[:, 1]) > 90.0) | (np.abs(ring[:, 0]) > 540.0)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        longitude, latitude = ring[row].tolist()
        raise InputError(
            f"corner {row} of a ring is longitude {longitude:g}, latitude {latitude:g}; corners are "
            "longitude first, in degrees of WGS 84 (metres: whence.earth.Crs.to_lonlat)"
        )


def _sound(polygon: Any, *, repair: bool) -> Any:
    if polygon.is_valid:
        return polygon
    if repair:
        return _only_polygons(shapely.make_valid(polygon))
    raise InputError(
        f"a polygon cannot be used as drawn: {shapely.is_valid_reason(polygon)}; "
        "correct it, or pass repair=True to have it mended"
    )


def _polygons(geometry: Any) -> list[Any]:
    """Flatten nested collections into polygons; anything else is refused."""
    if geometry is None or geometry.is_empty:
        raise InputError("the geometry is empty; a region needs at least one polygon")
    kind = geometry.geom_type
    if kind == "Polygon":
        return [geometry]
    if kind in {"MultiPolygon", "GeometryCollection"}:
        return [polygon for part in geometry.geoms for polygon in _polygons(part)]
    raise InputError(f"a region is made of polygons, not of a {kind}; buffer it, or leave it out")


def _only_polygons(geometry: Any) -> Any:
    """Drop the points and lines that cutting leaves where a polygon merely touches the knife."""
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"]
    nested = [part for part in shapely.get_parts(geometry) if part.geom_type == "MultiPolygon"]
    parts += [polygon for part in nested for polygon in part.geoms]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
