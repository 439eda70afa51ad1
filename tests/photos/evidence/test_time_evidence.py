"""The camera's clock against the time zones of the world; the oracle is the tz database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from whence.imagery.exif import Metadata
from whence.imagery.photo import Photo
from whence.photos.evidence.time import time_evidence
from whence.places.country import country_at
from whence.places.zones import zones_with_offset

SUMMER, WINTER = datetime(2024, 7, 1, 12), datetime(2024, 1, 1, 12)


def photo_with(metadata: Metadata) -> Photo:
    photo = Photo(Path("photo.jpg"))
    photo.__dict__["metadata"] = metadata
    return photo


def test_summer_time_moves_a_zone_to_another_band() -> None:
    assert "Europe/Berlin" in zones_with_offset(120, at=SUMMER)
    assert "Europe/Berlin" not in zones_with_offset(120, at=WINTER)
    assert "Europe/Berlin" in zones_with_offset(60, at=WINTER)


def test_without_a_moment_both_seasons_count() -> None:
    assert "Europe/Berlin" in zones_with_offset(60, at=None)
    assert "Europe/Berlin" in zones_with_offset(120, at=None)
    assert "Asia/Tokyo" not in zones_with_offset(120, at=None)


@pytest.mark.parametrize("offset_minutes", [345, -210, 540, 0, 765])
def test_every_zone_named_has_that_offset(offset_minutes: int) -> None:
    for zone in zones_with_offset(offset_minutes, at=WINTER):
        offset = WINTER.replace(tzinfo=ZoneInfo(zone)).utcoffset()
        assert offset == timedelta(minutes=offset_minutes), zone


def test_a_clock_of_utc_plus_5_45_is_in_nepal() -> None:
    evidence = time_evidence(
        photo_with(Metadata(utc_offset_minutes=345, captured_at=datetime(2024, 5, 1, tzinfo=UTC)))
    )
    assert evidence is not None
    assert country_at([evidence.belief.best()]) == ["NP"]
    assert "UTC+5:45" in evidence.sentence
    assert "Kathmandu" in evidence.sentence


def test_an_aware_time_is_read_as_the_clock_of_its_place() -> None:
    """20 minutes to the change to summer time: the local clock decides, not UTC."""
    at = datetime(2024, 3, 31, 1, 40, tzinfo=timezone(timedelta(hours=1)))
    assert "Europe/Berlin" in zones_with_offset(60, at=at)


def test_no_offset_says_nothing_and_neither_does_an_impossible_one() -> None:
    assert time_evidence(photo_with(Metadata(captured_at=SUMMER))) is None
    assert time_evidence(photo_with(Metadata(utc_offset_minutes=17))) is None
