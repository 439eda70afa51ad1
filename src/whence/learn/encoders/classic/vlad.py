"""A visual vocabulary and the aggregation of local descriptors over it (VLAD).

Jégou, Douze, Schmid and Pérez, "Aggregating local descriptors into a compact image
representation", CVPR 2010.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from whence.errors import NotEnoughDataError
from whence.learn.encoders.normalisation import unit_rows

if TYPE_CHECKING:
    from whence.typing import Floats32, Ints

__all__ = ["Vocabulary"]

_ROUNDS = 20
_SEED_POINTS = 50


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """A projection of local descriptors and the visual words found among the projected ones.

    Attributes
    ----------
    mean
        (d,) mean descriptor.
    axes
        (d, p) principal axes, most important first.
    words
        (k, p) cluster centres.
    unit
        Whether projected descriptors are scaled to unit length.
    """

    mean: Floats32
    axes: Floats32
    words: Floats32
    unit: bool

    @classmethod
    def fit(
        cls, descriptors: Floats32, *, axes: int, words: int, rng: np.random.Generator, unit: bool = False
    ) -> Vocabulary:
        """Learn principal axes and words by k-means.

        Parameters
        ----------
        descriptors
            (n, d) local descriptors of many images.
        axes, words
            How many to learn; fewer words come out when there are fewer descriptors.
        rng
            Chooses the first words.
        unit
            Scale projected descriptors to unit length.

        Raises
        ------
        NotEnoughDataError
            Without any descriptor.
        """
        if not len(descriptors):
            raise NotEnoughDataError("the photos show no texture to learn from; give photos with some detail")
        mean: Floats32 = np.asarray(descriptors.mean(axis=0))
        covariance = np.cov(descriptors, rowvar=False, bias=True)
        principal = np.linalg.eigh(covariance)[1][:, : -axes - 1 : -1].astype(np.float32)
        wordless = cls(mean, principal, np.empty((0, axes), np.float32), unit)
        return replace(wordless, words=_k_means(wordless.project(descriptors), words, rng))

    @property
    def size(self) -> int:
        """Length k p of one aggregated vector."""
        return self.words.size

    def project(self, descriptors: Floats32) -> Floats32:
        """Coordinates (n, p) of `descriptors` (n, d) along the axes."""
        projected: Floats32 = np.dot(descriptors - self.mean, self.axes)
        return unit_rows(projected) if self.unit else projected

    def aggregate(self, descriptors: Floats32, cells: Ints | None = None, *, n_cells: int = 1) -> Floats32:
        """Sum what the descriptors differ by from their nearest word, for each cell of the image.

        Parameters
        ----------
        descriptors
            (n, d) local descriptors of one image.
        cells
            (n,) cell 0..n_cells-1 of each descriptor; all in cell 0 if not given.

        Returns
        -------
        Floats32
            (n_cells, k p), not normalised, so that the sums of cells are the sums of their union.
        """
        k, p = self.words.shape
        projected = self.project(descriptors)
        word = _nearest(projected, self.words)
        labels = word if cells is None else cells * k + word
        sums = _sum_by(labels, projected, n_cells * k).reshape(n_cells, k, p)
        counts = np.bincount(labels, minlength=n_cells * k).reshape(n_cells, k, 1).astype(np.float32)
        return (sums - counts * self.words).reshape(n_cells, k * p)


def _nearest(points: Floats32, words: Floats32) -> Ints:
    """Index of the nearest word for each point, (n,)."""
    half_square = np.float32(0.5) * np.einsum("kp,kp->k", words, words)
    return np.asarray(np.argmax(points @ words.T - half_square, axis=1), np.int64)


def _sum_by(labels: Ints, rows: Floats32, n_labels: int) -> Floats32:
    """Sum the rows (n, p) that carry each label: (n_labels, p)."""
    n = len(rows)
    selection = csr_array((np.ones(n, np.float32), (labels, np.arange(n))), shape=(n_labels, n))
    return np.asarray(selection @ rows)


def _k_means(points: Floats32, k: int, rng: np.random.Generator) -> Floats32:
    """Lloyd's rounds from scattered points; a word that loses all its points takes the worst served one."""
    words = _scattered(points[rng.permutation(len(points))[: _SEED_POINTS * k]], k, rng)
    for _ in range(_ROUNDS):
        nearest = _nearest(points, words)
        counts = np.bincount(nearest, minlength=len(words))
        shares = np.maximum(counts, 1).astype(np.float32)
        words = np.divide(_sum_by(nearest, points, len(words)), shares[:, None])
        empty = np.flatnonzero(counts == 0)
        if empty.size:
            error = np.linalg.norm(points - words[nearest], axis=1)
            words[empty] = points[np.argsort(error)[-empty.size :]]
    return words


def _scattered(points: Floats32, k: int, rng: np.random.Generator) -> Floats32:
    """Draw up to k different points, likelier the farther from those before (k-means++, 2007)."""
    chosen = [int(rng.integers(len(points)))]
    apart = np.full(len(points), np.inf)
    while len(chosen) < k:
        offset = points - points[chosen[-1]]
        np.minimum(apart, np.einsum("np,np->n", offset, offset, dtype=np.float64), out=apart)
        if not apart.any():  # all the others are copies
            break
        chosen.append(int(rng.choice(len(points), p=apart / apart.sum())))
    return points[chosen]
