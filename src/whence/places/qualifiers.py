"""What stands behind the name of a town to tell it from its namesakes: "Springfield, IL", "Paris, France"."""

from __future__ import annotations

import re
from typing import NamedTuple

from whence.errors import NotFoundError
from whence.places.country_names import by_name
from whence.places.names import key_of

__all__ = ["Qualifier", "qualified"]

# Abbreviations as the post writes them, with the region as the gazetteer does: names in the USA, codes of
# GeoNames in Canada and Australia.
_USA = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas",
    "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts",
    "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana",
    "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico",
    "NY": "New York", "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma",
    "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota",
    "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington",
    "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip
_CANADA = {
    "AB": ("Alberta", "01"), "BC": ("British Columbia", "02"), "MB": ("Manitoba", "03"),
    "NB": ("New Brunswick", "04"), "NL": ("Newfoundland and Labrador", "05"), "NS": ("Nova Scotia", "07"),
    "ON": ("Ontario", "08"), "PE": ("Prince Edward Island", "09"), "QC": ("Quebec", "10"),
    "SK": ("Saskatchewan", "11"), "YT": ("Yukon", "12"), "NT": ("Northwest Territories", "13"),
    "NU": ("Nunavut", "14"),
}  # fmt: skip
_AUSTRALIA = {
    "ACT": ("Australian Capital Territory", "01"), "NSW": ("New South Wales", "02"),
    "NT": ("Northern Territory", "03"), "QLD": ("Queensland", "04"), "SA": ("South Australia", "05"),
    "TAS": ("Tasmania", "06"), "VIC": ("Victoria", "07"), "WA": ("Western Australia", "08"),
}  # fmt: skip

_PARTED = re.compile(r"(?P<name>[^,]+),\s*(?P<tail>[^,]+?)[\s.]*")
_CAPITALS = re.compile(r"(?P<name>.+?)\s+(?P<tail>[A-Z]{2,3})")


class Qualifier(NamedTuple):
    """A country (alpha-2), and its region as the gazetteer writes it; None for the whole country."""

    country: str
    region: str | None


def qualified(name: str) -> tuple[str, tuple[Qualifier, ...]]:
    """Part a name from what qualifies it.

    Parameters
    ----------
    name
        "Paris, TX", "Las Vegas NV", "London, Ontario", "Cordoba, España".

    Returns
    -------
    name, qualifiers
        The name alone, and where it may lie; the whole name and none where nothing qualifies it.

    Examples
    --------
    >>> qualified("Paris, TX")
    ('Paris', (Qualifier(country='US', region='Texas'),))
    >>> qualified("Cordoba, España")[1], qualified("Lyon, Marseille")[1]
    ((Qualifier(country='ES', region=None),), ())
    """
    if match := _PARTED.fullmatch(name.strip()):
        found = (*_regions(match["tail"]), *_countries(match["tail"]))
    elif match := _CAPITALS.fullmatch(name.strip()):
        found = _regions(match["tail"])
    else:
        return name, ()
    return (match["name"].strip(), found) if found else (name, ())


def _regions(tail: str) -> tuple[Qualifier, ...]:
    code, key = tail.replace(".", "").upper(), key_of(tail)
    return (
        *(Qualifier("US", state) for short, state in _USA.items() if short == code or key_of(state) == key),
        *(
            Qualifier(country, region)
            for country, regions in (("CA", _CANADA), ("AU", _AUSTRALIA))
            for short, (state, region) in regions.items()
            if short == code or key_of(state) == key
        ),
    )


def _countries(tail: str) -> tuple[Qualifier, ...]:
    try:
        return (Qualifier(by_name(tail).code, None),)
    except NotFoundError:
        return ()
