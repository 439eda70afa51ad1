"""The position that the camera wrote into the file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from whence.earth.belief import Belief
from whence.photos.evidence.evidence import Evidence

if TYPE_CHECKING:
    from whence.imagery.exif import Metadata
    from whence.imagery.photo import Photo
    from whence.photos.evidence.sources import Source, SourceSettings

__all__ = ["exif_source"]

TYPICAL_SPREAD_M = 10.0
"""1-D standard deviation of a phone's or camera's position when the file states none.

Under open sky phones reach a 4.9 m radius (68 %; van Diggelen & Enge 2015); streets with
buildings and positions cached from before the shot are several times worse.
"""

BACKGROUND = 0.02
"""Share of files whose position is not the camera's (stale, edited, copied from another photo)."""

RADIUS_68_PER_SPREAD = math.sqrt(-2 * math.log(1 - 0.68))
"""Radius that holds 68 % of an isotropic 2-D Gaussian, in standard deviations."""


def exif_source(settings: SourceSettings) -> Source:  # noqa: ARG001 - every builder has this signature
    """Make the source that believes the position in EXIF or XMP."""
    return exif_evidence


def exif_evidence(photo: Photo) -> Evidence | None:
    """Believe the stated position, as far as its stated (or typical) error allows."""
    metadata = photo.metadata
    if metadata.longitude_deg is None or metadata.latitude_deg is None:
        return None
    spread_m = _spread_m(metadata)
    stated = metadata.position_error_m
    accuracy = f"a stated error of {stated:.0f} m" if stated else "no stated error"
    return Evidence(
        source="exif",
        belief=Belief.at(
            (metadata.longitude_deg, metadata.latitude_deg), spread_m=spread_m, background=BACKGROUND
        ),
        sentence=(
            f"The file carries the position {metadata.latitude_deg:.6f}, {metadata.longitude_deg:.6f} "
            f"with {accuracy}."
        ),
        details={
            "longitude_deg": metadata.longitude_deg,
            "latitude_deg": metadata.latitude_deg,
            "stated_error_m": stated,
            "spread_m": spread_m,
        },
    )


def _spread_m(metadata: Metadata) -> float:
    """1-D spread in metres: the stated error (read as a 68 % radius) or a typical one, plus rounding."""
    stated = metadata.position_error_m
    own_m = stated / RADIUS_68_PER_SPREAD if stated else TYPICAL_SPREAD_M
    # A value rounded to steps of s is uniform within ± s/2: standard deviation s/√12.
    rounding_m = (metadata.resolution_m or 0.0) / math.sqrt(12)
    return max(math.hypot(own_m, rounding_m), 1.0)
