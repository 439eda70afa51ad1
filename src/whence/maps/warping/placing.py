"""From pixels of a scan to the coordinate system of the sheet and back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from whence.earth.crs import Crs, same

if TYPE_CHECKING:
    from whence.maps.points import ControlPoints
    from whence.maps.transforms import Transform
    from whence.typing import Bools, Floats, Json

__all__ = ["Fitted", "Placing"]

_PLACED_AT_ONCE = 256
"""A spline holds a row of all control points for every position; the rows of a portion fit the cache."""

_FOUND_AT_ONCE = 16_384
"""A numerical inverse begins with a search that costs the same for many positions as for few."""


@runtime_checkable
class Fitted(Protocol):
    """What warping needs of a fit; `whence.maps.fitting.MapFit` is one."""

    @property
    def transform(self) -> Transform:
        """The transform that was fitted."""
        ...

    @property
    def points(self) -> ControlPoints:
        """The control points."""
        ...

    @property
    def used(self) -> Bools:
        """(n,) whether a point took part in the fit."""
        ...

    @property
    def summary(self) -> str:
        """Its accuracy in words."""
        ...

    def to_json(self) -> Json:
        """All that is known of it."""
        ...


@dataclass(frozen=True)
class Placing:
    """A transform and the change of coordinate system behind it.

    Parameters
    ----------
    transform
        From pixels to `crs`.
    crs
        System of the transform's world positions.
    sheet_crs
        System of the sheet that is made.
    factor
        Side of the square of the scan's pixels that counts as one pixel here.
    """

    transform: Transform
    crs: Crs
    sheet_crs: Crs
    factor: int = 1

    def to_sheet(self, pixels: Floats) -> Floats:
        """Place pixels in the system of the sheet.

        Parameters
        ----------
        pixels
            (n, 2) column, row.

        Returns
        -------
        Floats
            (n, 2) easting, northing in `sheet_crs`.
        """
        return np.concatenate([self._place(part) for part in _portions(pixels, _PLACED_AT_ONCE)])

    def to_pixels(self, xy: Floats) -> Floats:
        """Find the pixels of positions on the sheet.

        Parameters
        ----------
        xy
            (n, 2) easting, northing in `sheet_crs`.

        Returns
        -------
        Floats
            (n, 2) column, row; NaN where the transform has no inverse.
        """
        return np.concatenate([self._find(part) for part in _portions(xy, _FOUND_AT_ONCE)])

    def _place(self, pixels: Floats) -> Floats:
        world = self.transform.to_world(pixels * self.factor)
        return world if self._one_system else self.sheet_crs.from_lonlat(self.crs.to_lonlat(world))

    def _find(self, xy: Floats) -> Floats:
        world = xy if self._one_system else self.crs.from_lonlat(self.sheet_crs.to_lonlat(xy))
        return self.transform.to_pixels(world) / self.factor

    @property
    def has_closed_inverse(self) -> bool:
        """Whether finding a pixel costs no more than placing one."""
        return self.inverse_error_px == 0.0

    @property
    def inverse_error_px(self) -> float:
        """How far the transform's own inverse may be from the exact one, pixels."""
        return self.transform.inverse_error_px / self.factor

    @cached_property
    def _one_system(self) -> bool:
        return self.crs == self.sheet_crs or same(self.crs, self.sheet_crs)


def _portions(points: Floats, size: int) -> list[Floats]:
    return [points[i : i + size] for i in range(0, max(len(points), 1), size)]
