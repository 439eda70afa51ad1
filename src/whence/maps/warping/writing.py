"""Sheets on disk: cloud-optimised or plain tiled GeoTIFF, written tile by tile."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError
from whence.imagery.atomic import atomic_path
from whence.imagery.geotiff import BLOCK_PX, COMPRESSIONS, copy_optimised, hidden_folder, refusals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from whence.imagery.raster import Raster, Window
    from whence.maps.warping.frame import Frame
    from whence.typing import Bools, PathLike

__all__ = ["COMPRESSIONS", "LAYOUTS", "SheetStyle", "SheetWriter", "open_sheet"]

LAYOUTS = ("cog", "geotiff")


@dataclass(frozen=True)
class SheetStyle:
    """How a sheet is stored.

    Parameters
    ----------
    bands, dtype, colors
        As the scan has them.
    nodata
        Value for where nothing is. None: an alpha band for one or three bands of 8 or 16 bits, and a mask
        within the file for palettes and everything else.
    layout
        ``"cog"``, a cloud-optimised GeoTIFF with overviews, or ``"geotiff"``, tiles without overviews.
    compression
        One of `COMPRESSIONS`.
    """

    bands: int
    dtype: np.dtype[Any]
    colors: dict[int, tuple[int, int, int, int]] | None
    nodata: float | None
    layout: str
    compression: str

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise InputError(f"layout {self.layout!r} is unknown; there are {', '.join(LAYOUTS)}")
        if self.compression not in COMPRESSIONS:
            raise InputError(
                f"compression {self.compression!r} is unknown; there are {', '.join(COMPRESSIONS)}"
            )
        if self.nodata is not None and not _holds(self.dtype, self.nodata):
            raise InputError(
                f"nodata {self.nodata} is no value of {self.dtype}; give one that the type holds"
            )

    @classmethod
    def of(cls, raster: Raster, *, nodata: float | None, layout: str, compression: str) -> SheetStyle:
        """Store a sheet as its scan is stored; the scan's own nodata value is kept unless one is given."""
        kept = raster.nodata if nodata is None else nodata
        return cls(raster.bands, raster.dtype, raster.colors, kept, layout, compression)

    @property
    def has_alpha(self) -> bool:
        """Whether what is transparent is said by a band of its own."""
        plain = self.dtype in (np.uint8, np.uint16) and self.bands in (1, 3)
        return plain and self.nodata is None and self.colors is None

    @property
    def profile(self) -> dict[str, Any]:
        """Creation options of the file that the tiles are written to."""
        rgb = self.bands == 3 and self.dtype in (np.uint8, np.uint16)
        options = {
            "driver": "GTiff",
            "count": self.bands + self.has_alpha,
            "dtype": self.dtype.name,
            "nodata": self.nodata,
            "tiled": True,
            "blockxsize": BLOCK_PX,
            "blockysize": BLOCK_PX,
            "interleave": "pixel",
            "bigtiff": "IF_SAFER",
            "sparse_ok": True,
            "photometric": "RGB" if rgb else "MINISBLACK",
            **({"alpha": "YES"} if self.has_alpha else {}),
        }
        return options if self.layout == "cog" else {**options, **self._compression_options()}

    def _compression_options(self) -> dict[str, Any]:
        if self.compression == "none":
            return {}
        predictor = 1 if self.colors else 3 if self.dtype.kind == "f" else 2
        return {"compress": self.compression.upper(), "predictor": predictor}


class SheetWriter:
    """An open sheet that takes tiles; made by `open_sheet`."""

    def __init__(self, dataset: Any, style: SheetStyle) -> None:
        self._dataset = dataset
        self._style = style

    def write(self, window: Window, values: NDArray[Any], valid: Bools) -> None:
        """Put a tile in its place.

        Parameters
        ----------
        window
            Where on the sheet.
        values
            (height, width, bands).
        valid
            (height, width) where something is there.
        """
        from rasterio.windows import Window as Area

        area = Area(window.column, window.row, window.width, window.height)
        style = self._style
        bands = np.empty((style.bands + style.has_alpha, *valid.shape), style.dtype)
        bands[: style.bands] = values.transpose(2, 0, 1)
        if not valid.all():
            bands[: style.bands, ~valid] = style.dtype.type(style.nodata or 0)
        if style.has_alpha:
            np.multiply(valid, np.iinfo(style.dtype).max, out=bands[-1], casting="unsafe")
        self._dataset.write(bands, window=area)
        if style.nodata is None and not style.has_alpha:
            self._dataset.write_mask(valid, window=area)

    def tag(self, tags: Mapping[str, str]) -> None:
        """Write notes into the file's metadata."""
        self._dataset.update_tags(**tags)


@contextmanager
def open_sheet(path: PathLike, frame: Frame, style: SheetStyle) -> Iterator[SheetWriter]:
    """Write a sheet that appears whole or not at all.

    Parameters
    ----------
    path
        The file to make or replace.
    frame
        Where it lies.
    style
        How it is stored.

    Yields
    ------
    SheetWriter
        Takes the tiles.

    Raises
    ------
    InputError
        When the disk is full or the file cannot be written.
    """
    import rasterio

    with (
        atomic_path(path) as beside,
        refusals(path),
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        ExitStack() as stack,
    ):
        if style.layout == "geotiff":
            yield stack.enter_context(_created(beside, frame, style))
            return
        folder = stack.enter_context(hidden_folder(beside))
        with _created(folder / "tiles.tif", frame, style) as writer:
            yield writer
        copied = folder / "sheet.tif"
        copy_optimised(
            folder / "tiles.tif", copied, compression=style.compression, smooth=style.colors is None
        )
        copied.replace(beside)


@contextmanager
def _created(path: Path, frame: Frame, style: SheetStyle) -> Iterator[SheetWriter]:
    import rasterio
    from affine import Affine

    place = {"crs": frame.crs.wkt, "transform": Affine(*frame.geotransform)}
    size = {"width": frame.width, "height": frame.height}
    with rasterio.open(path, "w", **style.profile, **place, **size) as dataset:
        if style.colors is not None:
            dataset.write_colormap(1, style.colors)
        yield SheetWriter(dataset, style)


def _holds(dtype: np.dtype[Any], value: float) -> bool:
    if dtype.kind == "f":
        return True
    limits = np.iinfo(dtype)
    return bool(limits.min <= value <= limits.max and float(value).is_integer())
