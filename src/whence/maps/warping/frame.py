"""The frame of a sheet: its coordinate system, corner, resolution and size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.earth.sphere import EARTH_RADIUS_M
from whence.errors import InputError

if TYPE_CHECKING:
    from whence.earth.crs import Crs
    from whence.imagery.raster import Window
    from whence.maps.warping.placing import Placing
    from whence.typing import Floats

__all__ = ["MAX_PIXELS", "Frame", "frame_around", "natural_step"]

MAX_PIXELS = 20_000_000_000
"""A sheet larger than this (140,000 × 140,000) is taken for a slip of the resolution."""

_SAMPLES = 33
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Frame:
    """A north-up grid of pixels on the ground.

    Parameters
    ----------
    crs
        Its coordinate system.
    west, north
        Outer corner of the top-left pixel, in units of the system.
    step
        Width and height of a pixel, in units of the system, both positive.
    width, height
        Columns and rows.
    """

    crs: Crs
    west: float
    north: float
    step: tuple[float, float]
    width: int
    height: int

    @property
    def geotransform(self) -> tuple[float, float, float, float, float, float]:
        """The six numbers of a world file's affine: a, b, c, d, e, f with x = a·column + b·row + c."""
        return (self.step[0], 0.0, self.west, 0.0, -self.step[1], self.north)

    def to_crs(self, pixels: Floats) -> Floats:
        """Give (..., 2) easting, northing of (..., 2) column, row."""
        return np.asarray(self._corner + pixels * self._signed_step)

    def to_pixels(self, xy: Floats) -> Floats:
        """Give (..., 2) column, row of (..., 2) easting, northing."""
        return np.asarray((xy - self._corner) / self._signed_step)

    @property
    def _corner(self) -> Floats:
        return np.array([self.west, self.north])

    @property
    def _signed_step(self) -> Floats:
        return np.array([self.step[0], -self.step[1]])

    def bounds(self, window: Window) -> tuple[float, float, float, float]:
        """West, south, east, north of a window."""
        left, top = self.west + window.column * self.step[0], self.north - window.row * self.step[1]
        return (left, top - window.height * self.step[1], left + window.width * self.step[0], top)


def frame_around(placing: Placing, outline: Floats, *, resolution_m: float | None = None) -> Frame:
    """Lay a frame around what is placed of a scan.

    Its corner is a whole multiple of the resolution, so that sheets of one series share a grid.

    Parameters
    ----------
    placing
        Where pixels go.
    outline
        (n, 2) column, row: a closed polygon around the wanted part of the scan.
    resolution_m
        Side of a pixel in metres on the ground; None takes the middle size of the scan's own pixels there.

    Raises
    ------
    InputError
        When the resolution is not positive or makes an absurd number of pixels, and when some of the
        outline has no place on the ground.
    """
    placed = placing.to_sheet(np.concatenate([_along(outline), _samples(outline)]))
    if not np.isfinite(placed).all():
        raise InputError(
            "a part of the scan has no place on the ground with this transform (beyond its horizon); "
            "give a neatline around the part that has"
        )
    (west, south), (east, north) = placed.min(axis=0), placed.max(axis=0)
    natural = natural_step(placing, outline)
    step = (
        (natural, natural)
        if resolution_m is None
        else _step(resolution_m, placing.sheet_crs, (south + north) / 2)
    )
    _check_count((east - west) / step[0], (north - south) / step[1], finest=natural / step[0])
    left, right = math.floor(west / step[0] + _ROUNDING), math.ceil(east / step[0] - _ROUNDING)
    top, bottom = math.ceil(north / step[1] - _ROUNDING), math.floor(south / step[1] + _ROUNDING)
    return Frame(
        crs=placing.sheet_crs,
        west=left * step[0],
        north=top * step[1],
        step=step,
        width=max(right - left, 1),
        height=max(top - bottom, 1),
    )


def _along(outline: Floats) -> Floats:
    """Give positions along every side of a polygon; its image may bulge between the corners."""
    share = np.linspace(0.0, 1.0, _SAMPLES, endpoint=False)[:, None]
    sides = [
        start + share * (end - start)
        for start, end in zip(outline, np.roll(outline, -1, axis=0), strict=True)
    ]
    return np.concatenate(sides)


def _samples(outline: Floats) -> Floats:
    """Lay a net of positions in the polygon; a strong warp may bulge beyond the image of its border."""
    from shapely import Polygon, contains_xy

    low, high = outline.min(axis=0), outline.max(axis=0)
    share = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    net = np.stack(np.meshgrid(share, share), axis=-1).reshape(-1, 2)
    places = low + net * (high - low)
    inside = places[contains_xy(Polygon(outline), places)]
    return np.asarray(inside if len(inside) else outline.mean(axis=0, keepdims=True))


def natural_step(placing: Placing, outline: Floats) -> float:
    """Return the side of the square that a pixel of the scan covers, the median within (n, 2) `outline`.

    Raises
    ------
    InputError
        When the pixels cover nothing.
    """
    pixels = _samples(outline)
    center = placing.to_sheet(pixels)
    right = placing.to_sheet(pixels + np.array([1.0, 0.0])) - center
    down = placing.to_sheet(pixels + np.array([0.0, 1.0])) - center
    area = np.abs(right[:, 0] * down[:, 1] - right[:, 1] * down[:, 0])
    side = float(np.median(np.sqrt(area)))
    if not side > 0.0:
        raise InputError("the transform puts the scan into a line or a point; fit it again")
    return side


def _step(resolution_m: float, crs: Crs, middle_deg: float) -> tuple[float, float]:
    if not (math.isfinite(resolution_m) and resolution_m > 0.0):
        raise InputError(f"resolution_m is {resolution_m}; give metres above 0")
    if not crs.is_geographic:
        return (resolution_m / crs.units_m, resolution_m / crs.units_m)
    step = math.degrees(resolution_m / EARTH_RADIUS_M)
    return (step / max(math.cos(math.radians(middle_deg)), 1e-3), step)


def _check_count(columns: float, rows: float, *, finest: float) -> None:
    if columns * rows > MAX_PIXELS:
        raise InputError(
            f"the sheet would have {columns:,.0f} × {rows:,.0f} pixels; "
            f"a resolution {finest:.3g} times as coarse matches the scan"
        )
