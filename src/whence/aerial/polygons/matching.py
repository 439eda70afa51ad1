"""Footprints in files matched with true ones in another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.evaluation.footprints import IOU, match_footprints
from whence.aerial.polygons.extraction import Cleaning, extract
from whence.aerial.polygons.files import Layer, read_layer
from whence.errors import InputError

if TYPE_CHECKING:
    from whence.aerial.evaluation.footprints import FootprintMatch
    from whence.aerial.scheme import Scheme
    from whence.typing import PathLike

__all__ = ["VECTOR_ENDINGS", "match_files"]

VECTOR_ENDINGS = frozenset({".gpkg", ".geojson", ".json", ".fgb", ".parquet", ".geoparquet", ".shp"})


def match_files(
    predicted: PathLike,
    truth: PathLike,
    *,
    wanted: str = "building",
    iou: float = IOU,
    within: PathLike | None = None,
    scheme: Scheme | None = None,
) -> FootprintMatch:
    """Match the footprints of one file with those of another; see `match_footprints`.

    Parameters
    ----------
    predicted
        Polygons, or a raster of classes, of which the footprints are traced as they are.
    truth
        Polygons; they are moved into the system of the predicted ones.
    wanted
        Of polygons with a column ``class`` only those are taken, and of a raster that class.
    iou
        Overlap that makes a match.
    within
        Polygons of the area that is compared.
    scheme
        Of the raster.

    Raises
    ------
    NotFoundError
        When a file is missing.
    InputError
        When a file cannot be read, or only one of two says its coordinate system.
    """
    ours = _predicted(predicted, wanted, scheme)
    theirs = _beside(read_layer(truth), ours, truth, predicted)
    area = None if within is None else _union(_beside(read_layer(within), ours, within, predicted))
    return match_footprints(ours.polygons, theirs.polygons, iou=iou, within=area)


def _predicted(path: PathLike, wanted: str, scheme: Scheme | None) -> Layer:
    if Path(path).suffix.lower() not in VECTOR_ENDINGS:
        return extract(path, Cleaning(classes=(wanted,)), scheme=scheme).layer
    layer = read_layer(path)
    if "class" not in layer.columns:
        return layer
    return layer.chosen(np.asarray(layer.columns["class"].astype(str) == wanted))


def _beside(layer: Layer, other: Layer, path: PathLike, its: PathLike) -> Layer:
    """Move a layer into the system of another."""
    if (layer.crs is None) != (other.crs is None):
        silent = path if layer.crs is None else its
        raise InputError(f"{silent} does not say its coordinate system, so it cannot be laid over the other")
    return layer if other.crs is None else layer.in_crs(other.crs)


def _union(layer: Layer) -> Any:
    import shapely

    return shapely.union_all(shapely.make_valid(layer.polygons))
