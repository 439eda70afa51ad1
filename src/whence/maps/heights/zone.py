"""Whether a sheet lies in the zone it is said to lie in: a place that it shows tells.

Coordinates of a neighbouring zone look right and lie hundreds of kilometres away. The systems of the same
family are taken from PROJ's register: those of the same datum and projection that differ in nothing but the
central meridian and the false easting, such as UTM zones, and Gauss-Krüger zones of any country.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.maps.heights.register import ask_register

if TYPE_CHECKING:
    from whence.typing import ArrayLike, Floats

__all__ = ["PlaceCheck", "check_place", "family", "parse_place"]

MARGIN = 0.5
"""A sheet reaches beyond the box of its points by this share of the box's longer side, if not by less."""

_FREE = ("longitude of natural origin", "false easting")
_STRIP_DEG = 0.5
_WGS84 = pyproj.Geod(ellps="WGS84")


@dataclass(frozen=True)
class PlaceCheck:
    """Where a known place lies, by the system of a sheet and by those beside it.

    Parameters
    ----------
    crs
        The system that was given.
    inside
        Whether the place lies in the sheet by it.
    distance_km
        From the box of the sheet's points; 0 inside of it.
    better
        Systems of the family by which it lies in the sheet, likeliest first, where it does not by the one
        given.
    place
        Longitude, latitude, degrees.
    """

    crs: Crs
    inside: bool
    distance_km: float
    better: tuple[Crs, ...]
    place: tuple[float, float]

    @property
    def sentence(self) -> str:
        """The finding in words."""
        where = f"the place {self.place[0]:g}, {self.place[1]:g}"
        if self.inside:
            return f"{where} lies in the sheet"
        far = f"{where} lies {self.distance_km:,.0f} km outside of the sheet, if that is in {self.crs.label}"
        if self.better:
            named = " or ".join(one.label for one in self.better[:2])
            return f"{far}; in {named} it lies inside: the zone is probably wrong: name that one"
        return f"{far}; in no other zone of this system does it lie inside: check longitude and latitude"

    def require(self) -> None:
        """Refuse a sheet in which the place does not lie.

        Raises
        ------
        InputError
            With the distance and the zone in which it would lie inside.
        """
        if not self.inside:
            raise InputError(self.sentence)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return {
            "crs": self.crs.label,
            "place": list(self.place),
            "inside": self.inside,
            "distance_km": self.distance_km,
            "better": [one.label for one in self.better],
        }


def check_place(world: ArrayLike, crs: Crs | str, place: ArrayLike, *, margin: float = MARGIN) -> PlaceCheck:
    """Tell whether a place that a sheet shows lies in it, and if not, in which zone it would.

    Parameters
    ----------
    world
        (n, 2) places of the sheet in its system: control points, labels, or corners.
    crs
        The system that they are said to be in.
    place
        (2,) longitude, latitude, degrees.
    margin
        How far the sheet reaches beyond the box of its places, as a share of the longer side.

    Raises
    ------
    InputError
        When there are no places, or the place is none.

    Examples
    --------
    >>> corners = [[540000.0, 6790000], [560000, 6810000]]
    >>> check_place(corners, "EPSG:32635", [27.9, 61.3]).inside
    True
    >>> wrong = check_place(corners, "EPSG:32634", [27.9, 61.3])
    >>> round(wrong.distance_km, -1), [one.code for one in wrong.better]
    (310.0, ['EPSG:32635'])
    """
    system = Crs.parse(crs)
    points = np.asarray(world, dtype=np.float64).reshape(-1, 2)
    if len(points) == 0 or not np.isfinite(points).all():
        raise InputError("the sheet has no places to tell its zone by, or some are no numbers")
    lonlat = np.asarray(place, dtype=np.float64).reshape(2)
    if not (abs(lonlat[0]) <= 180 and abs(lonlat[1]) <= 90):
        raise InputError(f"{lonlat[0]:g}, {lonlat[1]:g} is no place; give longitude, latitude in degrees")
    known = (float(lonlat[0]), float(lonlat[1]))
    if _is_inside(points, system, lonlat, margin):
        return PlaceCheck(system, True, _distance_km(points, system, lonlat), (), known)
    siblings = family(system, near=known)
    better = _those_around(lonlat, siblings, points, margin)
    return PlaceCheck(system, False, _distance_km(points, system, lonlat), better, known)


def parse_place(text: str) -> tuple[float, float]:
    """Read ``longitude,latitude`` in degrees.

    Raises
    ------
    InputError
        When it is none.

    Examples
    --------
    >>> parse_place("29.3, 61.4")
    (29.3, 61.4)
    """
    words = text.replace(";", ",").split(",")
    try:
        longitude, latitude = (float(word) for word in words)
    except ValueError as error:
        raise InputError(f"{text!r} is no place; write longitude,latitude in degrees: 29.3,61.4") from error
    if not (abs(longitude) <= 180 and abs(latitude) <= 90):
        raise InputError(f"{text!r} is no place; write longitude first, then latitude, in degrees")
    return longitude, latitude


def family(crs: Crs, *, near: tuple[float, float] | None = None) -> tuple[Crs, ...]:
    """List the other zones of a system: of its datum and projection, with another central meridian.

    Those nearest come first, and of these those whose name differs by the number of the zone alone.

    Parameters
    ----------
    crs
        The system.
    near
        Longitude, latitude: only systems that the register has for that place. Making all zones of the world
        takes seconds.

    Examples
    --------
    >>> [one.code for one in family(Crs.parse("EPSG:2392"))][:2]
    ['EPSG:2391', 'EPSG:2393']
    """
    return _family(crs.wkt, near)


