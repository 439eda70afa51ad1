"""Control points from files, whatever program wrote them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from whence.errors import InputError, NotFoundError
from whence.maps.points.gdal import gcp_list_points, tiff_points, vrt_points
from whence.maps.points.geojson import geojson_points
from whence.maps.points.iiif import Annotation, is_annotation, parse_annotations
from whence.maps.points.lists import decoded
from whence.maps.points.qgis import qgis_points
from whence.maps.points.table import csv_points
from whence.maps.points.world_file import WORLD_SUFFIXES, world_file_points

if TYPE_CHECKING:
    from typing import Any

    from whence.maps.points.control import ControlPoints
    from whence.maps.points.qgis import RowDirection
    from whence.typing import PathLike

__all__ = ["read_annotations", "read_points"]

_RASTERS = {".tif", ".tiff", ".img", ".jp2"}
_WORLD = {*WORLD_SUFFIXES, ".wld"}


def read_points(
    path: PathLike,
    *,
    crs: Any = None,
    rows: RowDirection = "auto",
    size_px: tuple[int, int] | None = None,
) -> ControlPoints:
    """Read control points from a file.

    QGIS' ``.points``, CSV with a header, GDAL's ``-gcp`` options in a text file, GDAL's VRT, the points (or
    georeference) embedded in a TIFF, IIIF georeference annotations and Allmaps' maps, GeoJSON, and world
    files are recognised by suffix and content. An affine georeference becomes the four corners of its scan.

    Parameters
    ----------
    path
        The file.
    crs
        Coordinate system of the places, for files that do not say it: anything `whence.earth.Crs.parse`
        reads.
    rows
        For ``.points`` files: which way they count rows.
    size_px
        For world files: width and height of the scan, where it is not beside.

    Returns
    -------
    ControlPoints
        In pixels with rows growing downward; ``crs`` is None where nothing said it.

    Raises
    ------
    NotFoundError
        When the file is not there.
    InputError
        When its format is not known, a line cannot be read, or it says another coordinate system.
    """
    file = _existing(path)
    points = _recognised(file, rows, size_px)
    return points if crs is None else points.with_crs(crs)


def read_annotations(path: PathLike, *, strict: bool = True) -> list[Annotation]:
    """Read IIIF georeference annotations with their masks, and look them over.

    Parameters
    ----------
    path
        A JSON file: an annotation, a page of them, or a map of Allmaps' editor.
    strict
        Refuse those with serious faults; otherwise the faults are only listed with each.

    Raises
    ------
    InputError
        When it is none, or has serious faults; all of them are told.
    """
    file = _existing(path)
    content = _json(decoded(file), file)
    if not is_annotation(content):
        raise InputError(f"{file} is no georeference annotation")
    return parse_annotations(content, source=file, strict=strict)


def _recognised(file: Path, rows: RowDirection, size_px: tuple[int, int] | None) -> ControlPoints:
    suffix = file.suffix.lower()
    if suffix in _RASTERS:
        return tiff_points(file)
    text = decoded(file)
    if suffix in _WORLD:
        return world_file_points(text, source=file, size_px=size_px)
    start = text.lstrip()[:1]
    if start == "{":
        return _from_json(_json(text, file), file)
    if start == "<":
        return vrt_points(text, source=file)
    if "-gcp" in text:
        return gcp_list_points(text, source=file)
    if suffix == ".points" or "mapx" in text[:4000].lower():
        return qgis_points(text, source=file, rows=rows)
    return csv_points(text, source=file)


def _from_json(content: Any, file: Path) -> ControlPoints:
    if not is_annotation(content):
        return geojson_points(content, source=file)
    found = parse_annotations(content, source=file, strict=False)
    if len(found) > 1:
        raise InputError(
            f"{file} describes {len(found)} scans; whence.maps.points.read_annotations gives them one by one"
        )
    return found[0].points


def _existing(path: PathLike) -> Path:
    file = Path(path)
    if file.is_dir():
        raise InputError(f"{file} is a folder; name the file with the control points")
    if not file.exists():
        raise NotFoundError(f"no file {file}; name the file with the control points")
    return file


def _json(text: str, file: Path) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{file} is broken JSON: {error}") from error
