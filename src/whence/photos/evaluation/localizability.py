"""How much a photograph tells about its place, and whether the error follows.

The information of a belief over its prior is measured in bits. Bits of a uniform prior have a plain meaning:
b bits single out 2⁻ᵇ of the Earth's surface. The four classes are cut where that is a continent, a mean
country and a city.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from whence.earth.sphere import EARTH_AREA_KM2

if TYPE_CHECKING:
    from whence.photos.evaluation.answers import Answers
    from whence.typing import Floats

__all__ = ["CLASSES", "COLUMN", "Localizability", "LocalizabilityClass", "localizability"]

COLUMN = "information_bits"
"""Column of a table of results that holds the information gained over the prior, bits."""

_CONTINENT_KM2 = 148_940_000.0 / 7.0  # a seventh of the land: 4.6 bits
_COUNTRY_KM2 = 600_584.81  # mean area of 250 countries: 9.7 bits
_CITY_KM2 = np.pi * 30.0**2  # a disc of 30 km: 17.5 bits

CLASSES: tuple[tuple[str, float], ...] = (
    ("non-localizable", -np.inf),
    ("weakly localizable", float(np.log2(EARTH_AREA_KM2 / _CONTINENT_KM2))),
    ("localizable", float(np.log2(EARTH_AREA_KM2 / _COUNTRY_KM2))),
    ("strongly localizable", float(np.log2(EARTH_AREA_KM2 / _CITY_KM2))),
)
"""Name and least bits of each class, rising."""


@dataclass(frozen=True)
class LocalizabilityClass:
    """Photographs of one class.

    Attributes
    ----------
    name
        Of `CLASSES`.
    least_bits
        Where the class begins; None for the first.
    count
        Photographs in it.
    located
        Those that were located.
    median_m
        Median error of the located, metres; None when there is none.
    score
        Mean GeoScore of all, those not located at 0; None when there is none.
    """

    name: str
    least_bits: float | None
    count: int
    located: int
    median_m: float | None
    score: float | None


@dataclass(frozen=True)
class Localizability:
    """What the beliefs tell, in bits.

    Attributes
    ----------
    count
        Photographs with the column.
    mean_bits
        Mean information.
    rank_correlation
        Spearman's ρ of bits and error of the located: −1 when more bits always mean a smaller error; None
        when it cannot be computed.
    classes
        Four, from the least to the most.
    """

    count: int
    mean_bits: float
    rank_correlation: float | None
    classes: tuple[LocalizabilityClass, ...]


def localizability(answers: Answers) -> Localizability | None:
    """Summarise the column `COLUMN`; None when the table has none or it is empty."""
    if COLUMN not in answers.columns:
        return None
    bits = answers.numbers(COLUMN)
    known = np.isfinite(bits)
    if not known.any():
        return None
    some = answers.take(known)
    return Localizability(
        count=int(known.sum()),
        mean_bits=float(bits[known].mean()),
        rank_correlation=_correlation(some, bits[known]),
        classes=_classes(some, bits[known]),
    )


def _correlation(some: Answers, bits: Floats) -> float | None:
    errors_m, told = some.errors_m[some.located], bits[some.located]
    if len(errors_m) < 3 or np.ptp(errors_m) == 0.0 or np.ptp(told) == 0.0:
        return None
    return float(stats.spearmanr(told, errors_m).statistic)


def _classes(some: Answers, bits: Floats) -> tuple[LocalizabilityClass, ...]:
    number = np.searchsorted([least for _, least in CLASSES], bits, side="right") - 1
    scores = some.protocol.scores(some.scored_m)
    found = []
    for place, (name, least) in enumerate(CLASSES):
        inside = number == place
        errors_m = some.errors_m[inside & some.located]
        found.append(
            LocalizabilityClass(
                name=name,
                least_bits=float(least) if np.isfinite(least) else None,
                count=int(inside.sum()),
                located=len(errors_m),
                median_m=float(np.median(errors_m)) if len(errors_m) else None,
                score=float(scores[inside].mean()) if inside.any() else None,
            )
        )
    return tuple(found)
