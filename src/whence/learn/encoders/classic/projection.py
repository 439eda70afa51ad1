"""Compression of long aggregated vectors: PCA with gentle whitening, and whitening learnt from positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import NotEnoughDataError
from whence.learn.encoders.classic.vlad import unit_rows

if TYPE_CHECKING:
    from whence.typing import Floats32

__all__ = ["Projection"]

# Weight, in photos, of the belief that the mean is zero: three photos do not know their own mean.
_MEAN_PRIOR = 10
# Fewer photos than the first do not know which directions are common and get no whitening; from the second on
# the full power. Between them it grows evenly.
_WHITENING_PHOTOS = (100, 500)
POWER = 0.25


@dataclass(frozen=True, eq=False)
class Projection:
    """Subtract a mean, turn into `dim` directions, scale to unit length.

    Attributes
    ----------
    mean
        (d,) subtracted first.
    matrix
        (d, dim) directions, scaled.
    """

    mean: Floats32
    matrix: Floats32

    @classmethod
    def fit(
        cls, vectors: Floats32, *, dim: int, rng: np.random.Generator, power: float = POWER
    ) -> Projection:
        """Principal directions by the Gram matrix, each divided by its eigenvalue to `power`.

        Half the usual power of whitening (0.5) keeps what is common from drowning what is rare, without
        blowing up the noise of the last directions. n photos span n directions at most: the rest is filled
        with random ones, whose inner products are right on average (Johnson and Lindenstrauss, 1984), so that
        photos added later are not seen through the eyes of the first few only.

        Parameters
        ----------
        vectors
            (n, d) aggregated vectors of n photos.
        dim
            Directions to keep.
        rng
            Draws the random directions.
        power
            0: none; 0.5: full whitening; lowered for fewer than 500 photos.

        Raises
        ------
        NotEnoughDataError
            Without any vector.
        """
        n, d = vectors.shape
        if n == 0:
            raise NotEnoughDataError("there are no photos to learn a projection from; give at least one")
        mean = vectors.sum(axis=0, dtype=np.float64) / (n + _MEAN_PRIOR)
        centred = vectors - mean.astype(np.float32)
        variances, directions = _principal(centred, min(dim, d))
        scaled = directions * (variances / variances.max(initial=0)) ** -_eased(power, n)
        if scaled.shape[1] < min(dim, d):
            weakest = np.linalg.norm(scaled[:, -1]) if scaled.shape[1] else 1.0
            filler = weakest * _random_complement(directions, min(dim, d) - scaled.shape[1], rng)
            scaled = np.concatenate([scaled, filler], axis=1)
        return cls(_storable(mean), _storable(scaled))

    def apply(self, vectors: Floats32) -> Floats32:
        """Vectors (n, dim) of unit length for vectors (n, d).

        Row by row, because the last bits of a product with a whole matrix depend on how many rows it has.
        """
        rows = [(vector - self.mean) @ self.matrix for vector in vectors]
        return unit_rows(np.stack(rows)) if rows else np.empty((0, self.matrix.shape[1]), np.float32)


def _eased(power: float, n: int) -> float:
    few, enough = _WHITENING_PHOTOS
    return power * float(np.clip((n - few) / (enough - few), 0, 1))


def _principal(centred: Floats32, dim: int) -> tuple[Floats32, Floats32]:
    """Variances (m,) and unit directions (d, m), m <= dim, of those that are more than rounding noise."""
    n, d = centred.shape
    # The smaller of the two matrices of products has all the eigenvalues that are not zero.
    products = centred.T @ centred if d < n else centred @ centred.T
    variances, axes = np.linalg.eigh(products.astype(np.float64) / n)
    order = np.argsort(variances)[::-1][:dim]
    order = order[variances[order] > 1e-6 * max(variances[-1], 1e-12)]
    kept = axes[:, order].astype(np.float32)
    directions = kept if d < n else centred.T @ kept
    return variances[order].astype(np.float32), directions / np.linalg.norm(directions, axis=0)


def _random_complement(directions: Floats32, count: int, rng: np.random.Generator) -> Floats32:
    """Random (d, count) directions at right angles to `directions` that keep lengths on average."""
    drawn = rng.standard_normal((len(directions), count), dtype=np.float32) / np.float32(np.sqrt(count))
    return drawn - directions @ (directions.T @ drawn)


def _storable(values: np.ndarray) -> Floats32:
    """Round to half precision, which is how they are kept on disk: saving changes no bit of any vector."""
    return values.astype(np.float16).astype(np.float32)
