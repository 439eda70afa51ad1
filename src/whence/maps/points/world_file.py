"""World files: six lines beside a scan (``.jgw``, ``.tfw``, ``.wld``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError
from whence.imagery.opening import opened
from whence.maps.points.gdal import corner_points
from whence.maps.points.numbers import as_number

if TYPE_CHECKING:
    from pathlib import Path

    from whence.maps.points.control import ControlPoints

__all__ = ["WORLD_SUFFIXES", "world_file_points"]

WORLD_SUFFIXES = {".jgw": (".jpg", ".jpeg"), ".pgw": (".png",), ".tfw": (".tif", ".tiff"), ".gfw": (".gif",)}
"""Suffix of a world file -> those of the scan; ``.wld`` goes with all."""

_LARGEST_PX = 10**11
_ANY = tuple(suffix for suffixes in WORLD_SUFFIXES.values() for suffix in suffixes)


def world_file_points(
    text: str, *, source: Path | None = None, size_px: tuple[int, int] | None = None
) -> ControlPoints:
    """Turn a world file into the four corners of its scan.

    Its six numbers are, in this order, the easting and northing that one column adds, those that one row
    adds, and those of the centre (not the corner) of the top-left pixel.

    Parameters
    ----------
    text
        Its content.
    source
        Where it comes from; the scan is looked for beside it.
    size_px
        Width and height of the scan, where it is not beside the file.

    Raises
    ------
    InputError
        When there are not six numbers, or the size of the scan is not known.

    Examples
    --------
    >>> world_file_points("10\\n0\\n0\\n-10\\n500005\\n5999995\\n", size_px=(100, 50)).world[2].tolist()
    [501000.0, 5999500.0]
    """
    where = str(source or "the world file")
    lines = text.split()
    if len(lines) != 6:
        raise InputError(f"{where}: a world file has 6 numbers, this has {len(lines)}")
    numbers = [as_number(line, f"{where}, line {number}") for number, line in enumerate(lines, 1)]
    linear = np.array([[numbers[0], numbers[2]], [numbers[1], numbers[3]]])
    corner = np.array(numbers[4:]) - linear @ (0.5, 0.5)
    size = size_px or _size_beside(source, where)
    return corner_points(np.column_stack([linear, corner]), size, source=source)


def _size_beside(source: Path | None, where: str) -> tuple[int, int]:
    if source is not None:
        suffixes = WORLD_SUFFIXES.get(source.suffix.lower(), _ANY)
        scans = [source.with_suffix(suffix) for suffix in (*suffixes, *map(str.upper, suffixes))]
        scan = next((path for path in scans if path.is_file()), None)
        if scan is not None:
            with opened(scan, max_pixels=_LARGEST_PX) as picture:  # only its header is read
                return picture.size
    raise InputError(
        f"{where}: its scan is not beside it; give the size of the scan as size_px=(width, height)"
    )
