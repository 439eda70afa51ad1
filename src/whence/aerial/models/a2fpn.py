"""A2-FPN: a feature pyramid whose maps are weighed together by linear attention.

Li et al. (2022), "A2-FPN for semantic segmentation of fine-resolution remotely sensed images", International
Journal of Remote Sensing 43.

A feature pyramid (Lin et al. 2017) of 256 channels on ResNet-34; each of its maps is brought to 1/4 and 64
channels (Kirillov et al. 2019), and an attention aggregation module weighs the four side by side by linear
attention before the head.

    1/4 · 1/8 · 1/16 · 1/32 -> 256 each -> 64 each at 1/4 -> 256 -> attention -> head
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import nn

from whence.aerial.models.attention import LinearAttention
from whence.aerial.models.backbones import backbone as built_backbone
from whence.aerial.models.blocks import convolution
from whence.aerial.models.contract import Network, Outputs, enlarged

if TYPE_CHECKING:
    from torch import Tensor

    from whence.typing import PathLike

__all__ = ["A2FPN", "AttentionAggregation"]

_PYRAMID, _SEGMENTATION = 256, 64


class AttentionAggregation(nn.Module):
    """Maps side by side, 3×3 convolution, and their product with what linear attention finds in them.

    (B, 256, h, w) -> (B, 256, h, w).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = convolution(channels, channels)
        self.attention = LinearAttention(channels)

    def forward(self, maps: Tensor) -> Tensor:
        """Give mixture + attention · mixture."""
        mixed = self.mix(maps)
        return cast("Tensor", mixed + self.attention(mixed) * mixed)


class _ToQuarter(nn.Module):
    """3×3 convolutions, each but the first after doubling: a map of 256 channels -> 64 at 1/4."""

    def __init__(self, doublings: int) -> None:
        super().__init__()
        self.first = convolution(_PYRAMID, _SEGMENTATION)
        self.more = nn.ModuleList(convolution(_SEGMENTATION, _SEGMENTATION) for _ in range(doublings - 1))
        self.doublings = doublings

    def forward(self, maps: Tensor) -> Tensor:
        maps = self.first(maps)
        if self.doublings:
            maps = _doubled(maps)
        for layer in self.more:
            maps = _doubled(layer(maps))
        return maps


def _doubled(maps: Tensor) -> Tensor:
    return nn.functional.interpolate(maps, scale_factor=2.0, mode="bilinear", align_corners=False)


class A2FPN(Network):
    """See the module.

    Parameters
    ----------
    classes, bands, backbone, pretrained, weights
        See `whence.aerial.models.network`.
    dropout
        Before the last convolution.
    """

    def __init__(
        self,
        *,
        classes: int,
        bands: int = 3,
        backbone: str = "resnet34",
        pretrained: bool = False,
        weights: PathLike | None = None,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.backbone = built_backbone(backbone, bands=bands, pretrained=pretrained, weights=weights)
        channels = self.backbone.channels[-4:]
        self.laterals = nn.ModuleList(nn.Conv2d(each, _PYRAMID, 1) for each in channels)
        self.to_quarter = nn.ModuleList(_ToQuarter(doublings) for doublings in range(len(channels)))
        together = _SEGMENTATION * len(channels)
        self.aggregate = AttentionAggregation(together)
        self.head = nn.Sequential(nn.Dropout2d(dropout), nn.Conv2d(together, classes, 1))

    def raw(self, images: Tensor, *, training: bool) -> Outputs:
        """Logits at 1/4."""
        del training
        maps = self.backbone(images)[-4:]
        pyramid = [self.laterals[-1](maps[-1])]
        for lateral, each in zip(self.laterals[-2::-1], maps[-2::-1], strict=True):
            pyramid.insert(0, lateral(each) + enlarged(pyramid[0], each))
        fine = [bring(each) for bring, each in zip(self.to_quarter, pyramid, strict=True)]
        return Outputs(self.head(self.aggregate(torch.cat(fine, dim=1))))
