"""How errors are spread: the histogram and the counts of the thesis, and the share within any distance."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from whence.photos.evaluation.answers import Answers
    from whence.typing import ArrayLike, Floats

__all__ = ["COUNT_LIMITS_KM", "Distribution", "cdf", "distribution", "round_up", "span_m"]

_BIN_KM, _LAST_KM = 100.0, 20_100.0  # the antipode is 20,015 km away
_STEP_KM = 300.0
_LOCAL_KM = 1000.0
_NEARLY_ALL = 0.98
_COUNTRIES_KM = (437.23, 874.46, 1748.92)  # half, one and two mean countries

COUNT_LIMITS_KM: tuple[float, ...] = tuple(
    sorted({*np.arange(_STEP_KM, _LAST_KM + 1.0, _STEP_KM).tolist(), *_COUNTRIES_KM})
)
"""Distances of the table of counts, kilometres."""


@dataclass(frozen=True)
class Distribution:
    """Errors of the located photographs, counted.

    Attributes
    ----------
    bin_km
        Width of a bin of the histogram, kilometres.
    histogram
        Photographs in [0, 100), [100, 200), … km; the last bin ends at 20,100 km and holds its end.
    mean_km
        Mean of the distances that were counted, kilometres; None when nothing was located.
    limits_km
        Distances of the table of counts.
    counts
        Photographs with an error ≤ each of them.
    """

    bin_km: float
    histogram: tuple[int, ...]
    mean_km: float | None
    limits_km: tuple[float, ...]
    counts: tuple[int, ...]


def distribution(answers: Answers) -> Distribution:
    """Count the errors as the thesis does: the distances that scores are taken of, always with ≤."""
    located_km = answers.scored_m[answers.located] / 1000.0
    edges = np.arange(0.0, _LAST_KM + 1.0, _BIN_KM)
    ordered = np.sort(located_km)
    return Distribution(
        bin_km=_BIN_KM,
        histogram=tuple(np.histogram(located_km, edges)[0].tolist()),
        mean_km=float(located_km.mean()) if len(located_km) else None,
        limits_km=COUNT_LIMITS_KM,
        counts=tuple(np.searchsorted(ordered, COUNT_LIMITS_KM, side="right").tolist()),
    )


def cdf(errors_m: Floats, at_m: ArrayLike) -> Floats:
    """Give the share of photographs with an error up to each distance; those not located never count.

    Parameters
    ----------
    errors_m
        (n,) metres; infinite where not located.
    at_m
        (k,) distances, metres.

    Examples
    --------
    >>> cdf(np.array([5.0, 10.0, np.inf]), [4, 5, 10, 20]).round(2).tolist()
    [0.0, 0.33, 0.67, 0.67]
    """
    at = np.searchsorted(np.sort(errors_m), np.asarray(at_m, dtype=np.float64), side="right")
    return at / max(len(errors_m), 1)


def span_m(errors_m: Iterable[Floats]) -> float:
    """Choose how far curves of these errors reach: 20,100 km as in the thesis, less for one city.

    Parameters
    ----------
    errors_m
        Errors of each model (n,), metres, infinite where not located. Where 98 % of all finite ones are below
        1000 km the span is the next of 1, 2, 5 · 10ᵏ metres above those.
    """
    pooled = np.concatenate(list(errors_m))
    pooled = pooled[np.isfinite(pooled)]
    nearly_all = float(np.quantile(pooled, _NEARLY_ALL)) if len(pooled) else np.inf
    return 1000.0 * _LAST_KM if nearly_all > 1000.0 * _LOCAL_KM else round_up(nearly_all)


def round_up(value: float) -> float:
    """Give the next of 1, 2, 5 times a power of ten, at least 1.

    Examples
    --------
    >>> [round_up(value) for value in (0.3, 1.0, 3.0, 70.0, 200.0)]
    [1.0, 1.0, 5.0, 100.0, 200.0]
    """
    power = 10.0 ** math.floor(math.log10(max(value, 1.0)))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= value * (1.0 - 1e-9))
