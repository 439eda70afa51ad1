"""Labelled heights as a table: columns by name, in any order."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whence.earth.crs import Crs, require_same
from whence.errors import InputError, NotFoundError
from whence.maps.heights.height_text import as_height
from whence.maps.heights.labelled import HeightLabels
from whence.maps.points.lists import Table, decoded
from whence.maps.points.numbers import as_angle_deg, as_number

if TYPE_CHECKING:
    from whence.typing import Floats, PathLike

__all__ = ["read_labels"]

_PIXELS = {
    "column": (
        "column", "col", "pixel_x", "pixelx", "px", "source_x", "sourcex", "image_x", "scan_x", "pixel",
        "spalte", "colonne", "columna", "coluna", "sarake", "столбец",
    ),
    "row": (
        "row", "line", "pixel_y", "pixely", "py", "source_y", "sourcey", "image_y", "scan_y",
        "zeile", "ligne", "fila", "linha", "rivi", "строка",
    ),
}  # fmt: skip
_DEGREES = {
    "x": ("longitude", "lon", "lng", "long", "longitud", "länge", "pituusaste", "долгота"),
    "y": ("latitude", "lat", "latitud", "breite", "leveysaste", "широта"),
}
_PLANE = {
    "x": (
        "easting", "east", "world_x", "map_x", "mapx", "e", "x", "rechtswert", "ostwert", "este", "est",
        "itä",
    ),
    "y": (
        "northing", "north", "world_y", "map_y", "mapy", "n", "y", "hochwert", "nordwert", "norte", "nord",
        "pohjoinen",
    ),
}  # fmt: skip
_HEIGHTS = {
    "map_height": (
        "map_height", "map_heights", "map_height_m", "height_map", "z_map", "map_z", "mapz", "old_height",
        "label", "height", "height_m", "spot_height", "elevation", "value", "z", "h", "altitude", "altitud",
        "altura", "cota", "höhe", "hoehe", "kote", "quota", "korkeus", "высота", "отметка",
    ),
    "modern": (
        "modern_height", "modern_height_m", "modern", "modern_m", "dem", "dem_m", "dem_height", "z_modern",
        "modern_z", "reference", "reference_m", "reference_height", "true_height", "truth", "new_height",
    ),
}  # fmt: skip
_NAMES = {"name": ("name", "id", "point", "number", "no", "fid")}
_UNREAD = {"", "?", "-", "–", "—", "−", "na", "n/a", "nan", "none", "null"}


def read_labels(path: PathLike, *, crs: str | None = None) -> tuple[HeightLabels, Floats | None]:
    """Read labelled heights from delimited text with a header.

    What the sheet says is in a column ``map_height`` (or ``height``, ``z``, …), in the sheet's unit. Places
    are in ``column, row`` on the scan, in ``easting, northing`` (``x, y``), in ``longitude, latitude``, or in
    two of these; modern heights, if there are any, in ``modern_height``, metres. An empty cell, ``?`` or
    a dash is a height that is not known; ``ca. 120`` and ``120 m`` are 120. The usual names in other
    languages are understood (``Höhe``, ``cota``, ``высота``).

    Parameters
    ----------
    path
        The table; commas, semicolons (then with decimal commas) or tabs between the values.
    crs
        System of easting and northing, where no line ``#CRS: …`` says it.

    Returns
    -------
    labels, modern_m
        The heights, and (n,) modern ones, NaN where there is none; None without such a column.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When columns or all rows are missing, a value cannot be read (the line is named), or a place is
        incomplete.
    """
    file = Path(path)
    if not file.is_file():
        raise NotFoundError(f"there is no table {file}")
    table = Table.of(unicodedata.normalize("NFC", decoded(file)), str(file))
    columns = _columns(table)
    degrees = "longitude" in columns
    rows = list(table.records(columns))
    if not rows:
        raise InputError(f"{file} has a header and no rows; there must be a height at least")
    system = _system(table, crs, degrees=degrees, placed=degrees or "x" in columns)
    modern = _known(rows, "modern") if "modern" in columns else None
    labels = HeightLabels(
        _pairs(rows, ("column", "row")) if "column" in columns else None,
        _world(rows, columns),
        _known(rows, "map_height"),
        tuple(cells.get("name", "").strip() or str(row) for row, (_, cells) in enumerate(rows, start=1)),
        system,
    )
    return labels, modern


def _columns(table: Table) -> dict[str, int]:
    """Column number by meaning."""
    heights = table.places(_HEIGHTS)
    header = ", ".join(table.header)
    if "map_height" not in heights:
        raise InputError(
            f"{table.where}: no column for the heights of the map in {header!r}; call it map_height"
        )
    found = {}
    for places, names in (
        (_PIXELS, ("column", "row")),
        (_DEGREES, ("longitude", "latitude")),
        (_PLANE, ("x", "y")),
    ):
        columns = table.places(places)
        if len(columns) == 2:
            found.update(dict(zip(names, columns.values(), strict=True)))
    if not found:
        raise InputError(
            f"{table.where}: no columns for the places in {header!r}; give column and row on the scan, "
            "easting and northing, or longitude and latitude"
        )
    if "longitude" in found:  # x, y beside them are pixels in one file and a grid in another
        found.pop("x", None), found.pop("y", None)
    taken = set(found.values())
    extra = {name: place for name, place in table.places(_NAMES).items() if place not in taken}
    return {**found, **heights, **extra}


def _system(table: Table, crs: str | None, *, degrees: bool, placed: bool) -> Crs | None:
    given = None if crs is None else Crs.parse(crs)
    if given is not None and table.crs is not None:
        require_same(given, table.crs, names=("the option", f"{table.where}"))
    system = given or table.crs
    if degrees:
        return system if system is not None and system.is_geographic else Crs.parse("OGC:CRS84")
    return system if placed else None


def _world(rows: list[tuple[str, dict[str, str]]], columns: dict[str, int]) -> Floats | None:
    if "longitude" in columns:
        angles = [
            [as_angle_deg(cells[axis], where, axis=axis) for axis in ("longitude", "latitude")]
            for where, cells in rows
        ]
        return np.array(angles, dtype=np.float64).reshape(-1, 2)
    return _pairs(rows, ("x", "y")) if "x" in columns else None


def _pairs(rows: list[tuple[str, dict[str, str]]], names: tuple[str, str]) -> Floats:
    values = [[as_number(cells[name], f"{where}, {name}") for name in names] for where, cells in rows]
    return np.array(values, dtype=np.float64).reshape(-1, 2)


def _known(rows: list[tuple[str, dict[str, str]]], name: str) -> Floats:
    """Read a column of heights; NaN where nothing is there."""
    values = [
        np.nan if cells[name].strip().lower() in _UNREAD else as_height(cells[name], f"{where}, {name}")
        for where, cells in rows
    ]
    return np.array(values, dtype=np.float64)
