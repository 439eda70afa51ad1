"""Means weighted by inverse distance (IDW; Shepard 1968)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.terrain import Terrain
    from whence.typing import Floats

__all__ = ["Idw", "inverse_distance"]

_BATCH = 100_000


@dataclass(frozen=True)
class Idw:
    """Z = Σ w Z / Σ w over the nearest heights, w = 1/dᵖ.

    Parameters
    ----------
    power
        p.
    neighbours
        How many of the nearest heights count.
    step_cells
        Samples along the lines are at most this many cells apart.
    """

    name: ClassVar[str] = "idw"
    power: float = 2.0
    neighbours: int = 12
    step_cells: float = 0.5

    def __post_init__(self) -> None:
        if self.power <= 0 or self.neighbours < 1 or self.step_cells <= 0:
            raise InputError("power, neighbours and step of an IDW must be positive")

    def heights(self, terrain: Terrain, lattice: Lattice) -> Floats:
        """Compute (rows, columns) heights; there is one everywhere. See `Surface`."""
        positions, heights_m = terrain.samples(self.step_cells * lattice.cell_m)
        found = inverse_distance(
            positions,
            heights_m,
            lattice.centres().reshape(-1, 2),
            power=self.power,
            neighbours=self.neighbours,
        )
        return found.reshape(lattice.shape)


def inverse_distance(
    positions: Floats, heights_m: Floats, at: Floats, *, power: float = 2.0, neighbours: int = 12
) -> Floats:
    """Interpolate scattered heights, Z = Σ w Z / Σ w with w = 1/dᵖ.

    Parameters
    ----------
    positions, heights_m
        (n, 2) and (n,) known heights.
    at
        (m, 2) where heights are wanted; on a known position its height is returned (of
        several there, their mean).
    power, neighbours
        See `Idw`.

    Returns
    -------
    Floats
        (m,) heights.

    Examples
    --------
    >>> known = np.array([[0.0, 0.0], [3.0, 0.0]])
    >>> inverse_distance(known, np.array([10.0, 20.0]), np.array([[1.0, 0.0]])).tolist()
    [12.0]
    """
    from scipy.spatial import cKDTree

    tree = cKDTree(positions)
    found = np.empty(len(at))
    count = min(neighbours, len(positions))
    for first in range(0, len(at), _BATCH):
        part = slice(first, first + _BATCH)
        distances, numbers = tree.query(at[part], k=[*range(1, count + 1)])
        on = distances == 0
        weights = np.where(on, 1.0, distances) ** -power
        weights[on.any(axis=1)[:, None] & ~on] = 0.0
        found[part] = (weights * heights_m[numbers]).sum(axis=1) / weights.sum(axis=1)
    return found
