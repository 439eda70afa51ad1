"""The frame of a drawn map sheet: which place of the ground lies at which pixel of the flat paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.smallworld.town import ORIGIN

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import ArrayLike, Bools, Floats

__all__ = ["CRS", "DPI", "GRID_M", "SheetFrame"]

CRS = "EPSG:32632"
"""UTM zone 32, in which the sheet has its grid; the town lies one degree off the grid's north."""

DPI = 254.0
GRID_M = 100.0
"""From one grid cross to the next."""

_SCALE = 5000.0
_HALF_M = 600.0
_MARGIN_MM = 18.0
_MM_PER_INCH = 25.4


@dataclass(frozen=True)
class SheetFrame:
    """A square sheet on 1:5000 with the grid parallel to its edges, flat as it left the press.

    Attributes
    ----------
    west_m, north_m
        Easting of the left and northing of the upper neatline, metres of `CRS`.
    dpi
        Pixels per inch of the flat sheet; 254 makes ten pixels a millimetre, half a metre each.
    """

    west_m: float
    north_m: float
    dpi: float = DPI

    @classmethod
    def about_town(cls, *, dpi: float = DPI) -> Self:
        """Frame the town with round coordinates.

        Raises
        ------
        InputError
            When the resolution is not between 100 and 600 dots per inch.
        """
        if not 100 <= dpi <= 600:
            raise InputError(f"a sheet is drawn with 100 to 600 dots per inch, not {dpi:g}")
        middle = np.round(Crs.parse(CRS).from_lonlat(np.array(ORIGIN)) / GRID_M) * GRID_M
        return cls(float(middle[0] - _HALF_M), float(middle[1] + _HALF_M), dpi)

    @property
    def crs(self) -> Crs:
        """Coordinate system of the grid."""
        return Crs.parse(CRS)

    @property
    def px_per_mm(self) -> float:
        """Pixels in a millimetre of the flat sheet."""
        return self.dpi / _MM_PER_INCH

    @property
    def px_per_m(self) -> float:
        """Pixels in a metre of the ground."""
        return self.px_per_mm * 1000.0 / _SCALE

    @property
    def margin_px(self) -> int:
        """White margin between the neatline and the edge of the paper."""
        return round(_MARGIN_MM * self.px_per_mm)

    @property
    def map_px(self) -> int:
        """Side of the square within the neatline."""
        return round(2 * _HALF_M * self.px_per_m)

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the paper."""
        side = self.map_px + 2 * self.margin_px
        return side, side

    def to_sheet(self, world: ArrayLike) -> Floats:
        """Column and row on the flat sheet of (..., 2) eastings and northings."""
        east, north = np.moveaxis(np.asarray(world, dtype=np.float64), -1, 0)
        away = np.stack([east - self.west_m, self.north_m - north], axis=-1)
        return np.asarray(away * self.px_per_m + self.margin_px)

    def to_world(self, sheet_px: ArrayLike) -> Floats:
        """Easting and northing of (..., 2) columns and rows of the flat sheet."""
        away = (np.asarray(sheet_px, dtype=np.float64) - self.margin_px) / self.px_per_m
        return np.stack([self.west_m + away[..., 0], self.north_m - away[..., 1]], axis=-1)

    def crosses(self) -> Floats:
        """Easting and northing (n, 2) of the grid crosses within the neatline, row by row from the top."""
        steps = np.arange(GRID_M, 2 * _HALF_M, GRID_M)
        south, east = np.meshgrid(steps, steps, indexing="ij")
        return np.stack([self.west_m + east.ravel(), self.north_m - south.ravel()], axis=-1)

    def inside(self, sheet_px: Floats, *, within_mm: float = 0.0) -> Bools:
        """Tell which (..., 2) pixels of the sheet lie within the neatline, so many millimetres off it."""
        low = self.margin_px + within_mm * self.px_per_mm
        high = self.margin_px + self.map_px - within_mm * self.px_per_mm
        return np.asarray(((sheet_px >= low) & (sheet_px <= high)).all(axis=-1))
