"""An index tested on its own photos: each is located by the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.earth.ellipsoid import geodesic_distance_m
from whence.errors import NotEnoughDataError
from whence.photos.index.neighbours import Exclude
from whence.photos.results import ResultRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whence.earth.belief import Belief
    from whence.photos.index.neighbours import Neighbours
    from whence.photos.index.place_index import PlaceIndex
    from whence.typing import Floats

__all__ = ["LeftOut", "recall_at_1", "rows_left_out"]

_AT_ONCE = 64
_CONFIDENCE = 0.8


@dataclass(frozen=True)
class LeftOut:
    """One photo located by the others.

    Attributes
    ----------
    result
        Truth and answer; its status says so when nothing was left to answer with.
    nearest_m
        Distance of the most similar photo from the truth, metres; None without one.
    """

    result: ResultRow
    nearest_m: float | None


def rows_left_out(
    index: PlaceIndex, *, radius_m: float = 1.0, confidence: float = _CONFIDENCE
) -> Iterator[LeftOut]:
    """Locate every photo of an index without anything within `radius_m` of it.

    The calibration of the index was fitted on the same photos, so the shares held are a little flattering;
    `Calibration.reliability` is cross-fitted.

    Parameters
    ----------
    index
        The index.
    radius_m
        What is left out round each photo, metres; at least the photo itself.
    confidence
        Share of the answers that the radius promises to hold.

    Yields
    ------
    LeftOut
        In the order of the index.
    """
    for start in range(0, len(index), _AT_ONCE):
        rows = np.arange(start, min(start + _AT_ONCE, len(index)))
        exclude = [
            Exclude(rows=rows[i : i + 1], around=index.records.lonlat[rows[i]], radius_m=radius_m)
            for i in range(len(rows))
        ]
        found = index.query_vectors(index.vectors.take(rows), exclude=exclude)
        for row, neighbours in zip(rows.tolist(), found, strict=True):
            yield _left_out(index, row, neighbours, confidence=confidence)


def recall_at_1(rows: Sequence[LeftOut], *, within_m: float = 25.0) -> float:
    """Share of all photos whose most similar other photo is within so many metres.

    Raises
    ------
    NotEnoughDataError
        Without rows.
    """
    if not rows:
        raise NotEnoughDataError("no photo was asked about, so there is no recall")
    return sum(row.nearest_m is not None and row.nearest_m <= within_m for row in rows) / len(rows)


def _left_out(index: PlaceIndex, row: int, neighbours: Neighbours, *, confidence: float) -> LeftOut:
    truth = index.records.lonlat[row]
    name, lon, lat = index.records.names[row], float(truth[0]), float(truth[1])
    if not len(neighbours):
        status = "no evidence: every other photo was left out"
        return LeftOut(ResultRow(name, gt_lat=lat, gt_lon=lon, status=status), None)
    belief = index.belief(neighbours)
    best = belief.best()
    result = ResultRow(
        name,
        gt_lat=lat,
        gt_lon=lon,
        pred_lat=float(best[1]),
        pred_lon=float(best[0]),
        error_m=_apart_m(best, truth),
        radius_m=belief.radius_m(confidence, best),
        probability=_probability(belief),
        sources=("index",),
    )
    return LeftOut(result, _apart_m(neighbours.lonlat[0], truth))


def _probability(belief: Belief) -> float:
    answers = belief.hypotheses(k=1)
    return answers[0].probability if answers else 0.0


def _apart_m(a: Floats, b: Floats) -> float:
    return float(geodesic_distance_m(a, b))
