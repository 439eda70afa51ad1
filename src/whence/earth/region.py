"""Regions: named areas of the Earth, from boxes, polygons, circles and GeoJSON."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry import mapping
from shapely.geometry.polygon import orient

from whence.earth.antimeridian import cut, cut_ring
from whence.earth.boundary import Boundary
from whence.earth.boxes import Box
from whence.earth.geojson import read_polygons
from whence.earth.points import as_lonlat
from whence.earth.sphere import EARTH_RADIUS_M, destination
from whence.errors import InputError

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import ArrayLike, Bools, Floats, Json, PathLike

__all__ = ["Region"]

_CIRCLE_CORNERS = 720


@dataclass(frozen=True, eq=False)
class Region:
    """A named area of the Earth, cut at the date line.

    Make one with `from_box`, `from_polygon`, `from_geojson`, `from_geometry` or `circle`. Edges are straight
    in longitude and latitude, as in GeoJSON; the boundary belongs to the region; a region that reaches a pole
    contains it.

    Parameters
    ----------
    name
        What to call it in sentences.
    geometry
        shapely Polygon or MultiPolygon within ±180 and ±90, valid.

    Raises
    ------
    InputError
        When the geometry encloses no area.

    Examples
    --------
    >>> corners = [[179.0, -1.0], [-179.0, -1.0], [-179.0, 1.0], [179.0, 1.0]]
    >>> lagoon = Region.from_polygon(corners, name="lagoon")
    >>> lagoon.contains([[180.0, 0.0], [-179.5, 0.5], [0.0, 0.0]])
    array([ True,  True, False])
    >>> round(lagoon.area_km2)
    49455
    """

    name: str
    geometry: Any

    def __post_init__(self) -> None:
        if self.geometry.is_empty or self.geometry.area == 0.0:
            raise InputError(f"the region {self.name!r} encloses no area; give at least three corners apart")
        shapely.prepare(self.geometry)

    @classmethod
    def from_box(cls, box: Box, *, name: str = "box") -> Self:
        """Turn a box into a region."""
        return cls(name, shapely.union_all(_rectangles(box)))

    @classmethod
    def from_polygon(cls, lonlat: ArrayLike, *, name: str = "polygon", repair: bool = False) -> Self:
        """Area inside one ring of corners.

        Parameters
        ----------
        lonlat
            (n, 2) longitude, latitude, degrees; closed or not. Between two corners the ring goes the short
            way, so it may cross the date line; one that runs round the Earth encloses the pole on its side.
        name
            What to call it.
        repair
            Mend a ring that crosses itself in place of refusing it.

        Raises
        ------
        InputError
            When there are fewer than three corners, or the ring crosses itself.
        """
        return cls(name, cut_ring(as_lonlat(lonlat, "corners"), repair=repair))

    @classmethod
    def from_geometry(cls, geometry: Any, *, name: str = "region", repair: bool = False) -> Self:
        """Area of shapely polygons in longitude and latitude.

        A ring with a step of more than 180° of longitude crosses the date line; to mean the long way, put a
        corner in between.

        Parameters
        ----------
        geometry
            Polygon, MultiPolygon or a collection of them, degrees, longitude first.
        name
            What to call it.
        repair
            Mend rings that cross themselves in place of refusing them.

        Raises
        ------
        InputError
            When a part is not a polygon, is out of range or crosses itself.
        """
        return cls(name, cut(geometry, repair=repair))

    @classmethod
    def from_geojson(cls, source: PathLike | Json, *, name: str | None = None, repair: bool = False) -> Self:
        """Area of all the polygons of a GeoJSON file or object.

        Parameters
        ----------
        source
            Path of a file, or a decoded FeatureCollection, Feature or geometry.
        name
            What to call it; by default the feature's own name, or the file's.
        repair
            Mend rings that cross themselves in place of refusing them.

        Raises
        ------
        NotFoundError
            When there is no such file.
        InputError
            When it is not GeoJSON in WGS 84, or has something else than polygons.
        """
        polygons, found = read_polygons(source)
        return cls(name or found, cut(shapely.GeometryCollection(polygons), repair=repair))

    @classmethod
    def circle(cls, center: ArrayLike, radius_m: float, *, name: str | None = None) -> Self:
        """Everything within a distance of a point.

        The circle is drawn with 720 corners: its edge lies within 5e-5 of the radius from the true one,
        within 2e-4 where it grazes a pole.

        Parameters
        ----------
        center
            (2,) longitude, latitude, degrees.
        radius_m
            Metres on the sphere, more than zero.
        name
            What to call it; by default the radius and the centre.

        Raises
        ------
        InputError
            When the radius is not positive, or reaches round the whole Earth.
        """
        middle = as_lonlat(center, "center")
        if middle.shape != (2,):
            raise InputError(f"a circle has one center, of shape (2,); the shape given is {middle.shape}")
        if not 0.0 < radius_m < np.pi * EARTH_RADIUS_M:
            raise InputError(f"a radius of {radius_m} m is not between 0 and half the way round the Earth")
        title = name or f"{radius_m / 1000:g} km round {middle[0]:.4f}, {middle[1]:.4f}"
        return cls(title, _disc(middle, radius_m))

    @property
    def bounds(self) -> Box:
        """Smallest box round the region, over the date line where that is narrower."""
        return Box.around(Box(*limits) for limits in shapely.bounds(self._parts).tolist())

    @cached_property
    def area_km2(self) -> float:
        """Area on the sphere, square kilometres; within 0.6 % of that on the ellipsoid."""
        return float(sum(_polygon_area_m2(part) for part in self._parts)) / 1e6

    def contains(self, lonlat: ArrayLike) -> Bools:
        """Tell which positions lie inside or on the boundary.

        Parameters
        ----------
        lonlat
            (..., 2) longitude, latitude, degrees.

        Returns
        -------
        Bools
            (...) true inside.
        """
        points = as_lonlat(lonlat)
        x, y = points.reshape(-1, 2).T
        west, south, east, north = self.geometry.bounds
        inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
        inside[inside] = shapely.intersects_xy(self.geometry, x[inside], y[inside])
        seam = np.abs(x) == 180.0  # one meridian with two names
        inside[seam] |= shapely.intersects_xy(self.geometry, -x[seam], y[seam])
        inside |= ((y == 90.0) & (north == 90.0)) | ((y == -90.0) & (south == -90.0))
        return np.asarray(inside.reshape(points.shape[:-1]))

    def distance_m(self, lonlat: ArrayLike) -> Floats:
        """Great-circle distance to the region.

        Parameters
        ----------
        lonlat
            (..., 2) longitude, latitude, degrees.

        Returns
        -------
        Floats
            (...) metres, 0 inside; within 2 m, because edges are followed in steps of 0.1°.
        """
        points = as_lonlat(lonlat)
        rows = points.reshape(-1, 2)
        result = np.zeros(len(rows))
        outside = ~self.contains(rows)
        result[outside] = self._boundary.distance_m(rows[outside])
        return result.reshape(points.shape[:-1])

    def sample(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw positions uniformly by area.

        Parameters
        ----------
        n
            How many.
        rng
            Where randomness comes from.

        Returns
        -------
        Floats
            (n, 2) longitude, latitude, degrees.
        """
        boxes = shapely.bounds(self._parts)
        low, high = np.sin(np.deg2rad(boxes[:, 1])), np.sin(np.deg2rad(boxes[:, 3]))
        areas = (boxes[:, 2] - boxes[:, 0]) * (high - low)
        share = np.deg2rad(areas.sum()) * EARTH_RADIUS_M**2 / (self.area_km2 * 1e6)  # draws per hit
        drawn: list[Floats] = [np.empty((0, 2))]
        missing = n
        while missing > 0:
            tries = int(min(missing * share * 1.1 + 64, 1_000_000))
            which = rng.choice(len(areas), size=tries, p=areas / areas.sum())
            longitude = rng.uniform(boxes[which, 0], boxes[which, 2])
            latitude = np.rad2deg(np.arcsin(rng.uniform(low[which], high[which])))
            hits = shapely.intersects_xy(self._parts[which], longitude, latitude)
            drawn.append(np.column_stack([longitude, latitude])[hits][:missing])
            missing -= len(drawn[-1])
        return np.concatenate(drawn)

    def to_geojson(self) -> Json:
        """Return a GeoJSON Feature, cut at the date line as RFC 7946 asks."""
        drawn = shapely.segmentize(self._parts, 90.0)  # no step that could be taken the other way round
        shape = shapely.MultiPolygon([orient(part) for part in drawn])
        return {"type": "Feature", "properties": {"name": self.name}, "geometry": mapping(shape)}

    @cached_property
    def _parts(self) -> Any:
        parts = shapely.get_parts(self.geometry)
        shapely.prepare(parts)
        return parts

    @cached_property
    def _boundary(self) -> Boundary:
        return Boundary.of(self.geometry)


