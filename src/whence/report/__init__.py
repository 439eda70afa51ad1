"""Results for people and for other programs: a map page in one file, the report of a sheet, GeoJSON.

Names are imported when first used, so that importing the package loads neither templates nor geometry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.report.geojson import write_geojson
    from whence.report.height_page import HeightChapter, write_height_report
    from whence.report.map_sheet import write_sheet_report
    from whence.report.page import write_map

_HOMES = {
    "HeightChapter": "height_page",
    "write_geojson": "geojson",
    "write_height_report": "height_page",
    "write_map": "page",
    "write_sheet_report": "map_sheet",
}

__all__ = ["HeightChapter", "write_geojson", "write_height_report", "write_map", "write_sheet_report"]

__getattr__, __dir__ = exports(__name__, _HOMES)
