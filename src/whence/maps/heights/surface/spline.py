"""Thin-plate splines through the nearest heights of every cell (Duchon 1977)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from whence.errors import InputError
from whence.maps.heights.surface.kriging import thinned

if TYPE_CHECKING:
    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.terrain import Terrain
    from whence.typing import Floats

__all__ = ["ThinPlateSurface"]

_BATCH = 20_000


@dataclass(frozen=True)
class ThinPlateSurface:
    """A thin-plate spline of the nearest heights, anew for each cell.

    Parameters
    ----------
    neighbours
        How many heights count.
    step_cells
        Distance of the samples along lines.
    smoothing
        0 goes through all heights.
    """

    name: ClassVar[str] = "tps"
    neighbours: int = 50
    step_cells: float = 2.0
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        if self.neighbours < 4 or self.step_cells <= 0 or self.smoothing < 0:
            raise InputError("a spline needs at least four neighbours, a positive step, smoothing from 0 on")

    def heights(self, terrain: Terrain, lattice: Lattice) -> Floats:
        """Compute (rows, columns) heights; there is one everywhere. See `Surface`."""
        from scipy.interpolate import RBFInterpolator

        positions, heights_m = thinned(terrain, lattice, self.step_cells)
        spline = RBFInterpolator(
            lattice.to_cells(positions),
            heights_m,
            neighbors=min(self.neighbours, len(positions)),
            smoothing=self.smoothing,
            kernel="thin_plate_spline",
        )
        at = lattice.to_cells(lattice.centres()).reshape(-1, 2)
        parts = [spline(at[first : first + _BATCH]) for first in range(0, len(at), _BATCH)]
        return np.concatenate(parts).reshape(lattice.shape)
