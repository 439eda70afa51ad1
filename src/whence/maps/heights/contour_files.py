"""Contours and what belongs to them in files: lines with heights, spots, lakes, breaklines."""

from __future__ import annotations

import json
import math
import re
import shutil
import tempfile
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth.crs import Crs, require_same, same
from whence.errors import InputError
from whence.imagery.atomic import atomic_path, check_target
from whence.maps.heights.height_text import as_height
from whence.maps.heights.terrain import Contours, Lake, Spots, Terrain
from whence.maps.heights.units import unit as unit_of
from whence.maps.heights.vector_files import read_features

if TYPE_CHECKING:
    from whence.maps.heights.vector_files import Feature
    from whence.typing import Floats, Json, PathLike

__all__ = [
    "FIELDS",
    "MISSING",
    "ReadContours",
    "add_breaklines",
    "add_lakes",
    "add_spots",
    "read_contours",
    "read_contours_with_facts",
    "write_contours",
]

FIELDS = (
    "height_m", "elev", "ele", "elevation", "height", "z", "contour", "level", "elev_m", "altitude",
    "altitud", "altura", "cota", "höhe", "hoehe", "kote", "quota", "korkeus", "высота", "отметка",
)  # fmt: skip
"""Names of the height of a line, in the order in which they are looked for, in any case of letters."""

MISSING = ("refuse", "drop", "keep")
"""What to do with lines without a height, and with heights of 0 that look like it."""

