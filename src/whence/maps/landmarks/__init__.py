"""Landmarks by name: where the named places of a scan lie, found jointly, and the sheet placed by them.

>>> from whence.maps import landmarks
>>> placement = landmarks.read_landmarks("names.csv").solve()        # doctest: +SKIP
>>> placement.points, placement.rejected, placement.fit.summary      # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.maps.landmarks.candidates import Candidate, Candidates, GazetteerSource, Source
    from whence.maps.landmarks.landmark import Landmark, Landmarks
    from whence.maps.landmarks.placement import Assigned, Placement, Rejected
    from whence.maps.landmarks.solving import solve
    from whence.maps.landmarks.tables import read_landmarks

__all__ = [
    "Assigned",
    "Candidate",
    "Candidates",
    "GazetteerSource",
    "Landmark",
    "Landmarks",
    "Placement",
    "Rejected",
    "Source",
    "read_landmarks",
    "solve",
]

_HOMES = {
    "Assigned": "placement",
    "Candidate": "candidates",
    "Candidates": "candidates",
    "GazetteerSource": "candidates",
    "Landmark": "landmark",
    "Landmarks": "landmark",
    "Placement": "placement",
    "Rejected": "placement",
    "Source": "candidates",
    "read_landmarks": "tables",
    "solve": "solving",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
