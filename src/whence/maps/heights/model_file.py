"""Height models on disk: GeoTIFF, float32, the uncertainty as a second band."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.imagery.atomic import atomic_path
from whence.imagery.raster import Window, open_raster
from whence.maps.heights.lattice import Lattice

if TYPE_CHECKING:
    from whence.typing import Floats, PathLike

__all__ = ["read_model", "write_model"]

_NO_HEIGHT = -32768.0


def write_model(
    path: PathLike,
    heights_m: Floats,
    lattice: Lattice,
    *,
    crs: Crs | None = None,
    sigma_m: Floats | None = None,
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
    """
    import rasterio
    from rasterio.transform import Affine

    bands = {"height_m": heights_m} | ({} if sigma_m is None else {"standard_error_m": sigma_m})
    if any(band.shape != lattice.shape for band in bands.values()):
        raise InputError(f"the heights are {heights_m.shape}, the grid is {lattice.shape}")
    with (
        atomic_path(path) as beside,
        rasterio.open(
            beside,
            "w",
            driver="GTiff",
            width=lattice.columns,
            height=lattice.rows,
            count=len(bands),
            dtype="float32",
            nodata=_NO_HEIGHT,
            crs=None if crs is None else crs.wkt,
            transform=Affine(*lattice.geotransform),
            tiled=True,
            blockxsize=256,
            blockysize=256,
            compress="deflate",
            predictor=3,
            bigtiff="if_safer",
        ) as file,
    ):
        for number, (name, band) in enumerate(bands.items(), start=1):
            file.write(np.where(np.isfinite(band), band, _NO_HEIGHT).astype(np.float32), number)
            file.set_band_description(number, name)


def read_model(path: PathLike) -> tuple[Floats, Lattice, Crs | None]:
    """Read a height model: the first band, NaN where there is none; its grid and coordinate system.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it is no raster, not north up, or its cells are not square.
    """
    import rasterio

    with open_raster(path) as reader:
        raster = reader.raster
        values, valid = reader.read(Window(0, 0, raster.width, raster.height))
    with rasterio.open(path) as file:
        affine, system = file.transform, file.crs
    if affine.b or affine.d or not affine.a > 0 or abs(affine.a + affine.e) > 1e-6 * affine.a:
        raise InputError(f"{path} has turned or oblong cells; warp it to square ones, north up")
    heights = values[..., 0].astype(float)
    if valid is not None:
        heights[~valid] = np.nan
    crs = None if system is None else Crs.parse(system.to_wkt())
    return heights, Lattice(affine.c, affine.f, affine.a, raster.width, raster.height), crs
