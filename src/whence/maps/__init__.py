"""Old maps: from a scan with a few points to a georeferenced sheet with an honest accuracy.

>>> from whence import maps
>>> sheet = maps.fit(maps.read_points("sheet.jpg.points"), kind="affine")  # doctest: +SKIP
>>> sheet.quality.leave_one_out_rmse_m, sheet.predicted_radius_m([2000, 1500])  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.maps import heights, landmarks, points, scan, sheets, transforms
    from whence.maps.fitting import MapFit, fit
    from whence.maps.points.control import ControlPoints
    from whence.maps.points.reading import read_points
    from whence.maps.points.writing import write_points
    from whence.maps.recipe import Recipe
    from whence.maps.recommendation import Recommendation, recommend
    from whence.maps.records import read_record
    from whence.maps.warping.sheet import warp

__all__ = [
    "ControlPoints",
    "MapFit",
    "Recipe",
    "Recommendation",
    "fit",
    "heights",
    "landmarks",
    "points",
    "read_points",
    "read_record",
    "recommend",
    "scan",
    "sheets",
    "transforms",
    "warp",
    "write_points",
]

# Names are imported when first used: shapely, pyproj and scipy are slow to load.
_HOMES = {
    "ControlPoints": "points.control",
    "MapFit": "fitting",
    "Recipe": "recipe",
    "Recommendation": "recommendation",
    "fit": "fitting",
    "read_points": "points.reading",
    "read_record": "records",
    "recommend": "recommendation",
    "warp": "warping.sheet",
    "write_points": "points.writing",
}
_PACKAGES = ("heights", "landmarks", "points", "scan", "sheets", "transforms")

__getattr__, __dir__ = exports(__name__, _HOMES, modules=_PACKAGES)
