"""Coordinate systems: read with clear errors, x always before y, and never mixed."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
from pyproj.exceptions import CRSError, ProjError

from whence.earth.points import as_lonlat, wrap_longitude_deg
from whence.errors import InputError

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import ArrayLike, Floats

__all__ = ["Crs", "require_same", "same"]

_WGS84 = "OGC:CRS84"


@dataclass(frozen=True)
class Crs:
    """A horizontal coordinate system, x (easting or longitude) always first.

    Whatever order a registry gives its axes in, coordinates here are x, y. Where a system counts westward or
    southward, as in South Africa, x and y do so too.

    Parameters
    ----------
    wkt
        Its definition; use `parse` to make one from a code or a name.

    Examples
    --------
    >>> zone = Crs.parse("EPSG:32637")
    >>> zone.label
    'EPSG:32637 (WGS 84 / UTM zone 37N, metre)'
    >>> zone.from_lonlat([39.0, 55.0]).round(3)
    array([ 500000.   , 6094791.421])
    """

    wkt: str

    @classmethod
    def parse(cls, text: Any) -> Self:
        """Read a coordinate system.

        Parameters
        ----------
        text
            A code such as ``"EPSG:32637"`` or 32637, a name, WKT, a PROJ string, or a pyproj CRS. Of a
            compound system the horizontal part is taken.

        Raises
        ------
        InputError
            When it is not known, with what may have been meant; or when it has no horizontal axes.
        """
        if isinstance(text, Crs):
            return cls(text.wkt)
        try:
            found = pyproj.CRS.from_user_input(text.strip() if isinstance(text, str) else text)
        except CRSError as error:
            raise InputError(f"unknown coordinate system {text!r}; {_suggestion(str(text))}") from error
        flat = found.to_2d() if found.is_compound else found
        if flat.is_vertical or flat.is_geocentric:
            raise InputError(
                f"{flat.name} is a {flat.type_name}, without longitude and latitude or easting and northing; "
                "give the horizontal system"
            )
        return cls(flat.to_wkt())

    @property
    def name(self) -> str:
        """Its name, such as ``WGS 84 / UTM zone 37N``."""
        return str(self._proj.name)

    @property
    def code(self) -> str | None:
        """Authority and number, such as ``EPSG:32637``, or None where no register has it."""
        found = self._proj.to_authority(min_confidence=70)
        return ":".join(found) if found else None

    @property
    def unit(self) -> str:
        """Name of the unit of its axes: ``metre``, ``US survey foot``, ``degree``."""
        return str(self._proj.axis_info[0].unit_name)

    @property
    def is_geographic(self) -> bool:
        """Whether its coordinates are longitudes and latitudes."""
        return bool(self._proj.is_geographic)

    @property
    def units_m(self) -> float:
        """Metres in one unit of its axes: 1 for metres, 0.3048006… for US survey feet.

        Raises
        ------
        InputError
            For degrees, whose length depends on where they are.
        """
        if self.is_geographic:
            raise InputError(
                f"{self.label} counts degrees, which have no one length; project first, "
                "for instance with whence.earth.TangentPlane"
            )
        return float(self._proj.axis_info[0].unit_conversion_factor)

    @property
    def label(self) -> str:
        """Code, name and unit, for sentences."""
        details = f"{self.name}, {self.unit}"
        return f"{self.code} ({details})" if self.code else details

    def to_lonlat(self, xy: ArrayLike) -> Floats:
        """Turn coordinates of this system into positions on WGS 84.

        Parameters
        ----------
        xy
            (..., 2) x, y in the unit of the axes.

        Returns
        -------
        Floats
            (..., 2) longitude, latitude, degrees.

        Raises
        ------
        InputError
            When a number is not finite or lies outside what the system can express (the row is named), or no
            transformation to WGS 84 is known.
        """
        plane = np.asarray(xy, dtype=np.float64)
        if plane.ndim == 0 or plane.shape[-1] != 2:
            raise InputError(f"xy must end in two columns, x and y; the shape given is {plane.shape}")
        lonlat = self._transform(plane, inverse=True)
        lonlat[..., 0] = wrap_longitude_deg(lonlat[..., 0])
        return lonlat

    def from_lonlat(self, lonlat: ArrayLike) -> Floats:
        """Turn positions on WGS 84 into coordinates of this system.

        Parameters
        ----------
        lonlat
            (..., 2) longitude, latitude, degrees.

        Returns
        -------
        Floats
            (..., 2) x, y in the unit of the axes.

        Raises
        ------
        InputError
            As `to_lonlat`.
        """
        return self._transform(as_lonlat(lonlat), inverse=False)

    @cached_property
    def _proj(self) -> pyproj.CRS:
        return pyproj.CRS.from_wkt(self.wkt)

    def _transform(self, points: Floats, *, inverse: bool) -> Floats:
        try:
            transformer = _transformer(self.wkt, inverse=inverse, thread=threading.get_ident())
        except ProjError as error:
            start, end = self._ends(inverse=inverse)
            raise InputError(
                f"no transformation from {start} to {end} is known; a local system needs control points"
            ) from error
        moved = np.stack(transformer.transform(points[..., 0], points[..., 1]), axis=-1)
        bad = ~np.isfinite(moved.reshape(-1, 2)).all(axis=1)
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            first, second = points.reshape(-1, 2)[row].tolist()
            others = f" (and {bad.sum() - 1} more)" if bad.sum() > 1 else ""
            start, end = self._ends(inverse=inverse)
            raise InputError(
                f"row {row}{others}, {first:g}, {second:g}, has no place in {end} when read as {start}; "
                "check the order (x first), the unit and the coordinate system"
            )
        return np.asarray(moved, dtype=np.float64)

    def _ends(self, *, inverse: bool) -> tuple[str, str]:
        """Names of both systems, for messages alone: looking one up takes a fifth of a second."""
        return (self.label, "WGS 84") if inverse else ("WGS 84", self.label)


def same(a: Any, b: Any) -> bool:
    """Tell whether two coordinate systems are one and the same, however they are written.

    Parameters
    ----------
    a, b
        `Crs`, or anything that `Crs.parse` reads. The registry's order of axes does not count.

    Examples
    --------
    >>> same("EPSG:4326", "OGC:CRS84"), same("EPSG:32637", "EPSG:32638")
    (True, False)
    """
    one, other = Crs.parse(a), Crs.parse(b)
    return one.wkt == other.wkt or bool(one._proj.equals(other._proj, ignore_axis_order=True))


def require_same(a: Any, b: Any, *, names: tuple[str, str] = ("the first", "the second")) -> Crs:
    """Refuse to mix coordinate systems.

    Parameters
    ----------
    a, b
        `Crs`, or anything that `Crs.parse` reads.
    names
        What carries them, for the message.

    Returns
    -------
    Crs
        The one system.

    Raises
    ------
    InputError
        When they differ; the message names both, with their units.
    """
    one, other = Crs.parse(a), Crs.parse(b)
    if not same(one, other):
        raise InputError(
            f"two coordinate systems: {names[0]} in {one.label}, {names[1]} in {other.label}; "
            "bring both into one system first (to_lonlat, then from_lonlat)"
        )
    return one


@lru_cache(maxsize=64)
def _transformer(wkt: str, *, inverse: bool, thread: int) -> Any:  # noqa: ARG001 - one per thread
    """Never a ballpark: PROJ would quietly treat unrelated datums as equal."""
    pair = (wkt, _WGS84) if inverse else (_WGS84, wkt)
    return pyproj.Transformer.from_crs(*pair, always_xy=True, allow_ballpark=False)


def _suggestion(text: str) -> str:
    """Say what may have been meant: a code written differently, or names with all the same words."""
    number = re.fullmatch(r"\s*(epsg|srid|crs)?\W*(\d{4,6})\s*", text, flags=re.IGNORECASE)
    if number and ":" not in text:
        return f"did you mean EPSG:{number[2]}?"
    if number:
        return f"no register shipped with PROJ has the number {number[2]}; look it up at epsg.org"
    words = re.findall(r"[a-z]+|\d+[a-z]?", text.lower())
    names = [(f"{row.auth_name}:{row.code}", row.name) for row in _register()]
    fits = [pair for pair in names if words and all(word in _words(pair[1]) for word in words)]
    if not fits:
        return "give a code such as EPSG:32637, WKT or a PROJ string; codes are listed at epsg.org"
    fits.sort(key=lambda pair: ("WGS 84" not in pair[1], len(pair[1])))
    return "did you mean " + " or ".join(f"{code} ({name})" for code, name in fits[:3]) + "?"


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z]+|\d+[a-z]?", name.lower())


def _register() -> list[Any]:
    from pyproj.database import query_crs_info

    return list(query_crs_info(allow_deprecated=False))
