"""Boundary loss: 1 − F1 of soft borders.

Bokhovkin & Burnaev (2019), "Boundary loss for remote sensing imagery semantic segmentation".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from whence.aerial.losses.pixels import labelled, mean_where, one_hot, widened

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Boundary"]

_NEVER_ZERO = 1e-7


@dataclass(frozen=True)
class Boundary:
    """1 − boundary F1 of every class and image, averaged over those that have a border.

    The border of a map m is max-pool(1 − m) − (1 − m), its rim within; one found within `tolerance_px` of
    a true one is right.

    Attributes
    ----------
    width_px
        Side of the window that makes the rim, odd (θ₀ of the paper).
    tolerance_px
        Side of the window within which borders meet, odd (θ).
    """

    width_px: int = 3
    tolerance_px: int = 5

    def __call__(self, logits: Tensor, ids: Tensor) -> Tensor:
        """Scalar for logits (B, K, H, W) and ids (B, H, W)."""
        ids, counts = labelled(logits, ids)
        p = torch.softmax(widened(logits), dim=1)
        known = counts.unsqueeze(1).to(p.dtype)
        truth = one_hot(ids, counts, p)
        # Where nothing is known the prediction is taken to continue, and its rim there is left out.
        found, true = self._rim(p) * known, self._rim(truth + (1.0 - known)) * known
        over = (2, 3)
        precision = _ratio((found * self._near(true)).sum(over), found.sum(over))
        recall = _ratio((true * self._near(found)).sum(over), true.sum(over))
        f1 = _ratio(2.0 * precision * recall, precision + recall)
        return mean_where(1.0 - f1, true.sum(over) > 0)

    def _rim(self, maps: Tensor) -> Tensor:
        outside = 1.0 - maps
        return _largest(outside, self.width_px) - outside

    def _near(self, maps: Tensor) -> Tensor:
        return _largest(maps, self.tolerance_px)


def _largest(maps: Tensor, side_px: int) -> Tensor:
    return functional.max_pool2d(maps, side_px, stride=1, padding=side_px // 2)


def _ratio(part: Tensor, whole: Tensor) -> Tensor:
    return part / (whole + _NEVER_ZERO)
