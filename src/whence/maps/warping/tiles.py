"""Tiles of a sheet: located on the scan, read, resampled, cut along the neatline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError
from whence.imagery.raster import Window
from whence.maps.warping.grid import InverseGrid, Located
from whence.maps.warping.inverse import NEAR_ERROR_PX, Inverse
from whence.maps.warping.neatline import Neatline
from whence.maps.warping.patches import PATCH_PX
from whence.maps.warping.resampling import STEP_PX, Kernel, resample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from whence.imagery.raster import RasterReader
    from whence.maps.warping.frame import Frame
    from whence.maps.warping.layout import Layout
    from whence.typing import Bools

__all__ = ["Tile", "Tiler"]

_TILE_PX = 4 * PATCH_PX
_WIDEST_PX = 8192  # OpenCV counts positions in 16 bits, and memory is bounded


@dataclass(frozen=True, eq=False)
class Tile:
    """A piece of the sheet.

    Parameters
    ----------
    values
        (height, width, bands).
    valid
        (height, width) where something is there.
    error_px
        As `Located`.
    """

    values: NDArray[Any]
    valid: Bools
    error_px: float


@dataclass(frozen=True, eq=False)
class Tiler:
    """Everything that is needed to make any tile of a sheet.

    Parameters
    ----------
    reader
        The scan.
    frame
        The sheet.
    grid
        Where its pixels lie on the scan.
    kernel
        How values are interpolated.
    neatline
        What to keep, or None for all of the scan.
    rounding_px
        What the grid's own error does not include, pixels of the scan.
    """

    reader: RasterReader
    frame: Frame
    grid: InverseGrid
    kernel: Kernel
    neatline: Neatline | None
    rounding_px: float

    @classmethod
    def of(cls, reader: RasterReader, layout: Layout, *, kernel: Kernel, max_error_px: float) -> Tiler:
        """Prepare to make the tiles of a planned sheet.

        Raises
        ------
        InputError
            When the bound is smaller than what rounding takes.
        """
        placing = layout.placing
        rounding_px = placing.inverse_error_px
        rounding_px += 0.0 if placing.has_closed_inverse else NEAR_ERROR_PX
        rounding_px += 0.0 if kernel.name == "nearest" else STEP_PX
        if not max_error_px > rounding_px:
            raise InputError(
                f"max_error_px is {max_error_px}, but rounding alone takes {rounding_px:.3f}; give 0.1, say"
            )
        grid = InverseGrid.over(
            Inverse(placing, layout.frame),
            sheet_size=(layout.frame.width, layout.frame.height),
            scan_size=layout.extent,
            max_error_px=max_error_px - rounding_px,
            landmarks=layout.landmarks,
        )
        neatline = None if layout.neatline is None else Neatline.placed(layout.neatline, placing)
        return cls(reader, layout.frame, grid, kernel, neatline, rounding_px)

    def windows(self) -> list[Window]:
        """All tiles in the order of reading."""
        return _cut(Window(0, 0, self.frame.width, self.frame.height), _TILE_PX)

    def tiles(self) -> Iterator[tuple[Window, Tile | None]]:
        """Make one tile after the other; None for those that hold nothing of the scan."""
        for window in self.windows():
            yield window, self.tile(window)

    def tile(self, window: Window) -> Tile | None:
        """Make one tile."""
        inside = None if self.neatline is None else self.neatline.covers(self.frame, window)
        if inside is not None and not inside.any():
            return None
        located = self.grid.locate(window, reach_px=self.kernel.reach_px)
        area = None if located is None else self._needed(located)
        if located is None or area is None:
            return None
        if max(area.width, area.height) > _WIDEST_PX and max(window.width, window.height) > PATCH_PX:
            return self._pieced(window)
        values, there = self.reader.read(area)
        found, valid = resample(values, located.indices, kernel=self.kernel, valid=there)
        kept = np.ones(found.shape[:2], np.bool_)
        for part in (inside, valid, self._on_scan(located)):
            if part is not None:
                kept &= part
        return Tile(found, kept, located.error_px + self.rounding_px)

    def _pieced(self, window: Window) -> Tile | None:
        """Make a tile from patches, where the transform draws it from all over a large scan."""
        pieces = [(part, self.tile(part)) for part in _cut(window, PATCH_PX)]
        made = [(part, tile) for part, tile in pieces if tile is not None]
        if not made:
            return None
        first = made[0][1].values
        values = np.zeros((window.height, window.width, first.shape[-1]), first.dtype)
        valid = np.zeros((window.height, window.width), np.bool_)
        for part, tile in made:
            place = part._replace(column=part.column - window.column, row=part.row - window.row).slices
            values[place], valid[place] = tile.values, tile.valid
        return Tile(values, valid, max(tile.error_px for _, tile in made))

    def _needed(self, located: Located) -> Window | None:
        """Give the part of the scan that the kernel reaches from the tile, or None beside the scan."""
        size = np.array([self.reader.raster.width, self.reader.raster.height])
        low = np.array(located.origin)
        high = np.clip(np.ceil(located.high) + self.kernel.reach_px, 0, size).astype(np.int64)
        if not (high > low).all():
            return None
        (column, row), (width, height) = low.tolist(), (high - low).tolist()
        return Window(column, row, width, height)

    def _on_scan(self, located: Located) -> Bools | None:
        """Which pixels of the tile have their centre on the scan; None for all of them."""
        if (located.low >= 0.0).all() and (located.high <= self.grid.scan_size).all():
            return None
        low = np.subtract(-0.5, located.origin).astype(np.float32)
        high = low + np.array(self.grid.scan_size, np.float32)
        x, y = located.indices[..., 0], located.indices[..., 1]
        return np.asarray((x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1]))


def _cut(window: Window, side: int) -> list[Window]:
    """Cut a window into squares, smaller at its right and lower border, row by row."""
    right, bottom = window.column + window.width, window.row + window.height
    return [
        Window(column, row, min(side, right - column), min(side, bottom - row))
        for row in range(window.row, bottom, side)
        for column in range(window.column, right, side)
    ]