def _rectangles(box: Box) -> list[Any]:
    return [shapely.box(part.west, part.south, part.east, part.north) for part in box.parts()]


def _disc(center: Floats, radius_m: float) -> Any:
    """Polygon of a circle; one wider than a hemisphere is the Earth without the circle opposite."""
    if radius_m > np.pi / 2.0 * EARTH_RADIUS_M:
        opposite = np.array([center[0] - np.copysign(180.0, center[0]), -center[1]])
        rest = _disc(opposite, np.pi * EARTH_RADIUS_M - radius_m)
        return shapely.box(-180.0, -90.0, 180.0, 90.0).difference(rest)
    ring = destination(center, _bearings_of_corners(center, radius_m), radius_m)
    return cut_ring(ring, pole_deg=float(np.copysign(90.0, center[1])))


def _bearings_of_corners(center: Floats, radius_m: float) -> Floats:
    """Evenly round, and ever closer where the circle grazes a pole and longitudes rush by."""
    even: Floats = np.linspace(0.0, 360.0, _CIRCLE_CORNERS, endpoint=False, dtype=np.float64)
    to_pole = np.deg2rad(90.0 - abs(center[1])) * EARTH_RADIUS_M
    if abs(to_pole - radius_m) > 0.05 * radius_m:
        return even
    beside: Floats = np.geomspace(1e-6, 0.4, 40, dtype=np.float64)
    pole = 0.0 if center[1] >= 0.0 else 180.0
    graze = np.concatenate([pole + beside, pole - beside])
    if center[1] == 0.0:
        graze = np.concatenate([graze, graze + 180.0])  # as near to the one pole as to the other
    return np.asarray(np.unique(np.concatenate([even, np.remainder(graze, 360.0)])), dtype=np.float64)


def _polygon_area_m2(polygon: Any) -> float:
    holes = sum(abs(_ring_area_m2(hole)) for hole in polygon.interiors)
    return abs(_ring_area_m2(polygon.exterior)) - holes


def _ring_area_m2(ring: Any) -> float:
    """Signed area of a ring: −R² ∮ sin φ dλ, exact for edges straight in longitude and latitude."""
    longitude, latitude = np.deg2rad(shapely.get_coordinates(ring)).T
    middle, half = (latitude[1:] + latitude[:-1]) / 2.0, np.diff(latitude) / 2.0
    mean_sine = np.sin(middle) * np.sinc(half / np.pi)
    return float(-(EARTH_RADIUS_M**2) * (np.diff(longitude) @ mean_sine))
