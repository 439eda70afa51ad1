"""Hillshade: the terrain as the sun would light it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError
from whence.imagery.atomic import atomic_path
from whence.maps.heights.alignment import padded, strips_of
from whence.maps.heights.model_file import lattice_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Floats, PathLike

__all__ = ["hillshade", "shade", "write_hillshade"]

_BLOCK_PX = 256


def hillshade(
    heights_m: Floats,
    cell_m: float,
    *,
    azimuth_deg: float = 315.0,
    altitude_deg: float = 45.0,
    exaggeration: float = 1.0,
) -> NDArray[np.uint8]:
    """Shade heights.

    Parameters
    ----------
    heights_m
        (rows, columns); NaN is no height.
    cell_m
        Side of a cell, metres.
    azimuth_deg, altitude_deg
        Where the light comes from: clockwise from north, and above the horizon.
    exaggeration
        Heights are multiplied by it.

    Returns
    -------
    NDArray
        (rows, columns) uint8: 0 where there is no height, 1 in the shade, 255 in full light.

    Raises
    ------
    InputError
        When the light comes from below, or the cell or the exaggeration is not positive.

    Notes
    -----
    1 + 254 · max(n · s, 0), n being the normal by the slopes of Horn (1981) over eight neighbours and s the
    direction of the light: what ``gdaldem hillshade`` computes. At the rim slopes go on.

    Examples
    --------
    >>> hillshade(np.zeros((3, 3)), 10.0)[1, 1]  # 1 + 254 sin 45°, rounded
    np.uint8(181)
    """
    if not cell_m > 0:
        raise InputError(f"a cell of {cell_m} m is no size; give a positive one")
    sides_m = np.full((len(heights_m), 2), cell_m)
    light = _light(azimuth_deg, altitude_deg, exaggeration)
    return shade(
        padded(np.asarray(heights_m, dtype=np.float64)), sides_m, light=light, exaggeration=exaggeration
    )


def write_hillshade(
    path: PathLike,
    model: PathLike,
    *,
    azimuth_deg: float = 315.0,
    altitude_deg: float = 45.0,
    exaggeration: float = 1.0,
) -> None:
    """Write the hillshade of a height model of any size as a GeoTIFF of one byte a cell; see `hillshade`.

    Cells in degrees are taken with their length on the ground.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it is no height model, or as `hillshade`.
    """
    import rasterio
    from rasterio.transform import Affine
    from rasterio.windows import Window as Area

    light = _light(azimuth_deg, altitude_deg, exaggeration)
    lattice, crs = lattice_of(model)
    profile = {
        "driver": "GTiff", "width": lattice.columns, "height": lattice.rows, "count": 1, "dtype": "uint8",
        "nodata": 0, "crs": None if crs is None else crs.wkt, "transform": Affine(*lattice.geotransform),
        "tiled": True, "blockxsize": _BLOCK_PX, "blockysize": _BLOCK_PX, "compress": "deflate",
        "bigtiff": "if_safer",
    }  # fmt: skip
    with atomic_path(path) as beside, rasterio.open(beside, "w", **profile) as made:
        for strip in strips_of(model):
            lit = shade(strip.heights_m, strip.sides_m, light=light, exaggeration=exaggeration)
            window = strip.window
            made.write(lit, 1, window=Area(window.column, window.row, window.width, window.height))


def shade(
    heights_m: Floats, sides_m: Floats, *, light: Floats, exaggeration: float = 1.0
) -> NDArray[np.uint8]:
    """Shade (rows + 2, columns + 2) heights with a rim.

    Parameters
    ----------
    heights_m
        Metres.
    sides_m
        (rows, 2) sides of a cell, eastward and northward.
    light
        (3,) direction to the light: east, north, up.
    exaggeration
        Of the heights.
    """
    z = heights_m * exaggeration
    right = z[:-2, 2:] + 2 * z[1:-1, 2:] + z[2:, 2:]
    left = z[:-2, :-2] + 2 * z[1:-1, :-2] + z[2:, :-2]
    upper = z[:-2, :-2] + 2 * z[:-2, 1:-1] + z[:-2, 2:]
    lower = z[2:, :-2] + 2 * z[2:, 1:-1] + z[2:, 2:]
    east, north = (right - left) / (8 * sides_m[:, :1]), (upper - lower) / (8 * sides_m[:, 1:])
    lit = (light[2] - east * light[0] - north * light[1]) / np.sqrt(1 + east**2 + north**2)
    known = np.isfinite(lit) & np.isfinite(heights_m[1:-1, 1:-1])
    out = np.zeros(lit.shape, dtype=np.uint8)
    out[known] = np.floor(1.5 + 254 * np.maximum(lit[known], 0.0)).astype(np.uint8)
    return out


def _light(azimuth_deg: float, altitude_deg: float, exaggeration: float) -> Floats:
    if not 0 < altitude_deg <= 90:
        raise InputError(f"light from {altitude_deg:g}° above the horizon lights nothing; give 0 to 90°")
    if not exaggeration > 0:
        raise InputError(f"heights cannot be exaggerated {exaggeration:g} times; give a positive number")
    azimuth, altitude = np.radians([azimuth_deg, altitude_deg])
    level = np.cos(altitude)
    return np.array([np.sin(azimuth) * level, np.cos(azimuth) * level, np.sin(altitude)])
