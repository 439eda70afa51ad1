"""GeoTIFFs as they are made here: cloud-optimised copies, and what a full disk is told as."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.typing import PathLike

__all__ = ["BLOCK_PX", "COMPRESSIONS", "copy_optimised", "gdal_errors", "hidden_folder", "refusals"]

BLOCK_PX = 512
"""Side of the squares that pixels are stored in."""

COMPRESSIONS = ("none", "deflate", "lzw", "zstd")
"""Compressions without loss."""


def copy_optimised(
    source: Path,
    target: Path,
    *,
    compression: str,
    smooth: bool,
    bits: int | None = None,
    level: int | None = None,
) -> None:
    """Copy a raster as a cloud-optimised GeoTIFF with overviews.

    Parameters
    ----------
    source, target
        The raster, and the file to make. GDAL puts overviews under way into files beside the target, so let
        it be in a folder of its own (`hidden_folder`).
    compression
        One of `COMPRESSIONS`.
    smooth
        Whether values between two values mean something: measured ones do, numbers of classes do not.
    bits
        Bits to store of each value, where they are fewer than the type has.
    level
        Effort of the compression deflate, 1 to 9; GDAL's own when None.
    """
    from rasterio import shutil

    options = {
        "driver": "COG",
        "blocksize": BLOCK_PX,
        "bigtiff": "IF_SAFER",
        "compress": compression.upper(),
        "predictor": "YES" if smooth and compression != "none" else "NO",
        "overview_resampling": "AVERAGE" if smooth else "NEAREST",
        "num_threads": "ALL_CPUS",
        **({} if bits is None else {"nbits": bits}),
        **({} if level is None or compression != "deflate" else {"level": level}),
    }
    shutil.copy(str(source), str(target), **options)


@contextmanager
def hidden_folder(beside: Path) -> Iterator[Path]:
    """Give an empty folder next to a file that is being made; it goes when the block ends."""
    with tempfile.TemporaryDirectory(prefix=f"{beside.stem}.", dir=beside.parent) as folder:
        yield Path(folder)


def gdal_errors() -> tuple[type[Exception], ...]:
    """Give what rasterio raises when GDAL fails: its copies let GDAL's own errors through."""
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError

    return RasterioError, CPLE_BaseError


@contextmanager
def refusals(path: PathLike) -> Iterator[None]:
    """Turn what GDAL raises while writing into a sentence.

    Raises
    ------
    InputError
        When the disk is full or the file cannot be written.
    """
    try:
        yield
    except gdal_errors() as error:
        raise InputError(
            f"{path} cannot be written ({error.__cause__ or error}); nothing was changed, make room or "
            "choose another place"
        ) from error
