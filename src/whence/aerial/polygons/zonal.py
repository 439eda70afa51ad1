"""The mean probability of polygons, from the bands that a prediction wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.polygons.files import Layer
from whence.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Floats, Ints, PathLike

__all__ = ["with_probabilities"]

_ROWS = 512


def with_probabilities(layer: Layer, polygons: NDArray[Any], classes: Ints, raster: PathLike) -> Layer:
    """Add to each polygon the mean probability of its class over the pixels whose middles it holds.

    Parameters
    ----------
    layer
        The polygons in coordinates.
    polygons, classes
        The same in columns and rows, and the class of each.
    raster
        A band for each class, of the grid of the classes; whole numbers are shares of their largest value.

    Returns
    -------
    Layer
        With a column ``probability``; NaN where a polygon holds the middle of no pixel.

    Raises
    ------
    InputError
        When the raster has too few bands.
    """
    import rasterio

    with rasterio.open(raster) as dataset:
        if len(classes) and dataset.count <= int(classes.max()):
            raise InputError(f"{raster} has {dataset.count} bands; it needs one for each class")
        kind = np.dtype(dataset.dtypes[0])
        scale = (
            dataset.scales[0] if dataset.scales[0] != 1.0 or kind.kind == "f" else 1.0 / np.iinfo(kind).max
        )
        sums, counts = _sums(dataset, polygons, classes)
    with np.errstate(invalid="ignore"):
        mean = np.where(counts > 0, sums * scale / counts, np.nan)
    return Layer(layer.polygons, layer.crs, layer.columns | {"probability": mean})


def _sums(dataset: Any, polygons: NDArray[Any], classes: Ints) -> tuple[Floats, Floats]:
    """Add up values and pixels of every polygon, some rows at a time."""
    import shapely
    from rasterio.windows import Window

    sums, counts = np.zeros(len(polygons)), np.zeros(len(polygons))
    tree = shapely.STRtree(polygons)
    for row in range(0, dataset.height, _ROWS):
        height = min(_ROWS, dataset.height - row)
        near = np.sort(tree.query(shapely.box(0, row, dataset.width, row + height)))
        if not len(near):
            continue
        owners = _burnt(polygons[near], near, row=row, shape=(height, dataset.width))
        for number in np.unique(classes[near]).tolist():
            values = dataset.read(number + 1, window=Window(0, row, dataset.width, height), masked=True)
            own = (owners >= 0) & ~np.ma.getmaskarray(values)
            own &= np.where(owners >= 0, classes[owners], -1) == number
            sums += np.bincount(owners[own], weights=values.data[own], minlength=len(polygons))
            counts += np.bincount(owners[own], minlength=len(polygons))
    return sums, counts


def _burnt(polygons: NDArray[Any], numbers: Ints, *, row: int, shape: tuple[int, int]) -> Ints:
    from affine import Affine
    from rasterio import features

    pairs = zip(polygons.tolist(), numbers.tolist(), strict=True)
    grid = Affine.translation(0.0, float(row))
    burnt: Ints = features.rasterize(pairs, out_shape=shape, transform=grid, fill=-1, dtype="int64")
    return burnt
