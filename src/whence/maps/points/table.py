"""Control points as CSV: columns by name, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.earth.crs import Crs, require_same
from whence.errors import InputError
from whence.maps.points.control import ControlPoints
from whence.maps.points.grid_letters import as_grid_reference
from whence.maps.points.lists import Table
from whence.maps.points.numbers import as_angle_deg, as_flag, as_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["csv_points", "csv_text"]

_PIXEL_X = ("column", "col", "pixel_x", "pixelx", "px", "source_x", "sourcex", "image_x", "scan_x", "pixel")
_PIXEL_Y = ("row", "line", "pixel_y", "pixely", "py", "source_y", "sourcey", "image_y", "scan_y")
_LONGITUDE, _LATITUDE = ("longitude", "lon", "lng", "long"), ("latitude", "lat")
_EASTING = ("easting", "east", "world_x", "map_x", "mapx", "e")
_GRID_REFERENCE = ("grid_ref", "gridref", "grid_reference", "os_grid", "os_grid_ref", "ngr")
_NORTHING = ("northing", "north", "world_y", "map_y", "mapy", "n")
_OTHERS = {
    "name": ("name", "id", "label", "point"),
    "enabled": ("enabled", "enable", "use", "active"),
    "crs": ("crs", "epsg", "srs"),
}


def csv_points(text: str, *, source: Path | None = None) -> ControlPoints:
    """Read delimited text with a header.

    Pixels are in columns called ``column, row`` (or ``pixel, line``, ``pixel_x, pixel_y``, …), rows growing
    downward; places in ``easting, northing`` (``x, y``, ``map_x, map_y``, …) or ``longitude, latitude``, the
    latter also with minutes and seconds, or in ``grid_ref`` with the letters of the British or the Irish
    grid. ``name``, ``enabled`` and ``crs`` are read where present. Beside
    ``longitude, latitude``, columns ``x, y`` are pixels.

    Parameters
    ----------
    text
        Its content; commas, semicolons (then with decimal commas) or tabs between the values.
    source
        Where it comes from, for messages.

    Raises
    ------
    InputError
        When columns are missing, a value cannot be read (the line is named), or rows name different
        coordinate systems.

    Examples
    --------
    >>> csv_points("name,column,row,lon,lat\\nmill,10,20,24°30′E,60°15′N\\n").world.tolist()
    [[24.5, 60.25]]
    """
    table = Table.of(text, str(source or "the table"))
    places, kind = _columns(table)
    numbers: list[list[float]] = []
    enabled: list[bool] = []
    names: list[str] = []
    systems: list[tuple[str, str]] = []
    for where, cells in table.records(places):
        pixel = [as_number(cells[name], f"{where}, {name}") for name in ("pixel_x", "pixel_y")]
        world, system = _READERS[kind](cells, where)
        numbers.append(pixel + world)
        enabled.append(as_flag(cells["enabled"], where) if "enabled" in cells else True)
        names.append(cells.get("name", "").strip() or str(len(names) + 1))
        systems.append((where, cells.get("crs", "").strip() or system))
    values = np.array(numbers, dtype=np.float64).reshape(-1, 4)
    return ControlPoints(
        values[:, :2],
        values[:, 2:],
        crs=_one_system(systems, table),
        enabled=np.array(enabled, dtype=bool),
        names=tuple(names),
        source=source,
    )


def _read_degrees(cells: Mapping[str, str], where: str) -> tuple[list[float], str]:
    axes = (("world_x", "longitude"), ("world_y", "latitude"))
    return [as_angle_deg(cells[name], where, axis=axis) for name, axis in axes], ""


def _read_plane(cells: Mapping[str, str], where: str) -> tuple[list[float], str]:
    return [as_number(cells[name], f"{where}, {name}") for name in ("world_x", "world_y")], ""


def _read_reference(cells: Mapping[str, str], where: str) -> tuple[list[float], str]:
    easting_m, northing_m, system = as_grid_reference(cells["grid_ref"], where)
    return [easting_m, northing_m], system


_READERS = {"degrees": _read_degrees, "plane": _read_plane, "grid_ref": _read_reference}
"""How the places are written -> what reads them: two numbers, and the system if they name it."""


def csv_text(points: ControlPoints) -> str:
    """Write control points as CSV that `csv_points` reads."""
    degrees = points.crs is not None and points.crs.is_geographic
    head = [f"#CRS: {points.crs.code or points.crs.wkt}"] if points.crs else []
    head.append(
        "name,column,row,longitude,latitude,enabled"
        if degrees
        else "name,column,row,easting,northing,enabled"
    )
    rows = [
        f"{_quoted(name)},{column!r},{row!r},{x!r},{y!r},{int(used)}"
        for name, (column, row), (x, y), used in zip(
            points.names, points.pixels.tolist(), points.world.tolist(), points.enabled, strict=True
        )
    ]
    return "\n".join([*head, *rows]) + "\n"


def _columns(table: Table) -> tuple[dict[str, int], str]:
    """Column number by meaning, and how the places are written: a key of `_READERS`."""
    reference = table.places({"grid_ref": _GRID_REFERENCE})
    degrees = table.places({"world_x": _LONGITUDE, "world_y": _LATITUDE})
    plane = table.places({"world_x": _EASTING, "world_y": _NORTHING})
    pixels = table.places({"pixel_x": _PIXEL_X, "pixel_y": _PIXEL_Y})
    bare = [table.places({"x": ("x",), "y": ("y",)}).get(name) for name in ("x", "y")]
    if len(degrees) == 2 and len(plane) == 2:
        raise InputError(
            f"{table.where}: both longitude, latitude and easting, northing are there; rename the two "
            "columns that shall not be used"
        )
    world = degrees if len(degrees) == 2 else plane
    if len(world) < 2 and reference:
        if len(pixels) < 2 and bare[0] is not None and bare[1] is not None:
            pixels = {"pixel_x": bare[0], "pixel_y": bare[1]}
        if len(pixels) == 2:
            return {**reference, **pixels, **table.places(_OTHERS)}, "grid_ref"
    if bare[0] is not None and bare[1] is not None:
        if len(world) < 2:
            world = {"world_x": bare[0], "world_y": bare[1]}
        elif len(pixels) < 2:
            pixels = {"pixel_x": bare[0], "pixel_y": bare[1]}
    if len(world) < 2 or len(pixels) < 2:
        lacking = "the pixels (column, row)" if len(pixels) < 2 else "the places (easting, northing)"
        header = ", ".join(table.header)
        raise InputError(f"{table.where}: no columns for {lacking} in the header {header!r}; rename them so")
    return {**world, **pixels, **table.places(_OTHERS)}, "degrees" if world is degrees else "plane"


def _one_system(systems: list[tuple[str, str]], table: Table) -> Crs | None:
    found, home = table.crs, "the #CRS line"
    for text in dict.fromkeys(text for _, text in systems):
        where = next(place for place, other in systems if other == text)
        if not text:
            if found is not None and table.crs is None:
                raise InputError(
                    f"{where}: no coordinate system, where other rows have one; complete the column"
                )
            continue
        system = Crs.parse(int(text) if text.isdigit() else text)
        if found is not None:
            require_same(found, system, names=(home, where))
        elif systems[0][1] == "":
            raise InputError(
                f"{systems[0][0]}: no coordinate system, where {where} has one; complete the column"
            )
        found, home = system, where
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if set(name) & set(',;"\t\n#') else name
