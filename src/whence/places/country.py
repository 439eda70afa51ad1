"""Countries: codes, names, outlines, telephone codes, domains, money and where people live.

The parts have a module each; this one gathers what callers use.
"""

from __future__ import annotations

from whence.places.country_belief import belief, belief_of_countries
from whence.places.country_names import by_name, country_names, name_in
from whence.places.country_table import Country, countries, country
from whence.places.currency import by_currency
from whence.places.dialing import by_calling_code
from whence.places.domains import by_tld
from whence.places.outlines import country_at, country_outline, land_outline, region

__all__ = [
    "Country",
    "belief",
    "belief_of_countries",
    "by_calling_code",
    "by_currency",
    "by_name",
    "by_tld",
    "countries",
    "country",
    "country_at",
    "country_names",
    "country_outline",
    "land_outline",
    "name_in",
    "region",
]
