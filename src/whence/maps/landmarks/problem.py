"""The joint question of a sheet: pixels of landmarks on one side, candidate places on the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whence.earth.sphere import to_unit_vectors

if TYPE_CHECKING:
    from whence.maps.landmarks.candidates import Candidates
    from whence.maps.proposals import Handed
    from whence.typing import Bools, Floats, Ints

__all__ = ["FINEST_PX", "Problem"]

FINEST_PX = 1.0
"""No label is placed better, and exact agreement must not count as infinitely unlikely."""

_EVEN = 0.5  # how much of the prior is spread evenly: fame says little of what a map shows


@dataclass(frozen=True, eq=False)
class Problem:
    """Landmarks that have candidates, and these.

    Parameters
    ----------
    pixels
        (n, 2) column, row.
    spreads_px
        (n,) distances within which the places lie.
    frame_px
        Left, top, right, bottom of the scan.
    candidates
        At least one for every landmark.
    handed
        Whether the scan reads like a map, or shows its back.
    """

    pixels: Floats
    spreads_px: Floats
    frame_px: tuple[float, float, float, float]
    candidates: Candidates
    handed: Handed = "map"

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def area_px2(self) -> float:
        """Area of the scan."""
        left, top, right, bottom = self.frame_px
        return (right - left) * (bottom - top)

    @property
    def owner(self) -> Ints:
        """(c,) row of the landmark of each candidate."""
        return self.candidates.owner

    @cached_property
    def starts(self) -> Ints:
        """(n,) first candidate of every landmark."""
        return np.searchsorted(self.owner, np.arange(len(self))).astype(np.int64)

    @cached_property
    def units(self) -> Floats:
        """(c, 3) unit vectors of the candidates."""
        return to_unit_vectors(self.candidates.lonlat)

    @cached_property
    def log10_prior(self) -> Floats:
        """(c,) log10 of the share of the tries that a candidate is worth."""
        counts = self.candidates.counts(len(self))[self.owner]
        return np.asarray(np.log10((1 - _EVEN) * self.candidates.share + _EVEN / counts))

    def nearest(self, errors_px: Floats) -> tuple[Ints, Floats]:
        """Return the candidate of every landmark that is nearest, and its distance, from (c,) distances."""
        smallest = np.minimum.reduceat(errors_px, self.starts)
        hit = np.flatnonzero(errors_px == smallest[self.owner])
        _, first = np.unique(self.owner[hit], return_index=True)
        return hit[first], smallest

    def in_sight(self, places_px: Floats) -> Bools:
        """Tell which (c, 2) places on the scan lie within its frame."""
        left, top, right, bottom = self.frame_px
        column, row = places_px.T
        return np.asarray((column >= left) & (column <= right) & (row >= top) & (row <= bottom))
