"""Where polygons of a raster lie, and how large they are in true metres."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.georeference import georeference
from whence.earth.crs import Crs
from whence.earth.ellipsoid import geodesic_inverse
from whence.errors import InputError
from whence.imagery.raster import open_raster

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Floats, PathLike

__all__ = ["Ground", "is_local"]

_TRUE_ENOUGH = 0.0025  # of an area; UTM is within 0.2 % everywhere in its zone
_STEP_PX = 64.0
_NO_LENGTHS = frozenset({"degree", "radian", "grad", "gon", "unknown", ""})


@dataclass(frozen=True, eq=False)
class Ground:
    """The way from columns and rows to coordinates, and a local plane in metres.

    Attributes
    ----------
    linear, origin
        (2, 2) and (2,): coordinates = linear · (column, row) + origin.
    crs
        Their system; None when the raster names none, and then all lengths are pixels.
    plane
        (2, 2) turns (column, row) into metres east and north of the origin, true in the middle of the raster.
    """

    linear: Floats
    origin: Floats
    crs: Crs | None
    plane: Floats

    @classmethod
    def of_raster(cls, path: PathLike) -> Ground:
        """Read where a raster lies.

        Raises
        ------
        NotFoundError, NotAnImageError
            When there is no such raster.
        InputError
            When its coordinate system is not known.
        """
        with open_raster(path) as reader:
            shape = reader.raster.height, reader.raster.width
        place = georeference(path)
        if place.crs is None or place.transform is None:
            return cls.of_pixels(place.transform)
        crs = Crs.parse(place.crs.to_wkt())
        if is_local(crs):
            return cls.of_local(place.transform, crs)
        return cls.of_transform(place.transform, crs, shape)

    @classmethod
    def of_pixels(cls, transform: Any = None) -> Ground:
        """Take a raster without a coordinate system: its unit is the pixel."""
        linear, origin = _matrix(transform) if transform is not None else (np.eye(2), np.zeros(2))
        return cls(linear, origin, None, np.eye(2))

    @classmethod
    def of_local(cls, transform: Any, crs: Crs) -> Ground:
        """Take a raster in the plane of a building site or works, which has no place on Earth.

        Where the system counts in no unit of length, lengths are pixels.
        """
        if crs.unit.lower() in _NO_LENGTHS:
            return cls.of_pixels(transform)
        linear, origin = _matrix(transform)
        return cls(linear, origin, crs, linear * crs.units_m)

    @classmethod
    def of_transform(cls, transform: Any, crs: Crs, shape: tuple[int, int]) -> Ground:
        """Measure the pixels in the middle of a raster on the ellipsoid.

        Parameters
        ----------
        transform
            Affine, from (column, row) to coordinates.
        crs
            Of the coordinates.
        shape
            Rows and columns.

        Raises
        ------
        InputError
            When the middle has no place on Earth.
        """
        linear, origin = _matrix(transform)
        middle = np.array([shape[1] / 2.0, shape[0] / 2.0])
        around = middle + _STEP_PX / 2.0 * np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])
        lonlat = crs.to_lonlat(around @ linear.T + origin)
        bearing_deg, length_m = geodesic_inverse(lonlat[[0, 2]], lonlat[[1, 3]])
        angle = np.radians(bearing_deg)
        plane = np.stack([np.sin(angle), np.cos(angle)]) * length_m / _STEP_PX
        return cls(linear, origin, crs, plane)

    @property
    def unit(self) -> str:
        """``m``, or ``px`` where the raster has no coordinate system."""
        return "px" if self.crs is None else "m"

    @property
    def cell_m2(self) -> float:
        """Area of a pixel in the middle, square metres; 1 without a coordinate system."""
        return abs(float(np.linalg.det(self.plane)))

    @property
    def is_plane(self) -> bool:
        """Whether areas in the coordinate system are true as they are."""
        if self.crs is None:
            return True
        if self.crs.is_geographic:
            return False
        if is_local(self.crs):
            return True
        nominal = abs(float(np.linalg.det(self.linear))) * self.crs.units_m**2
        return math.isclose(nominal, self.cell_m2, rel_tol=_TRUE_ENOUGH)

    @property
    def measure(self) -> str:
        """How areas are measured, to be said with them."""
        if self.crs is None:
            return "no coordinate system: areas and lengths in pixels"
        if self.is_plane:
            return f"areas in the plane of {self.crs.label}"
        return f"true areas on the ellipsoid of WGS 84, because {self.crs.label} stretches them"

    def placed(self, polygons: NDArray[Any]) -> NDArray[Any]:
        """Turn polygons in columns and rows into coordinates."""
        import shapely

        return np.asarray(shapely.transform(polygons, lambda at: at @ self.linear.T + self.origin))

    def sizes(self, polygons: NDArray[Any]) -> tuple[Floats, Floats]:
        """Measure polygons in coordinates: areas (n,) in m² and perimeters (n,) in m, or in pixels."""
        import shapely

        if self.crs is None:
            there = shapely.transform(polygons, lambda at: (at - self.origin) @ np.linalg.inv(self.linear).T)
            return shapely.area(there), shapely.length(there)
        if self.is_plane:
            unit = self.crs.units_m
            return shapely.area(polygons) * unit**2, shapely.length(polygons) * unit
        return _on_ellipsoid(shapely.transform(polygons, self.crs.to_lonlat))


def is_local(crs: Crs) -> bool:
    """Tell whether a coordinate system is a plane of its own, tied to no place on Earth (engineering).

    Examples
    --------
    >>> is_local(Crs.parse('LOCAL_CS["site",UNIT["metre",1]]')), is_local(Crs.parse("EPSG:32636"))
    (True, False)
    """
    import pyproj

    return bool(pyproj.CRS.from_wkt(crs.wkt).is_engineering)


def _on_ellipsoid(polygons: NDArray[Any]) -> tuple[Floats, Floats]:
    """Measure polygons of longitudes and latitudes (Karney 2013), ring by ring; holes are taken away."""
    import shapely
    from pyproj import Geod

    earth = Geod(ellps="WGS84")
    areas, lengths = np.zeros(len(polygons)), np.zeros(len(polygons))
    for number, polygon in enumerate(polygons):
        for part in shapely.get_parts(polygon):
            for place, ring in enumerate(shapely.get_rings(part)):
                area, length = earth.polygon_area_perimeter(*shapely.get_coordinates(ring).T)
                areas[number] += abs(area) if place == 0 else -abs(area)
                lengths[number] += length
    return areas, lengths


def _matrix(transform: Any) -> tuple[Floats, Floats]:
    linear = np.array([[transform.a, transform.b], [transform.d, transform.e]], dtype=np.float64)
    if abs(np.linalg.det(linear)) == 0.0:
        raise InputError("the raster's transform maps everything onto a line; georeference it again")
    return linear, np.array([transform.c, transform.f], dtype=np.float64)
