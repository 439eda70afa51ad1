"""Countries by what they are called in any language of CLDR, or by code."""

from __future__ import annotations

import functools
import json
from collections import Counter
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING

from babel import Locale
from babel.localedata import locale_identifiers
from rapidfuzz import process

from whence.errors import NotFoundError
from whence.places.cache import cached_folder
from whence.places.country_codes import alpha2_codes
from whence.places.country_table import Country, countries, country
from whence.places.index_build import INDEX_VERSION
from whence.places.names import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["by_name", "country_names", "name_in"]

_FILE = "names.json"

# English and short forms that CLDR does not list.
_ALSO = {
    "usa": "US", "u s": "US", "united states of america": "US", "america": "US", "uk": "GB",
    "great britain": "GB", "britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "northern ireland": "GB", "holland": "NL", "czech republic": "CZ", "burma": "MM",
    "ivory coast": "CI", "turkey": "TR", "turkiye": "TR", "south korea": "KR", "north korea": "KP",
    "republic of korea": "KR", "korea": "KR", "dprk": "KP", "uae": "AE", "macedonia": "MK",
    "swaziland": "SZ", "cape verde": "CV", "east timor": "TL", "vatican": "VA", "holy see": "VA",
    "palestine": "PS", "hong kong": "HK", "macau": "MO", "macao": "MO", "russian federation": "RU",
    "drc": "CD", "dr congo": "CD", "congo kinshasa": "CD", "congo brazzaville": "CG",
    "republic of the congo": "CG", "democratic republic of the congo": "CD", "viet nam": "VN",
    "peoples republic of china": "CN", "prc": "CN", "republic of china": "TW", "brasil": "BR",
    "eire": "IE", "republic of ireland": "IE", "сша": "US", "рф": "RU", "россия": "RU", "대한민국": "KR",
    "한국": "KR", "北朝鲜": "KP", "英国": "GB", "美国": "US", "ประเทศไทย": "TH", "日本国": "JP",
    "中华人民共和国": "CN",
    "中华民国": "TW", "조선민주주의인민공화국": "KP", "조선": "KP", "韩国": "KR", "法国": "FR", "德国": "DE",
}  # fmt: skip


def by_name(name: str) -> Country:
    """Find a country by name, in any language of CLDR, or by alpha-2, alpha-3 or numeric code.

    Parameters
    ----------
    name
        "Germany", "Deutschland", "Германия", "DE", "DEU" or "276".

    Raises
    ------
    NotFoundError
        When no country is called so; the message names the closest English names.

    Examples
    --------
    >>> [by_name(name).code for name in ("Deutschland", "日本", "GBR", "Côte d’Ivoire", "643")]
    ['DE', 'JP', 'GB', 'CI', 'RU']
    """
    key = key_of(name)
    code = _codes().get(key) or _english().get(key) or (country_names().get(key) if key else None)
    if code is not None:
        return country(code)
    close = [match for match, _, _ in process.extract(name, [c.name for c in countries()], limit=3)]
    raise NotFoundError(f"no country is called {name!r}; did you mean {', '.join(close)}?")


def name_in(code: str, language: str) -> str:
    """Return the name of a country in a language, in English where CLDR has none.

    >>> name_in("DE", "fr"), name_in("JP", "ja")
    ('Allemagne', '日本')
    """
    found: str | None = Locale.parse(language).territories.get(code.upper())
    return found or country(code).name


@functools.lru_cache(maxsize=1)
def country_names() -> Mapping[str, str]:
    """Return all names as keys (see `whence.places.names.key_of`) with the country each most often means.

    About 25,000 keys; gathered from CLDR (in about a second) where no cache has them yet. Where languages
    disagree ("Kongo") the country meant in most of them is given, English first.
    """
    folder = cached_folder(f"country-names-{version('babel')}-{INDEX_VERSION}", _build)
    agreed: dict[str, str] = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    return MappingProxyType(agreed | dict(_english()))


def _build(folder: Path) -> None:
    """Write for every name in CLDR the country that most languages mean by it."""
    votes: dict[str, Counter[str]] = {}
    for language in locale_identifiers():
        if "_" in language:
            continue
        for code, name in Locale.parse(language).territories.items():
            key = key_of(name)
            if code in alpha2_codes() and key != code.lower():  # CLDR repeats the code where it has no name
                votes.setdefault(key, Counter())[code] += 1
    agreed = {key: min(counts, key=lambda code: (-counts[code], code)) for key, counts in votes.items()}
    (folder / _FILE).write_text(json.dumps(agreed, ensure_ascii=False), encoding="utf-8")


@functools.lru_cache(maxsize=1)
def _english() -> Mapping[str, str]:
    names = Locale.parse("en").territories
    cldr = {key_of(names[c.code]): c.code for c in countries() if c.code in names}
    return {key_of(c.name): c.code for c in countries()} | cldr | _ALSO


@functools.lru_cache(maxsize=1)
def _codes() -> Mapping[str, str]:
    kinds = [(c.code, c.code3, c.numeric) for c in countries()]
    return {code.casefold(): two for two, *rest in kinds for code in (two, *rest) if code}
