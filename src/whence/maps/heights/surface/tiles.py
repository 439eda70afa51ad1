"""The default surface of a grid of any size, tile by tile, without seams that one could see.

A coarse surface of the whole grid is made first. Each tile is then solved with a margin, in whose outermost
cells the coarse surface pulls weakly: so a tile knows of contours that lie far outside of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError, NotEnoughDataError
from whence.imagery.raster import Window
from whence.maps.heights.cropping import SegmentIndex
from whence.maps.heights.lattice import Lattice
from whence.maps.heights.surface.biharmonic import grid_data, lake_cells, scale_m, stiffness_of
from whence.maps.heights.surface.multigrid import Plate
from whence.maps.heights.surface.readout import Data, read_out
from whence.maps.heights.surface.transfer import coarse_shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.maps.heights.terrain import Terrain
    from whence.typing import Floats

__all__ = ["Tiles", "Tiling", "coarse_lattice", "coarse_surface", "tiles"]

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

    def windows(self, lattice: Lattice) -> list[Window]:
        """Give the tiles of a grid, row by row."""
        return [
            Window(
                column,
                row,
                min(self.side_cells, lattice.columns - column),
                min(self.side_cells, lattice.rows - row),
            )
            for row in range(0, lattice.rows, self.side_cells)
            for column in range(0, lattice.columns, self.side_cells)
        ]

    def widened(self, window: Window, lattice: Lattice) -> Window:
        """Give a tile with its margin, as far as the grid goes."""
        margin = self.margin_cells
        left, top = max(window.column - margin, 0), max(window.row - margin, 0)
        right = min(window.column + window.width + margin, lattice.columns)
        bottom = min(window.row + window.height + margin, lattice.rows)
        return Window(left, top, right - left, bottom - top)


@dataclass(frozen=True, eq=False)
class Tiles:
    """The problem of a large grid, ready to be solved tile by tile in any order.

    Parameters
    ----------
    index
        The terrain.
    lattice
        The whole grid.
    smoothing, tiling, tolerance
        See `tiles`.
    coarse
        (rows, columns) heights of the coarse surface; `coarse_surface` computes them.
    """

    index: SegmentIndex
    lattice: Lattice
    smoothing: float
    tiling: Tiling
    tolerance: float
    coarse: Floats

    def solve(self, window: Window) -> Floats:
        """Compute the (height, width) heights of a tile."""
        wide = self.tiling.widened(window, self.lattice)
        part = self.lattice.window(row=wide.row, column=wide.column, rows=wide.height, columns=wide.width)
        terrain = self.index.crop(part)
        ring = _ring(self.coarse, wide, self.lattice, 2**self.tiling.halvings)
        data = grid_data(terrain, part, checked=False).joined(ring)
        if len(np.unique(data.nodes.round(9), axis=0)) < 3:
            raise NotEnoughDataError("fewer than three heights lie in the grid; give more, or a larger grid")
        plate = Plate(part.shape, data, self.smoothing, stiffness_of(terrain, part))
        tolerance_m = self.tolerance * scale_m(self.index.terrain)
        found = plate.solve(tolerance_m=tolerance_m).heights
        for cells, level_m in lake_cells(terrain, part):
            found[cells] = level_m
        top, left = window.row - wide.row, window.column - wide.column
        return found[top : top + window.height, left : left + window.width]


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
    coarse = coarse_surface(terrain, lattice, smoothing=smoothing, tiling=cut, tolerance=tolerance)
    work = Tiles(SegmentIndex.of(terrain, lattice), lattice, smoothing, cut, tolerance, coarse)
    for window in cut.windows(lattice):
        yield window, work.solve(window)


def coarse_surface(
    terrain: Terrain, lattice: Lattice, *, smoothing: float, tiling: Tiling, tolerance: float = 0.002
) -> Floats:
    """Compute the surface of the whole on coarse cells; the parameters are those of `tiles`.

    Its nodes are every 2ʰ-th of the grid, the first on the first. Data pull as much as on the grid itself,
    and λ is less by 4ʰ, as on the levels of `multigrid`.

    Returns
    -------
    Floats
        (rows, columns) heights.
    """
    coarse = coarse_lattice(lattice, tiling.halvings)
    factor = 2**tiling.halvings
    data = grid_data(terrain, coarse)
    on_line = data.owner >= 0
    weighted = Data(data.nodes, data.heights, np.where(on_line, factor, 1.0) * data.weights, data.owner)
    plate = Plate(coarse.shape, weighted, smoothing / factor**2)
    return plate.solve(tolerance_m=tolerance * scale_m(terrain)).heights


def coarse_lattice(lattice: Lattice, halvings: int) -> Lattice:
    """Give the grid whose centres are every 2ʰ-th centre of a grid, from the first on."""
    shape = lattice.shape
    for _ in range(halvings):
        shape = coarse_shape(shape)
    shift = (2**halvings - 1) / 2 * lattice.cell_m
    cell_m = lattice.cell_m * 2**halvings
    return Lattice(lattice.west - shift, lattice.north + shift, cell_m, shape[1], shape[0])


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
