"""Positions at the door: checked once, then plain arrays of longitude and latitude.

Inside whence a position is an array ``(..., 2)`` of longitude, latitude in degrees, WGS 84, float64, with
longitudes within ±180 and latitudes within ±90. `as_lonlat` is the only way in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from whence.typing import ArrayLike, Bools, Floats

__all__ = ["as_lonlat", "from_lat_lon", "wrap_longitude_deg"]

_LIMITS_DEG = np.array([180.0, 90.0])


def as_lonlat(values: ArrayLike, name: str = "positions") -> Floats:
    """Check positions and return them as float64.

    Parameters
    ----------
    values
        (..., 2) longitude, latitude, degrees. An empty list counts as no positions, shape (0, 2).
    name
        What the error messages call them.

    Returns
    -------
    Floats
        (..., 2) degrees; the very array that was given when it already is float64.

    Raises
    ------
    InputError
        When the shape is wrong, or a value is missing, not finite or out of range. The message names the
        first bad row and what is likely to have happened: swapped columns, longitudes from 0 to 360.

    Examples
    --------
    >>> as_lonlat([37.6173, 55.7558])
    array([37.6173, 55.7558])
    """
    lonlat = _as_floats(values, name)
    if lonlat.shape == (0,):
        return lonlat.reshape(0, 2)
    if lonlat.ndim == 0 or lonlat.shape[-1] != 2:
        raise InputError(
            f"{name} must end in two columns, longitude and latitude; the shape given is {lonlat.shape}"
        )
    good = np.abs(lonlat) <= _LIMITS_DEG  # False for NaN as well
    if not good.all():
        raise InputError(_first_fault(lonlat.reshape(-1, 2), good.reshape(-1, 2), name))
    return lonlat


def from_lat_lon(latitude_deg: ArrayLike, longitude_deg: ArrayLike) -> Floats:
    """Turn a latitude and a longitude, the order of tables and EXIF, into positions.

    Parameters
    ----------
    latitude_deg, longitude_deg
        Scalars or arrays that broadcast together, degrees.

    Returns
    -------
    Floats
        (..., 2) longitude, latitude, degrees.

    Raises
    ------
    InputError
        As `as_lonlat`, and when the two do not broadcast.

    Examples
    --------
    >>> from_lat_lon(55.7558, 37.6173)
    array([37.6173, 55.7558])
    """
    latitude, longitude = _as_floats(latitude_deg, "latitudes"), _as_floats(longitude_deg, "longitudes")
    try:
        columns = np.broadcast_arrays(longitude, latitude)
    except ValueError as error:
        raise InputError(
            f"latitudes {latitude.shape} and longitudes {longitude.shape} do not belong together: "
            "give as many of the one as of the other"
        ) from error
    return as_lonlat(np.stack(columns, axis=-1))


def wrap_longitude_deg(longitude_deg: ArrayLike) -> Floats:
    """Bring longitudes of any turn into ±180.

    Values already within ±180 come back unchanged, to the last bit; the others end in [-180, 180).

    Parameters
    ----------
    longitude_deg
        (...) degrees, such as 0 to 360.

    Raises
    ------
    InputError
        When a value is not finite.

    Examples
    --------
    >>> wrap_longitude_deg([190.0, -190.0, 180.0, 360.0])
    array([-170.,  170.,  180.,    0.])
    """
    longitude = _as_floats(longitude_deg, "longitudes")
    if not np.isfinite(longitude).all():
        raise InputError("longitudes must be finite; leave out the rows without one")
    wrapped = np.remainder(longitude + 180.0, 360.0) - 180.0
    wrapped = np.where(wrapped >= 180.0, -180.0, wrapped)  # the remainder of -1e-17 rounds up to 360
    return np.asarray(np.where(np.abs(longitude) <= 180.0, longitude, wrapped))


def _as_floats(values: ArrayLike, name: str) -> Floats:
    if np.ma.is_masked(values):
        raise InputError(f"{name} has masked values: leave those rows out (values.compressed() or a filter)")
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} must be numbers in degrees, every row with the same columns: {error}"
        ) from error


def _first_fault(lonlat: Floats, good: Bools, name: str) -> str:
    """Name the first bad row of (n, 2) positions and what to do about it."""
    bad = np.flatnonzero(~good.all(axis=1))
    row = int(bad[0])
    longitude, latitude = lonlat[row].tolist()
    others = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    fact = f"{name}: row {row}{others} is longitude {longitude:g}, latitude {latitude:g}"
    return f"{fact}, {_diagnosis(longitude, latitude)}"


def _diagnosis(longitude: float, latitude: float) -> str:
    if not (np.isfinite(longitude) and np.isfinite(latitude)):
        return "which is not a position; leave out rows without one"
    if abs(latitude) > 90.0:
        if abs(latitude) <= 180.0 and abs(longitude) <= 90.0:
            return (
                "latitude outside ±90: the two look swapped. The order is longitude, latitude; "
                "from_lat_lon takes them the other way round"
            )
        return "latitude outside ±90; metres of a projection are turned by whence.earth.Crs.to_lonlat"
    if 180.0 < longitude <= 360.0:
        return "longitude outside ±180: they seem to run from 0 to 360; pass them through wrap_longitude_deg"
    return "longitude outside ±180; whole turns are taken off by wrap_longitude_deg"
