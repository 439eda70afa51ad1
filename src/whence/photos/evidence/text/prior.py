"""How likely a photograph is from each country before anything is read in it, and votes on that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from whence.places.country import countries

if TYPE_CHECKING:
    from whence.photos.evidence.text.hint import Hint

__all__ = ["Votes", "country_prior", "vote"]


@lru_cache(maxsize=1)
def country_prior() -> Mapping[str, float]:
    """Share of each country: half by inhabitants, half by area, Antarctica left out.

    Photographs follow people, street-level collections follow roads; neither is proportional to either.
    """
    listed = [country for country in countries() if country.code != "AQ"]
    people = sum(country.population for country in listed)
    area_km2 = sum(country.area_km2 for country in listed)
    # The least share keeps uninhabited islets, for which area or people are not on record, possible.
    return {
        country.code: 0.5 * country.population / people + 0.5 * country.area_km2 / area_km2 + 1e-7
        for country in listed
    }


@dataclass(frozen=True)
class Votes:
    """What hints at countries say together.

    Attributes
    ----------
    shares
        Country -> probability, highest first; they sum to 1.
    idle
        Probability that none of the hints speaks of the place, within `shares` spread like the prior.
    """

    shares: Mapping[str, float]
    idle: float

    def spoken(self) -> dict[str, float]:
        """Country -> probability that a hint rightly points at it; with `idle` they sum to 1."""
        prior = country_prior()
        said = {code: share - self.idle * prior[code] for code, share in self.shares.items()}
        return {code: share for code, share in said.items() if share > 1e-9}


def vote(hints: Sequence[Hint]) -> Votes:
    """Combine hints at countries.

    A hint with shares s(c) and trust t, from words that would be seen anywhere with probability 1 - t,
    multiplies the prior π(c) by t·s(c)/π(c) + (1 - t). Hints of one kind say much the same thing (ten
    words of one language are one language), so each kind speaks with the mean of its votes, by trust.

    Examples
    --------
    >>> from whence.photos.evidence.text.hint import Hint
    >>> price = Hint("currency", "7 kr", "", 0.5, {"SE": 0.5, "NO": 0.5})
    >>> votes = vote([Hint("domain", "lund.se", "", 0.8, {"SE": 1.0}), price])
    >>> next(iter(votes.shares))
    'SE'
    """
    prior = country_prior()
    odds, idle = dict(prior), 1.0
    for kind in sorted({hint.kind for hint in hints if hint.countries}):
        said, trust = _kind_says([hint for hint in hints if hint.kind == kind and hint.countries])
        idle *= 1 - trust
        for code, share in prior.items():
            odds[code] *= trust * said.get(code, 0.0) / share + (1 - trust)
    scale = sum(odds.values())
    ranked = sorted(((code, value / scale) for code, value in odds.items()), key=lambda item: -item[1])
    return Votes(dict(ranked), idle / scale)


def _kind_says(hints: Sequence[Hint]) -> tuple[dict[str, float], float]:
    """Mean shares of hints of one kind, and their trust: that of the best, a little more when several."""
    total = sum(hint.trust for hint in hints)
    said: defaultdict[str, float] = defaultdict(float)
    for hint in hints:
        for code, share in hint.countries.items():
            said[code] += hint.trust * share / total
    doubt = 1 - max(hint.trust for hint in hints)
    return said, min(0.95, 1 - doubt * (0.8 if len(hints) > 1 else 1.0))
