"""Modern heights at places, read bilinearly from a height model of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth.crs import Crs, same
from whence.errors import InputError
from whence.imagery.raster import Window, open_raster
from whence.maps.heights.metres import require_metres
from whence.maps.heights.resampling import read_heights

if TYPE_CHECKING:
    from collections.abc import Callable

    from whence.imagery.raster import RasterReader
    from whence.typing import Floats, PathLike

__all__ = ["sample_heights"]


def sample_heights(model: PathLike, world: Floats, *, crs: Crs | None) -> Floats:
    """Read heights between the centres of the cells.

    Parameters
    ----------
    model
        A raster whose first band is heights, metres.
    world
        (n, 2) easting, northing, or longitude, latitude.
    crs
        System of `world`; None takes it for that of the model.

    Returns
    -------
    Floats
        (n,) heights; NaN outside the model, and where one of the cells around has no height.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it is no raster, has no place on the ground, says that its heights are not metres, or all places
        lie outside.

    Notes
    -----
    Within half a cell of the border the outermost cells go on; beyond it there is nothing.
    """
    import rasterio

    with rasterio.Env(), open_raster(model) as reader:
        with rasterio.open(model) as file:
            affine, system = file.transform, file.crs
        if affine.is_identity:
            raise InputError(f"{model} does not say where it lies; give it a coordinate system and a place")
        require_metres(model)
        if len(world) == 0:
            return np.empty(0)
        places = _in_system(world, crs, None if system is None else Crs.parse(system.to_wkt()))
        cells = _applied(~affine, places)
        size = (reader.raster.width, reader.raster.height)
        inside = np.isfinite(cells).all(axis=1) & (cells >= 0).all(axis=1) & (cells <= size).all(axis=1)
        if not inside.any():
            hint = _hint(world, crs, lambda given, known: _lies_in(given, known, system, affine, size))
            raise InputError(_nowhere(model, places, affine, size) + hint)
        out = np.full(len(world), np.nan)
        for place in np.flatnonzero(inside):
            out[place] = _bilinear(reader, *cells[place])
    return out


def _in_system(world: Floats, crs: Crs | None, system: Crs | None) -> Floats:
    if crs is None or system is None or same(crs, system):
        return world
    return system.from_lonlat(crs.to_lonlat(world))


def _lies_in(world: Floats, crs: Crs | None, system: Any, affine: Any, size: tuple[int, int]) -> bool:
    """Tell whether most places lie in a raster."""
    try:
        places = _in_system(world, crs, None if system is None else Crs.parse(system.to_wkt()))
    except InputError:
        return False
    cells = _applied(~affine, places)
    return bool(((cells >= 0) & (cells <= size)).all(axis=1).mean() > 0.5)


def _hint(world: Floats, crs: Crs | None, lies: Callable[[Floats, Crs | None], bool]) -> str:
    """Say which slip would explain that no place lies in a model."""
    if lies(world[:, ::-1], crs):
        return "; with the two columns of the places swapped they would lie in it"
    degrees = Crs.parse("OGC:CRS84")
    if lies(world, degrees):
        return "; taken as longitude and latitude they would: name the columns so, or give --crs EPSG:4326"
    if lies(world[:, ::-1], degrees):
        return "; as latitude and longitude they would: name the columns so"
    return ""


def _bilinear(reader: RasterReader, column: float, row: float) -> float:
    """Weigh the four centres around a place; NaN when one that counts has no height."""
    width, height = reader.raster.width, reader.raster.height
    x, y = np.clip(column - 0.5, 0, width - 1), np.clip(row - 0.5, 0, height - 1)
    left, top = min(int(x), max(width - 2, 0)), min(int(y), max(height - 2, 0))
    window = Window(left, top, min(2, width), min(2, height))
    heights = read_heights(reader, window)[0]
    across, down = _shares(x - left, heights.shape[1]), _shares(y - top, heights.shape[0])
    weights = down[:, None] * across
    return float((heights[weights > 0] * weights[weights > 0]).sum())


def _shares(offset: float, count: int) -> Floats:
    return np.array([1.0 - offset, offset])[:count] if count > 1 else np.ones(1)


def _applied(affine: Any, points: Floats) -> Floats:
    """Turn (n, 2) points by the six numbers of a geotransform."""
    x, y = points[:, 0], points[:, 1]
    return np.stack([affine.a * x + affine.b * y + affine.c, affine.d * x + affine.e * y + affine.f], axis=1)


def _nowhere(model: PathLike, places: Floats, affine: Any, size: tuple[int, int]) -> str:
    corners = _applied(affine, np.array([(0, 0), (size[0], 0), (0, size[1]), size], dtype=np.float64))
    (west, south), (east, north) = corners.min(axis=0), corners.max(axis=0)
    (first, low), (last, high) = np.nanmin(places, axis=0), np.nanmax(places, axis=0)
    return (
        f"none of the {len(places)} places lies in {model}: it covers {west:.6g} to {east:.6g} and "
        f"{south:.7g} to {north:.7g}, they are at {first:.6g} to {last:.6g} and {low:.7g} to {high:.7g} in "
        "its system; check the coordinate system and its zone (--place names a place that the sheet shows)"
    )
