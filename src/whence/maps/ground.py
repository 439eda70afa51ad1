"""Metres on the ground for one unit of a sheet's coordinates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyproj

if TYPE_CHECKING:
    from whence.earth.crs import Crs
    from whence.typing import Floats

__all__ = ["metres_per_unit", "scale_about"]

_MAJOR_M = 6_378_137.0  # WGS 84
_ECCENTRICITY2 = 0.006_694_379_990_141


def metres_per_unit(crs: Crs | None, world: Floats) -> Floats:
    """Tell how many metres on the ground one unit east and one unit north are.

    For degrees these are the lengths of a degree on WGS 84 at each point. For a plane they are its unit over
    the scale of the projection in the middle of the points, which matters where that is far from 1: a metre
    of web Mercator is half a metre in Helsinki.

    Parameters
    ----------
    crs
        The system of `world`; None where it is not known, and its unit then stands for the metre.
    world
        (n, 2) easting, northing (or longitude, latitude).

    Returns
    -------
    Floats
        (n, 2) metres per unit of the first and of the second coordinate.

    Examples
    --------
    >>> from whence.earth import Crs
    >>> metres_per_unit(Crs.parse("OGC:CRS84"), np.array([[25.0, 60.0]])).round()
    array([[ 55800., 111412.]])
    """
    if crs is None:
        return np.ones_like(world)
    if crs.is_geographic:
        return _degrees_m(world[:, 1])
    return np.full_like(world, crs.units_m / _projection_scale(crs, world))


def scale_about(crs: Crs | None, world: Floats) -> Callable[[Floats], Floats]:
    """Return the metres per unit, (m, 2), at (m, 2) places as a function; a plane has that of `world`."""
    if crs is None or crs.is_geographic:
        return lambda places: metres_per_unit(crs, places)
    scale = metres_per_unit(crs, world)[0]
    return lambda places: np.broadcast_to(scale, places.shape)


def _degrees_m(latitude_deg: Floats) -> Floats:
    latitude = np.deg2rad(latitude_deg)
    shrink = 1 - _ECCENTRICITY2 * np.sin(latitude) ** 2
    east = _MAJOR_M / np.sqrt(shrink) * np.cos(latitude)
    north = _MAJOR_M * (1 - _ECCENTRICITY2) / shrink**1.5
    return np.deg2rad(np.stack([east, north], axis=-1))


def _projection_scale(crs: Crs, world: Floats) -> float:
    """Root of the areal scale in the middle; 1 where PROJ knows none (local and engineering systems)."""
    projection = pyproj.Proj(crs.wkt)
    middle = world.mean(axis=0)
    longitude, latitude = projection(middle[0], middle[1], inverse=True)
    if not (np.isfinite(longitude) and np.isfinite(latitude)):
        return 1.0
    scale = float(projection.get_factors(longitude, latitude).areal_scale)
    return float(np.sqrt(scale)) if np.isfinite(scale) and scale > 0 else 1.0
