"""Planes in which a sheet may be similar to the ground: the commonest projections of small-scale maps.

Spherical forms, in units of the Earth's radius; the ellipsoid would change less than a label is wide.
Formulae: Snyder 1987, "Map projections: a working manual", 7-1, 15-1 to 15-4, 21-2 to 21-4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from whence.typing import Floats

__all__ = ["PLANES"]

_MOST_LATITUDE_DEG = 85.0
_LEAST_CONE = 0.1
_NOWHERE = 1e6


def azimuthal(lonlat: Floats, middle: Floats) -> Floats:
    """Stereographic round the middle; conformal. The other hemisphere is nowhere."""
    longitude, latitude = _turned(lonlat, middle)
    middle_latitude = np.deg2rad(middle[1])
    height = np.sin(middle_latitude) * np.sin(latitude)
    height += np.cos(middle_latitude) * np.cos(latitude) * np.cos(longitude)
    scale = 2.0 / np.maximum(1.0 + height, 1e-9)
    east = scale * np.cos(latitude) * np.sin(longitude)
    north = np.cos(middle_latitude) * np.sin(latitude)
    north = scale * (north - np.sin(middle_latitude) * np.cos(latitude) * np.cos(longitude))
    return _sane(np.column_stack([east, north]), height > 0.0)


def conic(lonlat: Floats, middle: Floats) -> Floats:
    """Lambert's conformal conic that touches at the middle latitude; Mercator near the equator."""
    cone = np.sin(np.deg2rad(middle[1]))
    if abs(cone) < _LEAST_CONE:
        return mercator(lonlat, middle)
    longitude, latitude = _turned(lonlat, middle)
    possible = np.abs(latitude) <= np.deg2rad(_MOST_LATITUDE_DEG)
    rise = _isometric(np.where(possible, latitude, 0.0)) - _isometric(np.deg2rad(middle[1]))
    radius = np.exp(-cone * rise) / np.tan(np.deg2rad(middle[1]))
    angle = cone * longitude
    north = 1.0 / np.tan(np.deg2rad(middle[1])) - radius * np.cos(angle)
    return _sane(np.column_stack([radius * np.sin(angle), north]), possible)


def mercator(lonlat: Floats, middle: Floats) -> Floats:
    """Mercator, true to scale at the middle latitude."""
    longitude, latitude = _turned(lonlat, middle)
    possible = np.abs(latitude) <= np.deg2rad(_MOST_LATITUDE_DEG)
    north = _isometric(np.where(possible, latitude, 0.0))
    return _sane(np.column_stack([longitude, north]) * np.cos(np.deg2rad(middle[1])), possible)


def plate(lonlat: Floats, middle: Floats) -> Floats:
    """Longitude and latitude as squares at the middle latitude (équirectangulaire)."""
    longitude, latitude = _turned(lonlat, middle)
    return np.column_stack([longitude * np.cos(np.deg2rad(middle[1])), latitude])


PLANES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "azimuthal": azimuthal,
    "conic": conic,
    "mercator": mercator,
    "plate carrée": plate,
}
"""Name -> function of (c, 2) longitude, latitude and a (2,) middle to (c, 2) east, north, in Earth radii."""


def _turned(lonlat: Floats, middle: Floats) -> tuple[Floats, Floats]:
    """Longitude from the middle meridian, −π to π, and latitude, radians."""
    longitude = (lonlat[:, 0] - middle[0] + 180.0) % 360.0 - 180.0
    return np.deg2rad(longitude), np.deg2rad(lonlat[:, 1])


def _isometric(latitude: Floats | float) -> Floats:
    return np.asarray(np.arctanh(np.sin(latitude)))


def _sane(plane: Floats, possible: Floats) -> Floats:
    plane[~np.asarray(possible, dtype=bool)] = _NOWHERE
    return plane
