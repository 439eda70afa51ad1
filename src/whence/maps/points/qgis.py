"""The ``.points`` files of QGIS' georeferencer, in all their dialects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from whence.errors import InputError
from whence.maps.points.control import ControlPoints
from whence.maps.points.lists import Table
from whence.maps.points.numbers import as_flag, as_number

if TYPE_CHECKING:
    from pathlib import Path

    from whence.typing import Floats

__all__ = ["RowDirection", "qgis_points", "qgis_text"]

RowDirection = Literal["auto", "up", "down"]
"""Which way a file counts rows: ``up`` as QGIS does, so that they are negative within the scan."""

_ALIASES = {
    "mapX": ("mapx",),
    "mapY": ("mapy",),
    "sourceX": ("sourcex", "pixelx"),
    "sourceY": ("sourcey", "pixely"),
    "enable": ("enable", "enabled"),
}
_NEEDED = ("mapX", "mapY", "sourceX", "sourceY")
_HEADER = "mapX,mapY,sourceX,sourceY,enable,dX,dY,residual"


def qgis_points(text: str, *, source: Path | None = None, rows: RowDirection = "auto") -> ControlPoints:
    """Read the text of a ``.points`` file.

    The header is ``mapX,mapY,pixelX,pixelY,enable`` in older files and
    ``mapX,mapY,sourceX,sourceY,enable,dX,dY,residual`` in newer ones, which may begin with a ``#CRS:`` line.
    Commas, semicolons and tabs are understood; columns of residuals are not needed and not read.

    Parameters
    ----------
    text
        Its content.
    source
        Where it comes from, for messages.
    rows
        Which way rows are counted; other programs that write this format count ``"down"``. ``"auto"`` goes
        by the sign.

    Raises
    ------
    InputError
        When a column is missing, a value is no number (the line is named), or rows of both signs leave
        open which way they are counted.

    Examples
    --------
    >>> points = qgis_points("mapX,mapY,pixelX,pixelY,enable\\n2557000,6786000,607,-473,1\\n")
    >>> points.pixels.tolist()
    [[607.0, 473.0]]
    """
    table = Table.of(text, str(source or "the points"))
    places = table.places(_ALIASES)
    missing = [name for name in _NEEDED if name not in places]
    if missing:
        raise InputError(
            f"{table.where}: no column {', '.join(missing)} in the header {','.join(table.header)!r}; QGIS "
            f"writes {_HEADER}"
        )
    numbers, enabled = [], []
    for where, cells in table.records(places):
        numbers.append([as_number(cells[name], f"{where}, {name}") for name in _NEEDED])
        enabled.append(as_flag(cells.get("enable", "1"), f"{where}, enable"))
    values = np.array(numbers, dtype=np.float64).reshape(-1, 4)
    return ControlPoints(
        _downward(values[:, 2:], rows, table.where),
        values[:, :2],
        crs=table.crs,
        enabled=np.array(enabled, dtype=bool),
        source=source,
    )


def qgis_text(points: ControlPoints) -> str:
    """Write control points as new versions of QGIS do; the columns of residuals are 0, as before a fit."""
    head = [f"#CRS: {points.crs.code or points.crs.wkt}"] if points.crs else []
    rows = [
        f"{x!r},{y!r},{column!r},{0.0 - row!r},{int(used)},0,0,0"
        for (x, y), (column, row), used in zip(
            points.world.tolist(), points.pixels.tolist(), points.enabled, strict=True
        )
    ]
    return "\n".join([*head, _HEADER, *rows]) + "\n"


def _downward(scan: Floats, rows: RowDirection, where: str) -> Floats:
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
