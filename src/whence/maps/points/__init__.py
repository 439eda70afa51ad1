"""Control points in and out: QGIS, CSV, GDAL, IIIF annotations, GeoJSON, world files.

>>> from whence.maps.points import read_points
>>> points = read_points("sheet.jpg.points", crs="EPSG:2392")          # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whence.maps.points.control import ControlPoints
    from whence.maps.points.faults import Fault
    from whence.maps.points.iiif import Annotation
    from whence.maps.points.reading import read_annotations, read_points
    from whence.maps.points.writing import write_points

__all__ = ["Annotation", "ControlPoints", "Fault", "read_annotations", "read_points", "write_points"]

_HOMES = {
    "Annotation": "iiif",
    "ControlPoints": "control",
    "Fault": "faults",
    "read_annotations": "reading",
    "read_points": "reading",
    "write_points": "writing",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
