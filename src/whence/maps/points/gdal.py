"""Control points as GDAL has them: ``-gcp`` lists, VRT files, and those embedded in a TIFF."""

from __future__ import annotations

import shlex
import warnings
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np

from whence.earth.crs import Crs
from whence.errors import InputError, NotAnImageError
from whence.maps.points.control import ControlPoints
from whence.maps.points.numbers import as_number

if TYPE_CHECKING:
    from pathlib import Path

    from whence.typing import Floats

__all__ = ["corner_points", "gcp_list_points", "gcp_list_text", "tiff_points", "vrt_points"]

_NORTH_UP_NOTHING = (0.0, 1.0, 0.0, 0.0, 0.0, 1.0)  # GDAL's answer where nothing is known


def gcp_list_points(text: str, *, source: Path | None = None) -> ControlPoints:
    """Read ``-gcp pixel line easting northing [elevation]`` options, as for gdal_translate.

    Other words, such as the name of the program and its files, are passed over, except ``-a_srs`` (or
    ``-t_srs``), which names the coordinate system. Elevations are not part of a plane transform.

    Raises
    ------
    InputError
        When there is no ``-gcp``, or one of them lacks numbers.

    Examples
    --------
    >>> gcp_list_points("gdal_translate -a_srs EPSG:2392 -gcp 607 473 2557000 6786000 a.jpg b.tif").world
    array([[2557000., 6786000.]])
    """
    where = str(source or "the list")
    words = shlex.split(text.replace("\\\n", " ").replace("^\n", " "))
    values: list[list[float]] = []
    for start in (place for place, word in enumerate(words) if word == "-gcp"):
        numbers = words[start + 1 : start + 5]
        if len(numbers) < 4:
            raise InputError(f"{where}: '-gcp {' '.join(numbers)}' lacks numbers; it takes pixel line x y")
        values.append([as_number(word, f"{where}, -gcp number {len(values) + 1}") for word in numbers])
    if not values:
        raise InputError(f"{where}: no -gcp in it; write -gcp pixel line easting northing for every point")
    systems = [after for word, after in pairwise(words) if word in ("-a_srs", "-t_srs")]
    table = np.array(values)
    return ControlPoints(
        table[:, :2], table[:, 2:], crs=Crs.parse(systems[0]) if systems else None, source=source
    )


def gcp_list_text(points: ControlPoints) -> str:
    """Write the enabled points as ``-gcp`` options, one on each line; GDAL has no disabled ones."""
    used = points.active
    head = [f"-a_srs {shlex.quote(used.crs.code or used.crs.wkt)}"] if used.crs else []
    rows = [
        f"-gcp {column!r} {row!r} {x!r} {y!r}"
        for (column, row), (x, y) in zip(used.pixels.tolist(), used.world.tolist(), strict=True)
    ]
    return "\n".join([*head, *rows]) + "\n"


def vrt_points(text: str, *, source: Path | None = None) -> ControlPoints:
    """Read the control points of a GDAL virtual raster, or the corners of one that has a geotransform.

    Raises
    ------
    InputError
        When it is no well-formed VRT, declares a document type, or has neither.
    """
    where = str(source or "the VRT")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InputError(f"{where} declares a document type, which no VRT needs; remove it")
    try:
        root = ET.fromstring(text)  # noqa: S314 - entities were refused above
    except ET.ParseError as error:
        raise InputError(f"{where} is no well-formed VRT: {error}") from error
    listed = root.find("GCPList")
    if root.tag != "VRTDataset" or (listed is None and root.find("GeoTransform") is None):
        raise InputError(
            f"{where} has no control points (GCPList) and no GeoTransform; give the points apart"
        )
    if listed is None:
        numbers = (root.findtext("GeoTransform") or "").split(",")
        geotransform = [as_number(number, f"{where}, GeoTransform") for number in numbers]
        size = [
            int(as_number(root.get(name, ""), f"{where}, {name}")) for name in ("rasterXSize", "rasterYSize")
        ]
        system = (root.findtext("SRS") or "").strip()
        return _corners(geotransform, (size[0], size[1]), crs=system, source=source)
    values = [
        [
            as_number(point.get(name, ""), f"{where}, GCP {number}, {name}")
            for name in ("Pixel", "Line", "X", "Y")
        ]
        for number, point in enumerate(listed.iter("GCP"), 1)
    ]
    table = np.array(values, dtype=np.float64).reshape(-1, 4)
    names = tuple(point.get("Id") or str(number) for number, point in enumerate(listed.iter("GCP"), 1))
    system = (listed.get("Projection") or "").strip()
    return ControlPoints(
        table[:, :2], table[:, 2:], crs=Crs.parse(system) if system else None, names=names, source=source
    )


def tiff_points(path: Path) -> ControlPoints:
    """Read the control points embedded in a raster, or the corners of one that is georeferenced.

    Raises
    ------
    NotAnImageError
        When GDAL cannot open it.
    InputError
        When it has neither.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # told below, as an error
        try:
            with rasterio.open(path) as raster:
                (found, system), own = raster.gcps, raster.crs
                geotransform, size = raster.transform.to_gdal(), (raster.width, raster.height)
        except RasterioIOError as error:
            raise NotAnImageError(f"{path} cannot be opened as a raster: {error}") from error
    if not found and tuple(geotransform) == _NORTH_UP_NOTHING:
        raise InputError(f"{path} is not georeferenced and has no control points; give them in a file apart")
    if not found:
        return _corners(list(geotransform), size, crs=own.to_wkt() if own else "", source=path)
    return ControlPoints(
        np.array([[point.col, point.row] for point in found]),
        np.array([[point.x, point.y] for point in found]),
        crs=Crs.parse(system.to_wkt()) if system else None,
        names=tuple(point.id if _is_name(point.id) else str(number) for number, point in enumerate(found, 1)),
        source=path,
    )


def corner_points(
    matrix: Floats, size_px: tuple[int, int], *, crs: Crs | None = None, source: Path | None = None
) -> ControlPoints:
    """Turn an affine georeference into the four corners of its scan.

    Parameters
    ----------
    matrix
        (2, 3) easting and northing of (column, row, 1), for outer corners of pixels.
    size_px
        Width, height.
    crs, source
        As for `ControlPoints`.
    """
    width, height = size_px
    pixels = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
    world = pixels @ matrix[:, :2].T + matrix[:, 2]
    names = ("top left", "top right", "bottom right", "bottom left")
    return ControlPoints(pixels, world, crs=crs, names=names, source=source)


def _corners(
    geotransform: list[float], size_px: tuple[int, int], *, crs: str, source: Path | None
) -> ControlPoints:
    if len(geotransform) != 6:
        raise InputError(f"{source}: a GeoTransform has 6 numbers, not {len(geotransform)}")
    x, by_column, by_row, y, y_by_column, y_by_row = geotransform
    matrix = np.array([[by_column, by_row, x], [y_by_column, y_by_row, y]])
    return corner_points(matrix, size_px, crs=Crs.parse(crs) if crs else None, source=source)


def _is_name(identifier: Any) -> bool:
    """Tell whether an identifier was given, rather than made up by the library that reads it."""
    return bool(identifier) and not (len(str(identifier)) == 36 and str(identifier).count("-") == 4)
