"""The ``.points`` files of QGIS' georeferencer, in all their dialects."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.maps.points.control import ControlPoints
from whence.maps.points.numbers import as_flag, as_number

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal

    from whence.typing import Floats

    RowSign = Literal["auto", "up", "down"]

__all__ = ["qgis_points", "qgis_text"]

_ALIASES = {
    "world_x": ("mapx",),
    "world_y": ("mapy",),
    "pixel_x": ("sourcex", "pixelx"),
    "pixel_y": ("sourcey", "pixely"),
    "enabled": ("enable", "enabled"),
}
_WRITTEN = "mapX,mapY,sourceX,sourceY,enable,dX,dY,residual"


def qgis_points(text: str, *, source: Path | None = None, rows: RowSign = "auto") -> ControlPoints:
    """Read the text of a ``.points`` file.

    The header is ``mapX,mapY,pixelX,pixelY,enable`` (before 3.12) or
    ``mapX,mapY,sourceX,sourceY,enable,dX,dY,residual``; from 3.26 on a ``#CRS:`` line goes before. Commas,
    semicolons and tabs are understood.

    Parameters
    ----------
    text
        Its content.
    source
        Where it comes from, for messages.
    rows
        QGIS counts rows upward, so that they are negative within the scan (``"up"``); other programs that
        write this format count downward (``"down"``). ``"auto"`` goes by the sign.

    Raises
    ------
    InputError
        When a column is missing, a value is no number (the line is named), or rows of both signs leave
        open which way they are counted.
    """
    lines = text.lstrip("\ufeff").splitlines()
    crs, start = None, 0
    while start < len(lines) and (lines[start].startswith("#") or not lines[start].strip()):
        label, _, value = lines[start].lstrip("# ").partition(":")
        if label.strip().upper() == "CRS" and value.strip():
            crs = Crs.parse(value.strip())
        start += 1
    where = str(source or "the points")
    if start == len(lines):
        raise InputError(f"{where}: an empty file; a header mapX,mapY,sourceX,sourceY,enable is expected")
    delimiter = max(",;\t", key=lines[start].count)
    reader = csv.reader(io.StringIO("\n".join(lines[start:])), delimiter=delimiter, skipinitialspace=True)
    places = _places(next(reader), where)
    world, pixels, enabled = [], [], []
    for number, row in enumerate(reader, start + 2):
        if not any(cell.strip() for cell in row):
            continue
        cells = _cells(row, places, f"{where}, line {number}")
        world.append(
            [as_number(cells[name], f"{where}, line {number}, {name}") for name in ("world_x", "world_y")]
        )
        pixels.append(
            [as_number(cells[name], f"{where}, line {number}, {name}") for name in ("pixel_x", "pixel_y")]
        )
        enabled.append(as_flag(cells.get("enabled", "1"), f"{where}, line {number}, enable"))
    scan = np.array(pixels, dtype=np.float64).reshape(-1, 2)
    return ControlPoints(
        _downward(scan, rows, where),
        np.array(world, dtype=np.float64).reshape(-1, 2),
        crs=crs,
        enabled=np.array(enabled, dtype=bool),
        source=source,
    )


def qgis_text(points: ControlPoints) -> str:
    """Write control points as QGIS 3.26 and later does; the columns of residuals are 0, as before a fit."""
    head = [f"#CRS: {points.crs.code or points.crs.wkt}"] if points.crs else []
    rows = [
        f"{x!r},{y!r},{column!r},{0.0 - row!r},{int(used)},0,0,0"
        for (x, y), (column, row), used in zip(
            points.world.tolist(), points.pixels.tolist(), points.enabled, strict=True
        )
    ]
    return "\n".join([*head, _WRITTEN, *rows]) + "\n"


def _places(header: list[str], where: str) -> dict[str, int]:
    """Column number by what it holds."""
    names = [cell.strip().strip('"').lower() for cell in header]
    places = {
        meaning: names.index(alias)
        for meaning, aliases in _ALIASES.items()
        for alias in aliases
        if alias in names
    }
    missing = [_ALIASES[meaning][0] for meaning in list(_ALIASES)[:4] if meaning not in places]
    if missing:
        raise InputError(
            f"{where}: no column {', '.join(missing)} in the header {','.join(header)!r}; "
            "QGIS writes mapX,mapY,sourceX,sourceY,enable"
        )
    return places


def _cells(row: list[str], places: dict[str, int], where: str) -> dict[str, str]:
    if len(row) <= max(place for meaning, place in places.items() if meaning != "enabled"):
        raise InputError(f"{where}: {len(row)} values are too few; complete the line or remove it")
    return {meaning: row[place] for meaning, place in places.items() if place < len(row)}


def _downward(scan: Floats, rows: RowSign, where: str) -> Floats:
    """(n, 2) pixels with rows growing downward."""
    if rows not in ("auto", "up", "down"):
        raise InputError(f"rows are counted 'up', 'down' or 'auto', not {rows!r}")
    if rows == "auto":
        if (scan[:, 1] < 0.0).any() and (scan[:, 1] > 0.0).any():
            raise InputError(
                f"{where}: rows of both signs; say rows='up' when they are counted as QGIS does (negative "
                "within the scan), rows='down' otherwise"
            )
        rows = "up" if (scan[:, 1] < 0.0).any() else "down"
    return np.column_stack([scan[:, 0], 0.0 - scan[:, 1] if rows == "up" else scan[:, 1]])
