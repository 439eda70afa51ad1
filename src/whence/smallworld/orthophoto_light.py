"""Sun, shadows and the camera of the orthophoto."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from whence.smallworld.orthophoto_objects import Surface
    from whence.typing import Bools, Floats, Floats32, Image

__all__ = ["SUNS", "Sun", "exposed", "shadows"]

_AMBIENT = np.array([0.38, 0.43, 0.52], np.float32)
_BLUR_PX, _NOISE, _HAZE = 0.55, 3.0, 0.22
_SLACK_M = 0.15


@dataclass(frozen=True)
class Sun:
    """Where the sun stands: compass direction and height above the horizon, degrees."""

    azimuth_deg: float
    elevation_deg: float

    @property
    def vector(self) -> Floats:
        """(3,) unit vector towards it: east, north, up."""
        azimuth, elevation = np.radians([self.azimuth_deg, self.elevation_deg])
        level = np.cos(elevation)
        return np.array([level * np.sin(azimuth), level * np.cos(azimuth), np.sin(elevation)])


SUNS = {1: Sun(152.0, 58.0), 2: Sun(205.0, 31.0)}
"""Date -> sun: late on a morning in June, early on an afternoon in October."""


def shadows(height_m: Floats32, sun: Sun, cell_m: float) -> Bools:
    """Tell which pixels lie in the shadow of higher ones.

    Rows are sheared by whole pixels until the light falls along the columns; what rises above all earlier
    rays of its column is lit: a running maximum of the height less the fall of the ray.

    Parameters
    ----------
    height_m
        (rows, cols), rows going south.
    sun
        South of east and west, as nearly always in these latitudes.
    cell_m
        Side of a pixel.

    Returns
    -------
    (rows, cols), True in the shadow.
    """
    rows, columns = height_m.shape
    east, north, up = sun.vector
    assert north < 0, "light comes from the south"
    aside = east / -north  # columns to the east that a row further south is nearer to the sun
    shifts = np.round(np.arange(rows) * aside).astype(np.int64)
    # In the sheared frame each ray runs up one column, from the last row (south) to the first.
    width = columns + int(np.ptp(shifts))
    sheared = np.full((rows, width), -np.inf, np.float32)
    first = int(shifts.max())
    for row in range(rows):
        start = first - int(shifts[row])
        sheared[row, start : start + columns] = height_m[row]
    fall_m = cell_m * np.hypot(1.0, aside) * up / np.hypot(east, north)
    ramp = (np.arange(rows) * fall_m).astype(np.float32)[:, None]
    rays = np.maximum.accumulate((sheared - ramp)[::-1], axis=0)[::-1] + ramp
    dark = np.empty(height_m.shape, bool)
    for row in range(rows):
        start = first - int(shifts[row])
        dark[row] = rays[row, start : start + columns] > height_m[row] + _SLACK_M
    return dark


def exposed(surface: Surface, sun: Sun, cell_m: float, *, rng: np.random.Generator) -> Image:
    """Light the surface and photograph it: (rows, cols, 3) uint8, with the blur and the noise of a camera."""
    dark = shadows(surface.height_m, sun, cell_m).astype(np.float32)
    soft = cv2.GaussianBlur(dark, (0, 0), 0.7)
    direct = surface.facing * (1.0 - soft)
    lit = surface.colour * (_AMBIENT + (1.0 - _AMBIENT) * direct[..., None])
    seen = cv2.GaussianBlur(lit, (0, 0), _BLUR_PX)
    seen = seen + _HAZE * (seen.mean(axis=2, keepdims=True) - seen)
    seen = seen + rng.standard_normal(seen.shape, np.float32) * _NOISE
    return np.asarray(np.clip(1.12 * seen + 4.0, 0, 255), np.uint8)
