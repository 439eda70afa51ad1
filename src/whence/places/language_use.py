"""How many people use which language where: CLDR's territory table through `babel`."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from babel.core import get_global

from whence.places.country_codes import alpha2_codes

__all__ = ["PUBLIC_FACTOR", "Usage", "usage"]

PUBLIC_FACTOR = {"official": 1.0, "de_facto_official": 1.0, "official_regional": 0.3, None: 0.03}
"""How readily signs are in a language of each status; a judgement."""


@dataclass(frozen=True)
class Usage:
    """How a language is used in a country.

    Attributes
    ----------
    language
        CLDR code without the script ("zh", "sr").
    country
        Alpha-2 code.
    share
        Share of the inhabitants who use it, 0 to 1; shares of a country may sum to more than 1.
    status
        "official", "de_facto_official", "official_regional" or None.
    """

    language: str
    country: str
    share: float
    status: str | None


@functools.lru_cache(maxsize=1)
def usage() -> tuple[Usage, ...]:
    """List every language of every country; scripts of one language are taken together."""
    rows: dict[tuple[str, str], Usage] = {}
    for code, languages in get_global("territory_languages").items():
        if code not in alpha2_codes():
            continue
        for name, facts in languages.items():
            language = name.partition("_")[0]
            share, status = facts["population_percent"] / 100.0, facts["official_status"]
            before = rows.get((code, language))
            if before is not None:  # the same people may write both ways
                share = max(share, before.share)
                status = max(status, before.status, key=PUBLIC_FACTOR.__getitem__)
            rows[code, language] = Usage(language, code, share, status)
    return tuple(rows.values())
