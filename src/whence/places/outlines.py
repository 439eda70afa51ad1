"""Outlines of countries and of the land: Natural Earth 1:50m and 1:110m, packed under ``data``.

Natural Earth draws boundaries as they stand on the ground, whoever claims them; whence takes no side. Units
without an ISO 3166 code are filed under the code that covers the ground (Somaliland under SO, Northern Cyprus
under CY), Kosovo under XK, Taiwan under TW; the Siachen glacier belongs to no country here. Territories with
a code of their own (GF, RE, BQ, SJ …) are countries of their own. Countries too small for the scale
(Gibraltar, Tuvalu, Tokelau …) are discs of 4 km round their places.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.spatial import cKDTree

from whence.earth.points import as_lonlat
from whence.earth.sphere import EARTH_RADIUS_M, to_unit_vectors
from whence.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.earth.region import Region
    from whence.typing import ArrayLike, Floats

__all__ = ["country_at", "country_outline", "land_outline", "outlined_countries", "region"]

_COAST_STEP_DEG = 0.05  # sides longer than this get points in between, so that the nearest point is near


@dataclass(frozen=True, eq=False)
class _Outlines:
    """Polygons of one packed file, the country code of each, and their rings in the order of the file."""

    polygons: NDArray[np.object_]
    codes: NDArray[np.str_]
    rings: list[Floats]


@functools.lru_cache(maxsize=2)
def _read(name: str) -> _Outlines:
    with resources.files(__package__).joinpath("data", name).open("rb") as file, np.load(file) as packed:
        points = np.cumsum(packed["steps"].T, axis=0) / float(packed["steps_per_deg"])
        rings = np.split(points, np.cumsum(packed["ring_length"].astype(np.int64))[:-1])
        ends = np.cumsum(packed["polygon_rings"].astype(np.int64)).tolist()
        codes = packed["code"] if "code" in packed else np.full(len(ends), "")
    starts = [0, *ends[:-1]]
    polygons = [shapely.Polygon(rings[a], rings[a + 1 : b]) for a, b in zip(starts, ends, strict=True)]
    return _Outlines(np.array(polygons, object), codes, rings)


def land_outline() -> list[Floats]:
    """Return the coasts of the world for a small map.

    Returns
    -------
    list of Floats
        Rings (n, 2) of longitude, latitude, degrees with two decimals, not closed, cut at the antimeridian;
        a ring within a ring is water (fill with the even-odd rule). Natural Earth 1:110m, public domain.

    Examples
    --------
    >>> rings = land_outline()
    >>> 100 < len(rings) < 200, sum(map(len, rings)) < 6000
    (True, True)
    """
    return [ring.round(2) for ring in _read("land.npz").rings]


def outlined_countries() -> frozenset[str]:
    """Return the alpha-2 codes of the countries that have an outline."""
    return frozenset(_read("countries.npz").codes.tolist())


@functools.lru_cache(maxsize=300)
def country_outline(code: str) -> shapely.MultiPolygon:
    """Return the outline of a country, cut at the antimeridian, in degrees.

    Parameters
    ----------
    code
        ISO 3166-1 alpha-2.

    Raises
    ------
    InputError
        When no country with an outline has this code.
    """
    outlines = _read("countries.npz")
    parts = outlines.polygons[outlines.codes == code.upper()]
    if not len(parts):
        raise InputError(
            f"no outline for the country code {code!r}; use two letters of ISO 3166-1, such as 'FR'"
        )
    return shapely.MultiPolygon(parts.tolist())


def region(code: str) -> Region:
    """Return a country as a region.

    Parameters
    ----------
    code
        ISO 3166-1 alpha-2.

    Raises
    ------
    InputError
        When no country with an outline has this code.

    Examples
    --------
    >>> bool(region("IS").contains([(-21.9, 64.1)])[0])
    True
    """
    from whence.earth.region import Region  # pyproj and GeoJSON, which outlines do not need

    return Region.from_geometry(country_outline(code), name=code.upper())


def country_at(lonlat: ArrayLike, *, tolerance_m: float = 20_000.0) -> list[str | None]:
    """Name the country of each position.

    Parameters
    ----------
    lonlat
        (n, 2) or (2,) longitude, latitude, degrees.
    tolerance_m
        Positions outside every outline, such as piers and small islands, belong to the country whose coast
        is nearest, if it is no farther than this; metres.

    Returns
    -------
    list of str or None
        ISO 3166-1 alpha-2 codes; None at sea. Where outlines overlap the smaller country wins.

    Raises
    ------
    InputError
        When a position is not one.

    Examples
    --------
    >>> country_at([(2.35, 48.86), (-25.7, 37.7), (-30.0, 0.0)])
    ['FR', 'PT', None]
    """
    positions = np.atleast_2d(as_lonlat(lonlat))
    found = np.full(len(positions), None, object)
    at, part = _tree().query(shapely.points(positions), predicate="intersects")
    largest_first = np.argsort(-shapely.area(_read("countries.npz").polygons[part]), kind="stable")
    found[at[largest_first]] = _read("countries.npz").codes[part[largest_first]]
    outside = np.flatnonzero(found == None)  # noqa: E711 (elementwise)
    if len(outside):
        found[outside] = _nearest_coast(positions[outside], tolerance_m)
    return [None if code is None else str(code) for code in found]


def _nearest_coast(positions: Floats, tolerance_m: float) -> NDArray[np.object_]:
    tree, codes = _coast()
    reach = 2.0 * np.sin(tolerance_m / (2.0 * EARTH_RADIUS_M))  # chord of the unit sphere
    _, nearest = tree.query(to_unit_vectors(positions), distance_upper_bound=reach)
    known = nearest < len(codes)  # the tree answers n where nothing is near
    found = np.full(len(positions), None, object)
    found[known] = codes[nearest[known]]
    return found


@functools.lru_cache(maxsize=1)
def _tree() -> shapely.STRtree:
    polygons = _read("countries.npz").polygons
    shapely.prepare(polygons)
    return shapely.STRtree(polygons)


@functools.lru_cache(maxsize=1)
def _coast() -> tuple[cKDTree, NDArray[np.str_]]:
    """Points along all outlines with the code of their country."""
    outlines = _read("countries.npz")
    dense = shapely.segmentize(outlines.polygons, _COAST_STEP_DEG)
    points, part = shapely.get_coordinates(dense, return_index=True)
    return cKDTree(to_unit_vectors(points)), outlines.codes[part]
