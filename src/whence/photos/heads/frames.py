"""Coordinates within a cell: offsets from its centre, in units of the cell.

Two frames: sides of the cell's box in degrees, each side of the centre with a unit of its own (the hybrid
model of OpenStreetView-5M), and metres east and north over the cell's radius, which any partition has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from whence.earth.points import wrap_longitude_deg
from whence.earth.sphere import EARTH_RADIUS_M, bearing_deg, destination, distance_m
from whence.errors import FormatError, InputError
from whence.photos.heads.parts import array_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from whence.earth.partitions import Partition
    from whence.typing import Floats, Ints

__all__ = ["FRAMES", "BoxFrame", "PlaneFrame", "frame_from", "has_boxes"]

_THINNEST = 0.05  # of the side of a box: a centre on the rim would leave nothing to divide by
_THINNEST_DEG = 1e-6


def has_boxes(partition: Partition) -> bool:
    """Tell whether the cells are boxes of longitude and latitude."""
    return hasattr(partition, "boxes")


@dataclass(frozen=True, eq=False)
class BoxFrame:
    """Offsets in sides of boxes: 1 is the eastern or northern edge, -1 the western or southern.

    Attributes
    ----------
    centers
        (n, 2) mean training position of each cell, within its box, degrees.
    up, down
        (n, 2) from there to the eastern and northern edge, and to the western and southern, degrees; at least
        a twentieth of the side.
    """

    centers: Floats
    up: Floats
    down: Floats

    name: ClassVar[str] = "box"

    @classmethod
    def of(cls, partition: Partition, lonlat: Floats) -> Self:  # noqa: ARG003 (the other frame needs them)
        """Measure the boxes of a partition.

        Raises
        ------
        InputError
            When its cells are no boxes.
        """
        boxes: Floats | None = partition.boxes() if has_boxes(partition) else None  # type: ignore[attr-defined]
        if boxes is None:
            raise InputError(
                f"the cells of the partition {partition.name!r} are no boxes; take offset 'plane'"
            )
        low, high = boxes[:, :2], boxes[:, 2:]
        centers = np.clip(partition.centers(), low, high)
        floor = np.maximum(_THINNEST * (high - low), _THINNEST_DEG)
        return cls(centers, np.maximum(high - centers, floor), np.maximum(centers - low, floor))

    def offsets(self, lonlat: Floats, cell: Ints) -> Floats:
        """Offset (n, 2) of positions (n, 2) in their cells (n,)."""
        apart = lonlat - self.centers[cell]
        apart[:, 0] = wrap_longitude_deg(apart[:, 0])
        return np.asarray(apart / np.where(apart > 0.0, self.up[cell], self.down[cell]))

    def positions(self, offsets: Floats, cell: Ints) -> Floats:
        """Positions (..., 2) of offsets (..., 2) in cells (...)."""
        lonlat = self.centers[cell] + offsets * np.where(offsets > 0.0, self.up[cell], self.down[cell])
        lonlat[..., 0] = wrap_longitude_deg(lonlat[..., 0])
        lonlat[..., 1] = np.clip(lonlat[..., 1], -90.0, 90.0)
        return np.asarray(lonlat)

    def unit_m(self) -> Floats:
        """(n,) about how many metres a unit is: half the diagonal of the sides' mean."""
        sides = (self.up + self.down) / 2.0 * np.pi / 180.0 * EARTH_RADIUS_M
        sides[:, 0] *= np.cos(np.deg2rad(self.centers[:, 1]))
        return np.asarray(np.maximum(np.hypot(*sides.T) / np.sqrt(2.0), 0.1))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give what `from_arrays` reads."""
        return {"centers": self.centers, "up": self.up, "down": self.down}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], cells: int) -> Self:
        """Make it again, of so many cells."""
        return cls(*(array_of(arrays, name, cells, 2) for name in ("centers", "up", "down")))


@dataclass(frozen=True, eq=False)
class PlaneFrame:
    """Offsets in metres east and north of the centre, over the radius of the cell.

    Distance and bearing on the sphere, as the local plane of `whence.earth.tangent`, so it holds at any size
    of cell, at the poles and over the date line; within a city it is e = R cos φ₀ Δλ, n = R Δφ.

    Attributes
    ----------
    centers
        (n, 2) mean training position of each cell, degrees.
    radius_m
        (n,) distance of the farthest training position; at least half the size of the cell.
    """

    centers: Floats
    radius_m: Floats

    name: ClassVar[str] = "plane"

    @classmethod
    def of(cls, partition: Partition, lonlat: Floats) -> Self:
        """Measure how far the training positions (n, 2) reach in each cell."""
        cell = partition.assign(lonlat)
        radius_m = partition.size_m() / 2.0
        np.maximum.at(radius_m, cell, distance_m(lonlat, partition.centers()[cell]))
        return cls(partition.centers(), radius_m)

    def offsets(self, lonlat: Floats, cell: Ints) -> Floats:
        """Offset (n, 2) of positions (n, 2) in their cells (n,)."""
        centers = self.centers[cell]
        bearing = np.deg2rad(bearing_deg(centers, lonlat))
        length = distance_m(centers, lonlat) / self.radius_m[cell]
        return np.stack([length * np.sin(bearing), length * np.cos(bearing)], axis=-1)

    def positions(self, offsets: Floats, cell: Ints) -> Floats:
        """Positions (..., 2) of offsets (..., 2) in cells (...)."""
        east, north = np.moveaxis(offsets, -1, 0)
        bearing = np.rad2deg(np.arctan2(east, north))
        return destination(self.centers[cell], bearing, np.hypot(east, north) * self.radius_m[cell])

    def unit_m(self) -> Floats:
        """(n,) how many metres a unit is."""
        return self.radius_m

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give what `from_arrays` reads."""
        return {"centers": self.centers, "radius_m": self.radius_m}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], cells: int) -> Self:
        """Make it again, of so many cells."""
        return cls(array_of(arrays, "centers", cells, 2), array_of(arrays, "radius_m", cells))


FRAMES: dict[str, type[BoxFrame | PlaneFrame]] = {"box": BoxFrame, "plane": PlaneFrame}
"""Name -> frame."""


def frame_from(name: str, arrays: Mapping[str, NDArray[Any]], cells: int) -> BoxFrame | PlaneFrame:
    """Make a frame of so many cells again from its name and arrays.

    Raises
    ------
    FormatError
        For an unknown name, or when an array is missing or does not fit.
    """
    if name not in FRAMES:
        raise FormatError(f"no frame is called {name!r}; there are {', '.join(FRAMES)}")
    return FRAMES[name].from_arrays(arrays, cells)
