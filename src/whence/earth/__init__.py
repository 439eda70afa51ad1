"""The ground everything stands on: points, distances, planes, regions, partitions and beliefs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.earth import boxes, crs, ellipsoid, partitions, points, region, sphere, tangent
    from whence.earth.belief import Belief, Hypothesis
    from whence.earth.boxes import Box
    from whence.earth.crs import Crs
    from whence.earth.ellipsoid import geodesic_destination, geodesic_distance_m
    from whence.earth.points import as_lonlat, from_lat_lon, wrap_longitude_deg
    from whence.earth.region import Region
    from whence.earth.sphere import (
        EARTH_RADIUS_M,
        bearing_deg,
        destination,
        distance_m,
        geometric_median,
        mean_point,
    )
    from whence.earth.tangent import TangentPlane

__all__ = [
    "EARTH_RADIUS_M",
    "Belief",
    "Box",
    "Crs",
    "Hypothesis",
    "Region",
    "TangentPlane",
    "as_lonlat",
    "bearing_deg",
    "boxes",
    "crs",
    "destination",
    "distance_m",
    "ellipsoid",
    "from_lat_lon",
    "geodesic_destination",
    "geodesic_distance_m",
    "geometric_median",
    "mean_point",
    "partitions",
    "points",
    "region",
    "sphere",
    "tangent",
    "wrap_longitude_deg",
]

# Names are imported when first used: shapely, pyproj and scipy are slow to load.
_HOMES = {
    "EARTH_RADIUS_M": "sphere",
    "Belief": "belief",
    "Box": "boxes",
    "Crs": "crs",
    "Hypothesis": "belief",
    "Region": "region",
    "TangentPlane": "tangent",
    "as_lonlat": "points",
    "bearing_deg": "sphere",
    "destination": "sphere",
    "distance_m": "sphere",
    "from_lat_lon": "points",
    "geodesic_destination": "ellipsoid",
    "geodesic_distance_m": "ellipsoid",
    "geometric_median": "sphere",
    "mean_point": "sphere",
    "wrap_longitude_deg": "points",
}
_MODULES = frozenset(
    {"belief", "boxes", "crs", "ellipsoid", "partitions", "points", "region", "sphere", "tangent"}
)

__getattr__, __dir__ = exports(__name__, _HOMES, modules=_MODULES)
