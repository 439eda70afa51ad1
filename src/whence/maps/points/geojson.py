"""Control points as GeoJSON: places as points, pixels as their properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.maps.points.control import ControlPoints

if TYPE_CHECKING:
    from pathlib import Path

    from whence.typing import Json

__all__ = ["geojson_points", "points_geojson"]

_PAIRS = ("resourceCoords", "pixelCoords", "pixel")
_COLUMNS = (
    ("column", "row"),
    ("col", "row"),
    ("pixel", "line"),
    ("pixel_x", "pixel_y"),
    ("sourceX", "sourceY"),
)


def geojson_points(content: Json, *, source: Path | None = None) -> ControlPoints:
    """Read a collection of points with pixels among their properties.

    The pixel is a property ``pixel`` (or ``resourceCoords``) that holds column and row, or two properties
    ``column`` and ``row``; rows grow downward. ``name`` (or the feature's id) and ``enabled`` are read where
    present. Places are on WGS 84, unless an old-fashioned ``crs`` member says otherwise.

    Raises
    ------
    InputError
        When it is no collection of points, or a feature has no pixel; the feature is named.
    """
    where = str(source or "the GeoJSON")
    features = content.get("features")
    if content.get("type") != "FeatureCollection" or not isinstance(features, list) or not features:
        raise InputError(f"{where}: not a FeatureCollection with features; control points are Point features")
    pixels, world, names, enabled = [], [], [], []
    for number, feature in enumerate(features, 1):
        geometry, properties = feature.get("geometry") or {}, feature.get("properties") or {}
        place = geometry.get("coordinates")
        if geometry.get("type") != "Point" or place is None or not _are_numbers(place):
            raise InputError(f"{where}: feature {number} is no Point; control points are Point features")
        pixels.append(_pixel(properties, f"{where}: feature {number}"))
        world.append(place[:2])
        names.append(str(properties.get("name") or feature.get("id") or number))
        enabled.append(bool(properties.get("enabled", True)))
    return ControlPoints(
        np.array(pixels, dtype=np.float64),
        np.array(world, dtype=np.float64),
        crs=_system(content),
        enabled=np.array(enabled),
        names=tuple(names),
        source=source,
    )


def points_geojson(points: ControlPoints) -> Json:
    """Write control points as GeoJSON on WGS 84, pixels as properties.

    Raises
    ------
    InputError
        When the coordinate system of the points is not known.
    """
    placed = points.in_crs("OGC:CRS84")
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"name": name, "pixel": pixel, "enabled": bool(used)},
                "geometry": {"type": "Point", "coordinates": lonlat},
            }
            for name, pixel, lonlat, used in zip(
                placed.names, placed.pixels.tolist(), placed.world.tolist(), placed.enabled, strict=True
            )
        ],
    }


def _pixel(properties: Json, where: str) -> list[float]:
    for name in _PAIRS:
        if _are_numbers(properties.get(name)):
            return [float(number) for number in properties[name][:2]]
    for names in _COLUMNS:
        pair = [properties.get(name) for name in names]
        if _are_numbers(pair):
            return [float(number) for number in pair if number is not None]
    raise InputError(f"{where} has no pixel; give it a property pixel: [column, row]")


def _are_numbers(pair: Any) -> bool:
    return (
        isinstance(pair, list)
        and len(pair) in (2, 3)
        and all(isinstance(number, int | float) for number in pair)
    )


def _system(content: Json) -> Crs:
    named = ((content.get("crs") or {}).get("properties") or {}).get("name")
    return Crs.parse(named or "OGC:CRS84")
