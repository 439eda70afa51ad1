"""The frame of a sheet: the meridians and parallels that bound it, and its corners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from whence.earth.crs import Crs
    from whence.typing import Floats

__all__ = ["CORNERS", "SheetFrame"]

CORNERS = ("north-west", "north-east", "south-east", "south-west")
"""Names of the corners in the order of `SheetFrame.corners`: clockwise on a map with north up."""


@dataclass(frozen=True)
class SheetFrame:
    """A sheet that is bounded by two meridians and two parallels.

    Attributes
    ----------
    name
        Number or title of the sheet.
    west, south, east, north
        Degrees in `crs`; `east` is greater than `west`, so a sheet across the date line ends beyond 180.
    crs
        Geographic system in which the frame was drawn.
    scale
        Denominator of the scale, 25000 for 1:25 000; 0 when it is not known.

    Raises
    ------
    InputError
        When the limits are no frame.
    """

    name: str
    west: float
    south: float
    east: float
    north: float
    crs: Crs
    scale: int = 0

    def __post_init__(self) -> None:
        limits = (self.west, self.south, self.east, self.north)
        if not all(np.isfinite(limits)) or not (self.west < self.east and self.south < self.north):
            raise InputError(
                f"sheet {self.name}: west {self.west:g}, south {self.south:g}, east {self.east:g}, "
                f"north {self.north:g} bound no area; west must be less than east, south less than north"
            )
        if self.south < -90.0 or self.north > 90.0 or self.east - self.west > 360.0:
            raise InputError(f"sheet {self.name} reaches beyond a pole or round the Earth; check its limits")

    @property
    def corners(self) -> Floats:
        """(4, 2) longitude and latitude in `crs` of the corners, in the order of `CORNERS`."""
        return np.array(
            [
                [self.west, self.north],
                [self.east, self.north],
                [self.east, self.south],
                [self.west, self.south],
            ]
        )
