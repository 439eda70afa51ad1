"""How the world coordinates of a pixel answer to the parameters of a fitted transform.

For a kind that is linear in its parameters this is its design matrix; for the projective and the
five-parameter transform it is the linearisation at the fit. Any parameters will do, since only the space that
they span counts: they are written as small movements of the pixel plane (shift, stretch, shear, perspective)
carried to the world by the transform's own Jacobian.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Self

    from whence.maps.transforms import Transform
    from whence.typing import Floats

__all__ = ["LINEAR", "Design", "has_design"]

LINEAR = frozenset({"linear", "similarity", "affine", "polynomial1", "polynomial2", "polynomial3"})
"""Kinds that are linear in their parameters, for which leaving points out has a closed form."""


@dataclass(frozen=True, eq=False)
class Design:
    """Derivatives of the world coordinates by the parameters of one fitted transform.

    Parameters
    ----------
    transform
        The fit at which to linearise.
    center_px, scale_px
        Frame of the pixels, for numbers of size 1: (2,) and a length, px.
    """

    transform: Transform
    center_px: Floats
    scale_px: float

    @classmethod
    def of(cls, transform: Transform, pixels: Floats) -> Self:
        """Set up the frame from the control points, (n, 2) column, row."""
        center = pixels.mean(axis=0)
        scale = float(np.sqrt(np.square(pixels - center).sum(axis=1).mean()))
        return cls(transform, center, scale or 1.0)

    def at(self, pixels: Floats) -> Floats:
        """Return (n, 2, p): derivatives of easting and northing by the p parameters at (n, 2) pixels."""
        local = (pixels - self.center_px) / self.scale_px
        kind = self.transform.kind
        if kind in _POWERS:
            return _per_coordinate(_monomials(local, _POWERS[kind]))
        return _FIELDS[kind](local, self._slope(pixels))

    def _slope(self, pixels: Floats) -> Floats:
        """World units per frame unit, (n, 2, 2), of the size of 1."""
        if self.transform.kind == "projective":
            slope = self.transform.jacobian(pixels)
        else:  # constant over the sheet
            slope = np.broadcast_to(self.transform.jacobian(self.center_px), (len(pixels), 2, 2))
        return np.asarray(slope * self.scale_px, dtype=np.float64)


def has_design(kind: str) -> bool:
    """Tell whether a kind has parameters of its own, unlike splines and meshes."""
    return kind in _POWERS or kind in _FIELDS


_POWERS = {"affine": 1, "polynomial1": 1, "polynomial2": 2, "polynomial3": 3}


def _monomials(local: Floats, order: int) -> Floats:
    x, y = local.T
    return np.stack([x ** (total - j) * y**j for total in range(order + 1) for j in range(total + 1)], axis=1)


def _per_coordinate(columns: Floats) -> Floats:
    """Use the same columns for easting and for northing, with parameters of their own."""
    n, p = columns.shape
    design = np.zeros((n, 2, 2 * p))
    design[:, 0, :p] = columns
    design[:, 1, p:] = columns
    return design


def _shifts(n: int) -> Floats:
    return np.broadcast_to(np.eye(2), (n, 2, 2))


def _linear_fields(local: Floats, slope: Floats) -> Floats:
    """Two shifts, and a stretch along each axis of a scan that runs due east."""
    return np.concatenate([_shifts(len(local)), slope * local[:, None, :]], axis=2)


def _similarity_fields(local: Floats, slope: Floats) -> Floats:
    """Two shifts, a stretch and a turn, as movements of the world."""
    stretch = np.einsum("nij,nj->ni", slope, local)
    turn = np.stack([-stretch[:, 1], stretch[:, 0]], axis=1)
    return np.concatenate([_shifts(len(local)), stretch[..., None], turn[..., None]], axis=2)


def _affine5_fields(local: Floats, slope: Floats) -> Floats:
    """Two shifts, a stretch along each pixel axis, and a turn of the world."""
    stretches = slope * local[:, None, :]
    stretched = stretches.sum(axis=2)
    turn = np.stack([-stretched[:, 1], stretched[:, 0]], axis=1)
    return np.concatenate([_shifts(len(local)), stretches, turn[..., None]], axis=2)


def _projective_fields(local: Floats, slope: Floats) -> Floats:
    """Carry the eight movements of the plane that keep straight lines straight to the world."""
    perspective = local[:, :, None] * local[:, None, :]
    return np.asarray(slope @ np.concatenate([_per_coordinate(_monomials(local, 1)), perspective], axis=2))


_FIELDS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "linear": _linear_fields,
    "similarity": _similarity_fields,
    "affine5": _affine5_fields,
    "projective": _projective_fields,
}
