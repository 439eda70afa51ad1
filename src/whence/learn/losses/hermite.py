"""A monotone cubic Hermite curve through knots, with its derivative, in torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Self

import numpy as np
import torch

from whence.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from whence.typing import Floats

__all__ = ["MonotoneHermite", "fritsch_carlson_slopes"]

_LIMIT = 9.0  # α² + β² of the region in which a cubic piece is surely monotone


def fritsch_carlson_slopes(x: Floats, y: Floats) -> Floats:
    """Slopes at the knots that keep the curve monotone.

    The mean of the neighbouring secants inside and the secant at the ends; zero on both sides of a level
    piece; then, piece by piece, both slopes are scaled back to α² + β² = 9 where they lie outside (Fritsch
    and Carlson 1980, SIAM J. Numer. Anal. 17, the choice "S₂"). SciPy's PCHIP takes harmonic means instead
    and gives another curve.

    Parameters
    ----------
    x, y
        (n,) knots, x increasing, at least two.

    Returns
    -------
    Floats
        (n,) slopes.
    """
    secants = np.diff(y) / np.diff(x)
    slopes = np.concatenate([secants[:1], (secants[1:] + secants[:-1]) / 2.0, secants[-1:]])
    for i, secant in enumerate(secants):
        if secant == 0.0:
            slopes[i : i + 2] = 0.0
    for i, secant in enumerate(secants):
        size = np.hypot(*slopes[i : i + 2])
        if size > np.sqrt(_LIMIT) * abs(secant):
            slopes[i : i + 2] *= np.sqrt(_LIMIT) * abs(secant) / size
    return np.asarray(slopes)


@lru_cache(maxsize=32)
def _tensors(curve: MonotoneHermite, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Put starts and coefficients where they are needed, once: a CUDA graph cannot copy them there."""
    starts = torch.tensor(curve.starts, dtype=dtype, device=device)
    return starts, torch.tensor(curve.coefficients, dtype=dtype, device=device)


@dataclass(frozen=True, eq=False)
class MonotoneHermite:
    """Piecewise cubic; beyond the last knot it goes on straight with the last slope.

    Attributes
    ----------
    starts
        (n - 1,) where the pieces begin; the last piece is the straight one.
    coefficients
        (n, 4) of each piece in (d − start), from the constant to the cube, the straight one last.
    """

    starts: Floats
    coefficients: Floats

    @classmethod
    def through(cls, knots: Sequence[tuple[float, float]]) -> Self:
        """Curve through points.

        Parameters
        ----------
        knots
            (x, y), x and y not decreasing, x from 0 km on; at least two.

        Raises
        ------
        InputError
            When the x do not increase, or the y decrease.
        """
        x, y = np.array(knots, dtype=np.float64).T
        if len(x) < 2 or (np.diff(x) <= 0.0).any() or (np.diff(y) < 0.0).any():
            raise InputError("a monotone curve needs two knots or more, with x that increase and y that rise")
        slopes, width, rise = fritsch_carlson_slopes(x, y), np.diff(x), np.diff(y)
        first, second = slopes[:-1], slopes[1:]
        square = (3.0 * rise / width - 2.0 * first - second) / width
        cube = (first + second - 2.0 * rise / width) / width**2
        pieces = np.stack([y[:-1], first, square, cube], axis=1)
        return cls(x, np.vstack([pieces, [y[-1], slopes[-1], 0.0, 0.0]]))

    def value(self, distance_km: Tensor) -> Tensor:
        """Curve (...) at distances (...), none negative."""
        step, (constant, slope, square, cube) = self._piece(distance_km)
        return torch.addcmul(constant, step, torch.addcmul(slope, step, torch.addcmul(square, step, cube)))

    def derivative(self, distance_km: Tensor) -> Tensor:
        """Slope (...) at distances (...), none negative."""
        step, (_, slope, square, cube) = self._piece(distance_km)
        return torch.addcmul(slope, step, torch.addcmul(2.0 * square, step, cube, value=3.0))

    def _piece(self, distance_km: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Way (...) since the start of the piece, and its four coefficients (...)."""
        starts, table = _tensors(self, distance_km.dtype, distance_km.device)
        number = torch.bucketize(distance_km.contiguous(), starts[1:], right=True)  # (...) 0 .. n - 1
        return distance_km - starts[number], table[number].unbind(-1)
