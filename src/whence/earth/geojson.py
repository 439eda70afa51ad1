"""Polygons out of GeoJSON (RFC 7946), with errors that name the feature."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from whence.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.typing import Json, PathLike

__all__ = ["read_polygons"]

_KINDS = frozenset({"Polygon", "MultiPolygon", "GeometryCollection"})
_NAME_KEYS = ("name", "NAME", "Name", "title", "admin", "ADMIN")


def read_polygons(source: PathLike | Json) -> tuple[list[Any], str]:
    """Read every polygon of a GeoJSON file or object.

    Parameters
    ----------
    source
        Path of a file, or a decoded FeatureCollection, Feature or geometry.

    Returns
    -------
    list of shapely geometries, str
        The polygons as they stand, and a name: the single feature's, the collection's or the file's.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it is not GeoJSON in WGS 84, or holds something else than polygons.
    """
    content, fallback = (source, "region") if isinstance(source, dict) else _load(Path(source))
    _check_crs(content)
    features = list(_features(content))
    if not features:
        raise InputError(f"{fallback}: no features in this GeoJSON; a region needs at least one polygon")
    shapes = [_shape(feature, number) for number, feature in enumerate(features, start=1)]
    return shapes, _name(content, features) or fallback


def _load(path: Path) -> tuple[Json, str]:
    if not path.is_file():
        raise NotFoundError(f"{path}: no such file; a region is read from a GeoJSON file")
    try:
        content = json.loads(path.read_text("utf-8-sig"))
    except ValueError as error:
        raise InputError(f"{path}: not GeoJSON ({error})") from error
    if not isinstance(content, dict):
        raise InputError(
            f"{path}: not GeoJSON: the outermost value is a {type(content).__name__}, not an object"
        )
    return content, path.stem


def _check_crs(content: Json) -> None:
    """Refuse the old ``crs`` member unless it says what RFC 7946 fixes anyway."""
    if content.get("crs") is None:
        return
    named = str(content["crs"]).upper()
    if "CRS84" not in named and "4326" not in named:
        raise InputError(
            f"the GeoJSON is in another coordinate system ({content['crs']}); convert it to WGS 84, "
            "for instance with: ogr2ogr -t_srs EPSG:4326 out.geojson in.geojson"
        )


def _features(content: Json) -> Iterator[Json]:
    kind = content.get("type")
    if kind == "FeatureCollection":
        for feature in content.get("features") or []:
            yield from _features(feature)
    elif kind == "Feature":
        yield content
    elif isinstance(kind, str):
        yield {"type": "Feature", "geometry": content, "properties": {}}
    else:
        raise InputError("not GeoJSON: an object has no type; expected FeatureCollection, Feature or Polygon")


def _shape(feature: Json, number: int) -> Any:
    geometry = feature.get("geometry") or {}
    kind = geometry.get("type")
    if kind not in _KINDS:
        raise InputError(
            f"feature {number} is a {kind or 'feature without a place'}, not a polygon; "
            "leave it out, or draw the area that is meant"
        )
    try:
        return shapely.geometry.shape(geometry)
    except (
        AttributeError,
        IndexError,
        KeyError,
        TypeError,
        ValueError,
        shapely.errors.ShapelyError,
    ) as error:
        raise InputError(f"feature {number}: its coordinates are not those of a {kind} ({error})") from error


def _name(content: Json, features: list[Json]) -> str | None:
    carriers = [content.get("properties"), content]
    if len(features) == 1:
        carriers.insert(0, features[0].get("properties"))
    for carrier in carriers:
        for key in _NAME_KEYS:
            if isinstance(carrier, dict) and isinstance(carrier.get(key), str) and carrier[key]:
                return str(carrier[key])
    return None
