"""The named world: a gazetteer of places, countries with their outlines, languages and scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.places import country, gazetteer, language, region
    from whence.places.country import Country, by_name, countries, country_at, land_outline
    from whence.places.gazetteer import Gazetteer, Match, Place
    from whence.places.region import parse_region

__all__ = [
    "Country",
    "Gazetteer",
    "Match",
    "Place",
    "by_name",
    "countries",
    "country",
    "country_at",
    "gazetteer",
    "land_outline",
    "language",
    "parse_region",
    "region",
]

# Names are imported when first used: scipy, shapely and babel are slow to load.
_HOMES = {
    "Country": "country",
    "Gazetteer": "gazetteer",
    "Match": "gazetteer",
    "Place": "gazetteer",
    "by_name": "country",
    "countries": "country",
    "country_at": "country",
    "land_outline": "country",
    "parse_region": "region",
}
_MODULES = frozenset({"country", "gazetteer", "language", "region"})

__getattr__, __dir__ = exports(__name__, _HOMES, modules=_MODULES)
