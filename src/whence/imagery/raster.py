"""Rasters of any size, read window by window: scans, sheets, orthophotos."""

from __future__ import annotations

import mmap
import tempfile
import threading
import warnings
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from whence.errors import InputError, NotAnImageError, NotFoundError
from whence.imagery.geotiff import gdal_errors
from whence.imagery.naming import legible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from whence.typing import Bools, PathLike

__all__ = ["Raster", "RasterReader", "Window", "open_raster", "without_place"]

_FILTERS = threading.Lock()  # Python keeps one list of filters for all threads

_BAND_OF_ROWS = 1024
_TILE_PX = 512
Colors = dict[int, tuple[int, int, int, int]]


class Window(NamedTuple):
    """A rectangle of whole pixels: its first column and row, and its size."""

    column: int
    row: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of an array that the window covers."""
        return slice(self.row, self.row + self.height), slice(self.column, self.column + self.width)


@dataclass(frozen=True)
class Raster:
    """What a raster file says of itself.

    Parameters
    ----------
    path
        The file.
    width, height
        Columns and rows.
    bands
        Bands that carry values; an alpha band is not counted.
    dtype
        Type of the values.
    colors
        Red, green, blue, opacity of every value of a palette; None without one.
    nodata
        The value that means nothing is there, if one is declared.
    partly_empty
        Whether some pixels may be transparent, masked or without data.
    tiled
        Whether any window is read without decoding much around it.
    """

    path: Path
    width: int
    height: int
    bands: int
    dtype: np.dtype[Any]
    colors: Colors | None
    nodata: float | None
    partly_empty: bool
    tiled: bool

    @property
    def decoded_bytes(self) -> int:
        """Memory that all of its values take."""
        return self.width * self.height * self.bands * self.dtype.itemsize


class RasterReader:
    """An open raster that gives windows; made by `open_raster`."""

    def __init__(self, dataset: Any, raster: Raster) -> None:
        self.raster = raster
        self._dataset = dataset
        self._bands = [i for i in dataset.indexes if not _is_alpha(dataset, i)]
        self._whole: tuple[NDArray[Any], Bools | None] | None = None

    def hold_whole(self) -> None:
        """Decode all of it into memory now, so that windows in any order cost nothing."""
        raster = self.raster
        values = np.empty((raster.height, raster.width, raster.bands), raster.dtype)
        valid = np.empty((raster.height, raster.width), np.bool_) if raster.partly_empty else None
        for row in range(0, raster.height, _BAND_OF_ROWS):
            window = Window(0, row, raster.width, min(_BAND_OF_ROWS, raster.height - row))
            values[window.slices], part = self.read(window)
            if valid is not None:
                valid[window.slices] = True if part is None else part
        self._whole = values, valid

    def read(self, window: Window) -> tuple[NDArray[Any], Bools | None]:
        """Read a window.

        Parameters
        ----------
        window
            Within the raster.

        Returns
        -------
        values, valid
            (height, width, bands) in the raster's type, and (height, width) where something is there, or
            None when something is there everywhere. What is half transparent is there.

        Raises
        ------
        NotAnImageError
            When the file ends early or is damaged there.
        """
        if self._whole is not None:
            values, valid = self._whole
            return values[window.slices], None if valid is None else valid[window.slices]
        return self._decode(window)

    def _decode(self, window: Window) -> tuple[NDArray[Any], Bools | None]:
        from rasterio.errors import RasterioError
        from rasterio.windows import Window as Area

        area = Area(window.column, window.row, window.width, window.height)
        try:
            values = self._dataset.read(self._bands, window=area)
            valid = self._dataset.dataset_mask(window=area) > 0 if self.raster.partly_empty else None
        except RasterioError as error:
            raise NotAnImageError(
                f"{self.raster.path} cannot be read at rows {window.row} to {window.row + window.height} "
                f"({_first_cause(error)}); the file is truncated or damaged, get it again"
            ) from error
        return np.ascontiguousarray(
            values.transpose(1, 2, 0)
        ), None if valid is None or valid.all() else valid


@contextmanager
def open_raster(
    path: PathLike, *, memory_mb: float = 256.0, any_order: bool = False
) -> Iterator[RasterReader]:
    """Open a raster for reading by windows.

    Parameters
    ----------
    path
        Any file that GDAL reads.
    memory_mb
        What decoded pixels may take. A raster that fits is decoded once; the blocks of a larger one are
        kept while there is room.
    any_order
        Windows will be asked for in any order. A large raster that is stored in strips (most JPEG and TIFF
        scans) would be decoded again and again, so it is copied once into a temporary tiled file.

    Yields
    ------
    RasterReader
        The open raster.

    Raises
    ------
    NotFoundError
        When there is no such file.
    NotAnImageError
        When it cannot be read as a raster.
    InputError
        When its name is no Unicode.

    Examples
    --------
    >>> with open_raster("scan.tif") as scan:                          # doctest: +SKIP
    ...     values, valid = scan.read(Window(0, 0, 512, 512))
    """
    import rasterio

    source = Path(path)
    if not source.exists():
        raise NotFoundError(f"there is no file {source}")
    with ExitStack() as stack:
        stack.enter_context(rasterio.Env(GDAL_CACHEMAX=int(max(memory_mb, 16.0))))
        dataset = stack.enter_context(_opened(source))
        raster = _describe(dataset, source)
        fits = raster.decoded_bytes <= memory_mb * 1e6
        if any_order and not fits and not raster.tiled:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="whence-"))
            dataset = stack.enter_context(_opened(_copy_tiled(dataset, Path(folder) / "scan.tif", source)))
        reader = RasterReader(dataset, raster)
        if any_order and fits:
            reader.hold_whole()
        yield reader


@contextmanager
def without_place() -> Iterator[None]:
    """Open rasters that have no place without a warning, from any thread; hold it for the opening alone."""
    from rasterio.errors import NotGeoreferencedWarning

    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def _opened(path: Path) -> Any:
    import rasterio
    from rasterio.errors import RasterioError

    try:
        with without_place():  # a scan has no position yet
            dataset = rasterio.open(path)
    except RasterioError as error:
        raise NotAnImageError(f"{path} is not a raster that can be read ({_first_cause(error)})") from error
    except UnicodeEncodeError as error:
        raise InputError(f"{legible(str(path))}: the name is no Unicode; rename the file") from error
    if dataset.driver == "PNG" and not _ends_as_png(path):
        dataset.close()
        raise NotAnImageError(f"{path} is a PNG without its end; it is truncated, get it again")
    return dataset


def _ends_as_png(path: Path) -> bool:
    """Look for the chunk that ends a PNG: of one cut short, GDAL gives the missing rows as black."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.rfind(b"IEND\xaeB`\x82") >= 0


def _describe(dataset: Any, path: Path) -> Raster:
    from rasterio.enums import ColorInterp

    values = [i for i in dataset.indexes if not _is_alpha(dataset, i)]
    kinds = {np.dtype(dataset.dtypes[i - 1]) for i in values}
    if len(kinds) != 1 or next(iter(kinds)).kind not in "uif":
        raise NotAnImageError(
            f"{path} has bands of type {', '.join(sorted(map(str, dataset.dtypes)))}; "
            "all bands must be of one real type"
        )
    palette = dataset.colorinterp[values[0] - 1] is ColorInterp.palette
    return Raster(
        path=path,
        width=dataset.width,
        height=dataset.height,
        bands=len(values),
        dtype=next(iter(kinds)),
        colors=dict(dataset.colormap(values[0])) if palette else None,
        nodata=dataset.nodata,
        partly_empty=any(
            "all_valid" not in {flag.name for flag in flags} for flags in dataset.mask_flag_enums
        ),
        tiled=_is_tiled(dataset),
    )


def _is_tiled(dataset: Any) -> bool:
    rows, columns = dataset.block_shapes[0]
    return bool(columns < dataset.width or (rows <= _TILE_PX and dataset.width <= _TILE_PX))


def _is_alpha(dataset: Any, band: int) -> bool:
    from rasterio.enums import ColorInterp

    return dataset.colorinterp[band - 1] is ColorInterp.alpha


def _copy_tiled(dataset: Any, target: Path, source: Path) -> Path:
    from rasterio import shutil

    options = {"tiled": True, "blockxsize": _TILE_PX, "blockysize": _TILE_PX, "bigtiff": "IF_SAFER"}
    try:
        shutil.copy(dataset, str(target), driver="GTiff", **options)
    except gdal_errors() as error:
        raise NotAnImageError(
            f"{source} cannot be copied into tiles ({_first_cause(error)}); it is truncated or damaged, "
            f"or {target.parent} is full (TMPDIR names another place)"
        ) from error
    return target


def _first_cause(error: BaseException) -> str:
    """Give what GDAL said first; the errors on top only repeat that something failed."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).rstrip(".")
