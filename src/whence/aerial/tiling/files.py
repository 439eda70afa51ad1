"""Tiles as files: image with what is there, mask as ids or colours, both where they lie on the ground."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.imagery.atomic import atomic_path
from whence.imagery.raster import without_place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.aerial.georeference import Georeference
    from whence.aerial.scheme import Scheme
    from whence.typing import Bools

__all__ = ["image_suffix", "write_image", "write_mask"]


def image_suffix(values: NDArray[Any], place: Georeference) -> str:
    """Choose GeoTIFF where the place is known or PNG cannot hold the values, else PNG."""
    fits_png = values.dtype in (np.uint8, np.uint16) and values.shape[2] in (1, 3)
    return ".png" if fits_png and not place.known else ".tif"


def write_image(path: Path, values: NDArray[Any], valid: Bools | None, *, place: Georeference) -> None:
    """Write an image tile.

    Where nothing is there the values are 0, and the file says so: in a mask band of a TIFF, in an opacity
    band of a PNG.

    Parameters
    ----------
    path
        ``.tif`` or ``.png``.
    values
        (rows, cols, bands).
    valid
        (rows, cols), False where nothing is; None when something is everywhere.
    place
        Of the tile.
    """
    if valid is not None:
        values = np.where(valid[..., None], values, values.dtype.type(0))
    if path.suffix == ".png":
        _write_png(path, values, valid)
        return
    bands = values.transpose(2, 0, 1)
    photometric = {"photometric": "rgb"} if len(bands) == 3 and values.dtype == np.uint8 else {}
    predictor = {} if values.dtype.kind == "f" else {"predictor": 2}
    _write_tiff(path, bands, valid=valid, place=place, options=photometric | predictor)


def write_mask(
    path: Path, ids: NDArray[np.uint8], scheme: Scheme, *, place: Georeference, coloured: bool = False
) -> None:
    """Write a mask tile: training ids with a palette for looking at, or the colours of the scheme."""
    if coloured:
        painted = scheme.paint(ids)
        if path.suffix == ".png":
            _write_png(path, painted, None)
        else:
            _write_tiff(path, painted.transpose(2, 0, 1), place=place, options={"photometric": "rgb"})
        return
    if path.suffix == ".png":
        _write_palette_png(path, ids, scheme)
        return
    _write_tiff(path, ids[None], place=place, options={}, colormap=scheme.colormap())


def _write_tiff(
    path: Path,
    bands: NDArray[Any],
    *,
    place: Georeference,
    options: dict[str, Any],
    valid: Bools | None = None,
    colormap: dict[int, tuple[int, int, int, int]] | None = None,
) -> None:
    import rasterio

    count, height, width = bands.shape
    profile = {
        "driver": "GTiff",
        "count": count,
        "height": height,
        "width": width,
        "dtype": bands.dtype.name,
        "crs": place.crs,
        "compress": "deflate",
        "zlevel": 1,
        "interleave": "pixel",
    }
    if place.transform is not None:
        profile["transform"] = place.transform
    with atomic_path(path) as beside, rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        with without_place():
            opened = rasterio.open(beside, "w", **profile, **options)
        with opened as dataset:
            dataset.write(bands)
            if place.points:
                dataset.gcps = place.points, place.points_crs
            if colormap is not None:
                dataset.write_colormap(1, colormap)
            if valid is not None:
                dataset.write_mask(valid)


def _write_png(path: Path, values: NDArray[Any], valid: Bools | None) -> None:
    """Write grey or RGB of 8 or 16 bits, with opacity where something is missing."""
    import cv2

    if valid is not None:
        opaque = np.where(valid, np.iinfo(values.dtype).max, 0).astype(values.dtype)
        colours = values if values.shape[2] == 3 else np.repeat(values, 3, axis=2)
        values = np.dstack([colours, opaque])
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[values.shape[2]]  # OpenCV writes blue first
    done, content = cv2.imencode(".png", np.ascontiguousarray(values[..., order]))
    assert done
    with atomic_path(path) as beside:
        beside.write_bytes(content.tobytes())


def _write_palette_png(path: Path, ids: NDArray[np.uint8], scheme: Scheme) -> None:
    import PIL.Image

    picture = PIL.Image.fromarray(ids)
    palette = np.zeros((256, 3), np.uint8)
    for number, colour in scheme.colormap().items():
        palette[number] = colour[:3]
    picture.putpalette(palette.ravel().tolist())
    with atomic_path(path) as beside:
        picture.save(beside, format="PNG", compress_level=3)