_DRIVERS = {".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".fgb": "FlatGeobuf", ".json": "GeoJSON"}
_FAR_INTERVALS = 2.5
_FEET = re.compile(r"(?:^|_| )(?:ft|feet|foot|ftus)$", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class ReadContours:
    """Contours of a file, and facts about it that its owner should know, one sentence each."""

    terrain: Terrain
    facts: tuple[str, ...]


def read_contours(
    path: PathLike,
    *,
    crs: str | None = None,
    field: str | None = None,
    layer: str | None = None,
    missing: str = "refuse",
    unit: str | None = None,
) -> Terrain:
    """Read contour lines with heights.

    Parameters
    ----------
    path
        GeoJSON, or anything that OGR reads. Areas count by their outlines.
    crs
        The coordinate system of a file that does not say it.
    field
        The property that is the height; None looks for one of `FIELDS`, then for heights of the positions.
    layer
        See `read_features`.
    missing
        One of `MISSING`: lines without a height stop the reading, or are left out; ``"keep"`` leaves out
        lines without a height, but takes every 0 for a height.
    unit
        Of the heights (`units.UNITS`); they are turned into metres. None takes them for metres, and refuses a
        field whose name says feet.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it is broken, holds no line, a line has no height, or the system is not known.
    """
    return read_contours_with_facts(
        path, crs=crs, field=field, layer=layer, missing=missing, unit=unit
    ).terrain


def read_contours_with_facts(
    path: PathLike,
    *,
    crs: str | None = None,
    field: str | None = None,
    layer: str | None = None,
    missing: str = "refuse",
    unit: str | None = None,
) -> ReadContours:
    """Read contour lines with heights, and tell what was left out; see `read_contours`."""
    if missing not in MISSING:
        raise InputError(f"missing heights can be {', '.join(MISSING)}, not {missing!r}")
    if field is not None and unit is None and _FEET.search(field):
        raise InputError(
            f"{path}: the field {field} is in feet by its name, and heights are taken for metres; name its "
            "unit (--unit foot, or --unit metre if the name is wrong)"
        )
    metres = 1.0 if unit is None else unit_of(unit).metres
    features, said = read_features(path, layer=layer)
    lines: list[Floats] = []
    heights: list[float] = []
    for one in features:
        parts = [part for part in one.parts if len(part) > 1] if one.kind != "point" else []
        for part in parts:
            heights.append(metres * _height(one, part, field, path, missing))
            lines.append(part[:, :2])
    if not lines:
        raise InputError(f"{path} holds no line; give contours as lines with a height")
    values, facts = _without_missing(np.array(heights), missing, path)
    system = crs or said
    if crs is not None and said is not None and not same(Crs.parse(crs), Crs.parse(said)):
        facts = (*facts, f"{path} says {Crs.parse(said).label}; {crs} was taken instead, as asked for")
    if system is None:
        raise InputError(f"{path} does not say its coordinate system; give it, such as EPSG:3035")
    kept = np.isfinite(values)
    contours = Contours(tuple(line for line, known in zip(lines, kept, strict=True) if known), values[kept])
    return ReadContours(Terrain(contours, crs=Crs.parse(system)), facts)


def _without_missing(heights: Floats, missing: str, path: PathLike) -> tuple[Floats, tuple[str, ...]]:
    """Tell of heights that are missing or look like it; make those NaN that are to be left out."""
    none = int(np.isnan(heights).sum())
    facts = [f"{none} of {len(heights)} lines have no height and were left out"] if none else []
    if none == len(heights):
        raise InputError(f"{path}: none of {none} lines has a height; name the field that holds it")
    zeros = _isolated_zeros(heights)
    if not zeros.any() or missing == "keep":
        return heights, tuple(facts)
    said = f"{int(zeros.sum())} of {len(heights)} lines have height 0, far from all others"
    if missing == "refuse":
        raise InputError(
            f"{path}: {said}: probably heights that are missing; leave them out (--missing drop), or keep "
            "them if they are right (--missing keep)"
        )
    return np.where(zeros, np.nan, heights), (*facts, f"{said}, and were left out")


def _isolated_zeros(heights: Floats) -> Any:
    """Tell which heights are 0 though the others begin several intervals away."""
    zeros = heights == 0
    others = np.unique(heights[np.isfinite(heights) & ~zeros])
    if not zeros.any() or len(others) < 2:
        return np.zeros(len(heights), dtype=bool)
    step = np.diff(others).min()
    return zeros if np.abs(others).min() > _FAR_INTERVALS * step else np.zeros(len(heights), dtype=bool)


def _height(feature: Feature, part: Floats, field: str | None, path: PathLike, missing: str) -> float:
    """Find the height of a line among its properties, or in its positions."""
    where = f"{path}, feature {feature.number}"
    lower = {str(name).lower(): value for name, value in feature.properties.items()}
    names = FIELDS if field is None else (field.lower(),)
    name = next((one for one in names if one in lower), None)
    if name is None and field is None and part.shape[1] == 3:
        if np.ptp(part[:, 2]) > 1e-6:
            raise InputError(
                f"{where}: its positions have heights from {part[:, 2].min():g} to {part[:, 2].max():g}; "
                "a contour has one"
            )
        return float(part[0, 2])
    if name is None:
        offer = ", ".join(map(str, feature.properties)) or "none at all"
        wanted = names[0] if field is not None else "that is known as a height"
        raise InputError(f"{where}: no property {wanted}; there are {offer}; name the field (--field)")
    return _number(lower[name], name, where, missing)


def _number(value: Any, name: str, where: str, missing: str) -> float:
    absent = value is None or (isinstance(value, float) and math.isnan(value)) or value == ""
    try:
        height = math.nan if absent else as_height(value, where) if isinstance(value, str) else float(value)
    except (InputError, TypeError, ValueError):
        height = math.inf
    if absent and missing != "refuse":
        return math.nan
    if not math.isfinite(height):
        raise InputError(
            f"{where}: {name} is {value!r}, no height; mend it, or leave such lines out (--missing drop)"
            if absent
            else f"{where}: {name} is {value!r}, no height; mend it or leave the line out"
        )
    return height


def add_spots(
    terrain: Terrain, path: PathLike, *, field: str | None = None, layer: str | None = None
) -> Terrain:
    """Add the spot heights of a file: points with a field, or with heights of their own."""
    features = _of_kind(terrain, path, layer, "point", "spot heights are points")
    positions, heights = [], []
    for one in features:
        for part in one.parts:
            positions.append(part[0, :2])
            heights.append(_height(one, part, field, path, "refuse"))
    both = np.concatenate([terrain.spots.positions, np.array(positions).reshape(-1, 2)])
    return replace(terrain, spots=Spots(both, np.concatenate([terrain.spots.heights_m, heights])))


def add_lakes(
    terrain: Terrain, path: PathLike, *, field: str | None = None, layer: str | None = None
) -> Terrain:
    """Add the lakes of a file: areas (or closed lines) with the level as a field, or as heights of the shore.

    Islands are left out: a hole of an area is a shore of its own only where the file says so.
    """
    lakes = list(terrain.lakes)
    for one in _of_kind(terrain, path, layer, "area line", "lakes are areas"):
        lakes += [Lake(ring[:, :2], _height(one, ring, field, path, "refuse")) for ring in _outer(one)]
    return replace(terrain, lakes=tuple(lakes))


def _outer(feature: Feature) -> list[Floats]:
    """Give the rings of a feature that lie in no other of its rings."""
    import shapely

    rings = [ring for ring in feature.parts if len(ring) > 3]
    areas = [shapely.Polygon(ring[:, :2]) for ring in rings]
    return [
        ring
        for ring, area in zip(rings, areas, strict=True)
        if not any(other is not area and other.contains(area) for other in areas)
    ]


def add_breaklines(terrain: Terrain, path: PathLike, *, layer: str | None = None) -> Terrain:
    """Add the breaklines of a file: lines, and outlines of areas."""
    features = _of_kind(terrain, path, layer, "line area", "breaklines are lines")
    lines = tuple(part[:, :2] for one in features for part in one.parts if len(part) > 1)
    return replace(terrain, breaklines=(*terrain.breaklines, *lines))


def _of_kind(terrain: Terrain, path: PathLike, layer: str | None, kinds: str, wanted: str) -> list[Feature]:
    features, said = read_features(path, layer=layer)
    found = [one for one in features if one.kind in kinds.split()]
    if not found:
        raise InputError(f"{path} holds nothing of that kind: {wanted}")
    if said is not None and terrain.crs is not None:
        require_same(terrain.crs, said, names=("the contours", str(path)))
    return found


def write_contours(path: PathLike, contours: Contours | Terrain, crs: Crs | str | None = None) -> None:
    """Write contour lines in their own coordinate system, the height as ``height_m``.

    Parameters
    ----------
    path
        The file to make or replace: GeoPackage (.gpkg), GeoJSON, Shapefile or FlatGeobuf (.fgb).
    contours
        The lines, or a terrain with them and a coordinate system.
    crs
        Their coordinate system; None takes that of the terrain.

    Raises
    ------
    InputError
        When the suffix names no format.
    """
    lines = contours.contours if isinstance(contours, Terrain) else contours
    said = contours.crs if isinstance(contours, Terrain) and crs is None else crs
    system = None if said is None else Crs.parse(said)
    suffix = Path(path).suffix.lower()
    if suffix in (".json", ".geojson"):
        with atomic_path(path) as beside:
            beside.write_text(json.dumps(_geojson(lines, system)) + "\n", encoding="utf-8")
    elif suffix in _DRIVERS:
        _write_ogr(Path(path), lines, system)
    else:
        raise InputError(
            f"{path}: no format ends in {suffix!r}; there are {', '.join(_DRIVERS)} and .geojson"
        )


def _geojson(lines: Contours, crs: Crs | None) -> Json:
    features = [
        {
            "type": "Feature",
            "properties": {"height_m": height},
            "geometry": {"type": "LineString", "coordinates": line.tolist()},
        }
        for line, height in zip(lines.lines, lines.heights_m.tolist(), strict=True)
    ]
    content: Json = {"type": "FeatureCollection", "features": features}
    if crs is not None:
        content["crs"] = {"type": "name", "properties": {"name": crs.code or crs.wkt}}
    return content


def _write_ogr(path: Path, lines: Contours, crs: Crs | None) -> None:
    """Write with OGR in a folder of its own, then move all files of the format into place."""
    import pyogrio  # type: ignore[import-untyped]
    import shapely

    check_target(path)
    shapes = shapely.to_wkb([shapely.LineString(line) for line in lines.lines])
    with tempfile.TemporaryDirectory(prefix=".whence-", dir=path.parent) as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        pyogrio.raw.write(
            Path(folder) / path.name,
            np.asarray(shapes, dtype=object),
            field_data=[lines.heights_m],
            fields=np.array(["height_m"]),
            layer=path.stem,
            driver=_DRIVERS[path.suffix.lower()],
            geometry_type="LineString",
            crs=None if crs is None else crs.code or crs.wkt,
        )
        parts = sorted(Path(folder).iterdir(), key=lambda one: one.name == path.name)
        for part in parts:  # the one that is opened comes last
            shutil.move(part, path.with_name(part.name))
