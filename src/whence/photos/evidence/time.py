"""The offset of the camera's clock from UTC: a band of time zones."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from whence.earth.belief import Belief
from whence.photos.evidence.evidence import Evidence
from whence.places.zones import CELL_SPREAD_M, zone_map, zones_with_offset

if TYPE_CHECKING:
    from whence.imagery.photo import Photo
    from whence.photos.evidence.sources import Source, SourceSettings

__all__ = ["time_source"]

BACKGROUND = 0.2
"""Share of cameras whose clock runs on another zone's time: travellers, wrong settings, edited files."""


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


@functools.lru_cache(maxsize=64)
def _belief(zones: frozenset[str]) -> Belief | None:
    known = zone_map()
    chosen = np.array([zone in zones for zone in known.zones])
    if not chosen.any():
        return None
    people = known.population[chosen]
    # Half by people, half by land: pictures are taken where people are, but not only there.
    weights = 0.5 * people / people.sum() + 0.5 / len(people)
    return Belief.patches(known.centers[chosen], CELL_SPREAD_M, weights, background=BACKGROUND)


def _best_known(zones: frozenset[str], count: int = 3) -> list[str]:
    people = zone_map().people
    return sorted(zones, key=lambda zone: (-people[zone], zone))[:count]


def _offset_text(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")
