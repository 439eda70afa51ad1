"""Estimates as GeoJSON (RFC 7946), for geographic information systems."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry import mapping

from whence.earth.region import Region
from whence.earth.sphere import EARTH_RADIUS_M
from whence.imagery.atomic import atomic_path
from whence.imagery.naming import legible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whence.earth.belief import Hypothesis
    from whence.photos.estimate import Estimate
    from whence.typing import PathLike

__all__ = ["features", "write_geojson"]

_DECIMALS = 8  # degrees: about a millimetre


def write_geojson(path: PathLike, estimates: Iterable[Estimate], *, radii: bool = False) -> None:
    """Write a FeatureCollection with a point for every hypothesis of every photograph.

    A photograph that was not located has one feature with an empty geometry and its status.

    Parameters
    ----------
    path
        Where to write; an existing file is replaced when the new one is whole.
    estimates
        The photographs.
    radii
        Whether to add polygons: the circle that holds the truth with the promised confidence, and the
        circle of each hypothesis on its own.

    Raises
    ------
    InputError
        When the file cannot be written.
    """
    with atomic_path(path) as beside, beside.open("w", encoding="utf-8") as file:
        file.write('{"type":"FeatureCollection","features":[')
        separator = "\n"
        for estimate in estimates:
            for feature in features(estimate, radii=radii):
                file.write(separator)
                json.dump(feature, file, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
                separator = ",\n"
        file.write("\n]}\n")


def features(estimate: Estimate, *, radii: bool = False) -> Iterator[dict[str, Any]]:
    """Give the features of one photograph.

    Their property ``kind`` tells them apart: ``"hypothesis"`` (a point), ``"radius"`` and ``"own radius"``
    (polygons), ``"not located"`` (no geometry).
    """
    photo = _photo_properties(estimate)
    if not estimate.hypotheses:
        yield _feature(None, photo | {"kind": "not located"})
    for rank, hypothesis in enumerate(estimate.hypotheses, start=1):
        properties = photo | _hypothesis_properties(hypothesis, rank)
        point = {"type": "Point", "coordinates": _position(hypothesis)}
        yield _feature(point, properties | {"kind": "hypothesis"})
        if not radii:
            continue
        if rank == 1:
            yield _feature(_circle(hypothesis, hypothesis.radius_m), properties | {"kind": "radius"})
        yield _feature(_circle(hypothesis, hypothesis.own_radius_m), properties | {"kind": "own radius"})


def _photo_properties(estimate: Estimate) -> dict[str, Any]:
    gt_lon, gt_lat = estimate.truth or (None, None)
    return {
        "img_path": legible(str(estimate.path)),
        "status": legible(estimate.status),
        "confidence": estimate.confidence,
        "gt_lon": gt_lon,
        "gt_lat": gt_lat,
        "error_m": _finite(estimate.error_m),
        "evidence": [
            {
                "source": item.evidence.source,
                "sentence": legible(item.evidence.sentence),
                "bits": _finite(item.bits),
                "moved_m": _finite(item.moved_m),
            }
            for item in estimate.evidence
        ],
        "problems": [legible(problem) for problem in estimate.problems],
    }


def _hypothesis_properties(hypothesis: Hypothesis, rank: int) -> dict[str, Any]:
    return {
        "rank": rank,
        "probability": round(hypothesis.probability, 6),
        "radius_m": _finite(hypothesis.radius_m),
        "own_radius_m": _finite(hypothesis.own_radius_m),
    }


def _feature(geometry: dict[str, Any] | None, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _position(hypothesis: Hypothesis) -> list[float]:
    return [round(hypothesis.longitude_deg, _DECIMALS), round(hypothesis.latitude_deg, _DECIMALS)]


def _circle(hypothesis: Hypothesis, radius_m: float) -> dict[str, Any] | None:
    """Polygon of a circle, cut at the date line; None round the whole Earth."""
    if not 0.0 < radius_m < np.pi * EARTH_RADIUS_M:
        return None
    center = (hypothesis.longitude_deg, hypothesis.latitude_deg)
    outline = Region.circle(center, radius_m).geometry
    # Rounding alone may fold corners that lie close together at a pole over each other; snapping does not.
    geometry = mapping(shapely.orient_polygons(shapely.set_precision(outline, 10.0**-_DECIMALS)))
    return {"type": geometry["type"], "coordinates": _rounded(geometry["coordinates"])}


def _rounded(coordinates: Any) -> Any:
    if isinstance(coordinates, float):
        return round(coordinates, _DECIMALS)
    return [_rounded(part) for part in coordinates]


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), 3)
