"""Focal loss (Lin et al. 2017, "Focal loss for dense object detection", equation 5) over many classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from whence.aerial.losses.pixels import chosen, labelled, mean_where, pixel_weights, widened
from whence.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Focal"]


@dataclass(frozen=True)
class Focal:
    """α_true · (1 − p_true)^γ · −ln p_true, averaged over the pixels that count.

    The paper's classes are two, by a sigmoid; here p is a softmax. Unlike the weighted mean of the cross
    entropy, the mean is over pixels, as in the paper, so that α also scales the loss.

    Attributes
    ----------
    focus
        γ, at least 1 or exactly 0, where the gradient is finite.
    class_weights
        α, one per class; 1 when None.
    """

    focus: float = 2.0
    class_weights: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if self.focus != 0.0 and not self.focus >= 1.0:
            raise InputError(f"focus is {self.focus}: take 0, or 1 and more")

    def __call__(self, logits: Tensor, ids: Tensor) -> Tensor:
        """Scalar for logits (B, K, H, W) and ids (B, H, W)."""
        ids, counts = labelled(logits, ids)
        log_p = functional.log_softmax(widened(logits), dim=1)
        own = chosen(log_p, ids)
        each = -own
        if self.focus:
            each = each * torch.pow(-torch.expm1(own), self.focus)
        weights = pixel_weights(ids, counts, log_p, self.class_weights)
        return mean_where(each * weights, counts)
