"""What a page knows: estimates, land and place names as values that JSON can hold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.imagery.naming import legible
from whence.photos.summary import length_text
from whence.places.country import countries, land_outline
from whence.places.gazetteer import gazetteer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.earth.belief import Belief, Hypothesis
    from whence.photos.estimate import Contribution, Estimate
    from whence.places.gazetteer import Place
    from whence.typing import Floats

__all__ = ["land_rings", "nearby", "photo_values", "place_labels"]

_MAX_PATCHES = 24  # of one source on the map; more could not be told apart
_NEARBY_MIN_POPULATION = 1000
_IN_A_PLACE_M = 3_000.0
_TOO_WIDE_TO_NAME_M = 30_000.0
_WORLD_LABELS = 250
_MAX_LABELS = 900
_LABEL_SIZES = (1_000, 20_000, 200_000)  # near each photograph the nearest village, town and city are named


def photo_values(
    estimates: Sequence[Estimate], *, thumbnails: Sequence[str], names: Sequence[str | None]
) -> list[dict[str, Any]]:
    """Give each estimate as the page's script reads it.

    Parameters
    ----------
    estimates
        The photographs.
    thumbnails
        base64 JPEGs of the first photographs; the others get none.
    names
        For each photograph the words for where it is, or None.
    """
    pictures = [*thumbnails, *[""] * (len(estimates) - len(thumbnails))]
    return [
        _photo(estimate) | {"thumbnail": thumbnail, "near": name}
        for estimate, thumbnail, name in zip(estimates, pictures, names, strict=True)
    ]


def _photo(estimate: Estimate) -> dict[str, Any]:
    return {
        "path": legible(str(estimate.path)),
        "status": legible(estimate.status),
        "truth": [round(value, 7) for value in estimate.truth] if estimate.truth else None,
        "error_m": _metres(estimate.error_m),
        "hypotheses": [_hypothesis(hypothesis) for hypothesis in estimate.hypotheses],
        "evidence": [_contribution(contribution) for contribution in estimate.evidence],
        "problems": [legible(problem) for problem in estimate.problems],
    }


def _hypothesis(hypothesis: Hypothesis) -> dict[str, Any]:
    return {
        "longitude": round(hypothesis.longitude_deg, 7),
        "latitude": round(hypothesis.latitude_deg, 7),
        "probability": round(hypothesis.probability, 5),
        "radius_m": _metres(hypothesis.radius_m),
        "own_radius_m": _metres(hypothesis.own_radius_m),
    }


def _contribution(contribution: Contribution) -> dict[str, Any]:
    return {
        "source": legible(contribution.evidence.source),
        "sentence": legible(contribution.evidence.sentence),
        "bits": round(contribution.bits, 2) if math.isfinite(contribution.bits) else 0.0,
        "moved_m": _metres(contribution.moved_m),
        "patches": _patches(contribution.evidence.belief),
    }


def _patches(belief: Belief) -> list[list[float]]:
    """Longitude, latitude, spread in metres and weight of the few patches that stand for a belief."""
    few = belief if len(belief) <= _MAX_PATCHES else belief.pruned(max_patches=_MAX_PATCHES)
    columns = np.column_stack(
        [few.centers.reshape(-1, 2).round(5), few.spreads_m.round(1), few.weights.round(4)]
    )
    return [[float(value) for value in row] for row in columns.tolist()]


def _metres(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), 1)


def land_rings() -> list[list[int]]:
    """Give the outline of the land as flat lists: longitude, latitude, then the steps to each next corner.

    Whole hundredths of a degree and steps instead of positions take half the room; the page adds them up.
    """
    rings = [np.rint(100.0 * ring).astype(np.int64) for ring in land_outline()]
    return [np.diff(ring, axis=0, prepend=0).ravel().tolist() for ring in rings]


def nearby(estimates: Sequence[Estimate]) -> list[str | None]:
    """Say in words where each photograph is: the nearest place, where the answer is sharp enough for one."""
    sharp = [
        number
        for number, estimate in enumerate(estimates)
        if estimate.hypotheses and estimate.hypotheses[0].own_radius_m < _TOO_WIDE_TO_NAME_M
    ]
    words: list[str | None] = [None] * len(estimates)
    if not sharp:
        return words
    country_names = {country.code: country.name for country in countries()}
    places, distances_m = gazetteer().nearest(
        _best([estimates[number] for number in sharp]), min_population=_NEARBY_MIN_POPULATION
    )
    for number, place, distance_m in zip(sharp, places, distances_m.tolist(), strict=True):
        name = f"{place.name}, {country_names.get(place.country, place.country)}"
        words[number] = name if distance_m < _IN_A_PLACE_M else f"{length_text(distance_m)} from {name}"
    return words


def place_labels(estimates: Sequence[Estimate]) -> list[list[Any]]:
    """Give names for the map: [name, longitude, latitude, inhabitants], most populous first."""
    book = gazetteer()
    rows = np.argsort(-np.asarray(book.population, dtype=np.int64), kind="stable")[:_WORLD_LABELS]
    chosen: dict[int, Place] = {place.geonameid: place for place in map(book.place, rows.tolist())}
    located = [estimate for estimate in estimates if estimate.hypotheses]
    for size in _LABEL_SIZES if located else ():
        for place in book.nearest(_best(located), min_population=size)[0]:
            if len(chosen) < _MAX_LABELS:
                chosen.setdefault(place.geonameid, place)
    ordered = sorted(chosen.values(), key=lambda place: (-place.population, place.name))
    return [
        [place.name, round(place.longitude_deg, 4), round(place.latitude_deg, 4), place.population]
        for place in ordered
    ]


def _best(estimates: Sequence[Estimate]) -> Floats:
    """Best positions (n, 2), longitude, latitude, degrees."""
    return np.array([(e.hypotheses[0].longitude_deg, e.hypotheses[0].latitude_deg) for e in estimates])
