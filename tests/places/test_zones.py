"""Time zones of the inhabited Earth; the oracles are timezonefinder, the gazetteer and the tz database."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from timezonefinder import TimezoneFinder

from whence.places.gazetteer import gazetteer
from whence.places.zones import zone_map, zones_with_offset


def test_every_patch_has_the_zone_of_its_centre() -> None:
    finder, known = TimezoneFinder(), zone_map()
    for row in np.random.default_rng(1).choice(len(known.zones), 100):
        longitude, latitude = known.centers[row].tolist()
        assert finder.timezone_at(lng=longitude, lat=latitude) == known.zones[row]


def test_nobody_is_lost() -> None:
    people = np.maximum(gazetteer().population, 500).sum(dtype=np.float64)
    assert zone_map().population.sum() == pytest.approx(people, rel=1e-3)  # the rest lives on islets at sea


def test_a_later_process_reads_the_map_without_the_finder() -> None:
    zone_map()
    code = "import sys, whence.places.zones as z; z.zone_map(); print('timezonefinder' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [
        ("America/Phoenix", -420),
        ("Pacific/Auckland", 780),
        ("Pacific/Honolulu", -600),
        ("America/Santiago", -180),
    ],
)
def test_the_southern_summer_is_in_january(zone: str, minutes: int) -> None:
    january = datetime(2024, 1, 15, 12)
    assert january.replace(tzinfo=ZoneInfo(zone)).utcoffset() == timedelta(minutes=minutes)
    assert zone in zones_with_offset(minutes, at=january)
