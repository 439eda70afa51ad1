"""Photos grouped into the places where they stand, and several photos of one place as one query."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from whence.earth.sphere import EARTH_RADIUS_M, distance_m, geometric_median, to_unit_vectors

if TYPE_CHECKING:
    from whence.photos.index.vectors import UnitVectors
    from whence.typing import Floats, Floats32, Ints

__all__ = ["SAME_PLACE_M", "Places", "scores_of_groups"]

SAME_PLACE_M = 0.5
"""Photos nearer to each other than this stand at one place: a panorama cut into views, or a double."""

_SPACING_OF_ONE_M = 10.0  # a single place has no neighbour; what street imagery usually keeps


@dataclass(frozen=True, eq=False)
class Places:
    """The distinct places of n photos.

    Attributes
    ----------
    of_row
        (n,) place of each photo, numbered by the first photo there.
    first_rows
        (p,) row of the first photo of each place.
    spacing_m
        Median distance from a place to the nearest other one, metres.
    map_center, map_spread_m
        All places as one patch: longitude and latitude, degrees, and the one-dimensional standard deviation.
    """

    of_row: Ints
    first_rows: Ints
    spacing_m: float
    map_center: tuple[float, float]
    map_spread_m: float

    @classmethod
    def of(cls, lonlat: Floats) -> Self:
        """Group positions (n, 2), degrees, that are chained by less than half a metre."""
        points = to_unit_vectors(lonlat)
        pairs = cKDTree(points).query_pairs(SAME_PLACE_M / EARTH_RADIUS_M, output_type="ndarray")
        links = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(points),) * 2)
        _, labels = connected_components(links, directed=False)
        _, first, of_row = np.unique(labels, return_index=True, return_inverse=True)
        center, spread_m = _as_patch(lonlat[first])
        return cls(
            of_row.astype(np.int64), first.astype(np.int64), _spacing_m(points[first]), center, spread_m
        )

    def __len__(self) -> int:
        return len(self.first_rows)

    @cached_property
    def _starts(self) -> tuple[Ints, Ints]:
        """Rows sorted by place, and where each place begins among them."""
        order = np.argsort(self.of_row, kind="stable").astype(np.int64)
        return order, np.searchsorted(self.of_row[order], np.arange(len(self))).astype(np.int64)

    def sums(self, values: Floats) -> Floats:
        """(..., p) sums of per-photo values (..., n) over each place."""
        order, starts = self._starts
        totals: Floats = np.add.reduceat(values[..., order], starts, axis=-1)
        return totals

    def rows_at(self, place: int) -> Ints:
        """Rows of the photos of one place, ascending."""
        order, starts = self._starts
        stop = starts[place + 1] if place + 1 < len(starts) else len(order)
        return order[starts[place] : stop]

    def norms(self, vectors: UnitVectors) -> Floats:
        """(p,) length of the sum of the unit vectors of each place."""
        order, starts = self._starts
        counts = np.diff(np.append(starts, len(order)))
        lengths = np.ones(len(self))
        for place in np.flatnonzero(counts > 1):
            rows = order[starts[place] : starts[place] + counts[place]]
            lengths[place] = np.linalg.norm(vectors.take(rows).sum(axis=0))
        return np.maximum(lengths, np.finfo(np.float32).tiny)


def _spacing_m(points: Floats) -> float:
    if len(points) < 2:
        return _SPACING_OF_ONE_M
    chords = cKDTree(points).query(points, k=2)[0][:, 1]
    return float(np.median(chords)) * EARTH_RADIUS_M


def _as_patch(lonlat: Floats) -> tuple[tuple[float, float], float]:
    center = geometric_median(lonlat)
    spread_m = float(np.sqrt(np.mean(distance_m(center, lonlat) ** 2) / 2.0))
    return (float(center[0]), float(center[1])), max(spread_m, _SPACING_OF_ONE_M)


def scores_of_groups(vectors: UnitVectors, places: Places, sums: Floats32, *, norms: Floats) -> Floats:
    """Cosine between sums of unit vectors and the sum of those of each place.

    Parameters
    ----------
    vectors, places
        The n vectors of an index and their p places.
    sums
        (g, d) for each group the sum of the unit vectors of its photos.
    norms
        (p,) from `Places.norms`.

    Returns
    -------
    Floats
        (g, p) cosines.
    """
    lengths = np.maximum(np.linalg.norm(sums, axis=1), np.finfo(np.float32).tiny)
    directions = (sums / lengths[:, None]).astype(np.float32)
    products = np.concatenate([directions @ block.T for _, block in vectors.blocks()], axis=1)
    cosines: Floats = places.sums((products * vectors.scales).astype(np.float64)) / norms
    return cosines
