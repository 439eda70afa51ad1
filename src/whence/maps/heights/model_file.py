"""Height models on disk: GeoTIFF (cloud-optimised or plain), float32, standard errors as a second band."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.imagery.atomic import atomic_path
from whence.imagery.raster import Window, open_raster
from whence.maps.heights.lattice import Lattice
from whence.maps.heights.metres import require_metres
from whence.maps.heights.resampling import read_heights

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from whence.typing import Floats, PathLike

__all__ = ["FORMATS", "ModelFile", "lattice_of", "read_model", "write_bands", "write_model"]

FORMATS = ("cog", "gtiff")
"""Cloud-optimised (with overviews, laid out for reading in parts), or a plain tiled GeoTIFF."""

_NO_HEIGHT = -32768.0
_BLOCK_PX = 256
_CACHE_MB = 256


@dataclass(frozen=True)
class ModelFile:
    """How a model is written.

    Parameters
    ----------
    crs
        Horizontal coordinate system.
    vertical
        Vertical one, such as ``"EPSG:5773"``; with it the file has a compound system. It needs `crs`.
    format
        One of `FORMATS`.

    Raises
    ------
    InputError
        When the format is not known, or the systems make no compound one.
    """

    crs: Crs | None = None
    vertical: str | None = None
    format: str = "cog"

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise InputError(f"no format is called {self.format!r}; there are {', '.join(FORMATS)}")
        self.wkt()

    def wkt(self) -> str | None:
        """Give the coordinate system to be written, as WKT; None when there is none."""
        if self.vertical is None:
            return None if self.crs is None else self.crs.wkt
        if self.crs is None:
            raise InputError("a vertical system needs the horizontal one beside it; give --crs")
        from pyproj.crs import CRS, CompoundCRS
        from pyproj.exceptions import CRSError

        try:
            vertical = CRS.from_user_input(self.vertical)
        except CRSError as error:
            raise InputError(
                f"unknown vertical system {self.vertical!r}; give a code such as EPSG:5773 (EGM96 height)"
            ) from error
        if not vertical.is_vertical:
            raise InputError(
                f"{vertical.name} is a {vertical.type_name}, no vertical system; give one such as EPSG:5773"
            )
        if vertical.is_compound:
            vertical = vertical.sub_crs_list[1]
        flat = CRS.from_wkt(self.crs.wkt)
        return str(CompoundCRS(f"{flat.name} + {vertical.name}", [flat, vertical]).to_wkt())


def write_model(
    path: PathLike,
    heights_m: Floats,
    lattice: Lattice,
    *,
    crs: Crs | None = None,
    sigma_m: Floats | None = None,
    file: ModelFile | None = None,
) -> None:
    """Write a height model.

    Parameters
    ----------
    path
        The GeoTIFF to make or replace.
    heights_m
        (rows, columns); NaN is written as no data.
    lattice
        Its grid.
    crs
        Its horizontal coordinate system.
    sigma_m
        (rows, columns) standard errors, or None for one band only.
    file
        Systems and format; `crs` counts when it has none.
    """
    bands = {"height_m": heights_m} | ({} if sigma_m is None else {"standard_error_m": sigma_m})
    if any(band.shape != lattice.shape for band in bands.values()):
        raise InputError(f"the heights are {heights_m.shape}, the grid is {lattice.shape}")
    whole = Window(0, 0, lattice.columns, lattice.rows)
    chosen = file or ModelFile(crs, format="gtiff")
    write_bands(path, [(whole, list(bands.values()))], lattice, names=tuple(bands), file=chosen)


def write_bands(
    path: PathLike,
    parts: Iterable[tuple[Window, list[Floats]]],
    lattice: Lattice,
    *,
    names: tuple[str, ...],
    file: ModelFile | None = None,
) -> None:
    """Write bands part by part.

    Parameters
    ----------
    path
        The GeoTIFF to make or replace.
    parts
        Windows and (height, width) values for each band; NaN is written as no data.
    lattice
        The grid.
    names
        Descriptions of the bands.
    file
        Systems and format.
    """
    import rasterio

    chosen = file or ModelFile()
    with atomic_path(path) as beside, rasterio.Env(GDAL_CACHEMAX=_CACHE_MB):
        plain = beside if chosen.format == "gtiff" else beside.with_name(f"{beside.name}.plain.tif")
        try:
            _write_plain(plain, parts, _profile(lattice, len(names), chosen), names)
            if chosen.format == "cog":
                _to_cog(plain, beside)
        finally:
            if plain != beside:
                plain.unlink(missing_ok=True)


def _profile(lattice: Lattice, count: int, file: ModelFile) -> dict[str, Any]:
    from rasterio.transform import Affine

    return {
        "driver": "GTiff",
        "width": lattice.columns,
        "height": lattice.rows,
        "count": count,
        "dtype": "float32",
        "nodata": _NO_HEIGHT,
        "crs": file.wkt(),
        "transform": Affine(*lattice.geotransform),
        "tiled": True,
        "blockxsize": _BLOCK_PX,
        "blockysize": _BLOCK_PX,
        "compress": "deflate",
        "predictor": 3,
        "bigtiff": "if_safer",
    }


def _write_plain(
    path: Path,
    parts: Iterable[tuple[Window, list[Floats]]],
    profile: dict[str, Any],
    names: tuple[str, ...],
) -> None:
    import rasterio
    from rasterio.windows import Window as Area

    with rasterio.open(path, "w", **profile) as made:
        for number, name in enumerate(names, start=1):
            made.set_band_description(number, name)
        for window, bands in parts:
            area = Area(window.column, window.row, window.width, window.height)
            for number, band in enumerate(bands, start=1):
                values = np.where(np.isfinite(band), band, _NO_HEIGHT).astype(np.float32)
                made.write(values, number, window=area)


def _to_cog(plain: Path, path: Path) -> None:
    import rasterio.shutil

    rasterio.shutil.copy(
        plain,
        path,
        driver="COG",
        compress="deflate",
        predictor="yes",
        overview_resampling="average",
        bigtiff="if_safer",
    )


def lattice_of(path: PathLike) -> tuple[Lattice, Crs | None]:
    """Read the grid and coordinate system of a raster.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it is no raster, not north up, or its cells are not square.
    """
    import rasterio

    with open_raster(path):
        pass  # its errors are named
    with rasterio.open(path) as file:
        affine, system, width, height = file.transform, file.crs, file.width, file.height
    if affine.b or affine.d or not affine.a > 0 or abs(affine.a + affine.e) > 1e-6 * affine.a:
        raise InputError(f"{path} has turned or oblong cells; warp it to square ones, north up")
    crs = None if system is None else Crs.parse(system.to_wkt())
    return Lattice(affine.c, affine.f, affine.a, width, height), crs


def read_model(path: PathLike) -> tuple[Floats, Lattice, Crs | None]:
    """Read a height model: the first band, NaN where there is none; its grid and coordinate system.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it is no raster, not north up, its cells are not square, or its heights are not in metres or hold
        marks of no data that are not declared.
    """
    lattice, crs = lattice_of(path)
    require_metres(path)
    with open_raster(path) as reader:
        heights, _ = read_heights(reader, Window(0, 0, lattice.columns, lattice.rows))
    return heights, lattice, crs
