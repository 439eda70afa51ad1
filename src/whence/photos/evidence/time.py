"""The offset of the camera's clock from UTC: a band of time zones."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import h3
import numpy as np
from timezonefinder import TimezoneFinder

from whence.earth.belief import Belief
from whence.photos.evidence.evidence import Evidence
from whence.places.gazetteer import gazetteer

if TYPE_CHECKING:
    from whence.imagery.photo import Photo
    from whence.photos.evidence.sources import Source, SourceSettings
    from whence.typing import Floats

__all__ = ["time_source", "zones_with_offset"]

BACKGROUND = 0.2
"""Share of cameras whose clock runs on another zone's time: travellers, wrong settings, edited files."""

CELL_RESOLUTION = 2
CELL_SPREAD_M = 85_000.0
"""1-D spread of a uniform point in an H3 cell of resolution 2: a·√(5/24) with the side a ≈ 183 km."""


def time_source(settings: SourceSettings) -> Source:  # noqa: ARG001 - every builder has this signature
    """Make the source that compares the clock's offset with the time zones of the world."""
    return time_evidence


def time_evidence(photo: Photo) -> Evidence | None:
    """Believe in the land whose clocks showed the camera's offset at the moment of the photograph."""
    metadata = photo.metadata
    if metadata.utc_offset_minutes is None:
        return None
    zones = zones_with_offset(metadata.utc_offset_minutes, at=metadata.captured_at)
    belief = _belief(zones)
    if belief is None:
        return None
    offset = _offset_text(metadata.utc_offset_minutes)
    examples = ", ".join(zone.rpartition("/")[2].replace("_", " ") for zone in _best_known(zones))
    return Evidence(
        source="time",
        belief=belief,
        sentence=f"The camera's clock was {offset}, as in {examples} and the rest of those time zones.",
        details={"utc_offset_minutes": metadata.utc_offset_minutes, "zones": sorted(zones)},
    )


def zones_with_offset(offset_minutes: int, *, at: datetime | None) -> frozenset[str]:
    """Name the inhabited time zones whose clocks show an offset.

    Parameters
    ----------
    offset_minutes
        Minutes east of UTC.
    at
        The moment, because of summer time; without one, any zone that uses the offset in any season.

    Examples
    --------
    >>> from datetime import datetime
    >>> "Asia/Kathmandu" in zones_with_offset(345, at=datetime(2024, 5, 1))
    True
    """
    moments = (
        [at] if at is not None else [datetime(2025, 1, 15, tzinfo=UTC), datetime(2025, 7, 15, tzinfo=UTC)]
    )
    return frozenset(
        zone
        for zone in _zone_map().names
        if any(_offset_minutes(zone, moment) == offset_minutes for moment in moments)
    )


def _offset_minutes(zone: str, moment: datetime) -> int | None:
    try:
        offset = moment.replace(tzinfo=ZoneInfo(zone)).utcoffset()
    except ZoneInfoNotFoundError:  # a zone newer than the installed tz database
        return None
    return None if offset is None else round(offset.total_seconds() / 60)


@dataclass(frozen=True)
class _ZoneMap:
    """Patches that cover the inhabited Earth, each with its time zone."""

    centers: Floats  # (n, 2) longitude, latitude in degrees
    population: Floats  # (n,)
    zones: tuple[str, ...]  # n

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.zones)


@functools.cache
def _zone_map() -> _ZoneMap:
    """One patch per inhabited H3 cell, at its people's mean place, in the zone of its largest place."""
    places = gazetteer()
    cells = np.array([h3.latlng_to_cell(lat, lon, CELL_RESOLUTION) for lon, lat in places.lonlat])
    names, cell_of_place = np.unique(cells, return_inverse=True)
    people = np.maximum(
        places.population.astype(np.float64), 500.0
    )  # unknown populations are small, not zero
    order = np.lexsort((-people, cell_of_place))
    largest = order[np.searchsorted(cell_of_place[order], np.arange(len(names)))]
    population = np.asarray(np.bincount(cell_of_place, weights=people), dtype=np.float64)
    finder = TimezoneFinder()
    found = [finder.timezone_at(lng=lon, lat=lat) for lon, lat in places.lonlat[largest]]
    on_land = [(i, zone) for i, zone in enumerate(found) if zone is not None and not zone.startswith("Etc/")]
    keep = [i for i, _ in on_land]
    return _ZoneMap(places.lonlat[largest][keep], population[keep], tuple(zone for _, zone in on_land))


@functools.lru_cache(maxsize=64)
def _belief(zones: frozenset[str]) -> Belief | None:
    zone_map = _zone_map()
    chosen = np.array([zone in zones for zone in zone_map.zones])
    if not chosen.any():
        return None
    people = zone_map.population[chosen]
    # Half by people, half by land: pictures are taken where people are, but not only there.
    weights = 0.5 * people / people.sum() + 0.5 / len(people)
    spreads_m = np.full(len(people), CELL_SPREAD_M)
    return Belief.patches(zone_map.centers[chosen], spreads_m, weights, background=BACKGROUND)


def _best_known(zones: frozenset[str], count: int = 3) -> list[str]:
    zone_map = _zone_map()
    people = dict.fromkeys(zones, 0.0)
    for zone, population in zip(zone_map.zones, zone_map.population, strict=True):
        if zone in people:
            people[zone] += population
    return sorted(people, key=lambda zone: -people[zone])[:count]


def _offset_text(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")
