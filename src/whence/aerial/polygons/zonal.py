"""The mean probability of polygons, from the bands that a prediction wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.georeference import georeference, place_of
from whence.aerial.polygons.files import Layer
from whence.errors import InputError
from whence.imagery.raster import open_raster, without_place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Floats, Ints, PathLike

__all__ = ["Probabilities"]

_ROWS = 512
_APART_PX = 0.01


@dataclass(frozen=True)
class Probabilities:
    """Bands of probabilities over a raster of classes, or over a part of it.

    Attributes
    ----------
    path
        A band for each class; whole numbers are shares of their largest value.
    corner
        Column and row of the classes at which it begins.
    size
        Its columns and rows.
    whole
        Columns and rows of the classes.
    """

    path: Path
    corner: tuple[int, int]
    size: tuple[int, int]
    whole: tuple[int, int]

    @classmethod
    def over(cls, classes: PathLike, path: PathLike) -> Probabilities:
        """Lay probabilities over a raster of classes, by what both say of their place.

        Raises
        ------
        NotFoundError, NotAnImageError
            When there is no such raster.
        InputError
            When the pixels of one are not those of the other, or both have nothing in common.
        """
        size, whole = _size(path), _size(classes)
        corner = _corner(classes, path, size=size, whole=whole)
        last = corner[0] + size[0], corner[1] + size[1]
        if min(last) <= 0 or corner[0] >= whole[0] or corner[1] >= whole[1]:
            raise InputError(
                f"{path} lies beside {classes}: of its {whole[0]} × {whole[1]} pixels it would cover columns "
                f"{corner[0]} to {last[0]} and rows {corner[1]} to {last[1]}; give the probabilities of "
                "these very classes"
            )
        return cls(Path(path), corner, size, whole)

    def added(self, layer: Layer, polygons: NDArray[Any], classes: Ints) -> tuple[Layer, tuple[str, ...]]:
        """Add to each polygon the mean probability of its class over the pixels whose middles it holds.

        Parameters
        ----------
        layer
            The polygons in coordinates.
        polygons, classes
            The same in columns and rows of the classes, and the class of each.

        Returns
        -------
        Layer
            With a column ``probability``; NaN where a polygon holds the middle of no pixel that has one.
        tuple
            What is to be said of those without, or with a part alone.

        Raises
        ------
        InputError
            When the raster has too few bands.
        """
        import rasterio

        with without_place():
            opened = rasterio.open(self.path)
        with opened as dataset:
            if len(classes) and dataset.count <= int(classes.max()):
                raise InputError(f"{self.path} has {dataset.count} bands; it needs one for each class")
            kind = np.dtype(dataset.dtypes[0])
            scale = (
                dataset.scales[0]
                if dataset.scales[0] != 1.0 or kind.kind == "f"
                else 1.0 / np.iinfo(kind).max
            )
            sums, counts = self._sums(dataset, polygons, classes)
        with np.errstate(invalid="ignore"):
            mean = np.where(counts > 0, sums * scale / counts, np.nan)
        added = Layer(layer.polygons, layer.crs, layer.columns | {"probability": mean})
        return added, self._told(polygons, counts)

    def _sums(self, dataset: Any, polygons: NDArray[Any], classes: Ints) -> tuple[Floats, Floats]:
        """Add up values and pixels of every polygon, some rows at a time."""
        import shapely
        from rasterio.windows import Window

        sums, counts = np.zeros(len(polygons)), np.zeros(len(polygons))
        tree = shapely.STRtree(polygons)
        left, top = self.corner
        for row in range(0, dataset.height, _ROWS):
            height = min(_ROWS, dataset.height - row)
            rows = shapely.box(left, top + row, left + dataset.width, top + row + height)
            near = np.sort(tree.query(rows))
            if not len(near):
                continue
            owners = _burnt(polygons[near], near, corner=(left, top + row), shape=(height, dataset.width))
            for number in np.unique(classes[near]).tolist():
                values = dataset.read(number + 1, window=Window(0, row, dataset.width, height), masked=True)
                own = (owners >= 0) & ~np.ma.getmaskarray(values)
                own &= np.where(owners >= 0, classes[owners], -1) == number
                sums += np.bincount(owners[own], weights=values.data[own], minlength=len(polygons))
                counts += np.bincount(owners[own], minlength=len(polygons))
        return sums, counts

    def _told(self, polygons: NDArray[Any], counts: Floats) -> tuple[str, ...]:
        """Say how many polygons have no probability, or that of a part of them, and why."""
        import shapely

        without = int((counts == 0).sum())
        lacking = f"{without} of {len(polygons)} polygons have no probability"
        first = np.maximum(self.corner, 0)
        ends = np.minimum(np.add(self.corner, self.size), self.whole)
        across, down = (ends - first).tolist()
        if (across, down) == self.whole:
            why = "it has no data there, or they hold the middle of no pixel"
            return (f"{lacking} in {self.path}: {why}",) if without else ()
        bounds = shapely.bounds(polygons).reshape(-1, 4)
        inside = (bounds[:, :2] >= first).all(axis=1) & (bounds[:, 2:] <= ends).all(axis=1)
        partly = int((~inside & (counts > 0)).sum())
        part = f"{self.path} covers {across} × {down} of the {self.whole[0]} × {self.whole[1]} pixels"
        return (f"{part}: {lacking}, {partly} that of a part alone",)


def _size(path: PathLike) -> tuple[int, int]:
    with open_raster(path) as reader:
        return reader.raster.width, reader.raster.height


def _corner(
    classes: PathLike, path: PathLike, *, size: tuple[int, int], whole: tuple[int, int]
) -> tuple[int, int]:
    """Find the column and row of the classes at which probabilities begin."""
    ours, theirs = georeference(classes), georeference(path)
    if ours.crs and theirs.crs and ours.crs != theirs.crs:
        systems = " and ".join(str(one.crs.to_string())[:60] for one in (ours, theirs))
        raise InputError(
            f"{classes} and {path} are in two coordinate systems, {systems}; warp one to the other's grid"
        )
    if ours.transform is None or theirs.transform is None:
        if size == whole:
            return 0, 0
        raise InputError(
            f"{path} has {size[0]} × {size[1]} pixels, {classes} {whole[0]} × {whole[1]}, and they do not "
            "say where they lie; give probabilities of the same pixels"
        )
    corners = np.array([(0, 0), (size[0], 0), (0, size[1]), size], np.float64)
    back = ~ours.transform
    places = [place_of(back, place_of(theirs.transform, (x, y))) for x, y in corners.tolist()]
    moved = np.array(places) - corners
    column, row = np.round(moved[0])
    if not np.abs(moved - (column, row)).max() <= _APART_PX:
        raise InputError(
            f"the pixels of {path} are not those of {classes}; warp the probabilities to its grid first"
        )
    return int(column), int(row)


def _burnt(polygons: NDArray[Any], numbers: Ints, *, corner: tuple[int, int], shape: tuple[int, int]) -> Ints:
    from affine import Affine
    from rasterio import features

    pairs = zip(polygons.tolist(), numbers.tolist(), strict=True)
    grid = Affine.translation(*map(float, corner))
    burnt: Ints = features.rasterize(pairs, out_shape=shape, transform=grid, fill=-1, dtype="int64")
    return burnt
