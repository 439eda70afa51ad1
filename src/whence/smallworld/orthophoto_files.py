"""Files of the orthophoto: the photograph, its mask, and outlines, each where it lies on the ground."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.polygons.files import Layer, write_layer
from whence.imagery.atomic import atomic_path
from whence.imagery.geotiff import BLOCK_PX, hidden_folder, refusals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whence.aerial.scheme import Scheme
    from whence.smallworld.orthophoto_frame import PhotoFrame
    from whence.smallworld.orthophoto_register import Entry
    from whence.smallworld.town import Town
    from whence.typing import Image, PathLike

__all__ = ["write_footprints", "write_ids", "write_photo"]

_QUALITY = 90


def write_photo(path: PathLike, image: Image, frame: PhotoFrame) -> None:
    """Write a cloud-optimised GeoTIFF, compressed as JPEG.

    Raises
    ------
    InputError
        When the disk is full.
    """
    options = {"compress": "JPEG", "quality": _QUALITY, "overview_resampling": "AVERAGE"}
    _write(Path(path), image.transpose(2, 0, 1), frame, options=options)


def write_ids(path: PathLike, ids: NDArray[np.uint8], frame: PhotoFrame, *, scheme: Scheme) -> None:
    """Write classes with their colours, without losses.

    Raises
    ------
    InputError
        When the disk is full.
    """
    options = {"compress": "DEFLATE", "overview_resampling": "NEAREST"}
    _write(Path(path), ids[None], frame, options=options, colours=scheme.colormap())


def write_footprints(path: PathLike, frame: PhotoFrame, town: Town, entries: Sequence[Entry]) -> None:
    """Write the outlines that touch the photograph, whole."""
    import shapely

    corners_m = np.array([entry.corners_m for entry in entries]).reshape(-1, 4, 2)
    shapes = shapely.polygons(frame.world(town, corners_m))
    height_m, width_m = (side * frame.cell_m for side in frame.shape)
    extent = shapely.box(frame.west_m, frame.north_m - height_m, frame.west_m + width_m, frame.north_m)
    seen = np.flatnonzero(shapely.intersects(shapes, extent)).tolist()
    names = list(entries[0].values) if entries else []
    columns = {name: np.array([entries[k].values[name] for k in seen]) for name in names}
    write_layer(path, Layer(shapes[seen], frame.crs, {n: _plain(values) for n, values in columns.items()}))


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(object) if values.dtype.kind == "U" else values


def _write(
    path: Path,
    bands: NDArray[np.uint8],
    frame: PhotoFrame,
    *,
    options: dict[str, Any],
    colours: dict[int, tuple[int, int, int, int]] | None = None,
) -> None:
    import rasterio
    from rasterio import shutil

    count, height, width = bands.shape
    profile: dict[str, Any] = {
        "driver": "GTiff", "count": count, "height": height, "width": width, "dtype": "uint8",
        "crs": frame.crs.wkt, "transform": frame.transform, "nodata": None if count == 3 else 255,
    }  # fmt: skip
    if count == 3:
        profile["photometric"] = "rgb"
    with atomic_path(path) as beside, refusals(path), hidden_folder(beside) as folder:
        plain = folder / "plain.tif"
        with rasterio.open(plain, "w", **profile) as dataset:
            dataset.write(bands)
            if colours is not None:
                dataset.write_colormap(1, colours)
        shutil.copy(str(plain), str(folder / "cog.tif"), driver="COG", blocksize=BLOCK_PX, **options)
        (folder / "cog.tif").replace(beside)
