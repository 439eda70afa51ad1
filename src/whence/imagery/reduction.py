"""Rasters made smaller by a whole number: the mean of squares of pixels, or one pixel of each."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine

from whence.errors import InputError
from whence.imagery.raster import Window, open_raster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from whence.imagery.raster import Raster, RasterReader
    from whence.typing import Bools, PathLike

__all__ = ["block_means", "reduced"]

_BAND_PX = 1 << 24
_TILE_PX = 512


@contextmanager
def reduced(path: PathLike, factor: int, *, pick: bool = False) -> Iterator[Path]:
    """Give a smaller copy of a raster in a temporary file that goes with the block.

    Parameters
    ----------
    path
        The raster.
    factor
        How many pixels, across and down, become one. Where a square reaches over the right or lower border,
        the pixels of the border go on.
    pick
        Take the middle pixel of each square instead of the mean of those that are there.

    Yields
    ------
    Path
        A tiled TIFF, ceil(width / factor) × ceil(height / factor), of the same type, with a mask where the
        original has one, an alpha band or empty pixels: what is there at half of a square at least.

    Raises
    ------
    InputError
        When the disk for temporary files is full.
    """
    import rasterio
    from rasterio.errors import RasterioError

    with tempfile.TemporaryDirectory(prefix="whence-") as folder, open_raster(path) as reader:
        target = Path(folder) / "reduced.tif"
        try:
            with (
                rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
                rasterio.open(target, "w", **_profile(reader.raster, factor)) as dataset,
            ):
                for window, values, valid in _bands(reader, factor, pick=pick):
                    _write(dataset, window, values, valid)
        except RasterioError as error:
            raise InputError(
                f"{path} cannot be averaged into {folder} ({error.__cause__ or error}); make room there, or "
                "let TMPDIR name another place"
            ) from error
        yield target


def block_means(values: NDArray[Any], valid: Bools, factor: int) -> tuple[NDArray[Any], Bools]:
    """Average squares of pixels.

    Parameters
    ----------
    values
        (height, width, bands), both sides multiples of `factor`.
    valid
        (height, width) which pixels count.
    factor
        Side of a square.

    Returns
    -------
    means, valid
        (height / factor, width / factor, bands), and whether half of the square counted.

    Examples
    --------
    >>> means, valid = block_means(np.array([[[1], [3]], [[5], [99]]]), np.array([[1, 1], [1, 0]], bool), 2)
    >>> means.tolist(), valid.tolist()
    ([[[3.0]]], [[True]])
    """
    height, width, bands = values.shape
    counted = np.where(valid[..., None], values, 0).astype(np.float64 if values.itemsize > 2 else np.float32)
    sums = counted.reshape(height // factor, factor, width // factor, factor, bands).sum(axis=(1, 3))
    weight = valid.reshape(height // factor, factor, width // factor, factor).sum(axis=(1, 3))
    return sums / np.maximum(weight, 1)[..., None], weight * 2 >= factor**2


def _profile(raster: Raster, factor: int) -> dict[str, Any]:
    return {
        "driver": "GTiff",
        "transform": Affine.scale(factor),  # a place of some kind; rasterio warns of files without
        "width": -(-raster.width // factor),
        "height": -(-raster.height // factor),
        "count": raster.bands,
        "dtype": raster.dtype.name,
        "tiled": True,
        "blockxsize": _TILE_PX,
        "blockysize": _TILE_PX,
        "interleave": "pixel",
        "bigtiff": "IF_SAFER",
    }


def _bands(
    reader: RasterReader, factor: int, *, pick: bool
) -> Iterator[tuple[Window, NDArray[Any], Bools | None]]:
    """Reduce band of rows by band of rows; the windows are those of the smaller raster."""
    raster = reader.raster
    width = -(-raster.width // factor)
    rows = max(_BAND_PX // (raster.width * factor), 1) * factor
    for row in range(0, raster.height, rows):
        values, valid = reader.read(Window(0, row, raster.width, min(rows, raster.height - row)))
        small, kept = _reduce(values, valid, factor, pick=pick)
        yield Window(0, row // factor, width, len(small)), small, kept


def _reduce(
    values: NDArray[Any], valid: Bools | None, factor: int, *, pick: bool
) -> tuple[NDArray[Any], Bools | None]:
    over = [(0, -length % factor) for length in values.shape[:2]]
    values = np.pad(values, [*over, (0, 0)], mode="edge")
    there = np.ones(values.shape[:2], np.bool_) if valid is None else np.pad(valid, over, mode="edge")
    if pick:
        middle = slice(factor // 2, None, factor)
        return values[middle, middle], None if valid is None else there[middle, middle]
    means, kept = block_means(values, there, factor)
    rounded = means if values.dtype.kind == "f" else np.rint(means)
    return rounded.astype(values.dtype), None if valid is None else kept


def _write(dataset: Any, window: Window, values: NDArray[Any], valid: Bools | None) -> None:
    from rasterio.windows import Window as Area

    area = Area(window.column, window.row, window.width, window.height)
    dataset.write(values.transpose(2, 0, 1), window=area)
    if valid is not None:
        dataset.write_mask(valid, window=area)
