"""What can be chosen of a prediction, checked, and what comes of it for one raster and one model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from whence.aerial.datasets.finding import RASTER_SUFFIXES
from whence.aerial.georeference import georeference
from whence.aerial.prediction.augmentation import augmentation
from whence.aerial.prediction.cell import true_cell_m
from whence.aerial.prediction.plan import Axis, overlap_px, tile_side
from whence.aerial.prediction.source import Cutter, band_choice, bands_of
from whence.aerial.prediction.unlike import opacity_unsaid, unlike_training
from whence.aerial.segmenter import Segmenter, cell_of, identity_of, limits_of
from whence.errors import InputError
from whence.imagery.raster import Window, open_raster

if TYPE_CHECKING:
    from whence.aerial.georeference import Georeference
    from whence.imagery.raster import Raster
    from whence.typing import Json

__all__ = ["Choices", "Job"]

_VIRTUAL = re.compile(r"/vsi|\w[\w+]+:/")  # as GDAL and rasterio call what lies in archives and on the web
_ALIKE = 1.2
_WIDEST_FACTOR = 64.0


@dataclass(frozen=True)
class Choices:
    """How an image is predicted; see `whence.aerial.predict`."""

    tile: int = 512
    overlap: float = 128
    batch: int = 4
    workers: int = 2
    augment: str = "none"
    resolution_m: float | None = None
    cell_m: float | None = None
    bands: tuple[int, ...] | None = None
    window: tuple[int, int, int, int] | None = None
    nodata: float | None = None
    value_range: tuple[float, float] | None = None
    alpha: int | None = None

    def __post_init__(self) -> None:
        augmentation(self.augment)
        for name, value, least in (("batch", self.batch, 1), ("workers", self.workers, 0)):
            if value < least:
                raise InputError(f"{name} is {value}; give at least {least}")
        for name, size in (("resolution_m", self.resolution_m), ("cell_m", self.cell_m)):
            if size is not None and not 0 < size < float("inf"):
                raise InputError(f"{name} is {size}; give metres above 0")
        if self.value_range is not None and not -inf < self.value_range[0] < self.value_range[1] < inf:
            low, high = self.value_range
            raise InputError(f"value_range is {low:g},{high:g}; give the values of black and of white")


@dataclass(frozen=True, eq=False)
class Job:
    """One image, one model, and everything settled between them.

    Attributes
    ----------
    image
        The file.
    raster, place
        What it says of itself, and where the part of it that is predicted lies.
    cell_m
        Side of its pixels in true metres, or None where that is not known.
    cutter
        How its tiles are cut.
    choices
        As they were made.
    notes
        Sentences that the user should read.
    """

    image: Path
    raster: Raster
    place: Georeference
    cell_m: float | None
    cutter: Cutter
    choices: Choices
    notes: tuple[str, ...]

    @classmethod
    def of(cls, image: Path, segmenter: Segmenter, choices: Choices) -> Job:
        """Settle it.

        Raises
        ------
        NotFoundError, NotAnImageError
            When the image is not there or cannot be read.
        InputError
            When bands, window, tile, overlap or resolution do not fit.
        """
        _check_file(image)
        with open_raster(image) as reader:
            raster = reader.raster
        place, area = georeference(image), _area(raster, choices.window)
        middle = (area.column + area.width / 2, area.row + area.height / 2)
        cell_m = choices.cell_m or true_cell_m(place, middle)
        bands = band_choice(raster, segmenter.bands, choices.bands)
        if choices.alpha is not None and not 1 <= choices.alpha <= raster.bands:
            raise InputError(f"{image} has the bands 1 to {raster.bands}, not {choices.alpha} (alpha)")
        factor, told = _factor(segmenter, cell_m, choices)
        height, width = (max(round(size * factor), 1) for size in (area.height, area.width))
        side = tile_side(choices.tile, max(height, width))
        overlap = overlap_px(choices.overlap, side) if choices.overlap < 1 else choices.overlap
        overlap = overlap_px(min(overlap, side // 2) if side < choices.tile else overlap, side)
        rows, columns = (Axis.of(size, side=side, overlap=overlap) for size in (height, width))
        cutter = Cutter(area, rows, columns, bands, choices.nodata, choices.value_range, choices.alpha)
        notes = (
            *limits_of(segmenter),
            *_notes(raster, place, bands, choices),
            *told,
            *unlike_training(image, segmenter, cutter),
            *opacity_unsaid(image, cutter),
        )
        return cls(image, raster, place.within(area), cell_m, cutter, choices, notes)

    def settings(self, segmenter: Segmenter, engine: str) -> Json:
        """Everything that the result depends on, as plain values."""
        status, cutter = self.image.stat(), self.cutter
        return {
            "image": self.image.name,
            "bytes": status.st_size,
            "changed": status.st_mtime_ns,
            "model": identity_of(segmenter),
            "scheme": segmenter.scheme.to_json(),
            "engine": engine,
            "window": list(cutter.area),
            "cells": [cutter.rows.size, cutter.columns.size],
            "tile": cutter.rows.side,
            "starts": [len(cutter.rows), len(cutter.columns)],
            "overlap": self.choices.overlap,
            "augment": self.choices.augment,
            "bands": list(cutter.bands),
            "nodata": self.choices.nodata,
            "alpha": cutter.alpha,
            "range": None if cutter.value_range is None else list(cutter.value_range),
        }


def _check_file(image: Path) -> None:
    """Tell the way out of folders and archives, which GDAL takes for missing or damaged files."""
    inside = sorted(path.name for path in image.iterdir()) if image.is_dir() else []
    if any(Path(name).suffix.lower() in RASTER_SUFFIXES for name in inside):
        raise InputError(
            f"{image} is a folder; give one image of it, or join them (gdalbuildvrt {image.name}.vrt "
            f"{image}/*{Path(inside[0]).suffix})"
        )
    if image.suffix.lower() == ".zip" or _VIRTUAL.match(str(image)):
        raise InputError(
            f"{image} is no file of its own; unpack it, or make one that points into it (gdalbuildvrt "
            "image.vrt /vsizip/archive.zip/image.tif)"
        )


def _area(raster: Raster, window: tuple[int, int, int, int] | None) -> Window:
    whole = Window(0, 0, raster.width, raster.height)
    if window is None:
        return whole
    asked = Window(*window)
    inside = asked.column >= 0 and asked.row >= 0 and asked.width > 0 and asked.height > 0
    inside = inside and asked.column + asked.width <= raster.width
    if not inside or asked.row + asked.height > raster.height:
        raise InputError(
            f"the window {','.join(map(str, asked))} (column, row, width, height) is not within "
            f"{raster.path}, which has {raster.width} columns and {raster.height} rows"
        )
    return asked


def _factor(segmenter: Segmenter, held: float | None, choices: Choices) -> tuple[float, tuple[str, ...]]:
    """Cells of the network per pixel of the image, and what there is to say about it."""
    wanted = choices.resolution_m or cell_of(segmenter)
    if wanted is None:
        return 1.0, ()
    if held is None:
        told = (
            f"the size of a pixel is not known and taken to be the {_metres(wanted)} that the model was "
            "trained for; cell_m (--cell) tells it"
        )
        return 1.0, (told,)
    factor = held / wanted
    if choices.resolution_m is None and 1 / _ALIKE <= factor <= _ALIKE:
        return 1.0, ()
    if not 1 / _WIDEST_FACTOR <= factor <= _WIDEST_FACTOR:
        raise InputError(
            f"a pixel of the image is {_metres(held)} and the model is for {_metres(wanted)}; that is too "
            "far apart, give another resolution_m (--resolution) or model"
        )
    return factor, (f"resampled from {_metres(held)} to {_metres(wanted)} for the model, and back",)


def _notes(raster: Raster, place: Georeference, bands: tuple[int, ...], choices: Choices) -> tuple[str, ...]:
    found = []
    name = raster.path.name
    if place.points:
        found.append(
            f"{name} lies by {len(place.points)} control points and no plane goes through them; the result "
            "has them too, and gdalwarp makes a map of it"
        )
    elif place.by_sensor:
        found.append(
            f"{name} lies by the model of its sensor alone (RPC), which the result does not keep; rectify it "
            "first (gdalwarp -rpc)"
        )
    elif not place.crs:
        found.append(
            f"{name} has no coordinate system; the result has none either; gdal_edit -a_srs names it"
        )
    elif place.crs_file is not None:
        found.append(f"the coordinate system is that of {place.crs_file.name}")
    elif place.transform is None:
        found.append(f"{name} names a coordinate system and no place; the result has none either")
    if choices.bands is None and bands_of(raster) > len(bands):
        listed = ", ".join(map(str, bands))
        found.append(f"of {bands_of(raster)} bands, {listed} are used; bands (--bands) chooses others")
    return tuple(found)


def _metres(size: float) -> str:
    return f"{size:.3g} m"
