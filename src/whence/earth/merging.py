"""Fewer patches for the same belief: neighbours that look alike are merged, keeping their moments.

A merged patch has the weight of its parts together and their mean vector Σ w A(κ) μ, so the mean of the
whole belief does not move. What a merge costs is bounded by Runnalls (2007, "Kullback-Leibler approach to
Gaussian mixture reduction", eq. 16): for isotropic patches B = W ln σ² − Σ w ln σᵢ², σ² the variance after
the merge. The cheapest merges are made first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from whence.earth import von_mises_fisher as vmf
from whence.earth.patches import Patches

if TYPE_CHECKING:
    from whence.typing import Bools, Floats, Ints

__all__ = ["merge_alike", "merge_runs", "reduce_to"]

_FINEST = 0.125  # first cells: an eighth of a patch's spread wide
_GROWTH = 1.4
_PAIRED = 3  # from this many times the count on, pair by pair
_NEIGHBOURS = 6
_LAST = 100  # so few are merged in one go; of more, a quarter at most, or some would get poor partners
_ALIKE = 0.01  # merges that cost less per unit of weight change no density by more than about a percent
# Odd numbers that spread the four integers of a cell over 64 bits.
_MIXERS = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], dtype=np.uint64
)


def merge_alike(patches: Patches) -> Patches:
    """Merge patches that are nearly the same: within an eighth of their spread, of nearly the same size."""
    if len(patches) < 2:
        return patches
    patches, starts = _grouped(patches, _FINEST)
    merged, cost = merge_runs(patches, starts)
    return _replaced(patches, starts, merged, cost <= _ALIKE * merged.weights)


def reduce_to(patches: Patches, count: int) -> Patches:
    """Merge the cheapest neighbours until at most `count` patches are left.

    Many at once by cells that grow, then pair by pair, which finds better partners and costs more.
    """
    size = _FINEST * (2.0 if len(patches) < 4 * _PAIRED * count else 4.0)
    while len(patches) > _PAIRED * count:
        patches = _merge_cells(patches, _PAIRED * count, size)
        size *= _GROWTH
    while len(patches) > count:
        patches = _merge_pairs(patches, count)
    return patches


def _merge_cells(patches: Patches, count: int, size: float) -> Patches:
    """Merge the cheapest cells of `size` spreads, no more than bring the patches down to `count`."""
    patches, starts = _grouped(patches, size)
    merged, cost = merge_runs(patches, starts)
    saved = np.diff(np.r_[starts, len(patches)]) - 1
    mergeable = np.flatnonzero(saved > 0)
    lightest = np.minimum.reduceat(patches.weights, starts)[mergeable]
    regret = _regret(cost[mergeable] / saved[mergeable], lightest)
    cheapest = mergeable[np.argsort(regret, kind="stable")]
    needed = int(np.searchsorted(np.cumsum(saved[cheapest]), len(patches) - count)) + 1
    chosen = np.zeros(len(starts), dtype=np.bool_)
    chosen[cheapest[:needed]] = True
    return _replaced(patches, starts, merged, chosen)


def _merge_pairs(patches: Patches, count: int) -> Patches:
    """Merge neighbours two by two, the cheapest half of what is to go; every patch at most once."""
    first, second, regret = _partners(patches)
    excess = len(patches) - count
    wanted = excess if excess <= _LAST else min(excess // 2, len(patches) // 4)
    labels, free = np.arange(len(patches)), np.ones(len(patches), dtype=np.bool_)
    for index in np.argsort(regret, kind="stable").tolist():
        one, other = first[index], second[index]
        if free[one] and free[other]:
            free[one] = free[other] = False
            labels[other] = one
            wanted -= 1
            if wanted == 0:
                break
    order = np.argsort(labels, kind="stable")
    labels = labels[order]
    return merge_runs(patches[order], np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]]))[0]


def _partners(patches: Patches) -> tuple[Ints, Ints, Floats]:
    """Find the cheapest partner of each patch among its nearest neighbours: rows, rows, regret; (n,) each."""
    chords, others = cKDTree(patches.vectors).query(patches.vectors, k=min(_NEIGHBOURS, len(patches)))
    rows = np.arange(len(patches))[:, np.newaxis]
    weights, variances = patches.weights, 1.0 / patches.kappas
    both = weights[rows] + weights[others]
    share = weights[rows] / both
    variance = (
        share * variances[rows] + (1.0 - share) * variances[others] + share * (1.0 - share) * chords**2 / 2
    )
    logs = weights * np.log(variances)
    cost = np.maximum(both * np.log(variance) - logs[rows] - logs[others], 0.0)
    regret = _regret(cost, np.minimum(weights[rows], weights[others]))
    regret[others == rows] = np.inf
    best = regret.argmin(axis=1)[:, np.newaxis]
    picked = np.take_along_axis(others, best, axis=1)[:, 0], np.take_along_axis(regret, best, axis=1)[:, 0]
    return rows[:, 0], *picked


def _regret(cost: Floats, lightest: Floats) -> Floats:
    """Weigh a merge: its cost, and more where a light patch would vanish into a heavy one far from it.

    A light patch is what is left of one source's opinion in case another is wrong; it must stay in its place.
    """
    return np.asarray(cost * (1.0 + np.minimum(cost / lightest, 1e6)) ** 2)


def _grouped(patches: Patches, size: float) -> tuple[Patches, Ints]:
    """Sort the patches by cells `size` spreads wide, and by their spread; tell where each cell starts."""
    # Spreads within a factor e^±width share a band; the widest band, like the largest cell, takes in all.
    width = min(size, 0.5 + 0.5 * np.log2(max(size, 1.0)))
    band = np.round(np.log(patches.kappas) / (2.0 * width))
    step = size * np.exp(-width * band)
    # Rounding, not flooring: the largest cell holds the whole globe, so that every count can be reached.
    cell = np.round(patches.vectors / step[:, np.newaxis]).astype(np.int64).astype(np.uint64)
    key = cell @ _MIXERS[:3] + band.astype(np.int64).astype(np.uint64) * _MIXERS[3]
    # Two cells on one key would be a merge so dear that it is never chosen.
    order = np.argsort(key)
    key = key[order]
    return patches[order], np.flatnonzero(np.r_[True, key[1:] != key[:-1]])


def merge_runs(patches: Patches, starts: Ints) -> tuple[Patches, Floats]:
    """Merge each run of patches (n,) that begins at `starts` (m,), preserving weight and mean vector.

    Returns
    -------
    Patches, Floats
        The m merged patches, and (m,) the bound on the divergence that each merge may cost.
    """
    sizes = np.diff(np.r_[starts, len(patches)])

    def total(values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(values, starts, axis=-1))

    deficits = vmf.resultant_deficit(patches.kappas)
    lengths = np.maximum(patches.weights * (1.0 - deficits), 1e-300)
    # Everything relative to one member of each group: a metre-sized patch lives in the ninth digit.
    offsets = (patches.vectors - np.repeat(patches.vectors[starts], sizes, axis=0)).T
    weight, pull = total(patches.weights), total(lengths)
    mean = total(lengths * offsets) / pull
    scatter = total(lengths * np.sum((offsets - np.repeat(mean, sizes, axis=1)) ** 2, axis=0)) / pull
    inner = total(patches.weights * deficits) / weight
    kappas = vmf.concentration_of_deficit(inner + (1.0 - inner) * _shortening(scatter))
    single = sizes == 1
    kappas[single] = patches.kappas[starts[single]]
    centers = patches.vectors[starts] + mean.T
    norms = np.linalg.norm(centers, axis=1, keepdims=True)
    # Parts that cancel out leave a flat patch, which may lie anywhere.
    centers = np.where(norms > 1e-9, centers / np.maximum(norms, 1e-9), patches.vectors[starts])
    cost = total(patches.weights * np.log(patches.kappas)) - weight * np.log(kappas)
    return Patches(centers, kappas, weight), cost


def _shortening(scatter: Floats) -> Floats:
    """1 − √(1 − V): by how much unit vectors of mean square distance V from their mean shorten it."""
    scatter = np.clip(scatter, 0.0, 1.0)
    return np.asarray(scatter / (1.0 + np.sqrt(1.0 - scatter)))


def _replaced(patches: Patches, starts: Ints, merged: Patches, chosen: Bools) -> Patches:
    """Put the merged patch in place of each run that is chosen; the others stay as they are."""
    kept = np.repeat(~chosen, np.diff(np.r_[starts, len(patches)]))
    return Patches.joined([patches[kept], merged[chosen]])
