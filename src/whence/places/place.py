"""What the gazetteer answers with: places, matches of a name, and how ambiguous a name is."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Ambiguity", "Match", "Place"]


@dataclass(frozen=True)
class Place:
    """A populated place.

    Attributes
    ----------
    geonameid
        Its number at GeoNames.
    name
        GeoNames' main name, mostly in Latin letters.
    latitude_deg, longitude_deg
        WGS 84.
    country
        ISO 3166-1 alpha-2 (XK for Kosovo).
    region
        First administrative level: the name for the USA, GeoNames' code elsewhere; empty where unknown.
    population
        Inhabitants; 0 where GeoNames has no figure.
    timezone
        IANA name.
    """

    geonameid: int
    name: str
    latitude_deg: float
    longitude_deg: float
    country: str
    region: str
    population: int
    timezone: str


@dataclass(frozen=True)
class Match:
    """A place that a name may mean.

    Attributes
    ----------
    place
        The place.
    name
        Its recorded spelling that matched.
    score
        How well the spelling fits, 0 to 1: 1 the same but for case, diacritics and punctuation; 0.95 the same
        but for a word like "City" or 区; less by the share of wrong letters otherwise.
    exact
        Whether the score is 1.
    official
        Whether `name` is the place's main name, not an alternate one.
    share
        Prior share of this place among all that were found for the name (they sum to 1 over all of them):
        large places, main names and fewer edits weigh more. A low share of the first match means ambiguity.
    """

    place: Place
    name: str
    score: float
    exact: bool
    official: bool
    share: float


@dataclass(frozen=True)
class Ambiguity:
    """How many things a name may mean, spelling errors aside.

    Attributes
    ----------
    places, countries
        How many places bear the name, and in how many countries.
    bits
        Entropy of the shares (see `Match`): 0 where one place is meant for sure.
    population
        Inhabitants of the largest; a name that only villages bear is more often a word.
    """

    places: int
    countries: int
    bits: float
    population: int
