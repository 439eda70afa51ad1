"""Ordinary kriging with the nearest heights, its variogram fitted to them (Matheron 1963; Cressie 1993)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from whence.errors import InputError
from whence.maps.heights.surface.variogram import Variogram

if TYPE_CHECKING:
    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.terrain import Terrain
    from whence.typing import Floats

__all__ = ["Kriging", "PowerVariogram", "Variogram", "krige"]

_BATCH = 4096


@dataclass(frozen=True)
class PowerVariogram:
    """γ(h) = nugget + slope · hᵉ, half the mean squared difference at a distance h > 0; γ(0) = 0.

    Parameters
    ----------
    slope
        In m² per mᵉ.
    exponent
        Between 0 and 2.
    nugget
        In m²: what differs at once.
    """

    slope: float
    exponent: float
    nugget: float = 0.0

    def __call__(self, distances_m: Floats) -> Floats:
        """Give γ at distances, m²."""
        rise = self.nugget + self.slope * np.power(distances_m, self.exponent)
        return np.where(distances_m > 0, rise, 0.0)

    @classmethod
    def fit(cls, positions: Floats, heights_m: Floats, *, seed: int = 0) -> PowerVariogram:
        """Fit slope and exponent to pairs of heights, a straight line in logarithms.

        Parameters
        ----------
        positions, heights_m
            (n, 2) and (n,).
        seed
            Of the pairs that are drawn. Only those within a tenth of the extent count: what is nearer than
            the contours are apart says only that a line is level.

        Raises
        ------
        NotEnoughDataError
            When too few pairs differ.
        """
        found = Variogram.fit(positions, heights_m, seed=seed)
        return cls(float(found.slope or 0.0), float(found.exponent or 0.0))


@dataclass(frozen=True)
class Kriging:
    """Ordinary kriging with the nearest heights.

    Samples along lines are thinned to `step_cells`: were they dense, all neighbours would lie on one line.

    Parameters
    ----------
    variogram
        None fits one.
    neighbours
        How many heights count for each cell.
    step_cells
        Distance of the samples along lines.
    model
        Which variogram is fitted: ``"power"``, ``"spherical"``, ``"exponential"``, ``"gaussian"`` or
        ``"best"``.
    """

    name: ClassVar[str] = "kriging"
    variogram: PowerVariogram | Variogram | None = None
    neighbours: int = 32
    step_cells: float = 2.0
    model: str = "power"

    def __post_init__(self) -> None:
        if self.neighbours < 2 or self.step_cells <= 0:
            raise InputError("kriging needs at least two neighbours and a positive step")

    def heights(self, terrain: Terrain, lattice: Lattice) -> Floats:
        """Compute (rows, columns) heights; there is one everywhere. See `Surface`."""
        positions, heights_m = thinned(terrain, lattice, self.step_cells)
        variogram = self.variogram or Variogram.fit(positions, heights_m, model=self.model)
        at = lattice.centres().reshape(-1, 2)
        found, _ = krige(positions, heights_m, at, variogram=variogram, neighbours=self.neighbours)
        return found.reshape(lattice.shape)

    def fitted(self, terrain: Terrain, lattice: Lattice) -> Variogram:
        """Fit the variogram that `heights` would use, to be shown."""
        return Variogram.fit(*thinned(terrain, lattice, self.step_cells), model=self.model)


def thinned(terrain: Terrain, lattice: Lattice, step_cells: float) -> tuple[Floats, Floats]:
    """Give (n, 2) positions and (n,) heights with one of each height in every square of a step."""
    step_m = step_cells * lattice.cell_m
    positions, heights_m = terrain.samples(step_m)
    squares = np.floor((positions - positions.min(axis=0)) / step_m)
    kept = np.unique(np.column_stack([squares, heights_m]), axis=0, return_index=True)[1]
    kept.sort()
    apart = np.unique(positions[kept], axis=0, return_index=True)[1]
    kept = kept[np.sort(apart)]
    return positions[kept], heights_m[kept]


def krige(
    positions: Floats,
    heights_m: Floats,
    at: Floats,
    *,
    variogram: PowerVariogram | Variogram,
    neighbours: int = 32,
) -> tuple[Floats, Floats]:
    """Solve the ordinary kriging system with the nearest heights of each place.

    Γw + μ = γ₀ and Σw = 1 (Cressie 1993, eq. 3.2.12 and 3.2.13).

    Parameters
    ----------
    positions, heights_m
        (n, 2) and (n,), no position twice.
    at
        (m, 2) where heights are wanted.
    variogram
        γ.
    neighbours
        How many heights count.

    Returns
    -------
    heights_m, variances_m2
        (m,) estimates and kriging variances w·γ₀ + μ.
    """
    from scipy.spatial import cKDTree

    count = min(neighbours, len(positions))
    tree = cKDTree(positions)
    heights, variances = np.empty(len(at)), np.empty(len(at))
    for first in range(0, len(at), _BATCH):
        part = slice(first, first + _BATCH)
        distances, numbers = tree.query(at[part], k=[*range(1, count + 1)])
        near = positions[numbers]
        between = np.linalg.norm(near[:, :, None] - near[:, None, :], axis=-1)
        system = np.ones((len(numbers), count + 1, count + 1))
        system[:, :count, :count] = variogram(between)
        system[:, count, count] = 0.0
        right = np.ones((len(numbers), count + 1, 1))
        right[:, :count, 0] = variogram(distances)
        solved = np.linalg.solve(system, right)[..., 0]
        heights[part] = (solved[:, :count] * heights_m[numbers]).sum(axis=1)
        variances[part] = (solved * right[..., 0]).sum(axis=1)
    return heights, np.maximum(variances, 0.0)
