"""A network that sees a reduced image and answers at the full size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from whence.aerial.models.contract import LEAST_PX

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Reduced"]


class Reduced(nn.Module):
    """Normalised images (B, bands, rows, cols) -> probabilities (B, classes, rows, cols), of any size.

    The image is reduced by means over squares of `reduction` pixels, the logits are enlarged bilinearly with
    pixel centres in register, and the softmax comes last. What is too small for the network, or no multiple
    of the reduction, is continued with its rim and cut again.

    Parameters
    ----------
    network
        See `whence.aerial.models.Network`.
    reduction
        How many times.
    """

    def __init__(self, network: nn.Module, reduction: int) -> None:
        super().__init__()
        self.network, self.reduction = network, reduction

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities (B, classes, rows, cols), float32."""
        rows, columns = images.shape[-2:]
        step = self.reduction
        least = LEAST_PX * step
        below = max(least - rows, 0) or -rows % step
        right = max(least - columns, 0) or -columns % step
        if below or right:
            images = functional.pad(images, (0, right, 0, below), mode="replicate")
        logits = self.network(functional.avg_pool2d(images, step) if step > 1 else images).float()
        if step > 1:
            logits = functional.interpolate(
                logits, scale_factor=float(step), mode="bilinear", align_corners=False
            )
        return torch.softmax(logits[..., :rows, :columns], dim=1)
