"""Tables of landmarks: CSV with names and pixels, and JSON of automatic points with their names."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.errors import InputError, NotFoundError
from whence.maps.landmarks.landmark import Landmark, Landmarks
from whence.maps.points.lists import Table, decoded
from whence.maps.points.numbers import as_number

if TYPE_CHECKING:
    from whence.typing import PathLike

__all__ = ["landmarks_of_json", "read_landmarks", "write_landmarks"]

_COLUMNS = {
    "name": ("name", "label", "landmark", "place", "toponym"),
    "column": ("column", "col", "pixel_x", "px", "x", "pixel"),
    "row": ("row", "line", "pixel_y", "py", "y"),
    "spread_px": ("spread_px", "spread", "sigma_px", "uncertainty_px"),
    "along_columns": ("along_columns",),
    "along_rows": ("along_rows",),
}


def read_landmarks(path: PathLike, *, size_px: tuple[int, int] | None = None) -> Landmarks:
    """Read the landmarks of a scan.

    Parameters
    ----------
    path
        CSV with the columns ``name, column, row`` and perhaps ``spread_px, along_columns, along_rows``; or
        the JSON of one map with automatic points:
        ``{"width", "height", "gcps": [[column, row, longitude, latitude, names], …]}``.
    size_px
        Width and height of the scan; those of the JSON when not given.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it is neither, a line cannot be read, or landmarks lie off the scan.
    """
    file = Path(path)
    if not file.is_file():
        raise NotFoundError(f"no file {file}; name a CSV with name, column, row")
    text = decoded(file)
    if text.lstrip()[:1] in ("{", "["):
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError(f"{file} is broken JSON: {error}") from error
        return landmarks_of_json(content, where=str(file), size_px=size_px)
    return _of_table(Table.of(text, str(file)), size_px)


def write_landmarks(path: PathLike, landmarks: Landmarks) -> None:
    """Write landmarks as a CSV that `read_landmarks` reads, whole or not at all."""
    from whence.imagery.atomic import atomic_path

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "column", "row", "spread_px", "along_columns", "along_rows"])
    for item in landmarks.items:
        writer.writerow([item.name, *item.pixel, item.spread_px, *item.along_px])
    with atomic_path(path) as beside:
        beside.write_text(text.getvalue(), "utf-8", newline="\n")


def landmarks_of_json(
    content: Any, *, where: str = "the map", size_px: tuple[int, int] | None = None
) -> Landmarks:
    """Take the names and pixels of one map with automatic points; the places they give are not used.

    Raises
    ------
    InputError
        When it is not of this form, or describes several maps.
    """
    if isinstance(content, list):
        if len(content) != 1:
            raise InputError(f"{where} describes {len(content)} maps; give one of them")
        content = content[0]
    if not isinstance(content, dict) or not isinstance(content.get("gcps"), list):
        raise InputError(f'{where}: no list "gcps" of [column, row, longitude, latitude, names]')
    items = []
    for number, row in enumerate(content["gcps"], start=1):
        try:
            column, line, _, _, names = row
            items.append(Landmark(str(names), (float(column), float(line))))
        except (TypeError, ValueError) as error:
            raise InputError(f"{where}, point {number}: {row!r} is no landmark ({error})") from error
    if size_px is None and content.get("width") and content.get("height"):
        size_px = (int(content["width"]), int(content["height"]))
    return Landmarks(tuple(items), size_px)


def _of_table(table: Table, size_px: tuple[int, int] | None) -> Landmarks:
    places = table.places(_COLUMNS)
    lacking = [name for name in ("name", "column", "row") if name not in places]
    if lacking:
        raise InputError(
            f"{table.where}: no column {', '.join(lacking)} in the header {', '.join(table.header)!r}; "
            "landmarks need name, column, row"
        )
    items = []
    for where, cells in table.records(places):
        if not cells["name"].strip():
            raise InputError(f"{where}: no name; give one or leave the line out")
        spread, along_x, along_y = (
            as_number(text, f"{where}, {column}") if (text := cells.get(column, "").strip()) else 0.0
            for column in ("spread_px", "along_columns", "along_rows")
        )
        items.append(
            Landmark(
                cells["name"].strip(),
                (as_number(cells["column"], f"{where}, column"), as_number(cells["row"], f"{where}, row")),
                spread,
                (along_x, along_y),
            )
        )
    return Landmarks(tuple(items), size_px)
