"""A scan of any size as 8-bit red, green, blue: whole, made small, or window by window."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from whence.errors import InputError
from whence.imagery.raster import Window, open_raster
from whence.maps.scan.ink import check_scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from whence.imagery.raster import RasterReader
    from whence.typing import Image, PathLike

__all__ = ["Scan", "as_scan", "open_scan"]

_BAND_ROWS = 1024
_SAMPLE_ROWS = 64
_CUT = (0.5, 99.5)  # percentiles that become black and white where values are not of 8 bits


@dataclass(frozen=True)
class Scan:
    """A scan that gives windows.

    Attributes
    ----------
    width, height
        Pixels, as the file counts them: an orientation that a camera noted is not applied, since
        georeferences count stored pixels.
    read
        Gives the pixels (h, w, 3) uint8 of a window that lies within the scan.
    """

    width: int
    height: int
    read: Callable[[Window], Image]

    def __post_init__(self) -> None:
        check_scan(np.broadcast_to(np.uint8(0), (self.height, self.width, 3)))

    def around(self, low: tuple[float, float], high: tuple[float, float]) -> tuple[Window, Image]:
        """Read the whole pixels between two corners (column, row), as far as they are on the scan."""
        left, top = (
            int(np.clip(np.floor(one), 0, side - 1)) for one, side in zip(low, self._size, strict=True)
        )
        right, bottom = (
            int(np.clip(np.ceil(one), 1, side)) for one, side in zip(high, self._size, strict=True)
        )
        window = Window(left, top, max(right - left, 1), max(bottom - top, 1))
        return window, self.read(window)

    @property
    def _size(self) -> tuple[int, int]:
        return self.width, self.height

    def bands(self, rows: int = _BAND_ROWS, *, margin: int = 0) -> Iterator[tuple[int, int, Window]]:
        """Stripes of full width: first and last row, and the window with a margin round them."""
        for top in range(0, self.height, rows):
            bottom = min(top + rows, self.height)
            low, high = max(top - margin, 0), min(bottom + margin, self.height)
            yield top, bottom, Window(0, low, self.width, high - low)

    def small(self, longest_px: int, *, keep_dark: bool = False) -> tuple[Image, float]:
        """Make it small by a whole number; also gives the factor back to its pixels.

        Parameters
        ----------
        longest_px
            Of the result at most, unless the scan is smaller.
        keep_dark
            Let thin dark strokes grow first, so that averaging does not make them pale.
        """
        factor = -(-max(self._size) // longest_px)
        if factor == 1:
            return self.read(Window(0, 0, self.width, self.height)), 1.0
        rows = max(_BAND_ROWS // factor, 1) * factor
        parts = []
        for _, _, window in self.bands(rows):
            pixels = self.read(window)
            if keep_dark and factor > 2:
                pixels = np.asarray(cv2.erode(pixels, np.ones((factor // 2 + 1,) * 2, np.uint8)), np.uint8)
            # Of the last rows and columns those that make no whole pixel are left out.
            height, width = (side // factor for side in pixels.shape[:2])
            if height:
                kept = pixels[: height * factor, : width * factor]
                parts.append(cv2.resize(kept, (width, height), interpolation=cv2.INTER_AREA))
        return np.concatenate(parts).astype(np.uint8, copy=False), float(factor)


def as_scan(image: Image | Scan) -> Scan:
    """Take pixels, or a scan as it is.

    Raises
    ------
    InputError
        When the array is not (h, w, 3) uint8, or smaller than a thumbnail.
    """
    if isinstance(image, Scan):
        return image
    check_scan(image)
    return Scan(image.shape[1], image.shape[0], lambda window: np.ascontiguousarray(image[window.slices]))


@contextmanager
def open_scan(path: PathLike, *, memory_mb: float = 512.0) -> Iterator[Scan]:
    """Open a scan of any size, depth and kind: grey, palette, colour, 8 or 16 bits.

    Palettes are looked up, other depths than 8 bits are stretched alike over the whole scan, what is empty is
    white paper.

    Parameters
    ----------
    path
        Any file that GDAL reads.
    memory_mb
        What decoded pixels may take; larger scans are read window by window.

    Yields
    ------
    Scan
        Until the block ends.

    Raises
    ------
    NotFoundError, NotAnImageError
        When there is no such file, or it is no raster, or damaged.
    InputError
        When it is smaller than a thumbnail.
    """
    with open_raster(path, memory_mb=memory_mb, any_order=True) as reader:
        raster = reader.raster
        look = _look(reader)

        def read(window: Window) -> Image:
            values, valid = reader.read(window)
            pixels = look(values)
            if valid is not None:
                pixels = np.where(valid[..., None], pixels, np.uint8(255))
            return np.ascontiguousarray(pixels)

        yield Scan(raster.width, raster.height, read)


def _look(reader: RasterReader) -> Callable[[NDArray[Any]], Image]:
    """How the values of a raster become red, green, blue."""
    raster = reader.raster
    if raster.colors is not None:
        table = np.full((max(raster.colors) + 1, 3), 255, np.uint8)
        for value, color in raster.colors.items():
            table[value] = color[:3]
        return lambda values: table[np.minimum(values[..., 0], len(table) - 1)]
    if raster.dtype == np.uint8:
        return _three
    low, high = _limits(reader)

    def stretched(values: NDArray[Any]) -> Image:
        share = (np.nan_to_num(_three(values).astype(np.float32), nan=high) - low) / max(high - low, 1e-9)
        return np.asarray(np.clip(255.0 * share, 0.0, 255.0), np.uint8)

    return stretched


def _three(values: NDArray[Any]) -> Any:
    return values[..., :3] if values.shape[-1] >= 3 else np.repeat(values[..., :1], 3, axis=-1)


def _limits(reader: RasterReader) -> tuple[float, float]:
    """Values that become black and white, from rows all over the scan."""
    raster = reader.raster
    chosen = np.unique(np.linspace(0, raster.height - 1, _SAMPLE_ROWS).astype(int))
    found = []
    for row in chosen:
        values, valid = reader.read(Window(0, int(row), raster.width, 1))
        seen = values[np.isfinite(values).all(axis=-1) & (True if valid is None else valid)]
        found.append(seen.ravel()[:: max(seen.size // 20_000, 1)].astype(np.float64))
    sample = np.concatenate(found)
    if not len(sample):
        raise InputError(f"{raster.path} is empty: nothing on it is marked as valid")
    low, high = np.percentile(sample, _CUT)
    return float(low), float(high)
