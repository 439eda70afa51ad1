"""A raster of heights read at the cells of another grid, whatever its own grid and system."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth.crs import Crs, same
from whence.errors import InputError
from whence.imagery.raster import Window, open_raster

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from whence.imagery.raster import RasterReader
    from whence.maps.heights.lattice import Lattice
    from whence.typing import Floats, PathLike

__all__ = ["Resampler", "block_means", "read_heights", "require_plausible"]

_LOWEST_M, _HIGHEST_M = -12_000.0, 9_000.0
_HIGHEST_FT = 29_100.0
_FEET = "; if the heights are in feet, turn them into metres"
_MARKS = (-9999.0, -32768.0, -32767.0)
_CELLS_AT_ONCE = 16_000_000


def read_heights(reader: RasterReader, window: Window) -> tuple[Floats, Floats | None]:
    """Read heights, and the second band where there is one; NaN is none.

    Raises
    ------
    InputError
        When a value cannot be a height in metres: a mark of no data that was not declared.
    """
    values, valid = reader.read(window)
    values = values.astype(np.float64)
    if valid is not None:
        values[~valid] = np.nan
    heights = values[..., 0]
    require_plausible(heights, reader.raster.path)
    return heights, values[..., 1] if values.shape[2] > 1 else None


def require_plausible(heights: Floats, path: PathLike) -> None:
    """Refuse values that cannot be heights in metres.

    Parameters
    ----------
    heights
        Of any shape; NaN is none.
    path
        Where they come from, for the message.

    Raises
    ------
    InputError
        When one is a mark of no data, or is above or below all ground.
    """
    known = heights[np.isfinite(heights)]
    wrong = known[(known < _LOWEST_M) | (known > _HIGHEST_M) | np.isin(known, _MARKS)]
    if wrong.size:
        value = float(wrong[np.abs(wrong).argmax()])
        raise InputError(
            f"{path} holds {value:g}, which is no height in metres; if it marks cells without data, declare "
            f"it: gdal_translate -a_nodata {value:g} {path} NEW"
            + _FEET
            * bool(_HIGHEST_M < value < _HIGHEST_FT)
        )


class Resampler:
    """Reads windows of a grid out of a raster.

    Between centres heights are bilinear, and there is none where one of the cells around has none. Where the
    raster is finer than the grid, its cells are first averaged in blocks that are as large as the grid's
    cells, or the next smaller whole number of them.

    Parameters
    ----------
    path
        The raster.
    lattice, crs
        The grid, and its system.
    system
        System of the raster; None in either place takes both for one.
    """

    def __init__(self, path: Path, lattice: Lattice, *, crs: Crs | None, system: Crs | None) -> None:
        import rasterio

        with rasterio.open(path) as file:
            self._affine, self._size = file.transform, np.array([file.width, file.height])
        self._path, self._lattice = path, lattice
        self._moved: Callable[[Floats], Floats] | None = None
        if crs is not None and system is not None and not same(crs, system):
            self._moved = lambda world: system.from_lonlat(crs.to_lonlat(world))
        self._block = self._finer()

    def read(self, window: Window) -> Floats:
        """Give (height, width) heights of a window of the grid, which may reach beyond the raster."""
        cells = self._cells(window)
        block = self._block
        low = np.floor(np.nanmin(cells, axis=(0, 1)) / block - 1.5).astype(int) * block
        high = np.ceil(np.nanmax(cells, axis=(0, 1)) / block + 1.5).astype(int) * block
        low, high = np.clip(low, 0, None), np.minimum(high, self._size)
        if (low >= high).any():
            return np.full(cells.shape[:2], np.nan)
        values = self._averaged(low, high)
        return _bilinear(values, (cells - low) / block - 0.5)

    def _cells(self, window: Window) -> Floats:
        """(height, width, 2) column, row in the raster of the centres of a window; outermost cells go on."""
        columns = window.column + np.arange(window.width) + 0.5
        rows = window.row + np.arange(window.height) + 0.5
        world = self._lattice.to_world(np.stack(np.meshgrid(columns, rows), axis=-1))
        if self._moved is not None:
            world = self._moved(world)
        inverse = ~self._affine
        x, y = world[..., 0], world[..., 1]
        cells = np.stack(
            [inverse.a * x + inverse.b * y + inverse.c, inverse.d * x + inverse.e * y + inverse.f], axis=-1
        )
        cells[((cells < -1e-6) | (cells > self._size + 1e-6)).any(axis=-1)] = np.nan
        if np.isnan(cells).all():
            return np.full_like(cells, -1e9)  # nothing in common
        return cells

    def _finer(self) -> int:
        """How many cells of the raster make one of the grid, along a side, in the middle of the grid."""
        lattice = self._lattice
        middle = np.array([lattice.columns / 2, lattice.rows / 2])
        corners = lattice.to_world(middle + np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
        if self._moved is not None:
            corners = self._moved(corners)
        inverse = ~self._affine
        steps = (corners[1:] - corners[0]) @ np.array([[inverse.a, inverse.d], [inverse.b, inverse.e]])
        return max(math.floor(math.sqrt(abs(float(np.linalg.det(steps)))) + 1e-6), 1)

    def _averaged(self, low: Any, high: Any) -> Floats:
        """Means of blocks between two corners, read in parts; NaN where fewer than half are known."""
        block = self._block
        width = int(high[0] - low[0])
        part = max(_CELLS_AT_ONCE // width // block, 1) * block
        means = []
        with open_raster(self._path) as reader:
            for row in range(int(low[1]), int(high[1]), part):
                rows = min(part, int(high[1]) - row)
                heights = read_heights(reader, Window(int(low[0]), row, width, rows))[0]
                means.append(block_means(heights, block))
        return np.concatenate(means)


def block_means(heights: Floats, block: int) -> Floats:
    """Average blocks of cells, those at the end perhaps smaller; NaN where fewer than half are known."""
    if block == 1:
        return heights
    rows, columns = (-(-n // block) for n in heights.shape)
    whole = np.full((rows * block, columns * block), np.nan)
    whole[: heights.shape[0], : heights.shape[1]] = heights
    cut = whole.reshape(rows, block, columns, block)
    known = np.isfinite(cut)
    count = known.sum(axis=(1, 3))
    total = np.where(known, cut, 0.0).sum(axis=(1, 3))
    sizes = [
        np.minimum(block, size - block * np.arange(n))
        for size, n in zip(heights.shape, (rows, columns), strict=True)
    ]
    enough = 2 * count >= np.multiply.outer(*sizes)
    return np.where(enough, total / np.maximum(count, 1), np.nan)


def _bilinear(values: Floats, places: Floats) -> Floats:
    """Read (…, 2) column, row (0, 0 being the first centre) between centres; beyond the outermost, theirs."""
    rows, columns = values.shape
    x, y = np.clip(places[..., 0], 0, columns - 1), np.clip(places[..., 1], 0, rows - 1)
    nowhere = np.isnan(x) | np.isnan(y)
    x, y = np.where(nowhere, 0.0, x), np.where(nowhere, 0.0, y)
    left, top = (
        np.minimum(x.astype(np.int64), max(columns - 2, 0)),
        np.minimum(y.astype(np.int64), max(rows - 2, 0)),
    )
    right, below = np.minimum(left + 1, columns - 1), np.minimum(top + 1, rows - 1)
    across, down = x - left, y - top
    out = np.zeros(x.shape)
    for row, share in ((top, 1 - down), (below, down)):
        for column, part in ((left, 1 - across), (right, across)):
            weight = share * part
            out += np.where(weight > 1e-9, weight * values[row, column], 0.0)
    out[nowhere] = np.nan
    return out
