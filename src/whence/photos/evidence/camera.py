"""Where the same camera has been: a fixed camera stays, a carried one stays near."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.earth.belief import Belief
from whence.earth.sphere import distance_m, geometric_median
from whence.errors import InputError
from whence.photos.evidence.evidence import Evidence
from whence.photos.evidence.places import NO_INDEX

if TYPE_CHECKING:
    from whence.imagery.photo import Photo
    from whence.photos.evidence.sources import Source, SourceSettings
    from whence.typing import Floats

__all__ = ["camera_source"]

FIXED_WITHIN_M = 30.0
"""A camera all of whose known photographs lie within this distance of their middle is taken to be fixed."""

FIXED_BACKGROUND = 0.03
CARRIED_BACKGROUND = 0.25
"""Share of new photographs from somewhere else altogether: fixed cameras are seldom moved."""

MOST_PATCHES = 300


def camera_source(settings: SourceSettings) -> Source:
    """Make the source that knows where the cameras of an index have been.

    Raises
    ------
    InputError
        When there is no index, or its photographs name no cameras.
    """
    index = settings.index
    if index is None:
        raise InputError(NO_INDEX)
    if not any(index.records.camera_ids):
        raise InputError(
            "no camera has known positions; build the index from a table with a camera_id column to use this"
        )
    cameras = np.array(index.records.camera_ids)
    positions = index.records.lonlat

    def recall(photo: Photo) -> Evidence | None:
        camera = photo.row.camera_id if photo.row is not None else ""
        seen = cameras == camera
        if settings.leave_one_out:
            own = index.names_of(photo.path)
            seen &= np.array([name not in own for name in index.records.names])
        if not camera or not seen.any():
            return None
        return _evidence(camera, positions[seen])

    return recall


def _evidence(camera: str, lonlat: Floats) -> Evidence:
    away_m = distance_m(geometric_median(lonlat), lonlat)
    fixed = bool(away_m.max() <= FIXED_WITHIN_M) and len(lonlat) > 1
    # A carried camera is next seen about as far from its known positions as those are from each other.
    spread_m = FIXED_WITHIN_M / 2 if fixed else max(float(np.median(away_m)) / 2, FIXED_WITHIN_M)
    step = -(-len(lonlat) // MOST_PATCHES)
    belief = Belief.patches(
        lonlat[::step], spread_m, background=FIXED_BACKGROUND if fixed else CARRIED_BACKGROUND
    )
    times = "once" if len(lonlat) == 1 else f"{len(lonlat)} times"
    reach = (
        "always in one place" if fixed else f"half of them within {np.median(away_m):.0f} m of their middle"
    )
    return Evidence(
        source="camera",
        belief=belief,
        sentence=f"The camera {camera} is known {times}" + (f", {reach}." if len(lonlat) > 1 else "."),
        details={"camera_id": camera, "known": len(lonlat), "fixed": fixed, "spread_m": spread_m},
    )
