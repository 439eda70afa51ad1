"""The linear system of an interpolating thin-plate spline, whose inverse tells how each point acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist

if TYPE_CHECKING:
    from whence.typing import Floats

__all__ = ["bordered_inverse", "thin_plate", "with_one"]


def bordered_inverse(local: Floats, smoothing: float = 0.0) -> Floats:
    """Return the first n columns, (n + 3, n), of the inverse of the system through (n, 2) points.

    Times world coordinates they give the coefficients of the spline; times the row (r² ln r, 1, x, y) of
    another place they give the weights of the points there. The upper (n, n) is singular for data linear in
    position, as it should be: these cost no bending. `smoothing` is that of `transforms.radial.ThinPlate`,
    for points in units of their root mean square distance from the middle.
    """
    n = len(local)
    system = np.zeros((n + 3, n + 3))
    system[:n, :n] = thin_plate(cdist(local, local)) + smoothing * np.eye(n)
    system[:n, n:] = with_one(local)
    system[n:, :n] = system[:n, n:].T
    return np.asarray(np.linalg.inv(system)[:, :n], dtype=np.float64)


def thin_plate(distance: Floats) -> Floats:
    """Return r² ln r, 0 at 0."""
    return np.asarray(distance**2 * np.log(np.where(distance > 0, distance, 1.0)), dtype=np.float64)


def with_one(local: Floats) -> Floats:
    """Return the columns 1, x, y, (n, 3), of (n, 2) points."""
    return np.concatenate([np.ones((len(local), 1)), local], axis=1)
