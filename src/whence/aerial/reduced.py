"""A network that sees a reduced image, at one scale or at several, and answers at the full size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from whence.aerial.models.contract import LEAST_PX
from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["Reduced"]


class Reduced(nn.Module):
    """Normalised images (B, bands, rows, cols) -> probabilities (B, classes, rows, cols), of any size.

    For each scale the image is reduced by reduction / scale: by means over squares of as many whole pixels as
    that holds, and bilinearly for what is left. The logits are enlarged bilinearly with pixel centres in
    register. What is too small for the network is continued with its rim and cut again. The log probabilities
    of the scales are averaged, the offsets are added, and the sum over the classes is brought back to 1: a
    class that one scale holds for impossible is improbable.

    Parameters
    ----------
    network
        See `whence.aerial.models.Network`.
    reduction
        How many times the image is reduced at scale 1.
    scales
        Magnifications of the reduced image; 1 alone shows it once.
    offsets
        One per class, or none.

    Raises
    ------
    InputError
        When there is no scale, or one is not above zero.
    """

    offsets: Tensor

    def __init__(
        self,
        network: nn.Module,
        reduction: int,
        scales: Sequence[float] = (1.0,),
        offsets: Sequence[float] = (),
    ) -> None:
        super().__init__()
        if not scales or not all(scale > 0.0 and math.isfinite(scale) for scale in scales):
            raise InputError(
                f"the scales are {tuple(scales)}; give some, each above zero, such as (0.8, 1, 1.3)"
            )
        self.network, self.reduction, self.scales = network, reduction, tuple(scales)
        added = torch.tensor(tuple(offsets) or (0.0,), dtype=torch.float32)[:, None, None]
        self.register_buffer("offsets", added, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities (B, classes, rows, cols), float32."""
        found = [self.seen(images, self.reduction / scale) for scale in self.scales]
        mean = found[0] if len(found) == 1 else torch.stack(found).mean(dim=0)
        return torch.softmax(mean + self.offsets, dim=1)

    def seen(self, images: Tensor, times: float) -> Tensor:
        """Log probabilities of images that are reduced so many times, at the full size."""
        rows, columns = images.shape[-2:]
        pool = max(1, math.floor(times + 1e-9))
        least = math.ceil(LEAST_PX * times / pool) * pool
        below = max(least - rows, 0) or -rows % pool
        right = max(least - columns, 0) or -columns % pool
        if below or right:
            images = functional.pad(images, (0, right, 0, below), mode="replicate")
        high, wide = images.shape[-2:]
        small = functional.avg_pool2d(images, pool) if pool > 1 else images
        if abs(times - pool) > 1e-9:
            size = (round(high / times), round(wide / times))
            small = functional.interpolate(small, size=size, mode="bilinear", align_corners=False)
        logits = self.network(small).float()
        if times != 1.0:
            logits = functional.interpolate(logits, size=(high, wide), mode="bilinear", align_corners=False)
        return torch.log_softmax(logits[..., :rows, :columns], dim=1)
