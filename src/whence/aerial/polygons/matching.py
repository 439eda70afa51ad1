"""Footprints in files matched with true ones in another."""

from __future__ import annotations

from dataclasses import replace
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
    true = read_layer(truth)
    theirs = _beside(true, ours, truth, predicted)
    area = None if within is None else _union(_beside(read_layer(within), ours, within, predicted))
    found = match_footprints(ours.polygons, theirs.polygons, iou=iou, within=area)
    if len(found.pairs):
        return found
    notes = [
        f"{path} holds no footprints{of}"
        for path, layer, of in ((predicted, ours, f" of {wanted}"), (truth, theirs, ""))
        if not len(layer)
    ]
    if not notes and not _meet(ours, theirs):
        notes = [
            f"no footprint of one meets any of the other: {_told(predicted, ours)}, {_told(truth, true)}"
        ]
        if true.crs != ours.crs:
            notes[0] += f", which is {_extent(theirs)} in the system of the first"
    elif not notes and not (found.predicted and found.true):
        notes = [f"{within} holds no more than half of any footprint of {_either(found, predicted, truth)}"]
    return replace(found, notes=tuple(notes))


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


def _meet(ours: Layer, theirs: Layer) -> bool:
    """Tell whether the box around any footprint meets that around one of the others."""
    import shapely

    return bool(shapely.STRtree(theirs.polygons).query(ours.polygons).size)


def _told(path: PathLike, layer: Layer) -> str:
    system = "no coordinate system" if layer.crs is None else layer.crs.label
    return f"{path} spans {_extent(layer)} in {system}"


def _extent(layer: Layer) -> str:
    import shapely

    west, south, east, north = shapely.total_bounds(layer.polygons)
    decimals = 5 if layer.crs is not None and layer.crs.is_geographic else 0
    (x, y) = (f"{low:.{decimals}f} to {high:.{decimals}f}" for low, high in ((west, east), (south, north)))
    return f"x {x}, y {y}"


def _either(found: FootprintMatch, predicted: PathLike, truth: PathLike) -> str:
    empty = [str(path) for path, count in ((predicted, found.predicted), (truth, found.true)) if not count]
    return " and ".join(empty)


def _union(layer: Layer) -> Any:
    import shapely

    return shapely.union_all(shapely.make_valid(layer.polygons))
