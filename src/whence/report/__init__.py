"""Results for people and for other programs: a map page in one file, GeoJSON.

Names are imported when first used, so that importing the package loads neither templates nor geometry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.report.geojson import write_geojson
    from whence.report.page import write_map

_HOMES = {"write_geojson": "geojson", "write_map": "page"}

__all__ = ["write_geojson", "write_map"]

__getattr__, __dir__ = exports(__name__, _HOMES)
