"""A table of places and heights from one vertical system to another, with all its other columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth.crs import Crs, require_same
from whence.errors import InputError, NotFoundError
from whence.imagery.atomic import check_target
from whence.imagery.rows import write_rows
from whence.maps.heights.vertical.transforming import transform
from whence.maps.points.lists import Table, decoded
from whence.maps.points.numbers import as_angle_deg, as_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.maps.heights.vertical.transforming import Moved
    from whence.typing import Floats, PathLike

__all__ = ["BEFORE", "transform_table"]

BEFORE = "height_before"
"""Column of the heights as they were."""

_DEGREES = {"x": ("longitude", "lon", "lng", "long"), "y": ("latitude", "lat")}
_PLANE = {"x": ("easting", "east", "x", "e"), "y": ("northing", "north", "y", "n")}
_HEIGHT = {"height": ("height", "height_m", "h", "z", "elevation", "ele", "altitude", "modern_height")}
_UNKNOWN = {"", "?", "-", "na", "nan", "none", "null"}


def transform_table(
    table: PathLike,
    out: PathLike,
    *,
    source: Any,
    target: Any,
    crs: str | None = None,
    grids: Sequence[PathLike] = (),
) -> Moved:
    """Bring the heights of a table to another vertical system.

    Parameters
    ----------
    table
        Delimited text with a header: ``longitude, latitude, height`` or ``easting, northing, height``.
    out
        The table to write (.csv, .tsv or .parquet): all columns, the new heights in place of the old ones,
        and these in a last column ``height_before``. A height that is not known stays so.
    source, target, grids
        As `transforming.transform`.
    crs
        System of easting and northing, where no line ``#CRS: …`` says it.

    Raises
    ------
    NotFoundError
        When there is no such table.
    MissingGridError
        When a grid is not here.
    InputError
        When columns are missing, a value cannot be read, a system is not known, or a place lies outside of
        what the operation covers.
    """
    file = Path(table)
    if not file.is_file():
        raise NotFoundError(f"there is no table {file}")
    check_target(out)
    content = Table.of(decoded(file), str(file))
    if BEFORE in content.header:
        raise InputError(
            f"{file} has a column {BEFORE} already; rename it, or take the table as it was before"
        )
    places, heights, system, column = _read(content, crs)
    known = np.isfinite(heights)
    if not known.any():
        raise InputError(f"{file} has no height to transform")
    moved = transform(places[known], heights[known], source=source, target=target, crs=system, grids=grids)
    after = np.full(len(heights), np.nan)
    after[known] = moved.heights_m
    rows = []
    for (_, cells), old, new in zip(content.rows, heights.tolist(), after.tolist(), strict=True):
        row: dict[str, object] = dict(zip(content.header, cells, strict=False))
        rows.append({**row, content.header[column]: new, BEFORE: old})
    write_rows(out, rows, [*content.header, BEFORE])
    return moved


def _read(content: Table, crs: str | None) -> tuple[Floats, Floats, Crs, int]:
    """Places, heights, the system of the places, and the column of the heights."""
    height = content.places(_HEIGHT)
    degrees, plane = content.places(_DEGREES), content.places(_PLANE)
    header = ", ".join(content.header)
    if not height:
        raise InputError(
            f"{content.where}: no column for the heights in the header {header!r}; call it height"
        )
    if len(degrees) < 2 and len(plane) < 2:
        raise InputError(
            f"{content.where}: no columns for the places in {header!r}; call them longitude, latitude, or "
            "easting, northing"
        )
    geographic = len(degrees) == 2
    columns = {**(degrees if geographic else plane), **height}
    places, heights = [], []
    for where, cells in content.records(columns):
        text = cells["height"].strip()
        heights.append(np.nan if text.lower() in _UNKNOWN else as_number(text, f"{where}, height"))
        places.append(_place(cells, where, geographic=geographic))
    system = _system(content, crs, geographic=geographic)
    return np.array(places).reshape(-1, 2), np.array(heights), system, height["height"]


def _place(cells: dict[str, str], where: str, *, geographic: bool) -> list[float]:
    if geographic:
        axes = (("x", "longitude"), ("y", "latitude"))
        return [as_angle_deg(cells[name], where, axis=axis) for name, axis in axes]
    return [as_number(cells[name], f"{where}, {name}") for name in ("x", "y")]


def _system(content: Table, crs: str | None, *, geographic: bool) -> Crs:
    given = None if crs is None else Crs.parse(crs)
    if given is not None and content.crs is not None:
        require_same(given, content.crs, names=("--crs", content.where))
    system = given or content.crs
    if system is None and not geographic:
        raise InputError(
            f"{content.where} does not name the system of easting and northing; give it with --crs"
        )
    if system is None or (geographic and not system.is_geographic):
        return Crs.parse("OGC:CRS84")
    return system
