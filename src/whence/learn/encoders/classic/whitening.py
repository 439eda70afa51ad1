"""Whitening learnt from positions: directions in which one place looks alike from two spots count most.

Closed form, after Mikolajczyk and Matas ("Improving descriptors for fast tree matching by optimal linear
projection", ICCV 2007): whiten the differences between matching pairs, then keep the directions of largest
overall variance. This is Fisher's discriminant analysis with places a few metres apart as one class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from whence.earth.sphere import EARTH_RADIUS_M, to_unit_vectors
from whence.errors import NotEnoughDataError
from whence.learn.encoders.normalisation import unit_rows

if TYPE_CHECKING:
    from whence.typing import Floats, Floats32, Ints

__all__ = ["LearnedWhitening"]

_POSITIVES = 5
_SHRINK = 0.5
# Two photos from one tripod, or one photo twice, say nothing about how a place looks from a few steps away.
_SAME_SPOT_M = 0.5
_MIN_PAIRS = 500


@dataclass(frozen=True, eq=False)
class LearnedWhitening:
    """A second vector for coarse answers: neighbours of one street come out alike.

    Where no photo stands near, it brings the answer nearer by about a tenth; between dense neighbours it is
    slightly worse than the vector it is made from, which it never replaces.

    Attributes
    ----------
    mean
        (d,) of the vectors.
    matrix
        (d, dim) directions, scaled.
    """

    mean: Floats32
    matrix: Floats32

    @classmethod
    def fit(
        cls,
        vectors: Floats32,
        positions: Floats,
        *,
        positive_m: float = 25.0,
        dim: int = 512,
        shrink: float = _SHRINK,
    ) -> LearnedWhitening:
        """Learn from photos of known position.

        Parameters
        ----------
        vectors
            (n, d) unit vectors of an encoder.
        positions
            (n, 2) longitude, latitude, degrees.
        positive_m
            The most similar photos from other spots within this distance are taken to show the same.
        dim
            Directions to keep.
        shrink
            0..1: how far the covariance of differences is drawn towards a round one.

        Raises
        ------
        NotEnoughDataError
            When fewer than 500 pairs of photos stand so near to each other.
        """
        pairs = matching_pairs(vectors, positions, positive_m=positive_m)
        if len(pairs) < _MIN_PAIRS:
            raise NotEnoughDataError(
                f"only {len(pairs)} pairs of photos stand within {positive_m:g} m of each other; "
                f"{_MIN_PAIRS} are needed: add photos, or use the vectors as they are"
            )
        mean = np.asarray(vectors.mean(axis=0))
        difference = vectors[pairs[:, 0]] - vectors[pairs[:, 1]]
        within = _shrunk((difference.T @ difference).astype(np.float64) / len(pairs), shrink)
        variances, axes = np.linalg.eigh(within)
        whitener = axes / np.sqrt(variances)
        centred = (vectors - mean) @ whitener.astype(np.float32)
        overall = (centred.T @ centred).astype(np.float64) / len(vectors)
        kept = np.linalg.eigh(overall)[1][:, : -dim - 1 : -1]
        return cls(mean, (whitener @ kept).astype(np.float32))

    def apply(self, vectors: Floats32) -> Floats32:
        """Vectors (n, dim) of unit length for vectors (n, d) of the same encoder."""
        turned: Floats32 = np.dot(vectors - self.mean, self.matrix)
        return unit_rows(turned)


def matching_pairs(vectors: Floats32, positions: Floats, *, positive_m: float) -> Ints:
    """Pair (m, 2) each photo with its five most similar ones from other spots within `positive_m`."""
    points = to_unit_vectors(positions) * EARTH_RADIUS_M
    tree = cKDTree(points)
    found = []
    for i, near in enumerate(tree.query_ball_point(points, positive_m)):
        others = np.asarray(near, np.int64)
        others = others[np.linalg.norm(points[others] - points[i], axis=1) > _SAME_SPOT_M]
        alike = others[np.argsort(-(vectors[others] @ vectors[i]), kind="stable")[:_POSITIVES]]
        found.append(np.stack([np.full_like(alike, i), alike], axis=1))
    return np.concatenate(found) if found else np.empty((0, 2), np.int64)


def _shrunk(covariance: Floats, shrink: float) -> Floats:
    """Draw a covariance towards the round one of the same trace (Ledoit and Wolf, 2004, given the weight)."""
    round_variance = float(np.trace(covariance)) / len(covariance)
    return (1 - shrink) * covariance + shrink * round_variance * np.eye(len(covariance))
