"""Checks of what goes into a belief: each states the fact and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.earth.points import as_lonlat
from whence.errors import InputError

if TYPE_CHECKING:
    from whence.typing import ArrayLike, Floats

__all__ = ["LEAST_SPREAD_M", "as_background", "as_mass", "as_metres", "as_parts", "as_point", "as_shares"]

LEAST_SPREAD_M = 1e-3
"""No patch is sharper: positions in degrees carry little more."""


def as_parts(centers: ArrayLike, spreads_m: ArrayLike, weights: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Copy and check the parts of a belief: (n, 2) degrees, (n,) metres, (n,) not negative; read-only."""
    points = np.array(as_lonlat(centers, "centers"))
    spreads, shares = (np.array(part, dtype=np.float64) for part in (spreads_m, weights))
    if points.ndim != 2 or not spreads.shape == shares.shape == points.shape[:1]:
        raise InputError(
            f"a belief needs centers (n, 2), spreads_m (n,) and weights (n,); the shapes given are "
            f"{points.shape}, {spreads.shape} and {shares.shape}"
        )
    if not (np.isfinite(spreads) & (spreads >= LEAST_SPREAD_M)).all():
        raise InputError("spreads_m must be finite, at least a millimetre; give the error of the source")
    if not (np.isfinite(shares) & (shares >= 0.0)).all():
        raise InputError("weights must be finite and not negative")
    for array in (points, spreads, shares):
        array.setflags(write=False)
    return points, spreads, shares


def as_background(value: float) -> float:
    """Check a background: in (0, 1]."""
    if not 0.0 < value <= 1.0:
        raise InputError(
            f"background must be above 0 and at most 1, so that nothing is vetoed; it is {value}"
        )
    return float(value)


def as_mass(q: float) -> float:
    """Check a share of the probability: in (0, 1), the ends left out."""
    if not 0.0 < q < 1.0:
        raise InputError(f"q must lie between 0 and 1; it is {q}")
    return float(q)


def as_metres(value: float, name: str, *, least: float = 0.0) -> float:
    """Check a finite length of at least `least`."""
    if not least <= value < np.inf:
        raise InputError(f"{name} must be a number of metres, at least {least:g}; it is {value}")
    return float(value)


def as_point(value: ArrayLike, name: str) -> Floats:
    """Check one position (2,) longitude, latitude, degrees."""
    point = as_lonlat(value, name)
    if point.shape != (2,):
        raise InputError(f"{name} must be one position, of shape (2,); the shape given is {point.shape}")
    return point


def as_shares(weights: ArrayLike, count: int) -> Floats:
    """Scale weights, one for all or (count,), to the sum of 1."""
    shares = np.asarray(weights, dtype=np.float64)
    if count == 0 or shares.shape not in ((), (count,)):
        raise InputError(
            f"give one weight for each of the {count} parts, of which there must be one at least"
        )
    if not (np.isfinite(shares) & (shares >= 0.0)).all() or not 0.0 < shares.sum() < np.inf:
        raise InputError("weights must be finite, none negative and at least one positive")
    shares = np.broadcast_to(shares, (count,))
    return np.asarray(shares / shares.sum())
