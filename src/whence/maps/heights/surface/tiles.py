"""The default surface of a grid of any size, tile by tile, without seams that one could see.

A coarse surface of the whole grid is made first. Each tile is then solved with a margin, in whose outermost
cells the coarse surface pulls weakly: so a tile knows of contours that lie far outside of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError
from whence.imagery.raster import Window
from whence.maps.heights.surface.biharmonic import grid_data, lake_cells, scale_m, stiffness_of
from whence.maps.heights.surface.multigrid import Plate
from whence.maps.heights.surface.readout import Data, read_out
from whence.maps.heights.surface.transfer import coarse_shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.terrain import Terrain
    from whence.typing import Floats

__all__ = ["Tiling", "tiles"]

_RING_CELLS = 4
_RING_WEIGHT = 0.01


@dataclass(frozen=True)
class Tiling:
    """How a grid is cut.

    Parameters
    ----------
    side_cells
        Side of a tile.
    margin_cells
        By how much it is solved larger on every side; best more than the widest gap between contours.
    halvings
        The coarse surface has cells larger by two to this power.
    """

    side_cells: int = 1024
    margin_cells: int = 128
    halvings: int = 2

    def __post_init__(self) -> None:
        if self.side_cells < 32 or self.margin_cells < 2 * _RING_CELLS or self.halvings < 1:
            raise InputError("tiles need a side of at least 32, a margin of at least 8 cells and one halving")


def tiles(
    terrain: Terrain,
    lattice: Lattice,
    *,
    smoothing: float,
    tiling: Tiling | None = None,
    tolerance: float = 0.002,
) -> Iterator[tuple[Window, Floats]]:
    """Compute the biharmonic surface tile by tile.

    Parameters
    ----------
    terrain, lattice
        What is made a surface, and its grid.
    smoothing
        λ; see `choose_smoothing`.
    tiling
        How the grid is cut.
    tolerance
        See `Biharmonic`.

    Yields
    ------
    window, heights
        Part of the grid, and its (height, width) heights. The windows cover the grid once, row by row.
    """
    cut = tiling or Tiling()
    tolerance_m = tolerance * scale_m(terrain)
    data = grid_data(terrain, lattice)
    coarse = _coarse(data, lattice.shape, smoothing, cut.halvings, tolerance_m)
    for row in range(0, lattice.rows, cut.side_cells):
        for column in range(0, lattice.columns, cut.side_cells):
            window = Window(
                column,
                row,
                min(cut.side_cells, lattice.columns - column),
                min(cut.side_cells, lattice.rows - row),
            )
            wide = _widened(window, lattice, cut.margin_cells)
            part = lattice.window(row=wide.row, column=wide.column, rows=wide.height, columns=wide.width)
            inner = _within(data, wide)
            ring = _ring(coarse, wide, lattice, 2**cut.halvings)
            plate = Plate(part.shape, inner.joined(ring), smoothing, stiffness_of(terrain, part))
            found = plate.solve(tolerance_m=tolerance_m).heights
            for cells, level_m in lake_cells(terrain, part):
                found[cells] = level_m
            top, left = window.row - wide.row, window.column - wide.column
            yield window, found[top : top + window.height, left : left + window.width]


def _coarse(
    data: Data, shape: tuple[int, int], smoothing: float, halvings: int, tolerance_m: float
) -> Floats:
    for _ in range(halvings):
        data, shape, smoothing = data.coarser(), coarse_shape(shape), smoothing / 4
    return Plate(shape, data, smoothing).solve(tolerance_m=tolerance_m).heights


def _widened(window: Window, lattice: Lattice, margin: int) -> Window:
    left, top = max(window.column - margin, 0), max(window.row - margin, 0)
    right = min(window.column + window.width + margin, lattice.columns)
    bottom = min(window.row + window.height + margin, lattice.rows)
    return Window(left, top, right - left, bottom - top)


def _within(data: Data, window: Window) -> Data:
    """Give the data in a window, counted from its first cell."""
    nodes = data.nodes - [window.column, window.row]
    kept = ((nodes >= -0.5) & (nodes <= np.array([window.width, window.height]) - 0.5)).all(axis=1)
    return Data(nodes[kept], data.heights[kept], data.weights[kept], data.owner[kept])


def _ring(coarse: Floats, window: Window, lattice: Lattice, factor: int) -> Data:
    """Give the coarse heights in the outermost cells of a window, where these are not those of the grid."""
    row, column = np.mgrid[: window.height, : window.width]
    ring = np.zeros((window.height, window.width), dtype=bool)
    if window.column > 0:
        ring |= column < _RING_CELLS
    if window.row > 0:
        ring |= row < _RING_CELLS
    if window.column + window.width < lattice.columns:
        ring |= column >= window.width - _RING_CELLS
    if window.row + window.height < lattice.rows:
        ring |= row >= window.height - _RING_CELLS
    nodes = np.argwhere(ring)[:, ::-1].astype(float)
    corner = np.array([window.column, window.row])
    heights = read_out(coarse, (nodes + corner) / factor)
    count = len(nodes)
    return Data(nodes, heights, np.full(count, _RING_WEIGHT), np.full(count, -1, dtype=np.int64))
