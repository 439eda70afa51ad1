"""A pinhole camera that stands in the town."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from whence.typing import Floats

__all__ = ["Camera"]


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Where a camera stands, where it looks, and its lens.

    Attributes
    ----------
    eye_m
        (3,) east, north, height.
    heading_deg, pitch_deg, roll_deg
        Compass direction of the view; upward tilt; clockwise turn of the picture.
    focal_px
        Focal length in pixels.
    width_px, height_px
        Size of the picture; the view axis meets its middle.
    """

    eye_m: Floats
    heading_deg: float
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    focal_px: float = 400.0
    width_px: int = 480
    height_px: int = 360

    @cached_property
    def rotation(self) -> Floats:
        """(3, 3) from east, north, up to right, down, forward."""
        heading, pitch, roll = np.radians([self.heading_deg, self.pitch_deg, self.roll_deg])
        forward = np.array([
            np.sin(heading) * np.cos(pitch), np.cos(heading) * np.cos(pitch), np.sin(pitch),
        ])  # fmt: skip
        right = np.array([np.cos(heading), -np.sin(heading), 0.0])
        down = np.cross(forward, right)
        return np.array([
            np.cos(roll) * right + np.sin(roll) * down, np.cos(roll) * down - np.sin(roll) * right, forward,
        ])  # fmt: skip

    @cached_property
    def intrinsics(self) -> Floats:
        """(3, 3) from right, down, forward to homogeneous pixels."""
        return np.array(
            [[self.focal_px, 0, self.width_px / 2], [0, self.focal_px, self.height_px / 2], [0, 0, 1]],
            dtype=np.float64,
        )

    def to_camera(self, points_m: Floats) -> Floats:
        """Give (..., 3) right, down, forward of points east, north, up."""
        return np.asarray((points_m - self.eye_m) @ self.rotation.T)

    def rays(self) -> Floats:
        """Give (h, w, 3) directions, east, north, up, with forward component 1, through the pixel centres."""
        columns, rows = np.meshgrid(np.arange(self.width_px) + 0.5, np.arange(self.height_px) + 0.5)
        pixels = np.stack([columns, rows, np.ones_like(columns)], axis=-1)
        return np.asarray(pixels @ np.linalg.inv(self.intrinsics).T @ self.rotation)
