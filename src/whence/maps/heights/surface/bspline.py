"""B-splines on ever finer lattices (Lee, Wolberg & Shin 1997, multilevel B-spline approximation).

Each lattice of control heights takes the heights that the coarser ones have left over. A control height is
the mean, weighted by the square of the basis, of what each datum near it would ask for alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.terrain import Terrain
    from whence.typing import Floats

__all__ = ["BSpline", "basis", "control_lattice"]

_MOST_LEVELS = 24


@dataclass(frozen=True)
class BSpline:
    """A sum of uniform cubic B-spline surfaces, each with half the spacing of the one before.

    Parameters
    ----------
    finest_cells
        Spacing of the finest control lattice, at most; larger smooths.
    step_cells
        Samples along the lines are at most this many cells apart.
    """

    name: ClassVar[str] = "b-spline"
    finest_cells: float = 1.0
    step_cells: float = 0.5

    def __post_init__(self) -> None:
        if not (self.finest_cells > 0 and self.step_cells > 0):
            raise InputError("the spacing of the control lattice and the step along lines must be positive")

    def heights(self, terrain: Terrain, lattice: Lattice) -> Floats:
        """Compute (rows, columns) heights; there is one everywhere. See `Surface`."""
        positions, heights_m = terrain.samples(self.step_cells * lattice.cell_m)
        near = lattice.inside(positions)
        terrain.check(heights_m[near])
        at = lattice.to_cells(positions[near]) - 0.5
        left = heights_m[near] - heights_m[near].mean()
        total = np.full(lattice.shape, heights_m[near].mean())
        # half a cell beyond the outer centres lines may still run
        low, high = np.array([-0.5, -0.5]), np.array([lattice.columns, lattice.rows]) - 0.5
        spacing = float((high - low).max())
        for _ in range(_MOST_LEVELS):
            along_x, along_y = (basis(at[:, k], low[k], high[k], spacing) for k in range(2))
            control = control_lattice(along_x, along_y, left)
            left = left - _read(along_x, along_y, control)
            over_x = basis(np.arange(lattice.columns, dtype=float), low[0], high[0], spacing)
            over_y = basis(np.arange(lattice.rows, dtype=float), low[1], high[1], spacing)
            total += over_y @ (over_x @ control.T).T
            if spacing <= self.finest_cells:
                break
            spacing /= 2
        return total


def basis(at: Floats, low: float, high: float, spacing: float) -> csr_array:
    """Give the (n, controls) matrix of uniform cubic B-splines at (n,) positions, four entries a row.

    Parameters
    ----------
    at
        Between `low` and `high`.
    low, high
        The interval that the knots cover.
    spacing
        Of the knots.
    """
    from scipy.sparse import csr_array

    spans = max(int(np.ceil((high - low) / spacing - 1e-9)), 1)
    along = (at - low) / spacing
    first = np.floor(along).astype(np.int64).clip(0, spans - 1)
    t = along - first
    values = (
        np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1) / 6
    )
    columns = first[:, None] + np.arange(4)
    pointer = np.arange(0, 4 * len(at) + 1, 4)
    return csr_array((values.ravel(), columns.ravel(), pointer), shape=(len(at), spans + 3))


def control_lattice(along_x: csr_array, along_y: csr_array, heights_m: Floats) -> Floats:
    """Fit one lattice (Lee, Wolberg & Shin 1997, eq. 5): Σ w² φ / Σ w², with φ = w z / Σ w².

    Parameters
    ----------
    along_x, along_y
        `basis` of the (n,) data in both directions.
    heights_m
        (n,) what the lattice shall show.

    Returns
    -------
    Floats
        (controls along y, controls along x) control heights, 0 where no datum is near.
    """
    x, y = (one.data.reshape(-1, 4) for one in (along_x, along_y))
    column, row = (one.indices.reshape(-1, 4).astype(np.int64) for one in (along_x, along_y))
    weights = (y[:, :, None] * x[:, None, :]).reshape(len(heights_m), 16)
    number = (row[:, :, None] * along_x.shape[1] + column[:, None, :]).reshape(len(heights_m), 16)
    squares = weights**2
    wanted = weights * (heights_m / squares.sum(axis=1))[:, None]
    size = along_y.shape[1] * along_x.shape[1]
    above = np.bincount(number.ravel(), weights=(squares * wanted).ravel(), minlength=size)
    below = np.bincount(number.ravel(), weights=squares.ravel(), minlength=size)
    with np.errstate(invalid="ignore"):
        found = np.where(below > 0, above / below, 0.0)
    return found.reshape(along_y.shape[1], along_x.shape[1])


def _read(along_x: csr_array, along_y: csr_array, control: Floats) -> Floats:
    """Read the surface of control heights at the (n,) data."""
    x, y = (one.data.reshape(-1, 4) for one in (along_x, along_y))
    column, row = (one.indices.reshape(-1, 4) for one in (along_x, along_y))
    near = control[row[:, :, None], column[:, None, :]]
    return np.asarray(np.einsum("nij,ni,nj->n", near, y, x))
