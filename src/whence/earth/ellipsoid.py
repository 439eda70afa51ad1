"""The Earth as the WGS 84 ellipsoid: geodesics, where metres within a city are reported."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from pyproj import Geod

from whence.earth.points import as_lonlat
from whence.errors import InputError

if TYPE_CHECKING:
    from whence.typing import ArrayLike, Floats

__all__ = ["geodesic_bearing_deg", "geodesic_destination", "geodesic_distance_m", "geodesic_inverse"]


def geodesic_distance_m(a: ArrayLike, b: ArrayLike) -> Floats:
    """Length of the geodesic on WGS 84 (Karney 2013, "Algorithms for geodesics"), good to nanometres.

    Parameters
    ----------
    a, b
        (..., 2) longitude, latitude, degrees; they broadcast.

    Returns
    -------
    Floats
        (...) metres.

    Raises
    ------
    InputError
        When a position is not one, or the shapes do not broadcast.

    Examples
    --------
    >>> round(float(geodesic_distance_m([0.0, 0.0], [1.0, 0.0])), 1)
    111319.5
    """
    return geodesic_inverse(a, b)[1]


def geodesic_bearing_deg(a: ArrayLike, b: ArrayLike) -> Floats:
    """Direction in which the geodesic from `a` to `b` sets out.

    Parameters
    ----------
    a, b
        (..., 2) longitude, latitude, degrees; they broadcast.

    Returns
    -------
    Floats
        (...) degrees clockwise from north, in [0, 360); for a point itself any direction is right.
    """
    return geodesic_inverse(a, b)[0]


def geodesic_inverse(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    """Direction and length of the geodesic from `a` to `b`, in one go.

    Parameters
    ----------
    a, b
        (..., 2) longitude, latitude, degrees; they broadcast.

    Returns
    -------
    tuple of Floats
        As `geodesic_bearing_deg` and `geodesic_distance_m`.
    """
    start, end = as_lonlat(a, "a"), as_lonlat(b, "b")
    shape, columns = _columns(start[..., 0], start[..., 1], end[..., 0], end[..., 1])
    x, y, end_x, end_y = columns
    azimuth, _, distance = _wgs84().inv(x, y, end_x, end_y)
    bearing = np.remainder(np.asarray(azimuth), 360.0)
    bearing = np.where(bearing >= 360.0, 0.0, bearing)  # the remainder of -1e-17 rounds up
    return bearing.reshape(shape), np.asarray(distance).reshape(shape)


def geodesic_destination(start: ArrayLike, bearing_deg: ArrayLike, distance_m: ArrayLike) -> Floats:
    """Where a geodesic on WGS 84 leads.

    Parameters
    ----------
    start
        (..., 2) longitude, latitude, degrees.
    bearing_deg
        (...) degrees clockwise from north.
    distance_m
        (...) metres; negative walks backwards.

    Returns
    -------
    Floats
        (..., 2) longitude, latitude, degrees.

    Raises
    ------
    InputError
        When a position is not one, a number is not finite, or the shapes do not broadcast.
    """
    origin = as_lonlat(start, "start")
    shape, columns = _columns(origin[..., 0], origin[..., 1], bearing_deg, distance_m)
    if not np.isfinite(columns).all():
        raise InputError("bearing_deg and distance_m must be finite numbers")
    x, y, bearing, length = columns
    longitude, latitude, _ = _wgs84().fwd(x, y, bearing, length)
    return np.stack([longitude, latitude], axis=-1).reshape(*shape, 2)


def _columns(*values: ArrayLike) -> tuple[tuple[int, ...], list[Floats]]:
    """Broadcast to one shape, then flat contiguous copies, which the geodesic library overwrites."""
    try:
        arrays = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values))
    except ValueError as error:
        shapes = ", ".join(str(np.shape(value)) for value in values)
        raise InputError(
            f"shapes {shapes} do not broadcast; for all pairs give a[:, None, :] and b[None, :, :]"
        ) from error
    return arrays[0].shape, [array.flatten() for array in arrays]


@cache
def _wgs84() -> Geod:
    return Geod(ellps="WGS84")
