"""Borders between classes: where they are in the labels, in a prediction, and the cost of the difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from whence.aerial.losses.pixels import labelled, mean_where, one_hot, widened

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Edge", "border_strength", "edge_head_loss", "true_borders"]

_STRAIGHT = 3.0 / 8.0  # of the eight neighbours lie beyond a straight border
_FLOOR = 1e-3  # a border is never more certain than that


def true_borders(ids: Tensor, counts: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """Find the pixels that touch another class.

    Parameters
    ----------
    ids, counts
        (B, H, W), of `whence.aerial.losses.pixels.labelled`.
    like
        (B, K, H, W), for its classes and its type.

    Returns
    -------
    Tensor, Tensor
        (B, H, W) 1 where one of the eight neighbours is of another class, and (B, H, W) bool, where this is
        known: the pixel counts, and so do all its neighbours within the image.
    """
    ones = one_hot(ids, counts, like)
    beside = functional.max_pool2d(ones, 3, stride=1, padding=1) - ones
    missing = (~counts).to(like.dtype).unsqueeze(1)
    known = functional.max_pool2d(missing, 3, stride=1, padding=1).squeeze(1) == 0
    return beside.amax(dim=1), known


def border_strength(probabilities: Tensor) -> Tensor:
    """How much of a border each pixel is, (B, H, W) from 0 to 1, of probabilities (B, K, H, W).

    Half the sum over classes of |mean of the eight neighbours − the pixel| (the Laplacian), as a share of
    what it is along a straight border between certain classes, 3/8.
    """
    padded = functional.pad(probabilities, (1, 1, 1, 1), mode="replicate")
    around = functional.avg_pool2d(padded, 3, stride=1) * (9.0 / 8.0) - probabilities / 8.0
    strength = (around - probabilities).abs().sum(dim=1) / (2.0 * _STRAIGHT)
    return strength.clamp(max=1.0)


def _balanced(positive: Tensor, negative: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """Mean of the cost on borders and of that off them: borders are few (Xie & Tu 2015, "HED")."""
    on, off = truth * known, (1.0 - truth) * known
    return (mean_where(positive, on) + mean_where(negative, off)) / 2.0


@dataclass(frozen=True)
class Edge:
    """Balanced binary cross entropy between the border strength of the prediction and the true borders.

    The Laplacian as an edge target follows Fan et al. (2021, "Rethinking BiSeNet", the detail loss); there
    a separate head answers, here the class probabilities themselves do, so that any network has it.
    """

    def __call__(self, logits: Tensor, ids: Tensor) -> Tensor:
        """Scalar for logits (B, K, H, W) and ids (B, H, W)."""
        ids, counts = labelled(logits, ids)
        p = torch.softmax(widened(logits), dim=1)
        truth, known = true_borders(ids, counts, p)
        strength = _FLOOR + (1.0 - 2.0 * _FLOOR) * border_strength(p)
        return _balanced(-torch.log(strength), -torch.log1p(-strength), truth, known)


def edge_head_loss(edges: Tensor, ids: Tensor, *, classes: int) -> Tensor:
    """Balanced binary cross entropy of the logits of an edge head against the true borders.

    Parameters
    ----------
    edges
        (B, 1, H, W).
    ids
        (B, H, W), 255 left out.
    classes
        How many there are.
    """
    wide = widened(edges)
    ids, counts = labelled(wide.expand(-1, classes, -1, -1), ids)
    truth, known = true_borders(ids, counts, wide.detach().expand(-1, classes, -1, -1))
    one = wide.squeeze(1)
    return _balanced(functional.softplus(-one), functional.softplus(one), truth, known)
