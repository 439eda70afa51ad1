"""Weighted patches on the sphere as plain arrays, and which of them are near to what.

`Patches` is what `Belief` computes with: unit vectors, concentrations and weights. Everything is taken
relative to the uniform density (a ratio of 1 is "as likely as anywhere"), so that the background is a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

from whence.earth import von_mises_fisher as vmf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.typing import Floats, Ints

__all__ = ["Patches", "density_ratio", "log_peak_ratio", "near_pairs", "squared_chords"]

_BLOCK = 2_000_000  # pairs held at once: 16 MB for every array of them
_TREE_ABOVE = 200_000  # fewer pairs are computed outright sooner than a tree is built
_WIDE_REACH = 0.5  # beyond this chord a tree leaves out too few pairs to be worth it
_UNSEEN = 1e-17  # share of the background below which a density cannot be seen in float64


@dataclass(frozen=True, eq=False)
class Patches:
    """n patches: `vectors` (n, 3) of length one, `kappas` (n,), `weights` (n,) > 0."""

    vectors: Floats
    kappas: Floats
    weights: Floats

    def __len__(self) -> int:
        return len(self.weights)

    def __getitem__(self, chosen: Any) -> Patches:
        return Patches(self.vectors[chosen], self.kappas[chosen], self.weights[chosen])

    def weighing(self, weights: Floats) -> Patches:
        """Return the same patches with other weights (n,)."""
        return Patches(self.vectors, self.kappas, weights)

    @classmethod
    def joined(cls, parts: list[Patches]) -> Patches:
        """Put several lists of patches one behind the other."""
        return cls(
            np.concatenate([np.empty((0, 3)), *(part.vectors for part in parts)]),
            np.concatenate([np.empty(0), *(part.kappas for part in parts)]),
            np.concatenate([np.empty(0), *(part.weights for part in parts)]),
        )


def log_peak_ratio(kappas: Floats) -> Floats:
    """Return ln(4π f) at the centre of patches (...) of that κ; never negative."""
    return np.asarray(np.maximum(np.log(4.0 * np.pi) + vmf.log_peak(kappas), 0.0))


def squared_chords(first: Floats, second: Floats) -> Floats:
    """Return |a − b|² between every row of (n, 3) and every row of (m, 3), from differences; shape (n, m)."""
    total = np.subtract.outer(first[:, 0], second[:, 0]) ** 2
    for axis in (1, 2):
        apart = np.subtract.outer(first[:, axis], second[:, axis])
        apart *= apart
        total += apart
    return np.asarray(total)


def density_ratio(points: Floats, patches: Patches, background: float) -> Floats:
    """4π p at unit vectors (m, 3): 1 is as likely as anywhere; never less than `background`.

    Patches too far to change the 17th digit are found by a tree and left out.
    """
    ratio = np.full(len(points), background)
    peaks = patches.weights * np.exp(log_peak_ratio(patches.kappas))
    excess = np.log(np.maximum(peaks * len(patches) / (background * _UNSEEN), 1.0))
    reach = np.sqrt(2.0 * excess / patches.kappas)
    for rows, columns, chords in near_pairs(points, patches.vectors, np.zeros(len(points)), reach):
        terms = peaks[columns] * np.exp(-0.5 * patches.kappas[columns] * chords)
        ratio += np.bincount(rows, weights=terms, minlength=len(points))
    return ratio


def near_pairs(
    first: Floats, second: Floats, first_reach: Floats, second_reach: Floats
) -> Iterator[tuple[Ints, Ints, Floats]]:
    """All pairs of unit vectors closer than their reaches, in blocks: |a − b|² ≤ r_a² + r_b².

    Parameters
    ----------
    first, second
        (n, 3) and (m, 3) unit vectors.
    first_reach, second_reach
        (n,) and (m,) chords.

    Yields
    ------
    tuple
        Rows of `first`, rows of `second`, squared chords: (k,) each. Every pair within reach is in exactly
        one block; pairs somewhat beyond it may be there too.
    """
    for rows in _bands(first_reach):
        for columns in _bands(second_reach):
            reach = float(np.hypot(first_reach[rows].max(), second_reach[columns].max()))
            step = max(1, _BLOCK // len(columns))
            for start in range(0, len(rows), step):
                block = rows[start : start + step]
                i, j, chords = _near(first[block], second[columns], reach)
                yield block[i], columns[j], chords


def _bands(reach: Floats) -> list[Ints]:
    """Group indices by reach, to within a factor of two; all together where there are few."""
    if len(reach) < 2 or reach.max() <= 2.0 * reach.min():
        return [np.arange(len(reach))] if len(reach) else []
    levels = np.floor(np.log2(np.clip(reach, 1e-12, 2.0)))
    return [np.flatnonzero(levels == level) for level in np.unique(levels)]


def _near(first: Floats, second: Floats, reach: float) -> tuple[Ints, Ints, Floats]:
    if len(first) * len(second) <= _TREE_ABOVE or reach > _WIDE_REACH:
        chords = squared_chords(first, second)
        i, j = np.nonzero(chords <= reach**2 * (1.0 + 1e-9))
        return i, j, chords[i, j]
    close = cKDTree(first).sparse_distance_matrix(
        cKDTree(second), reach * (1.0 + 1e-9), output_type="ndarray"
    )
    return close["i"], close["j"], close["v"] ** 2
