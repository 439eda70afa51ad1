"""A plane in which a sheet is about similar to the ground, whatever system its points are in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.earth.sphere import geometric_median
from whence.earth.tangent import TangentPlane

if TYPE_CHECKING:
    from whence.earth.crs import Crs
    from whence.typing import Floats

__all__ = ["in_plane"]


def in_plane(crs: Crs | None, world: Floats, *, origin: Floats | None = None) -> Floats:
    """Bring world coordinates into a plane.

    Projected coordinates stay as they are. Longitudes and latitudes become metres east and north of their
    geometric median, which a few wrong points do not move.

    Parameters
    ----------
    crs
        System of the coordinates; None for an unknown plane.
    world
        (n, 2) easting, northing or longitude, latitude.
    origin
        (2,) longitude, latitude of the middle of the plane; the median of `world` when None.

    Returns
    -------
    Floats
        (n, 2); for positions that are none (a latitude of 120 degrees) far away from everything.
    """
    if crs is None or not crs.is_geographic:
        return world
    possible = (np.abs(world[:, 0]) <= 180) & (np.abs(world[:, 1]) <= 90)
    out = np.full_like(world, _NOWHERE_M)
    if possible.any():
        middle = geometric_median(world[possible]) if origin is None else origin
        out[possible] = TangentPlane(middle).to_enu(world[possible])
    return out


_NOWHERE_M = 1e8
