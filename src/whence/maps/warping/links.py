"""Georeferences that leave the scan as it is: a VRT with its control points, a world file beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pyproj

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.imagery.atomic import atomic_path
from whence.imagery.raster import open_raster

if TYPE_CHECKING:
    from whence.maps.points import ControlPoints
    from whence.maps.transforms import Transform
    from whence.typing import PathLike

__all__ = ["write_gcp_vrt", "write_world_file"]

_STRAIGHT_PX = 1e-3


def write_gcp_vrt(scan: PathLike, points: ControlPoints, out: PathLike) -> Path:
    """Write a VRT: the scan with its enabled control points, for GDAL and QGIS.

    Parameters
    ----------
    scan
        Any raster; it is referred to, not copied.
    points
        Its control points, with their coordinate system.
    out
        The VRT.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    InputError
        When no point is enabled, their coordinate system is not known, or the place cannot be written to.
    """
    active = points.active
    if points.crs is None:
        raise InputError("the coordinate system of the control points is not known; a VRT needs it")
    if not len(active):
        raise InputError("no control point is enabled, so there is nothing to write into a VRT")
    with atomic_path(out) as beside:
        _write_source(Path(scan), beside, target=Path(out))
        tree = ET.parse(beside)  # noqa: S314 - written by GDAL a moment ago
        tree.getroot().insert(0, _gcp_list(active, Crs.parse(points.crs)))
        tree.write(beside, encoding="utf-8")
    return Path(out)


def write_world_file(scan: PathLike, transform: Transform) -> Path:
    """Write the six numbers of an affine transform beside its scan.

    Parameters
    ----------
    scan
        The raster, such as ``map.tif``; the world file is ``map.tfw``. It cannot say the coordinate system.
    transform
        A similarity, an affine, or whatever is as straight as one on this scan.

    Returns
    -------
    Path
        The world file.

    Raises
    ------
    InputError
        When the transform is no affine: a world file cannot say it.
    """
    source = Path(scan)
    with open_raster(source) as reader:
        width, height = reader.raster.width, reader.raster.height
    center, right, down = transform.to_world(np.array([[0.5, 0.5], [width + 0.5, 0.5], [0.5, height + 0.5]]))
    per_column, per_row = (right - center) / width, (down - center) / height
    share = np.stack(np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 9)), axis=-1).reshape(-1, 2)
    pixels = share * [width, height] + 0.5
    straight = center + (pixels - 0.5) @ np.stack([per_column, per_row])
    off = float(np.abs(transform.to_pixels(straight) - pixels).max())
    if not off <= _STRAIGHT_PX:
        raise InputError(
            f"a world file can only hold an affine transform; this one ({transform.kind}) bends by {off:.3g} "
            "pixels; warp the scan instead, or write a VRT with its control points"
        )
    numbers = [per_column[0], per_column[1], per_row[0], per_row[1], center[0], center[1]]
    target = source.with_suffix(_world_suffix(source.suffix))
    with atomic_path(target) as beside:
        beside.write_text("".join(f"{float(number)!r}\n" for number in numbers), encoding="ascii")
    return target


def _world_suffix(suffix: str) -> str:
    """First and last letter and a w: .tif has .tfw, .jpeg has .jgw."""
    letters = suffix.lstrip(".")
    return f".{letters[0]}{letters[-1]}w" if len(letters) >= 2 else ".wld"


def _write_source(scan: Path, beside: Path, *, target: Path) -> None:
    from rasterio import shutil
    from rasterio.errors import RasterioError

    with open_raster(scan):  # says what is wrong with it in words
        pass
    try:
        shutil.copy(str(scan.resolve()), str(beside), driver="VRT")
    except RasterioError as error:
        raise InputError(f"{target} cannot be written ({error})") from error


def _gcp_list(points: ControlPoints, crs: Crs) -> ET.Element:
    """Give GDAL's element; its mapping says that X is easting, also where northing comes first."""
    northing_first = pyproj.CRS.from_wkt(crs.wkt).axis_info[0].direction in ("north", "south")
    mapping = "2,1" if northing_first else "1,2"
    element = ET.Element("GCPList", {"Projection": crs.wkt, "dataAxisToSRSAxisMapping": mapping})
    for name, pixel, world in zip(points.names, points.pixels, points.world, strict=True):
        numbers = {"Pixel": pixel[0], "Line": pixel[1], "X": world[0], "Y": world[1]}
        attributes = {key: repr(float(number)) for key, number in numbers.items()}
        ET.SubElement(element, "GCP", {"Id": name, **attributes})
    return element
