"""Soft Dice loss (Milletari et al. 2016, "V-Net"), per class over the whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from whence.aerial.losses.pixels import labelled, mean_where, one_hot, widened
from whence.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Dice"]


@dataclass(frozen=True)
class Dice:
    """1 − (2 Σ p y + s) / (Σ p + Σ y + s) of each class, then the mean over classes.

    V-Net squares p and y in the denominator; the plain sums here are the Dice coefficient itself for
    probabilities of 0 and 1. Only the pixels that count enter the sums.

    Attributes
    ----------
    smooth
        s, pixels: keeps the gradient small for classes with hardly a pixel.
    absent
        Whether classes that the batch does not show enter the mean: they then cost what is wrongly given
        to them.
    class_weights
        One per class, for the mean.
    """

    smooth: float = 1.0
    absent: bool = False
    class_weights: Sequence[float] | None = None

    def __call__(self, logits: Tensor, ids: Tensor) -> Tensor:
        """Scalar for logits (B, K, H, W) and ids (B, H, W)."""
        ids, counts = labelled(logits, ids)
        p = torch.softmax(widened(logits), dim=1) * counts.unsqueeze(1)
        y = one_hot(ids, counts, p)
        over = (0, 2, 3)
        both, truth = (p * y).sum(over), y.sum(over)  # (K,)
        each = 1.0 - (2.0 * both + self.smooth) / (p.sum(over) + truth + self.smooth)
        return mean_where(each, self._weights(truth))

    def _weights(self, truth: Tensor) -> Tensor:
        """Weight (K,) of each class in the mean, from its pixels (K,)."""
        shown = torch.ones_like(truth) if self.absent else (truth > 0).to(truth.dtype)
        if self.class_weights is None:
            return shown * (truth.sum() > 0)
        if len(self.class_weights) != len(truth):
            raise InputError(f"{len(self.class_weights)} class weights were given for {len(truth)} classes")
        return shown * (truth.sum() > 0) * truth.new_tensor(self.class_weights)
