"""Losses of a classifier over cells: smoothed targets, and all levels of a hierarchy at once.

Targets are sparse: k cells a sample with their shares, so that twelve thousand cells and a batch of thousands
cost no more than the logits do. A hard target is k = 1 with a share of 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["coarser", "cross_entropy", "haversine_shares", "hierarchical_cross_entropy"]

_NEVER_ZERO = 1e-10


def haversine_shares(distance_km: Tensor, *, tau_km: float) -> Tensor:
    """Share (..., k) of each of k cells in a target, from the distances of their centres.

    ∝ exp(−(d_i − min_j d_j) / τ): the haversine smoothing of Haas et al. (2024, "PIGEON: predicting image
    geolocations", equation 2), with the minimum in place of the true cell, as their code has it. Unlike there
    the shares sum to 1, so that a photograph among many cells counts no more than one among few.

    Parameters
    ----------
    distance_km
        (..., k) from the photograph to the centres of cells.
    tau_km
        Distance over which a share falls to 1/e; 75 km in the paper, about the size of a cell in a city.
    """
    return torch.softmax(-distance_km / tau_km, dim=-1)


def cross_entropy(
    logits: Tensor, cells: Tensor, *, shares: Tensor | None = None, label_smoothing: float = 0.0
) -> Tensor:
    """Cross entropy with sparse targets.

    Parameters
    ----------
    logits
        (b, n) over n cells.
    cells
        (b, k) cell numbers that the target lies on.
    shares
        (b, k) their shares; equal by default.
    label_smoothing
        Share of the target that is spread evenly over all cells.

    Returns
    -------
    Tensor
        (b,)
    """
    log_probabilities = torch.log_softmax(logits, dim=-1)  # (b, n)
    loss = -_weighted(log_probabilities.gather(1, cells), shares)
    if label_smoothing == 0.0:
        return loss
    return (1.0 - label_smoothing) * loss - label_smoothing * log_probabilities.mean(dim=-1)


def hierarchical_cross_entropy(
    logits: Tensor, cells: Tensor, *, shares: Tensor | None = None, ancestors: Sequence[Tensor]
) -> Tensor:
    """Sum over levels of −ln of the probability that the classifier gives to the true ancestor.

    The levels above the cells of the loss of Astruc et al. (2024, OpenStreetView-5M, "hierarchical
    supervision"): ln(softmax(logits) M + 1e-10) with M from cells to ancestors. Sums go from level to level,
    so only the first costs n.

    Parameters
    ----------
    logits
        (b, n) over n cells.
    cells, shares
        As `cross_entropy`.
    ancestors
        (n,) for each level the number of the ancestor of each cell, coarsest level first; levels are nested.

    Returns
    -------
    Tensor
        (b,); without the level of the cells themselves, which `cross_entropy` is.
    """
    finer = torch.arange(logits.shape[-1], device=logits.device)
    probabilities = torch.softmax(logits, dim=-1)
    total = torch.zeros_like(probabilities[:, 0])
    for level in reversed(ancestors):
        parent = torch.zeros(int(finer.max()) + 1, dtype=torch.long, device=level.device)
        probabilities = coarser(probabilities, parent.scatter_(0, finer, level))
        found = torch.log(probabilities.gather(1, level[cells]) + _NEVER_ZERO)
        total, finer = total - _weighted(found, shares), level
    return total


def coarser(probabilities: Tensor, parent: Tensor) -> Tensor:
    """Add up probabilities (b, m) by parents (m,), numbered from 0 with none left out; (b, parents)."""
    count = int(parent.max()) + 1
    return probabilities.new_zeros(len(probabilities), count).index_add(1, parent, probabilities)


def _weighted(values: Tensor, shares: Tensor | None) -> Tensor:
    return values.mean(dim=-1) if shares is None else (values * shares).sum(dim=-1)
