"""Control points into files that other programs read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from whence.errors import InputError
from whence.imagery.atomic import atomic_path
from whence.maps.points.gdal import gcp_list_text
from whence.maps.points.geojson import points_geojson
from whence.maps.points.iiif import annotation_json
from whence.maps.points.qgis import qgis_text
from whence.maps.points.table import csv_text

if TYPE_CHECKING:
    from whence.maps.points.control import ControlPoints
    from whence.typing import PathLike

__all__ = ["PointsFormat", "write_points"]

PointsFormat = Literal["qgis", "csv", "gdal", "geojson", "iiif"]
"""Formats that can be written."""

_SUFFIXES: dict[str, PointsFormat] = {
    ".points": "qgis",
    ".csv": "csv",
    ".txt": "gdal",
    ".geojson": "geojson",
    ".json": "iiif",
}


def write_points(
    path: PathLike,
    points: ControlPoints,
    *,
    format: PointsFormat | None = None,  # noqa: A002 - the name that users expect
    resource: str | None = None,
    size_px: tuple[int, int] | None = None,
) -> None:
    """Write control points to a file, whole or not at all.

    Parameters
    ----------
    path
        The file to make or replace.
    points
        What to write. GDAL's options and annotations take the enabled ones only.
    format
        By the suffix when not given: ``.points``, ``.csv``, ``.txt`` (options for GDAL), ``.geojson``,
        ``.json`` (IIIF annotation).
    resource, size_px
        For an annotation: identifier of the scan's image service; its width and height.

    Raises
    ------
    InputError
        When the format is not known, something that it needs is missing, or the disk is full.
    """
    chosen = format or _SUFFIXES.get(Path(path).suffix.lower())
    if chosen is None or chosen not in get_args(PointsFormat):
        raise InputError(
            f"{path}: the suffix names no format of control points; take one of {', '.join(_SUFFIXES)}, or "
            f"name the format: {', '.join(get_args(PointsFormat))}"
        )
    text = _text(points, chosen, resource, size_px)
    with atomic_path(path) as beside:
        beside.write_text(text, "utf-8", newline="\n")


def _text(
    points: ControlPoints, chosen: PointsFormat, resource: str | None, size_px: tuple[int, int] | None
) -> str:
    if chosen == "qgis":
        return qgis_text(points)
    if chosen == "csv":
        return csv_text(points)
    if chosen == "gdal":
        return gcp_list_text(points)
    if chosen == "geojson":
        return json.dumps(points_geojson(points), indent=1, ensure_ascii=False) + "\n"
    if resource is None or size_px is None:
        raise InputError("an annotation needs the identifier (resource) and the size (size_px) of the scan")
    return json.dumps(annotation_json(points, resource=resource, size_px=size_px), indent=1) + "\n"
