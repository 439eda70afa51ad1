"""Compression of long aggregated vectors: PCA with gentle whitening, and whitening learnt from positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import NotEnoughDataError
from whence.learn.encoders.normalisation import unit_rows

if TYPE_CHECKING:
    from whence.typing import Floats32

__all__ = ["Projection"]

# Weight, in photos, of the belief that the mean is zero: three photos do not know their own mean.
_MEAN_PRIOR = 10
# Short of the full 0.5: what is common no longer drowns what is rare, and yet the noise of the last
# directions is not blown up. Few photos do not know well what is common.
_POWER = 0.35
_POWER_OF_FEW = 0.2
# Length of the random directions: their inner products are noisy, so they count for less than learnt ones.
_RANDOM_WEIGHT = 0.5


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
        cls, vectors: Floats32, *, dim: int, rng: np.random.Generator, power: float = _POWER
    ) -> Projection:
        """Principal directions, each divided by its variance to `power`; with few photos, random ones too.

        No more than `dim` photos leave half of the directions to chance: these keep inner products right on
        average (Johnson and Lindenstrauss, 1984), so that photos added later are not seen through the eyes of
        a few.

        Parameters
        ----------
        vectors
            (n, d) aggregated vectors of n photos.
        dim
            Directions to keep; d if that is less.
        rng
            Draws the random directions.
        power
            0: none; 0.5: full whitening; at most 0.2 with no more than `dim` photos.

        Raises
        ------
        NotEnoughDataError
            Without any vector.
        """
        n, d = vectors.shape
        if n == 0:
            raise NotEnoughDataError("there are no photos to learn a projection from; give at least one")
        dim = min(dim, d)
        few = n <= dim
        power = min(power, _POWER_OF_FEW) if few else power
        mean = np.asarray(vectors.sum(axis=0) / np.float32(n + _MEAN_PRIOR))
        variances, directions = _principal(vectors - mean, dim // 2 if few else dim)
        relative = variances / variances.max(initial=0)
        matrix = directions * relative**-power
        if directions.shape[1] < dim:
            weight = _RANDOM_WEIGHT * float(relative.min(initial=1)) ** -power
            random = _random_complement(directions, dim - directions.shape[1], rng)
            matrix = np.concatenate([matrix, weight * random], axis=1)
        return cls(_storable(mean), _storable(matrix))

    def apply(self, vectors: Floats32) -> Floats32:
        """Vectors (n, dim) of unit length for vectors (n, d).

        Row by row, because the last bits of a product with a whole matrix depend on how many rows it has.
        """
        rows = [(vector - self.mean) @ self.matrix for vector in vectors]
        return unit_rows(np.stack(rows)) if rows else np.empty((0, self.matrix.shape[1]), np.float32)


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
