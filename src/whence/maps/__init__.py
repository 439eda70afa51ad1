"""Old maps: from a scan with a few points to a georeferenced sheet with an honest accuracy.

>>> from whence.maps import read_points, transforms
>>> points = read_points("sheet.jpg.points").active                    # doctest: +SKIP
>>> sheet = transforms.fit(points.pixels, points.world, kind="affine")  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whence.maps import points, transforms
    from whence.maps.points.control import ControlPoints
    from whence.maps.points.reading import read_points

__all__ = ["ControlPoints", "points", "read_points", "transforms"]

# Names are imported when first used: shapely, pyproj and scipy are slow to load.
_HOMES = {"ControlPoints": "points.control", "read_points": "points.reading"}
_MODULES = frozenset({"points", "transforms"})


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
