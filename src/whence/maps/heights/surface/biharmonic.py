"""The default surface: a thin plate on the grid that follows the contours as closely as they deserve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from whence.errors import InputError, NotEnoughDataError
from whence.maps.heights.surface.multigrid import Plate
from whence.maps.heights.surface.readout import Data
from whence.maps.heights.terrain import Contours

if TYPE_CHECKING:
    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.terrain import Terrain
    from whence.typing import Bools, Floats

__all__ = ["DEFAULT_SMOOTHING", "Biharmonic", "grid_data", "lake_cells", "plate_of"]

DEFAULT_SMOOTHING = 0.005
"""λ for lines that are drawn as well as the grid can show."""

_STEP_CELLS = 0.5
_SPOT_WEIGHT = 1.0
_LAKE_WEIGHT = 30.0
_SOFT = 0.01
"""Stiffness of the ground on a breakline."""


@dataclass(frozen=True)
class Biharmonic:
    """The smoothest grid that follows the heights; see `multigrid` for what is minimised.

    Parameters
    ----------
    smoothing
        λ: 0.005 for clean lines, 1 to 30 for lines that wander by a part of a cell. None chooses it
        with pieces of the contours held out (`choose_smoothing`).
    tolerance
        Share of the contour interval by which the last iterations may still move a height.
    """

    name: ClassVar[str] = "biharmonic"
    smoothing: float | None = None
    tolerance: float = 0.002

    def __post_init__(self) -> None:
        if self.smoothing is not None and not self.smoothing >= 1e-4:
            raise InputError(f"a smoothing of {self.smoothing} cannot be solved for; give at least 0.0001")
        if not 0 < self.tolerance < 1:
            raise InputError(f"a tolerance of {self.tolerance} is no share; give one such as 0.002")

    def heights(self, terrain: Terrain, lattice: Lattice) -> Floats:
        """Compute (rows, columns) heights; there is one everywhere. See `Surface`."""
        smoothing = self.smoothing
        if smoothing is None:
            from whence.maps.heights.surface.smoothing import choose_smoothing

            smoothing = choose_smoothing(terrain, lattice).smoothing
        plate = plate_of(terrain, lattice, smoothing)
        found = plate.solve(tolerance_m=self.tolerance * scale_m(terrain)).heights
        for cells, level_m in lake_cells(terrain, lattice):
            found[cells] = level_m
        return found


def scale_m(terrain: Terrain) -> float:
    """Give what counts as one step of height: the interval, or a twentieth of the relief without contours."""
    if terrain.interval_m > 0:
        return terrain.interval_m
    return float(np.ptp(terrain.samples()[1])) / 20


def plate_of(terrain: Terrain, lattice: Lattice, smoothing: float) -> Plate:
    """Pose the problem for a terrain on a grid."""
    return Plate(lattice.shape, grid_data(terrain, lattice), smoothing, stiffness_of(terrain, lattice))


def grid_data(terrain: Terrain, lattice: Lattice, *, checked: bool = True) -> Data:
    """Put all heights of a terrain that lie in a grid on it.

    Contours count by their length in cells, spot heights as much as one cell of line, lakes in each cell.

    Parameters
    ----------
    terrain, lattice
        What lies on which grid.
    checked
        Refuse what makes no surface by itself; a tile may have other data to go by.

    Raises
    ------
    NotEnoughDataError
        When there are no heights in the grid, or all are the same.
    """
    lines = terrain.contours
    positions, owner, lengths_m = lines.densified(_STEP_CELLS * lattice.cell_m)
    nodes = lattice.to_cells(positions) - 0.5
    data = Data(nodes, lines.heights_m[owner], lengths_m / lattice.cell_m, owner)
    spots = terrain.spots
    data = data.joined(_single(lattice.to_cells(spots.positions) - 0.5, spots.heights_m, _SPOT_WEIGHT))
    for cells, level_m in lake_cells(terrain, lattice):
        within = np.argwhere(cells)[:, ::-1].astype(float)
        data = data.joined(_single(within, np.full(len(within), level_m), _LAKE_WEIGHT))
    inside = ((data.nodes >= -0.5) & (data.nodes <= np.array([lattice.columns, lattice.rows]) - 0.5)).all(1)
    kept = data.choose(inside & (data.weights > 0))
    if not checked:
        return kept
    terrain.check(kept.heights)
    if len(np.unique(kept.nodes.round(9), axis=0)) < 3:
        raise NotEnoughDataError("fewer than three heights lie in the grid; give more, or a larger grid")
    return kept


def _single(nodes: Floats, heights: Floats, weight: float) -> Data:
    count = len(heights)
    return Data(nodes, heights, np.full(count, weight), np.full(count, -1, dtype=np.int64))


def lake_cells(terrain: Terrain, lattice: Lattice) -> list[tuple[Bools, float]]:
    """Give for each lake the (rows, columns) cells whose centres lie in it, and its level."""
    if not terrain.lakes:
        return []
    import shapely

    centres = lattice.centres()
    return [
        (shapely.contains_xy(shapely.Polygon(lake.shore), centres[..., 0], centres[..., 1]), lake.level_m)
        for lake in terrain.lakes
    ]


def stiffness_of(terrain: Terrain, lattice: Lattice) -> Floats | None:
    """Give the stiffness of each cell: soft on breaklines and shores; None when there are none."""
    shores = [np.concatenate([lake.shore, lake.shore[:1]]) for lake in terrain.lakes]
    lines = (*terrain.breaklines, *shores)
    if not lines:
        return None
    positions, _, _ = Contours(lines, np.zeros(len(lines))).densified(_STEP_CELLS * lattice.cell_m)
    column, row = np.floor(lattice.to_cells(positions[lattice.inside(positions)])).astype(int).T
    stiffness = np.ones(lattice.shape)
    stiffness[row.clip(max=lattice.rows - 1), column.clip(max=lattice.columns - 1)] = _SOFT
    return stiffness
