"""Distances to the outline of polygons, on the sphere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from scipy.spatial import cKDTree

from whence.earth.sphere import EARTH_RADIUS_M, to_unit_vectors

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import Floats, Ints

__all__ = ["Boundary"]

_STEP_DEG = 0.1  # a chord this long leaves the edge it stands for by at most 1.3 m
_BLOCK = 4096  # points measured at once, to bound the memory


@dataclass(frozen=True, eq=False)
class Boundary:
    """The outline of polygons as short chords, with a tree to find the nearest.

    Parameters
    ----------
    starts, ends
        (n, 3) unit vectors of the ends of each chord.
    tree
        Of the `starts`.
    """

    starts: Floats
    ends: Floats
    tree: Any

    @classmethod
    def of(cls, geometry: Any) -> Self:
        """Follow the rings of a shapely polygon in longitude and latitude."""
        rings = shapely.get_rings(shapely.get_parts(shapely.segmentize(geometry, _STEP_DEG)))
        lonlat, ring = shapely.get_coordinates(rings, return_index=True)
        corners = to_unit_vectors(np.clip(lonlat, [-180.0, -90.0], [180.0, 90.0]))
        joined = ring[1:] == ring[:-1]
        starts, ends = corners[:-1][joined], corners[1:][joined]
        return cls(starts, ends, cKDTree(starts))

    def distance_m(self, lonlat: Floats) -> Floats:
        """Distance (n,) in metres from positions (n, 2) to the outline.

        The chord nearest to a point starts no farther than √(D² + s²) away, where D is the distance of the
        nearest start and s the longest chord: only those are measured.
        """
        blocks = np.split(lonlat, range(_BLOCK, len(lonlat), _BLOCK))
        return np.concatenate([self._block_m(block) for block in blocks if len(block)] or [np.empty(0)])

    def _block_m(self, lonlat: Floats) -> Floats:
        points = to_unit_vectors(lonlat)
        nearest, _ = self.tree.query(points)
        longest = float(np.linalg.norm(self.ends - self.starts, axis=1).max())
        found = self.tree.query_ball_point(points, np.sqrt(nearest**2 + longest**2) * (1.0 + 1e-9))
        counts = np.array([len(row) for row in found])
        chord = self._to_chords(np.repeat(points, counts, axis=0), np.concatenate(found).astype(np.int64))
        least = np.minimum.reduceat(chord, np.concatenate([[0], np.cumsum(counts)[:-1]]))
        return np.asarray(2.0 * EARTH_RADIUS_M * np.arcsin(np.minimum(least / 2.0, 1.0)))

    def _to_chords(self, points: Floats, which: Ints) -> Floats:
        """Straight distance (m,) from points (m, 3) to one chord each."""
        start, along = self.starts[which], self.ends[which] - self.starts[which]
        squared = np.maximum(np.einsum("ij,ij->i", along, along), np.finfo(float).tiny)
        share = np.clip(np.einsum("ij,ij->i", points - start, along) / squared, 0.0, 1.0)
        foot = start + share[:, np.newaxis] * along
        foot /= np.linalg.norm(foot, axis=1, keepdims=True)  # back to the surface
        return np.asarray(np.linalg.norm(points - foot, axis=1))
