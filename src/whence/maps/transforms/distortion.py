"""What a transform does to a small piece of the scan: scales, turn, area, shear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import Floats, Ints

__all__ = ["Distortion"]


@dataclass(frozen=True, eq=False)
class Distortion:
    """Local distortion at pixels, from the first derivatives; every array has the shape (...).

    Parameters
    ----------
    scale_x, scale_y
        Length on the ground of one pixel along a row and along a column, world units per pixel.
    angle_deg
        Direction on the ground of the scan's rows (of growing columns), degrees anticlockwise from east.
    area
        Ground covered by one pixel, square world units.
    shear_deg
        What is missing to a right angle between the scan's axes on the ground, degrees; 0 for a similarity.
    major, minor
        Largest and smallest length on the ground of a one-pixel step in any direction: the axes of Tissot's
        ellipse, world units per pixel.
    handedness
        1 where the scan reads like a map (rows grow southward when columns grow eastward), −1 where it is
        mirrored or folded over, 0 where it collapses.
    """

    scale_x: Floats
    scale_y: Floats
    angle_deg: Floats
    area: Floats
    shear_deg: Floats
    major: Floats
    minor: Floats
    handedness: Ints

    @classmethod
    def of(cls, jacobian: Floats) -> Self:
        """Describe (..., 2, 2) derivatives of (easting, northing) by (column, row)."""
        along, down = jacobian[..., :, 0], jacobian[..., :, 1]
        determinant = along[..., 0] * down[..., 1] - along[..., 1] * down[..., 0]
        singular = np.asarray(np.linalg.svd(jacobian, compute_uv=False), dtype=np.float64)
        angle = np.degrees(np.arctan2(along[..., 1], along[..., 0]))
        dot = np.sum(along * down, axis=-1)
        return cls(
            scale_x=np.hypot(along[..., 0], along[..., 1]),
            scale_y=np.hypot(down[..., 0], down[..., 1]),
            angle_deg=angle,
            area=np.abs(determinant),
            shear_deg=np.degrees(np.arctan2(dot, np.abs(determinant))),
            major=singular[..., 0],
            minor=singular[..., 1],
            handedness=-np.sign(determinant).astype(np.int64),
        )
