"""A scan made small enough to look at: 8 bits, red, green, blue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whence.imagery.raster import Window, open_raster
from whence.imagery.reduction import reduced

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.imagery.raster import Colors
    from whence.typing import Bools, PathLike

__all__ = ["preview"]

_CUT = (1.0, 99.0)  # percentiles that become black and white where values are not of 8 bits


def preview(scan: PathLike, *, longest_px: int = 1400) -> NDArray[np.uint8]:
    """Read a scan at a fraction of its size.

    Parameters
    ----------
    scan
        Any raster. Palettes are looked up, other depths than 8 bits are stretched, what is empty is white.
    longest_px
        Longest side of the result at most; a smaller scan keeps its size.

    Returns
    -------
    NDArray
        (height, width, 3) of 8 bits.

    Raises
    ------
    NotFoundError, NotAnImageError
        When there is no scan, or it is truncated or no raster.
    InputError
        When the disk for temporary files is full.
    """
    with open_raster(scan) as reader:
        raster = reader.raster
        factor = -(-max(raster.width, raster.height) // longest_px)
        if factor == 1:
            return _colored(*reader.read(Window(0, 0, raster.width, raster.height)), raster.colors)
    with reduced(scan, factor, pick=raster.colors is not None) as small, open_raster(small) as reader:
        width, height = reader.raster.width, reader.raster.height
        return _colored(*reader.read(Window(0, 0, width, height)), raster.colors)


def _colored(values: NDArray[Any], valid: Bools | None, colors: Colors | None) -> NDArray[np.uint8]:
    if colors is not None:
        table = np.full((max(colors) + 1, 3), 255, np.uint8)
        for value, color in colors.items():
            table[value] = color[:3]
        out = table[np.minimum(values[..., 0], len(table) - 1)]
    else:
        picked = values[..., :3] if values.shape[-1] >= 3 else np.repeat(values[..., :1], 3, axis=-1)
        out = picked if picked.dtype == np.uint8 else _stretched(picked, valid)
    if valid is not None:
        out = np.where(valid[..., None], out, np.uint8(255))
    return np.ascontiguousarray(out, dtype=np.uint8)


def _stretched(values: NDArray[Any], valid: Bools | None) -> NDArray[np.uint8]:
    there = np.isfinite(values).all(axis=-1) & (True if valid is None else valid)
    if not there.any():
        return np.full(values.shape, 255, np.uint8)
    low, high = np.percentile(values[there].astype(np.float64), _CUT)
    share = (np.nan_to_num(values.astype(np.float64)) - low) / ((high - low) or 1.0)
    return np.asarray(np.clip(255.0 * share, 0.0, 255.0), dtype=np.uint8)
