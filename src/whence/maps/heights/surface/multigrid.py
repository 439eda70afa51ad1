"""The smoothest surface that follows data: a thin plate on a grid, solved by multigrid.

Minimised over the heights z of a grid: Σ w (Bz − d)² + λ Σ (z_xx² + 2 z_xy² + z_yy²), in units of cells,
where B reads the grid bilinearly at the data (Briggs 1974 for the difference equations, Wahba 1990 for the
functional). The normal equations are solved by conjugate gradients with a V-cycle as preconditioner. Every
level poses the problem anew on cells of twice the size: λ becomes λ/4, because second differences grow
fourfold and cells are a quarter as many. The first guess is the solution of the level below.

No matrix of the bending is stored. Within the preconditioner numbers are float32; the outer iteration, and
so the answer, is float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from whence.maps.heights.surface.bending import Bending
from whence.maps.heights.surface.transfer import coarse_shape, expand, reduce

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.maps.heights.surface.readout import Data
    from whence.typing import Floats

__all__ = ["Plate", "Solution"]

_COARSEST_CELLS = 600
_ASSEMBLED_CELLS = 60_000
"""Up to here a matrix is quicker than the stencil with its borders."""
_MAX_EIGENVALUE = 4.0
"""Of D⁻¹A: every row of the functional touches at most four nodes, and (Σ₄ aᵢ)² ≤ 4 Σ aᵢ²."""
_LOWEST_SMOOTHED = 0.2
"""What coarser cells cannot show begins at 4 of the diagonal 20 of the biharmonic stencil."""
_DEGREE = 8


@dataclass(frozen=True, eq=False)
class Solution:
    """Heights of a grid, how many iterations they took, and the last change, m (greatest node)."""

    heights: Floats
    iterations: int
    last_change_m: float


@dataclass(frozen=True, eq=False)
class Plate:
    """The problem on one grid, with the coarser ones below it.

    Parameters
    ----------
    shape
        Rows and columns.
    data
        Heights that the surface follows.
    smoothing
        λ.
    stiffness
        See `Bending`.
    """

    shape: tuple[int, int]
    data: Data
    smoothing: float
    stiffness: Floats | None = None

    @cached_property
    def bending(self) -> Bending:
        """The bending energy of this grid."""
        return Bending(self.shape, self.stiffness)

    @cached_property
    def rows(self) -> csr_array:
        """Weighted rows that read the grid, float64."""
        return self.data.rows(self.shape)

    @cached_property
    def _pairs(self) -> dict[Any, tuple[csr_array, csr_array]]:
        """The rows and their transpose, ready to multiply, by type of number."""
        both = {}
        for dtype in (np.float32, np.float64):
            rows = self.rows.astype(dtype)
            both[np.dtype(dtype)] = (rows, rows.T)
        return both

    @cached_property
    def _assembled(self) -> dict[Any, csr_array]:
        """The normal matrix by type of number, for small grids."""
        bent = self.bending.matrix()
        matrix = csr_array(self.rows.T @ self.rows + self.smoothing * bent)
        return {np.dtype(dtype): matrix.astype(dtype) for dtype in (np.float32, np.float64)}

    @cached_property
    def _step32(self) -> NDArray[np.float32]:
        """The inverse of the diagonal."""
        squares = self.rows.copy()
        squares.data **= 2
        diagonal = squares.sum(axis=0).reshape(self.shape) + self.smoothing * self.bending.diagonal()
        return np.asarray(1.0 / diagonal, dtype=np.float32)

    @cached_property
    def below(self) -> Plate | None:
        """The same problem on cells of twice the size; None where that would be too small."""
        if self.shape[0] * self.shape[1] <= _COARSEST_CELLS or min(self.shape) < 10:
            return None
        stiffness = None if self.stiffness is None else self.stiffness[::2, ::2]
        shape = coarse_shape(self.shape)
        if stiffness is not None:
            stiffness = np.pad(
                stiffness, [(0, n - m) for n, m in zip(shape, stiffness.shape, strict=True)], mode="edge"
            )
        return Plate(shape, self.data.coarser(), self.smoothing / 4, stiffness)

    def apply(self, heights: NDArray[Any]) -> NDArray[Any]:
        """Apply the normal matrix to (rows, columns) heights, in their type."""
        if heights.size <= _ASSEMBLED_CELLS:
            return np.asarray((self._assembled[heights.dtype] @ heights.ravel()).reshape(self.shape))
        rows, columns = self._pairs[heights.dtype]
        pulled = columns @ (rows @ heights.ravel())
        bent = self.bending(heights)
        bent *= heights.dtype.type(self.smoothing)
        bent += pulled.reshape(self.shape)
        return bent

    def right_side(self) -> Floats:
        """Give the (rows, columns) right side of the normal equations."""
        weighted = self.data.heights * np.sqrt(self.data.weights)
        return np.asarray((self.rows.T @ weighted).reshape(self.shape))

    def solve(
        self, *, tolerance_m: float, start: Floats | None = None, max_iterations: int = 200
    ) -> Solution:
        """Find the surface.

        Parameters
        ----------
        tolerance_m
            It ends when two steps in a row move no node by more than this.
        start
            (rows, columns) first guess; None solves the coarser grid first.
        max_iterations
            It ends then in any case.
        """
        if start is None and self.below is not None:
            coarse = self.below.solve(tolerance_m=2 * tolerance_m, max_iterations=max_iterations)
            start = expand(coarse.heights, self.shape)
        if start is None:
            start = np.full(self.shape, np.average(self.data.heights, weights=self.data.weights))
        return _conjugate_gradients(self, start, tolerance_m, max_iterations)

    def precondition(self, residual: Floats) -> Floats:
        """Solve roughly for a (rows, columns) residual: one V-cycle."""
        scale = float(np.abs(residual).max()) or 1.0
        return np.asarray(self._cycle((residual / scale).astype(np.float32)) * np.float64(scale))

    def _cycle(self, right: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.below is None:
            return self._direct(right)
        found = self._smooth(right, None)
        left = right - self.apply(found)
        found += expand(self.below._cycle(reduce(left)), self.shape)
        return self._smooth(right, found)

    @cached_property
    def _inverse(self) -> NDArray[np.float32]:
        """The inverse of the coarsest matrix."""
        count = self.shape[0] * self.shape[1]
        matrix = self._assembled[np.dtype(np.float64)].toarray()
        matrix += np.eye(count) * 1e-9 * np.trace(matrix) / count
        return np.asarray(np.linalg.inv(matrix), dtype=np.float32)

    def _direct(self, right: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = np.dot(self._inverse, right.ravel())
        return found.reshape(self.shape)

    def _smooth(self, right: NDArray[np.float32], found: NDArray[np.float32] | None) -> NDArray[np.float32]:
        """Take Chebyshev steps on the upper part of the spectrum (Saad 2003, algorithm 12.1)."""
        centre, half = (_MAX_EIGENVALUE + _LOWEST_SMOOTHED) / 2, (_MAX_EIGENVALUE - _LOWEST_SMOOTHED) / 2
        sigma = centre / half
        rho = 1.0 / sigma
        left = right if found is None else right - self.apply(found)
        step = self._step32 * left
        step /= np.float32(centre)
        total = step if found is None else found + step
        step = step.copy()
        for _ in range(_DEGREE - 1):
            left = right - self.apply(total)
            left *= self._step32
            following = 1.0 / (2.0 * sigma - rho)
            step *= np.float32(following * rho)
            left *= np.float32(2.0 * following / half)
            step += left
            total += step
            rho = following
        return total


def _conjugate_gradients(plate: Plate, start: Floats, tolerance_m: float, most: int) -> Solution:
    """Preconditioned conjugate gradients, in the flexible form that forgives rounding in the V-cycle."""
    found = start.copy()
    residual = plate.right_side() - plate.apply(found)
    downhill = plate.precondition(residual)
    direction, product = downhill, float((residual * downhill).sum())
    small, change = 0, 0.0
    for iteration in range(most):
        if product <= 0.0:  # the residual is rounding only
            return Solution(found, iteration, change)
        image = plate.apply(direction)
        length = product / float((direction * image).sum())
        found += length * direction
        change = length * float(np.abs(direction).max())
        small = small + 1 if change <= tolerance_m else 0
        if small == 2:
            return Solution(found, iteration + 1, change)
        old, residual = residual, residual - length * image
        downhill = plate.precondition(residual)
        share = float(((residual - old) * downhill).sum()) / product
        product = float((residual * downhill).sum())
        direction = downhill + max(share, 0.0) * direction
    return Solution(found, most, change)
