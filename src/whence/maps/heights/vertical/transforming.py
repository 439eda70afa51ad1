"""Heights at places, from one vertical system to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
from pyproj.exceptions import ProjError

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.maps.heights.vertical.grids import grid_folders
from whence.maps.heights.vertical.operation import VerticalOperation, find_operation
from whence.maps.heights.vertical.systems import ELLIPSOID, VerticalSystem, split, vertical_system

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.typing import ArrayLike, Floats, PathLike

__all__ = ["Moved", "Route", "registered", "route_between", "system_over", "transform"]

_WGS84 = "WGS 84"


@dataclass(frozen=True, eq=False)
class Moved:
    """Heights in another system.

    Parameters
    ----------
    heights_m
        (n,) in the unit of the system.
    shifts_m
        (n,) new height minus old one.
    operation
        How they were brought there.
    source, target
        The systems.
    """

    heights_m: Floats
    shifts_m: Floats
    operation: VerticalOperation
    source: VerticalSystem
    target: VerticalSystem


@dataclass(frozen=True, eq=False)
class Route:
    """A way from one vertical system to another, for places of one horizontal system.

    Parameters
    ----------
    operation
        What changes the heights.
    source, target
        The systems.
    to_operation
        From places to those that the operation takes, or None where they are the same.
    """

    operation: VerticalOperation
    source: VerticalSystem
    target: VerticalSystem
    to_operation: Any = None

    def apply(self, places: Floats, heights: Floats) -> Floats:
        """Turn (n,) heights at (n, 2) x, y; NaN where the operation has no value."""
        if self.to_operation is not None:
            places = np.stack(self.to_operation.transform(places[:, 0], places[:, 1]), axis=-1)
        return self.operation.apply(places, heights)


def transform(
    world: ArrayLike,
    heights_m: ArrayLike,
    *,
    source: Any,
    target: Any,
    crs: Any = None,
    grids: Sequence[PathLike] = (),
) -> Moved:
    """Bring heights from one vertical system to another.

    Parameters
    ----------
    world
        (n, 2) longitude, latitude, or easting, northing of `crs`.
    heights_m
        (n,) heights; NaN stays NaN.
    source, target
        What `systems.vertical_system` reads; ``"ellipsoid"`` for the ellipsoid of `crs`.
    crs
        System of `world`; WGS 84 longitude, latitude when None.
    grids
        Folders with grids of geoids, beside those of PROJ and of ``WHENCE_PROJ_GRIDS``.

    Raises
    ------
    MissingGridError
        When a grid is not here; the message names it.
    InputError
        When a system is not known, no operation is known, or a place lies outside of what it covers.

    Examples
    --------
    >>> moved = transform([[10.2, 51.0]], [100.0], source="EPSG:7837", target="EPSG:5621")
    >>> moved.heights_m.round(3).tolist(), moved.operation.accuracy_m
    ([100.014], 0.1)
    """
    places = np.asarray(world, dtype=np.float64).reshape(-1, 2)
    heights = np.asarray(heights_m, dtype=np.float64).reshape(-1)
    if len(places) != len(heights):
        raise InputError(f"{len(heights)} heights come with {len(places)} places; give one for each")
    horizontal = Crs.parse("OGC:CRS84" if crs is None else crs)
    with grid_folders(grids):
        route = route_between(source, target, horizontal, places)
        moved = route.apply(places, heights)
    lost = np.flatnonzero(np.isnan(moved) & np.isfinite(heights))
    if len(lost):
        first = places[lost[0]].tolist()
        others = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
        raise InputError(
            f"row {lost[0] + 1}{others}, {first[0]:g}, {first[1]:g}, lies outside of what "
            f"{route.operation.name} covers; leave it out, or choose another system"
        )
    return Moved(moved, moved - heights, route.operation, route.source, route.target)


def route_between(source: Any, target: Any, horizontal: Crs, places: Floats) -> Route:
    """Find the way between two vertical systems around some places.

    Parameters
    ----------
    source, target
        As `transform`.
    horizontal
        System of the places.
    places
        (n, 2) x, y: where the operation shall hold.

    Raises
    ------
    MissingGridError, InputError
        As `transform`.
    """
    flat = registered(horizontal)
    one, other = system_over(source, flat), system_over(target, flat)
    if len(places) == 0:
        raise InputError("there is no place, so no operation can be chosen; give at least one height")
    lonlat = horizontal.to_lonlat(places)
    (west, south), (east, north) = lonlat.min(axis=0).tolist(), lonlat.max(axis=0).tolist()
    bounds_deg = (west, south, east, north)
    start, end = one.over(flat), other.over(flat)
    if start is None:  # heights above another ellipsoid than that of the places
        operation = find_operation(one.crs, other.crs if end is None else end, bounds_deg=bounds_deg)
        return Route(operation, one, other, _between(flat, one.crs.to_2d()))
    operation = find_operation(start, other.crs if end is None else end, bounds_deg=bounds_deg)
    if flat.name == _WGS84 and not (one.ellipsoidal or other.ellipsoidal):
        operation = _without_detour(operation, one, other, bounds_deg)
    return Route(operation, one, other)


def registered(horizontal: Crs) -> pyproj.CRS:
    """Give a horizontal system as PROJ has it; WGS 84 by the name under which operations know it."""
    found = pyproj.CRS.from_wkt(horizontal.wkt)
    wgs84 = pyproj.CRS.from_epsg(4326)
    return wgs84 if found.is_geographic and found.equals(wgs84, ignore_axis_order=True) else found


def _between(one: pyproj.CRS, other: pyproj.CRS) -> Any:
    try:
        return pyproj.Transformer.from_crs(one, other, always_xy=True, allow_ballpark=False)
    except ProjError as error:
        raise InputError(f"no transformation from {one.name} to {other.name} is known") from error


def _without_detour(
    operation: VerticalOperation,
    one: VerticalSystem,
    other: VerticalSystem,
    bounds_deg: tuple[float, float, float, float],
) -> VerticalOperation:
    """Prefer what the register has for ETRS89, a metre of place and no height from WGS 84."""
    etrs89 = pyproj.CRS.from_epsg(4258)
    start, end = one.over(etrs89), other.over(etrs89)
    if start is None or end is None:
        return operation
    try:
        direct = find_operation(start, end, bounds_deg=bounds_deg)
    except InputError:
        return operation
    known = operation.accuracy_m is not None and direct.accuracy_m is not None
    return direct if known and direct.accuracy_m < operation.accuracy_m else operation  # type: ignore[operator]


def system_over(text: Any, horizontal: pyproj.CRS) -> VerticalSystem:
    """Read a vertical system; ``"ellipsoid"`` is that of the horizontal one."""
    if isinstance(text, str) and text.strip().lower() in ELLIPSOID:
        found = split(horizontal.to_2d().to_3d())[1]
        if found is not None:
            return found
    return vertical_system(text)
