"""Lines, areas and points in vector files: GeoJSON, and whatever else OGR reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whence.typing import Floats, Json, PathLike

__all__ = ["Feature", "read_features"]

_RFC_7946 = "OGC:CRS84"
"""System of GeoJSON that names none."""

_GEOJSON = {".json", ".geojson"}
_DEPTHS = {
    "Point": ("point", 0),
    "MultiPoint": ("point", 1),
    "LineString": ("line", 0),
    "MultiLineString": ("line", 1),
    "Polygon": ("area", 1),
    "MultiPolygon": ("area", 2),
}


@dataclass(frozen=True, eq=False)
class Feature:
    """A feature of one kind; a collection makes one for each kind in it.

    Parameters
    ----------
    number
        Its place in the file, from 1 on.
    kind
        ``"line"``, ``"area"`` (its parts are all rings) or ``"point"``.
    parts
        (n, 2) or (n, 3) positions each, x first, with a height where they have one.
    properties
        Its attributes.
    """

    number: int
    kind: str
    parts: tuple[Floats, ...]
    properties: Json


def read_features(path: PathLike, *, layer: str | None = None) -> tuple[list[Feature], str | None]:
    """Read all lines, areas and points of a layer.

    Parameters
    ----------
    path
        GeoJSON, or anything that OGR reads.
    layer
        Which one; needed when several hold geometries. In a drawing (DXF) it is the layer of the entities.

    Returns
    -------
    features, crs
        In the order of the file, and the coordinate system that it says.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it is broken, or has no such layer.
    """
    file = Path(path)
    if not file.exists():
        raise NotFoundError(f"there is no file {file}; contours are read from GeoJSON or another vector file")
    if file.suffix.lower() in _GEOJSON and layer is None:
        return _of_geojson(file)
    return _of_ogr(file, layer)


def _of_geojson(file: Path) -> tuple[list[Feature], str | None]:
    try:
        content = json.loads(file.read_text("utf-8-sig"))
    except ValueError as error:
        raise InputError(f"{file}: not GeoJSON ({error}); export the contours again") from error
    members = content.get("features") if isinstance(content, dict) else None
    if not isinstance(members, list) or not all(isinstance(one, dict) for one in members):
        raise InputError(f"{file}: not a GeoJSON FeatureCollection; contours are its features")
    named = content.get("crs")
    said = named.get("properties", {}).get("name") if isinstance(named, dict) else None
    found = []
    for number, one in enumerate(members, start=1):
        try:
            kinds = list(_kinds(one.get("geometry") or {}))
        except (TypeError, ValueError) as error:
            raise InputError(f"{file}, feature {number}: its coordinates are broken ({error})") from error
        properties = one.get("properties") or {}
        found += [Feature(number, kind, parts, properties) for kind, parts in kinds]
    return found, said if named is not None or not _all_degrees(found) else _RFC_7946


def _all_degrees(features: list[Feature]) -> bool:
    """Tell whether positions can be longitudes and latitudes, which they are where no system is named."""
    parts = [part for one in features for part in one.parts]
    return bool(parts) and all((np.abs(part[:, :2]) <= (180.0, 90.0)).all() for part in parts)


def _kinds(geometry: Json) -> Iterator[tuple[str, tuple[Floats, ...]]]:
    name = str(geometry.get("type"))
    if name == "GeometryCollection":
        for one in geometry.get("geometries") or []:
            yield from _kinds(one)
    if name not in _DEPTHS:
        return
    kind, depth = _DEPTHS[name]
    parts: Iterable[Any] = [geometry.get("coordinates") or []]
    for _ in range(depth):
        parts = [inner for part in parts for inner in part]
    if kind == "point":
        yield kind, tuple(_positions([part]) for part in parts if part)
    else:
        yield kind, tuple(_positions(part) for part in parts if part)


def _positions(part: list[list[float]]) -> Floats:
    """Make (n, 3) positions where all have a height, (n, 2) otherwise."""
    width = 3 if all(len(position) > 2 for position in part) else 2
    return np.array([position[:width] for position in part], dtype=float).reshape(-1, width)


def _of_ogr(file: Path, layer: str | None) -> tuple[list[Feature], str | None]:
    import pyogrio  # type: ignore[import-untyped]
    import shapely
    from pyogrio.errors import (  # type: ignore[import-untyped]
        DataLayerError,
        DataSourceError,
        FieldError,
    )

    try:
        chosen, drawn = _layer(file, layer)
        meta, _, blobs, columns = pyogrio.raw.read(file, layer=chosen)
    except (DataSourceError, DataLayerError, FieldError) as error:
        raise InputError(f"{file} cannot be read as a vector file ({error}); export it again") from error
    if blobs is None:
        raise InputError(f"{file} has no lines, areas or points, only a table; give a vector file")
    shapes = shapely.from_wkb(blobs, on_invalid="warn")
    names = [str(name) for name in meta["fields"]]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)] if names else []
    found = []
    for place, shape in enumerate(shapes):
        properties = rows[place] if rows else {}
        if shape is None or (drawn is not None and str(properties.get("Layer")) != drawn):
            continue
        for kind, parts in _shape_kinds(shape):
            found.append(Feature(place + 1, kind, parts, properties))
    return found, meta.get("crs")


def _layer(file: Path, asked: str | None) -> tuple[str, str | None]:
    """Choose the layer of a file, and the layer of a drawing within it."""
    import pyogrio

    layers = {str(name): kind for name, kind in pyogrio.list_layers(file)}
    if asked is None:
        usable = [name for name, kind in layers.items() if kind is not None] or list(layers)
        if len(usable) != 1:
            offer = ", ".join(usable) or "none at all"
            raise InputError(f"{file} has the layers {offer}; name one of them (--layer)")
        return usable[0], None
    if asked in layers:
        return asked, None
    if file.suffix.lower() in {".dxf", ".dwg"}:
        only = next(iter(layers))
        column = pyogrio.raw.read(file, layer=only, columns=["Layer"], read_geometry=False)[3][0]
        drawn = sorted({str(name) for name in column})
        if asked in drawn:
            return only, asked
        raise InputError(f"{file} has no layer {asked}; there are {', '.join(drawn)}")
    raise InputError(f"{file} has no layer {asked}; there are {', '.join(layers)}")


def _shape_kinds(shape: Any) -> Iterator[tuple[str, tuple[Floats, ...]]]:
    """Take a shapely geometry apart."""
    import shapely

    singles = shapely.get_parts(shapely.get_parts(shape))
    for kind, wanted in (("point", (0,)), ("line", (1, 2)), ("area", (3,))):
        chosen = singles[np.isin(shapely.get_type_id(singles), wanted)]
        chosen = chosen[~shapely.is_empty(chosen)]
        if kind == "area":
            chosen = shapely.get_rings(chosen)
        if len(chosen):
            yield kind, tuple(shapely.get_coordinates(one, include_z=bool(one.has_z)) for one in chosen)
