"""What one piece of text hints at: countries or spots on the map, and how far it is to be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whence.places.gazetteer import Place
    from whence.typing import Json

__all__ = ["Hint", "Spot", "town_spots"]

NEAR_TOWN_M = 25_000.0
"""Spread of the signs that show the way to a town."""


@dataclass(frozen=True)
class Spot:
    """A round patch: position in degrees, one-dimensional spread in metres, share of its hint."""

    longitude_deg: float
    latitude_deg: float
    spread_m: float
    share: float


@dataclass(frozen=True)
class Hint:
    """One reading of a piece of text as geography.

    Attributes
    ----------
    kind
        Such as "name", "phone", "domain", "currency", "distance", "language".
    quote
        The text it rests on.
    sentence
        The reasoning, for people.
    trust
        0 to 1: the probability that it speaks of where the photograph was taken. An Italian word may
        stand over a café anywhere; a ward's name on a notice hardly leaves the ward.
    countries
        ISO 3166 alpha-2 code -> share, summing to 1; empty when it speaks of spots.
    spots
        Patches whose shares sum to 1; empty when it speaks of countries.
    """

    kind: str
    quote: str
    sentence: str
    trust: float
    countries: Mapping[str, float] = field(default_factory=dict)
    spots: tuple[Spot, ...] = ()

    def to_json(self) -> Json:
        """Give the values that JSON can hold; of many spots the eight largest."""
        largest = sorted(self.spots, key=lambda spot: -spot.share)[:8]
        return {
            "kind": self.kind,
            "quote": self.quote,
            "sentence": self.sentence,
            "trust": round(self.trust, 3),
            "countries": {code: round(share, 4) for code, share in list(self.countries.items())[:8]},
            "spots": [
                [round(s.longitude_deg, 4), round(s.latitude_deg, 4), round(s.spread_m), round(s.share, 4)]
                for s in largest
            ],
        }


def town_spots(place: Place, share: float, *, inside: float = 0.6) -> list[Spot]:
    """Patches for a photograph that names a town: taken in it, or on the way to it.

    The area of towns grows about as population to the power 0.8, so the radius as its power 0.4; a
    town of a million is some 10 km across the half.
    """
    radius_m = 10_000.0 * (max(place.population, 500) / 1e6) ** 0.4
    position = (place.longitude_deg, place.latitude_deg)
    return [
        Spot(*position, spread_m=radius_m / 1.5, share=share * inside),
        Spot(*position, spread_m=max(NEAR_TOWN_M, radius_m), share=share * (1 - inside)),
    ]
