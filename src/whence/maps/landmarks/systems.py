"""The coordinate system for a sheet whose projection nobody has told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyproj

from whence.earth.crs import Crs
from whence.earth.sphere import mean_point
from whence.errors import InputError, NotEnoughDataError
from whence.maps.fitting import fit
from whence.maps.points import ControlPoints

if TYPE_CHECKING:
    from whence.typing import Floats

__all__ = ["choose_system"]

_ZONE_M = 300_000.0  # a sheet this wide is in one UTM zone, near enough
_BETTER = 0.85  # another system must err by less than this share of the error of those before it


def choose_system(pixels: Floats, lonlat: Floats) -> Crs:
    """Find the system in which an affine map follows the landmarks best.

    Sheets up to 300 km wide get their UTM zone. For larger ones the usual projections of small-scale maps,
    each centred on the landmarks, are compared by the error of an affine map at landmarks left out.

    Parameters
    ----------
    pixels
        (n, 2) column, row of landmarks that agree.
    lonlat
        (n, 2) their places.

    Returns
    -------
    Crs
        UTM, Lambert azimuthal equal-area, Lambert conformal conic, Mercator, or longitude and latitude.

    Examples
    --------
    >>> places = np.array([[13.0, 55.6], [13.2, 55.7], [13.4, 55.4], [13.1, 55.4]])
    >>> choose_system(100 * places, places).code
    'EPSG:32633'
    """
    middle = mean_point(lonlat)
    reach = np.abs((lonlat[:, 0] - middle[0] + 180.0) % 360.0 - 180.0)
    extent_m = 111_000.0 * max(
        float(2 * reach.max()) * float(np.cos(np.deg2rad(middle[1]))), float(np.ptp(lonlat[:, 1]))
    )
    if extent_m <= _ZONE_M and abs(middle[1]) < 84:
        zone = int((middle[0] + 180.0) // 6.0) % 60 + 1
        return Crs.parse((32600 if middle[1] >= 0 else 32700) + zone)
    best, smallest = None, np.inf
    for system in _systems(middle, lonlat):
        error = _error_m(pixels, lonlat, system)
        if error < (smallest if best is None else _BETTER * smallest):
            best, smallest = system, error
    return best or _azimuthal(middle)


def _systems(middle: Floats, lonlat: Floats) -> list[Crs]:
    longitude, latitude = np.round(middle).tolist()
    south, north = float(lonlat[:, 1].min()), float(lonlat[:, 1].max())
    found = [_azimuthal(middle)]
    if abs(latitude) >= 10 and south * north > 0:
        first, second = np.round([south + (north - south) / 6, north - (north - south) / 6]).tolist()
        parallels = f"+lat_0={latitude} +lon_0={longitude} +lat_1={first} +lat_2={second}"
        found.append(_named("Lambert conformal conic", f"+proj=lcc {parallels}"))
    if max(abs(south), abs(north)) < 80:
        found.append(_named("Mercator", f"+proj=merc +lon_0={longitude}"))
    return [*found, Crs.parse("OGC:CRS84")]


def _azimuthal(middle: Floats) -> Crs:
    longitude, latitude = np.round(middle).tolist()
    return _named("Lambert azimuthal equal-area", f"+proj=laea +lat_0={latitude} +lon_0={longitude}")


def _named(name: str, definition: str) -> Crs:
    """Call a system something else than unknown."""
    content = pyproj.CRS.from_user_input(f"{definition} +datum=WGS84").to_json_dict()
    where = definition.partition(" ")[2].replace("+", "").replace("_0=", " ").replace("_", " ")
    return Crs.parse(pyproj.CRS.from_json_dict({**content, "name": f"{name} ({where})"}))


def _error_m(pixels: Floats, lonlat: Floats, system: Crs) -> float:
    # Not `Crs.from_lonlat`: it looks for the code of a system in all registers, 0.2 s for one in none.
    mover = pyproj.Transformer.from_crs("OGC:CRS84", system.wkt, always_xy=True)
    try:
        points = ControlPoints(pixels, np.column_stack(mover.transform(*lonlat.T)), crs=system)
        found = fit(points, kind="affine").quality
    except (InputError, NotEnoughDataError):
        return float("inf")
    left_out = found.leave_one_out_rmse_m
    return found.rmse_m if left_out is None else left_out
