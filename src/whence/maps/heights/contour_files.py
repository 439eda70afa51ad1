"""Contours in files: GeoJSON, and whatever else pyogrio reads where it is installed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence._optional import require
from whence.earth.crs import Crs
from whence.errors import InputError, NotFoundError
from whence.imagery.atomic import atomic_path
from whence.maps.heights.terrain import Contours, Terrain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whence.typing import Floats, Json, PathLike

__all__ = ["FIELDS", "read_contours", "write_contours"]

FIELDS = ("height_m", "elev", "ele", "elevation", "height", "z", "contour", "level")
"""Names of the height of a line, in the order in which they are looked for, in any case of letters."""

_GEOJSON = {".json", ".geojson"}


def read_contours(path: PathLike, *, crs: str | None = None, field: str | None = None) -> Terrain:
    """Read contour lines with heights.

    Parameters
    ----------
    path
        GeoJSON, or anything that OGR reads where pyogrio is installed. Areas count by their outlines.
    crs
        The coordinate system of a file that does not say it.
    field
        The property that is the height; None looks for one of `FIELDS`.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it is broken, holds no line, a line has no height, or the system is not known.
    MissingExtraError
        When it needs pyogrio, which is not installed.
    """
    file = Path(path)
    if not file.is_file():
        raise NotFoundError(f"there is no file {file}; contours are read from GeoJSON or another vector file")
    features, said = _of_geojson(file) if file.suffix.lower() in _GEOJSON else _of_ogr(file)
    lines: list[Floats] = []
    heights: list[float] = []
    for number, (geometry, properties) in enumerate(features, start=1):
        found = [line for line in _paths(geometry) if len(line) > 1]
        height = _height(properties, field, f"{file}, feature {number}") if found else 0.0
        lines += found
        heights += [height] * len(found)
    if not lines:
        raise InputError(f"{file} holds no line; give contours as lines with a height")
    system = crs or said
    if system is None:
        raise InputError(f"{file} does not say its coordinate system; give it, such as EPSG:3035")
    return Terrain(Contours(tuple(lines), np.array(heights)), crs=Crs.parse(system))


def write_contours(path: PathLike, terrain: Terrain) -> None:
    """Write contour lines as GeoJSON in their own coordinate system, the height as ``height_m``.

    Parameters
    ----------
    path
        The file to make or replace.
    terrain
        With contours and a coordinate system.
    """
    features = [
        {
            "type": "Feature",
            "properties": {"height_m": height},
            "geometry": {"type": "LineString", "coordinates": line.tolist()},
        }
        for line, height in zip(terrain.contours.lines, terrain.contours.heights_m.tolist(), strict=True)
    ]
    content: Json = {"type": "FeatureCollection", "features": features}
    if terrain.crs is not None:
        content["crs"] = {"type": "name", "properties": {"name": terrain.crs.code or terrain.crs.wkt}}
    with atomic_path(path) as beside:
        beside.write_text(json.dumps(content) + "\n", encoding="utf-8")


def _of_geojson(file: Path) -> tuple[list[tuple[Json, Json]], str | None]:
    try:
        content = json.loads(file.read_text("utf-8-sig"))
    except ValueError as error:
        raise InputError(f"{file}: not GeoJSON ({error}); export the contours again") from error
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list) or not all(isinstance(one, dict) for one in features):
        raise InputError(f"{file}: not a GeoJSON FeatureCollection; contours are its features")
    named = content.get("crs")
    said = named.get("properties", {}).get("name") if isinstance(named, dict) else None
    pairs = [(one.get("geometry") or {}, one.get("properties") or {}) for one in features]
    return pairs, said


def _of_ogr(file: Path) -> tuple[list[tuple[Json, Json]], str | None]:
    pyogrio = require("pyogrio", extra="vector")
    import shapely

    meta, _, geometries, columns = pyogrio.raw.read(file)
    shapes = shapely.from_wkb(geometries)
    rows = [
        {name: column[row] for name, column in zip(meta["fields"], columns, strict=True)}
        for row in range(len(shapes))
    ]
    pairs = [(json.loads(shapely.to_geojson(shape)), row) for shape, row in zip(shapes, rows, strict=True)]
    return pairs, meta.get("crs")


def _paths(geometry: Json) -> Iterator[Floats]:
    kind, coordinates = geometry.get("type"), geometry.get("coordinates") or []
    depth = {"LineString": 0, "MultiLineString": 1, "Polygon": 1, "MultiPolygon": 2}
    if kind not in depth:
        return
    parts: Iterable[Any] = [coordinates]
    for _ in range(depth[kind]):
        parts = [inner for part in parts for inner in part]
    for part in parts:
        yield np.array([position[:2] for position in part], dtype=float).reshape(-1, 2)


def _height(properties: Json, field: str | None, where: str) -> float:
    """Find the height among the properties of a line."""
    lower = {str(name).lower(): value for name, value in properties.items()}
    names = FIELDS if field is None else (field.lower(),)
    name = next((one for one in names if one in lower), None)
    if name is None:
        offer = ", ".join(map(str, properties)) or "none at all"
        raise InputError(f"{where}: no property {' or '.join(names)}; there are {offer}; name the field")
    try:
        height = float(lower[name])
    except (TypeError, ValueError):
        height = math.nan
    if not math.isfinite(height):
        raise InputError(f"{where}: {name} is {lower[name]!r}, no height; mend it or leave the line out")
    return height
