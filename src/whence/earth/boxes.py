"""Boxes of longitude and latitude that know about the date line and the poles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.earth.points import as_lonlat, wrap_longitude_deg
from whence.earth.sphere import EARTH_RADIUS_M
from whence.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import ArrayLike, Bools, Floats

__all__ = ["Box"]

_CLOSED_DEG = 1e-9  # a gap of a tenth of a millimetre is rounding


@dataclass(frozen=True)
class Box:
    """Everything between two meridians and two parallels, edges included.

    A box whose `west` is greater than its `east` crosses the date line. One that reaches a pole contains it,
    whatever longitude the pole is written with.

    Parameters
    ----------
    west, south, east, north
        Degrees; longitudes within ±180, latitudes within ±90.

    Raises
    ------
    InputError
        When a limit is not a number, is out of range, or south lies above north.

    Examples
    --------
    >>> fiji = Box(176.0, -21.0, -178.0, -12.0)
    >>> fiji.contains([[178.4, -18.1], [-179.0, -16.0], [0.0, -18.0]])
    array([ True,  True, False])
    """

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        as_lonlat([[self.west, self.south], [self.east, self.north]], "box corners")
        if self.south > self.north:
            raise InputError(
                f"south {self.south:g} lies above north {self.north:g}; the order is west, south, east, north"
            )

    @classmethod
    def of_points(cls, lonlat: ArrayLike) -> Self:
        """Smallest box round positions, over the date line where that is narrower.

        Parameters
        ----------
        lonlat
            (n, 2) longitude, latitude, degrees. The longitude of a pole does not count.

        Raises
        ------
        NotEnoughDataError
            When there is no position.
        """
        points = as_lonlat(lonlat).reshape(-1, 2)
        if len(points) == 0:
            raise NotEnoughDataError("a box needs at least one position")
        polar = np.abs(points[:, 1]) == 90.0
        longitudes = points[~polar, 0] if not polar.all() else points[:1, 0]
        west, east = _smallest_arc(longitudes, longitudes)
        return cls(west, float(points[:, 1].min()), east, float(points[:, 1].max()))

    @classmethod
    def around(cls, boxes: Iterable[Box]) -> Self:
        """Smallest box round several boxes.

        Raises
        ------
        NotEnoughDataError
            When there is none.
        """
        limits = np.array([[box.west, box.south, box.east, box.north] for box in boxes], dtype=np.float64)
        if len(limits) == 0:
            raise NotEnoughDataError("a box round boxes needs at least one of them")
        west, east = _smallest_arc(limits[:, 0], limits[:, 2])
        return cls(west, float(limits[:, 1].min()), east, float(limits[:, 3].max()))

    @property
    def crosses_antimeridian(self) -> bool:
        """Whether the date line runs through the box."""
        return self.west > self.east

    @property
    def width_deg(self) -> float:
        """Degrees of longitude from west to east, 0 to 360."""
        return self.east - self.west + (360.0 if self.crosses_antimeridian else 0.0)

    @property
    def center(self) -> Floats:
        """(2,) longitude and latitude halfway, degrees."""
        longitude = wrap_longitude_deg(self.west + self.width_deg / 2.0)
        return np.array([float(longitude), (self.south + self.north) / 2.0])

    @property
    def area_m2(self) -> float:
        """Area on the sphere, square metres: R² Δλ (sin north − sin south)."""
        middle, half = np.deg2rad(self.north + self.south) / 2.0, np.deg2rad(self.north - self.south) / 2.0
        height = 2.0 * np.cos(middle) * np.sin(half)
        return float(EARTH_RADIUS_M**2 * np.deg2rad(self.width_deg) * height)

    def contains(self, lonlat: ArrayLike) -> Bools:
        """Tell which positions lie inside or on the edge.

        Parameters
        ----------
        lonlat
            (..., 2) longitude, latitude, degrees.

        Returns
        -------
        Bools
            (...) true inside.
        """
        longitude, latitude = np.moveaxis(as_lonlat(lonlat), -1, 0)
        seam = np.abs(longitude) == 180.0  # one meridian with two names
        between = self._spans(longitude) | (seam & self._spans(-longitude)) | (np.abs(latitude) == 90.0)
        return np.asarray(between & (latitude >= self.south) & (latitude <= self.north))

    def expand(self, margin_m: float) -> Self:
        """Grow the box so that it holds every position within a distance of it.

        Parameters
        ----------
        margin_m
            Metres, not negative. Where the margin reaches a pole the box takes in all longitudes.

        Raises
        ------
        InputError
            When the margin is negative or not finite.
        """
        if not (np.isfinite(margin_m) and margin_m >= 0.0):
            raise InputError(f"the margin must be zero or more metres, not {margin_m}")
        reach = margin_m / EARTH_RADIUS_M
        rise = float(np.rad2deg(reach))
        south, north = max(self.south - rise, -90.0), min(self.north + rise, 90.0)
        farthest = np.deg2rad(max(abs(self.south), abs(self.north)))
        if farthest + reach >= np.pi / 2.0:
            return type(self)(-180.0, south, 180.0, north)
        widen = float(np.rad2deg(np.arcsin(np.sin(reach) / np.cos(farthest))))
        if self.width_deg + 2.0 * widen >= 360.0:
            return type(self)(-180.0, south, 180.0, north)
        west, east = wrap_longitude_deg([self.west - widen, self.east + widen]).tolist()
        return type(self)(west, south, east, north)

    def parts(self) -> tuple[Self, ...]:
        """Split into one or two boxes that do not cross the date line."""
        if not self.crosses_antimeridian:
            return (self,)
        make = type(self)
        return (
            make(self.west, self.south, 180.0, self.north),
            make(-180.0, self.south, self.east, self.north),
        )

    def _spans(self, longitude: Floats) -> Bools:
        east_of, west_of = longitude >= self.west, longitude <= self.east
        return np.asarray(east_of | west_of if self.crosses_antimeridian else east_of & west_of)


def _smallest_arc(west: Floats, east: Floats) -> tuple[float, float]:
    """Western and eastern end of the smallest arc round arcs (n,) of longitude; all the way round is ±180.

    The answer is what the widest gap leaves. Its ends are ends that were given, to the last bit.
    """
    order = np.argsort(west, kind="stable")
    starts, ends = west[order], east[order]
    reach = np.where(ends < starts, ends + 360.0, ends)
    farthest = np.maximum.accumulate(reach)
    whose = np.maximum.accumulate(np.where(reach == farthest, np.arange(len(reach)), 0))
    over = farthest[-1] - 360.0  # how far the last arc reaches into the beginning
    whose = np.where(farthest >= over, whose, whose[-1])
    gaps = np.append(starts[1:], starts[0] + 360.0) - np.maximum(farthest, over)
    widest = int(np.argmax(gaps))
    if gaps[widest] <= _CLOSED_DEG:
        return -180.0, 180.0
    return float(np.roll(starts, -1)[widest]), float(ends[whose[widest]])
