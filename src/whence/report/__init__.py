"""Results for people and for other programs: a map page in one file, GeoJSON.

Names are imported when first used, so that importing the package loads neither templates nor geometry.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whence.report.geojson import write_geojson
    from whence.report.page import write_map

_HOMES = {"write_geojson": "whence.report.geojson", "write_map": "whence.report.page"}

__all__ = ["write_geojson", "write_map"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
