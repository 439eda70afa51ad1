"""Fewer patches for the same belief: neighbours that look alike are merged, keeping their moments.

A merged patch has the weight of its parts together and their mean vector Σ w A(κ) μ, so the mean of the
whole belief does not move. What a merge costs is bounded by Runnalls (2007, "Kullback-Leibler approach to
Gaussian mixture reduction", eq. 16): for isotropic patches B = W ln σ² − Σ w ln σᵢ², σ² the variance after
the merge. The cheapest merges are made first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.earth import von_mises_fisher as vmf
from whence.earth.patches import Patches

if TYPE_CHECKING:
    from whence.typing import Bools, Floats, Ints

__all__ = ["merge_alike", "merge_groups", "reduce_to"]

_FINEST = 0.125  # first cells: an eighth of a patch's spread wide
_ALIKE = 0.01  # merges that cost less per unit of weight change no density by more than about a percent
# Odd numbers that spread the four integers of a cell over 64 bits.
_MIXERS = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], dtype=np.uint64
)


def merge_groups(patches: Patches, labels: Ints) -> tuple[Patches, Floats]:
    """Merge the patches (n,) that share a label, preserving weight and mean vector.

    Parameters
    ----------
    patches
        n patches.
    labels
        (n,) 0 … m-1, every one used.

    Returns
    -------
    Patches, Floats
        The m merged patches, and (m,) the bound on the divergence that each merge may cost.
    """
    order = np.argsort(labels, kind="stable")
    sorted_labels = labels[order]
    starts = np.flatnonzero(np.r_[True, sorted_labels[1:] != sorted_labels[:-1]])
    part, group = patches[order], np.cumsum(np.r_[False, sorted_labels[1:] != sorted_labels[:-1]])

    def total(values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(values, starts, axis=0))

    weight = total(part.weights)
    deficits = vmf.resultant_deficit(part.kappas)
    lengths = np.maximum(part.weights * (1.0 - deficits), 1e-300)
    # Everything relative to one member of each group: a metre-sized patch lives in the ninth digit.
    offsets = part.vectors - part.vectors[starts][group]
    pull = total(lengths)
    mean = total(lengths[:, np.newaxis] * offsets) / pull[:, np.newaxis]
    scatter = total(lengths * np.sum((offsets - mean[group]) ** 2, axis=1)) / pull
    scatter = np.clip(scatter, 0.0, 1.0)
    inner = total(part.weights * deficits) / weight
    deficit = inner + (1.0 - inner) * scatter / (1.0 + np.sqrt(1.0 - scatter))
    kappas = vmf.concentration_of_deficit(deficit)
    alone = np.diff(np.r_[starts, len(part)]) == 1
    kappas[alone] = part.kappas[starts][alone]
    centers = part.vectors[starts] + mean
    sizes = np.linalg.norm(centers, axis=1, keepdims=True)
    centers = np.where(sizes > 1e-9, centers / np.maximum(sizes, 1e-9), part.vectors[starts])
    cost = total(part.weights * np.log(part.kappas)) - weight * np.log(kappas)
    return Patches(centers, kappas, weight), np.where(alone, 0.0, cost)


def merge_alike(patches: Patches) -> Patches:
    """Merge patches that are nearly the same: within an eighth of their spread, of nearly the same size."""
    if len(patches) < 2:
        return patches
    labels = _cells(patches, _FINEST)
    merged, cost = merge_groups(patches, labels)
    return _merge_chosen(patches, labels, cost <= _ALIKE * merged.weights)


def reduce_to(patches: Patches, count: int) -> Patches:
    """Merge the cheapest neighbours, in ever larger cells, until at most `count` patches are left."""
    size = _FINEST
    while len(patches) > count:
        labels = _cells(patches, size)
        members = np.bincount(labels)
        _, cost = merge_groups(patches, labels)
        saved = members - 1
        mergeable = np.flatnonzero(saved > 0)
        cheapest = mergeable[np.argsort(cost[mergeable] / saved[mergeable], kind="stable")]
        needed = int(np.searchsorted(np.cumsum(saved[cheapest]), len(patches) - count)) + 1
        chosen = np.zeros(len(members), dtype=np.bool_)
        chosen[cheapest[:needed]] = True
        patches = _merge_chosen(patches, labels, chosen)
        size *= 1.5
    return patches


def _merge_chosen(patches: Patches, labels: Ints, chosen: Bools) -> Patches:
    """Merge the groups that are chosen; the other patches stay as they are."""
    together = chosen[labels]
    if not together.any():
        return patches
    merged, _ = merge_groups(patches[together], np.unique(labels[together], return_inverse=True)[1])
    return Patches.joined([patches[~together], merged])


def _cells(patches: Patches, size: float) -> Ints:
    """Label (n,) the patches by a grid whose cells are `size` spreads wide, and by the spread itself."""
    band = np.round(np.log(patches.kappas) / (2.0 * size))  # spreads within a factor e^size of each other
    step = size * np.exp(-size * band)
    # Rounding, not flooring: the largest cell holds the whole globe, so that every count can be reached.
    cell = np.round(patches.vectors / step[:, np.newaxis]).astype(np.int64).astype(np.uint64)
    key = (cell * _MIXERS[:3]).sum(axis=1, dtype=np.uint64) + band.astype(np.int64).astype(
        np.uint64
    ) * _MIXERS[3]
    # Two cells on one key would be a merge so dear that it is never chosen.
    return np.unique(key, return_inverse=True)[1].astype(np.int64)
