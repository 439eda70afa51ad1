"""Vertical systems: heights above an ellipsoid, a geoid or a national zero, brought from one to another.

>>> from whence.maps.heights import vertical
>>> vertical.transform(lonlat, heights_m, source="EPSG:4979", target="EPSG:5773")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.maps.heights.vertical.operation import VerticalOperation, find_operation
    from whence.maps.heights.vertical.raster_file import transform_raster
    from whence.maps.heights.vertical.systems import (
        VerticalSystem,
        check_same_vertical,
        vertical_of,
        vertical_system,
    )
    from whence.maps.heights.vertical.table_file import transform_table
    from whence.maps.heights.vertical.transforming import Moved, transform
    from whence.maps.heights.vertical.zeros import ZEROS, Zero

__all__ = [
    "ZEROS",
    "Moved",
    "VerticalOperation",
    "VerticalSystem",
    "Zero",
    "check_same_vertical",
    "find_operation",
    "transform",
    "transform_raster",
    "transform_table",
    "vertical_of",
    "vertical_system",
]

_HOMES = {
    "ZEROS": "zeros",
    "Moved": "transforming",
    "VerticalOperation": "operation",
    "VerticalSystem": "systems",
    "Zero": "zeros",
    "check_same_vertical": "systems",
    "find_operation": "operation",
    "transform": "transforming",
    "transform_raster": "raster_file",
    "transform_table": "table_file",
    "vertical_of": "systems",
    "vertical_system": "systems",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
