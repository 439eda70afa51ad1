"""Cross entropy of the hardest pixels.

Shrivastava et al. (2016), "Training region-based object detectors with online hard example mining"; for
pixels Wu et al. (2016), "Bridging category-level and instance-level semantic image segmentation".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from whence.aerial.losses.pixels import chosen, labelled, mean_where, pixel_weights, widened
from whence.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["HardExamples"]


@dataclass(frozen=True)
class HardExamples:
    """Mean cross entropy of the pixels whose true class is hardly believed in, or of a least share.

    Attributes
    ----------
    below
        Probability of the true class below which a pixel is hard.
    least_share
        Share of the pixels that count, hardest first, that is kept however well the batch is known;
        pixels as hard as the last of them are kept too.
    class_weights
        One per class, for the mean; which pixels are hard does not depend on them.
    """

    below: float = 0.7
    least_share: float = 1.0 / 16.0
    class_weights: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if not (0.0 < self.below <= 1.0 and 0.0 <= self.least_share <= 1.0):
            raise InputError(
                f"below is {self.below} and least_share {self.least_share}: the one is a probability above "
                "0, the other a share of 1"
            )

    def __call__(self, logits: Tensor, ids: Tensor) -> Tensor:
        """Scalar for logits (B, K, H, W) and ids (B, H, W)."""
        ids, counts = labelled(logits, ids)
        log_p = functional.log_softmax(widened(logits), dim=1)
        each = -chosen(log_p, ids)
        weights = pixel_weights(ids, counts, log_p, self.class_weights)
        return mean_where(each, weights * self._hard(each.detach(), counts))

    def _hard(self, each: Tensor, counts: Tensor) -> Tensor:
        """Whether each pixel (B, H, W) is kept, by its loss and whether it counts."""
        hard = each > -math.log(self.below)
        of = each[counts]
        least = math.ceil(self.least_share * len(of))
        if least:
            hard |= each >= torch.topk(of, least).values[-1]
        return hard & counts
