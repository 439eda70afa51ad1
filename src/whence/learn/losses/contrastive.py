"""Contrastive losses: a photograph beside its position, and photographs of one region beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["image_position_loss", "region_contrastive_loss"]

_NOT_COUNTED = float("-inf")


def image_position_loss(
    images: Tensor, own: Tensor, others: Tensor, *, counts: Tensor, log_scale: Tensor
) -> Tensor:
    """Cross entropy of a photograph's own position among others.

    The loss of van den Oord et al. 2018 ("Representation learning with contrastive predictive coding"), from
    photographs to positions only, as GeoCLIP (Vivanco Cepeda et al. 2023) has it.

    Parameters
    ----------
    images
        (b, d) unit vectors of photographs.
    own
        (b, d) unit vectors of the positions where they were taken.
    others
        (m, d) unit vectors of other positions, in the batch or remembered.
    counts
        (b, m) booleans: which of them are wrong answers for which photograph. A position is none where it is
        the photograph's own, or the same place once more.
    log_scale
        () s; similarities are multiplied by exp(s).

    Returns
    -------
    Tensor
        () mean over the photographs, nats.
    """
    scale = log_scale.exp()
    right = scale * (images * own).sum(dim=-1, keepdim=True)  # (b, 1)
    wrong = (scale * (images @ others.T)).masked_fill(~counts, _NOT_COUNTED)  # (b, m)
    return (torch.cat([right, wrong], dim=1).logsumexp(dim=1) - right[:, 0]).mean()


def region_contrastive_loss(embeddings: Tensor, regions: Tensor, *, temperature: float) -> Tensor:
    """How badly photographs of one region find each other among all.

    L = mean over i of LSE_{j≠i}(S_ij/τ) − LSE_{j≠i, same region}(S_ij/τ), the regional loss of
    OpenStreetView-5M (Astruc et al. 2024, CVPR) after MIL-NCE (Miech et al. 2020). Here the mean is taken
    over the photographs that have a companion in the batch; the others count as wrong answers only.

    Parameters
    ----------
    embeddings
        (n, d) unit vectors.
    regions
        (n,) whole numbers; -1 for a photograph of no region.
    temperature
        τ above zero.

    Returns
    -------
    Tensor
        () nats; zero when no photograph has a companion.
    """
    alike = embeddings @ embeddings.T / temperature  # (n, n)
    itself = torch.eye(len(alike), dtype=torch.bool, device=alike.device)
    together = (regions[:, None] == regions[None, :]) & (regions >= 0)[:, None] & ~itself
    accompanied = together.any(dim=1)
    if not accompanied.any():
        return embeddings.sum() * 0.0
    alike, together, itself = alike[accompanied], together[accompanied], itself[accompanied]
    among_all = alike.masked_fill(itself, _NOT_COUNTED).logsumexp(dim=1)
    among_own = alike.masked_fill(~together, _NOT_COUNTED).logsumexp(dim=1)
    return (among_all - among_own).mean()