@lru_cache(maxsize=16)
def _family(wkt: str, near: tuple[float, float] | None) -> tuple[Crs, ...]:
    own = pyproj.CRS.from_wkt(wkt)
    if own.coordinate_operation is None or own.geodetic_crs is None or own.is_geographic:
        return ()
    numbers = _parameters(own)
    meridian = numbers.get(_FREE[0])
    if meridian is None:
        return ()
    datum = own.name.partition(" / ")[0]
    found: list[tuple[float, bool, str, pyproj.CRS]] = []
    for authority, code in _rows(datum, near):
        other = pyproj.CRS.from_authority(authority, code)
        theirs = _parameters(other)
        if not _is_sibling(own, other, numbers, theirs):
            continue
        away = abs((theirs[_FREE[0]] - meridian + 180) % 360 - 180)
        found.append((away, _stem(other.name) != _stem(own.name), f"{authority}:{code}", other))
    found.sort(key=lambda one: one[:3])
    return tuple(Crs.parse(one[3]) for one in found)


def _rows(datum: str, near: tuple[float, float] | None) -> list[tuple[Any, ...]]:
    """Find the projected systems of a datum, all or those around a place: authority and code."""
    question = "select distinct c.auth_name, c.code from projected_crs c "
    if near is None:
        return ask_register(question + "where c.name like ? and c.deprecated = 0", (f"{datum} / %",))
    longitude, latitude = near
    question += (
        "join usage u on u.object_table_name = 'projected_crs' and u.object_auth_name = c.auth_name "
        "and u.object_code = c.code "
        "join extent e on e.auth_name = u.extent_auth_name and e.code = u.extent_code "
        "where c.name like ? and c.deprecated = 0 and e.south_lat <= ? and e.north_lat >= ? "
        "and e.west_lon <= ? and e.east_lon >= ?"
    )
    bounds = (latitude + _STRIP_DEG, latitude - _STRIP_DEG, longitude + _STRIP_DEG, longitude - _STRIP_DEG)
    return ask_register(question, (f"{datum} / %", *bounds))


def _parameters(crs: pyproj.CRS) -> dict[str, float]:
    operation = crs.coordinate_operation
    return {} if operation is None else {one.name.lower(): float(one.value) for one in operation.params}


def _is_sibling(own: pyproj.CRS, other: pyproj.CRS, mine: dict[str, float], theirs: dict[str, float]) -> bool:
    """Tell whether two systems differ in the zone alone."""
    if mine.keys() != theirs.keys() or mine[_FREE[0]] == theirs[_FREE[0]]:
        return False
    if own.coordinate_operation is None or other.coordinate_operation is None:
        return False
    fixed = all(mine[name] == theirs[name] for name in mine if name not in _FREE)
    method = own.coordinate_operation.method_name == other.coordinate_operation.method_name
    one, two = own.geodetic_crs, other.geodetic_crs
    return fixed and method and one is not None and two is not None and one.name == two.name


def _stem(name: str) -> str:
    return "".join("#" if letter.isdigit() else letter for letter in name).replace("##", "#")


def _those_around(
    lonlat: Floats, siblings: tuple[Crs, ...], points: Floats, margin: float
) -> tuple[Crs, ...]:
    """Choose the systems of one datum by which a place lies in the sheet: the datum is changed only once."""
    if not siblings:
        return ()
    base = pyproj.CRS.from_wkt(siblings[0].wkt).geodetic_crs
    longitude, latitude = Crs.parse(base).from_lonlat(lonlat[None])[0]
    found = []
    for one in siblings:
        there = np.array(pyproj.Proj(pyproj.CRS.from_wkt(one.wkt))(longitude, latitude))
        if _holds(points, there, margin):
            found.append(one)
    return tuple(found)


def _is_inside(points: Floats, crs: Crs, lonlat: Floats, margin: float) -> bool:
    try:
        there = crs.from_lonlat(lonlat[None])[0]
    except InputError:  # outside of what the system can express
        return False
    return _holds(points, there, margin)


def _holds(points: Floats, there: Floats, margin: float) -> bool:
    """Tell whether a place lies in the box of the points, or little beyond."""
    low, high = points.min(axis=0), points.max(axis=0)
    reach = margin * float((high - low).max())
    return bool((there >= low - reach).all() and (there <= high + reach).all())


def _distance_km(points: Floats, crs: Crs, lonlat: Floats) -> float:
    """Distance on WGS 84 from the border of the box, by points along it; 0 within."""
    low, high = points.min(axis=0), points.max(axis=0)
    if _is_inside(points, crs, lonlat, 0.0):
        return 0.0
    share = np.linspace(0.0, 1.0, 33)
    sides = [np.stack([share, np.full(33, end)], axis=1) for end in (0.0, 1.0)]
    border = np.concatenate([*sides, *(side[:, ::-1] for side in sides)]) * (high - low) + low
    try:
        places = crs.to_lonlat(border)
    except InputError:
        return float("inf")
    count = len(places)
    _, _, lengths = _WGS84.inv(
        np.full(count, lonlat[0]), np.full(count, lonlat[1]), places[:, 0], places[:, 1]
    )
    return float(np.min(lengths)) / 1000.0
