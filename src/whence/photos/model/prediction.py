"""A table of results from a model: many photographs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth.ellipsoid import geodesic_distance_m
from whence.errors import InputError
from whence.photos.calibration.circles import radii_m
from whence.photos.calibration.information import information_bits
from whence.photos.calibration.ranks import levels
from whence.photos.results import ResultRow

if TYPE_CHECKING:
    from whence.photos.model.model import Model
    from whence.photos.samples import Samples
    from whence.typing import Floats

__all__ = ["CARRIED", "predict"]

CARRIED = ("country", "camera_id", "sequence_id", "author")
"""Columns of the metadata that go into the results, where they are known: figures are grouped by them."""

_MORE = (0.5, 0.9, 0.95)
_BLOCK = 2048


def predict(
    model: Model,
    samples: Samples,
    *,
    confidence: float = 0.8,
    progress: Callable[[int, int], None] | None = None,
) -> list[ResultRow]:
    """Locate samples.

    Parameters
    ----------
    model
        What locates.
    samples
        Vectors of the model's own encoder; the caller sees to that.
    confidence
        Share of the truths that `ResultRow.radius_m` promises to hold.
    progress
        Called with (photographs done, in all).

    Returns
    -------
    list of ResultRow
        A row each, in order. Extra columns: ``radius_50_m``, ``radius_80_m``, … promise other shares,
        ``information_bits`` is what the answer says over knowing nothing, and `CARRIED`.

    Raises
    ------
    InputError
        When the vectors have another length, or the confidence is not between 0 and 1.
    """
    if not 0.0 < confidence < 1.0:
        raise InputError(f"confidence is {confidence}; it must lie between 0 and 1, such as 0.8")
    rows: list[ResultRow] = []
    for block, vectors in samples.blocks(_BLOCK):
        points, numbers = _located(model, vectors, confidence)
        rows.extend(_rows(samples.metadata, block, points, numbers))
        if progress is not None:
            progress(len(rows), len(samples))
    return rows


def _located(model: Model, vectors: Any, confidence: float) -> tuple[Floats, dict[str, Floats]]:
    """Points (n, 2) and columns (n,) of numbers."""
    calibration = model.calibration
    said = model.head.mixtures(vectors)
    points, mixtures = calibration.points(said), calibration.apply(said)
    shares = sorted({*_MORE, 0.8, confidence})
    radii = radii_m(mixtures, points, levels(shares, calibration.ranks), background=calibration.background)
    columns = {f"radius_{100 * share:g}_m": radii[:, place] for place, share in enumerate(shares)}
    columns["radius_m"] = radii[:, shares.index(confidence)]
    columns["information_bits"] = information_bits(mixtures, background=calibration.background)
    return points, columns


def _rows(metadata: Any, block: slice, points: Floats, numbers: Mapping[str, Floats]) -> Iterator[ResultRow]:
    truth = metadata.lonlat[block]
    known = np.isfinite(truth).all(axis=1)
    errors = np.full(len(points), np.nan)
    if known.any():
        errors[known] = geodesic_distance_m(points[known], truth[known])
    carried = {name: metadata.column(name)[block] for name in CARRIED if name in metadata.names}
    more = [name for name in numbers if name != "radius_m"]
    for place, name in enumerate(metadata.ids[block]):
        extra: dict[str, Any] = {column: round(float(numbers[column][place]), 3) for column in more}
        extra |= {column: values[place] for column, values in carried.items()}
        gt_lat, gt_lon = _position(truth[place]) if known[place] else (None, None)
        pred_lat, pred_lon = _position(points[place])
        yield ResultRow(
            name,
            gt_lat,
            gt_lon,
            pred_lat,
            pred_lon,
            error_m=float(errors[place]) if known[place] else None,
            radius_m=float(numbers["radius_m"][place]),
            sources=("model",),
            extra=extra,
        )


def _position(lonlat: Floats) -> tuple[float, float]:
    """Latitude, longitude."""
    return float(lonlat[1]), float(lonlat[0])
