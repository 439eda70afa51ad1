"""The bending energy of a grid of heights, Σ z_xx² + 2 z_xy² + z_yy², in units of cells.

Only complete differences count, so the border is free (the natural condition of a thin plate). The gradient
of half the energy is the 13-point biharmonic stencil within; near the border, and along breaklines, where
differences are weighted, it is composed of the differences and their adjoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Floats

__all__ = ["Bending"]

_STENCIL = np.array(
    [[0, 0, 1, 0, 0], [0, 2, -8, 2, 0], [1, -8, 20, -8, 1], [0, 2, -8, 2, 0], [0, 0, 1, 0, 0]], dtype=float
)
_RIM = 2
_STRIP = 5


@dataclass(frozen=True, eq=False)
class Bending:
    """The gradient of half the bending energy of a grid, as a linear map.

    Parameters
    ----------
    shape
        Rows and columns, at least 3 each.
    stiffness
        (rows, columns) in [0, 1]: how much the ground resists bending there, or None for 1 everywhere. A
        difference counts as much as the softest node that it touches.
    """

    shape: tuple[int, int]
    stiffness: Floats | None = None

    def __call__(self, heights: NDArray[Any]) -> NDArray[Any]:
        """Apply the map to (rows, columns) heights, in their type."""
        if self.stiffness is not None or min(self.shape) < 2 * _STRIP:
            return _composed(heights, self.stiffness)
        result = cv2.filter2D(heights, -1, _STENCIL)
        for strip, rim in _BORDERS:
            result[rim] = _composed(heights[strip], None)[rim]
        return result

    def energy(self, heights: Floats) -> float:
        """Give Σ z_xx² + 2 z_xy² + z_yy² of (rows, columns) heights."""
        return float((heights * self(heights)).sum())

    def matrix(self) -> csr_array:
        """Give the map as a (cells, cells) sparse matrix."""
        from scipy.sparse import diags_array, eye_array, kron

        rows, columns = self.shape
        first, second = {}, {}
        for count in set(self.shape):
            first[count] = diags_array([-1.0, 1.0], offsets=[0, 1], shape=(count - 1, count))
            second[count] = diags_array([1.0, -2.0, 1.0], offsets=[0, 1, 2], shape=(count - 2, count))
        along_x, along_y, across = _weights(self.stiffness, self.shape)
        parts = (
            (kron(eye_array(rows), second[columns]), along_x),
            (kron(second[rows], eye_array(columns)), along_y),
            (kron(first[rows], first[columns]), 2.0 * across),
        )
        return csr_array(sum(part.T @ diags_array(weights.ravel()) @ part for part, weights in parts))

    def diagonal(self) -> Floats:
        """Give the (rows, columns) diagonal of the map."""
        total = np.zeros(self.shape)
        along_x, along_y, across = _weights(self.stiffness, self.shape)
        for shift, factor in ((0, 1.0), (1, 4.0), (2, 1.0)):
            total[:, shift : self.shape[1] - 2 + shift] += factor * along_x
            total[shift : self.shape[0] - 2 + shift, :] += factor * along_y
        for row in (0, 1):
            for column in (0, 1):
                rows = slice(row, self.shape[0] - 1 + row)
                total[rows, column : self.shape[1] - 1 + column] += 2.0 * across
        return total


_BORDERS = (
    (np.s_[:_STRIP, :], np.s_[:_RIM, :]),
    (np.s_[-_STRIP:, :], np.s_[-_RIM:, :]),
    (np.s_[:, :_STRIP], np.s_[:, :_RIM]),
    (np.s_[:, -_STRIP:], np.s_[:, -_RIM:]),
)


def _weights(
    stiffness: Floats | None, shape: tuple[int, int], dtype: Any = np.float64
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Weight every difference z_xx, z_yy and z_xy by the softest node that it touches."""
    rows, columns = shape
    if stiffness is None:
        ones = [(rows, columns - 2), (rows - 2, columns), (rows - 1, columns - 1)]
        along_x, along_y, across = (np.ones(one, dtype) for one in ones)
        return along_x, along_y, across
    soft = stiffness.astype(dtype)
    along_x = np.minimum(np.minimum(soft[:, :-2], soft[:, 1:-1]), soft[:, 2:])
    along_y = np.minimum(np.minimum(soft[:-2], soft[1:-1]), soft[2:])
    pairs = np.minimum(soft[:, :-1], soft[:, 1:])
    return along_x, along_y, np.minimum(pairs[:-1], pairs[1:])


def _composed(z: NDArray[Any], stiffness: Floats | None) -> NDArray[Any]:
    """Apply differences, weights and the adjoint differences; exact at every border."""
    xx = z[:, :-2] - 2 * z[:, 1:-1] + z[:, 2:]
    yy = z[:-2] - 2 * z[1:-1] + z[2:]
    xy = 2 * (z[:-1, :-1] - z[:-1, 1:] - z[1:, :-1] + z[1:, 1:])
    if stiffness is not None:
        along_x, along_y, across = _weights(stiffness, z.shape, z.dtype)
        xx, yy, xy = xx * along_x, yy * along_y, xy * across
    out = np.zeros_like(z)
    out[:, :-2] += xx
    out[:, 1:-1] -= 2 * xx
    out[:, 2:] += xx
    out[:-2] += yy
    out[1:-1] -= 2 * yy
    out[2:] += yy
    out[:-1, :-1] += xy
    out[:-1, 1:] -= xy
    out[1:, :-1] -= xy
    out[1:, 1:] += xy
    return out
