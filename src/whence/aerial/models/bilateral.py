"""What the two bilateral networks, ABCNet and BANet, are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import nn
from torch.nn import functional

from whence.aerial.models.attention import LinearAttention
from whence.aerial.models.blocks import NormalisedPool, convolution
from whence.aerial.models.contract import enlarged

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["AttentionEnhancement", "ContextPath", "DetailPath", "FeatureAggregation"]

WIDTH = 128
"""Channels of each of the two paths."""


class DetailPath(nn.Sequential):
    """Four convolutions that keep detail: images (B, bands, H, W) -> (B, 128, H/8, W/8)."""

    def __init__(self, bands: int) -> None:
        super().__init__(
            convolution(bands, 64, 7, stride=2),
            convolution(64, 64, 3, stride=2),
            convolution(64, 64, 3, stride=2),
            convolution(64, WIDTH, 1),
        )


class AttentionEnhancement(nn.Module):
    """3×3 convolution, then linear attention beside a shortcut: (B, inputs, h, w) -> (B, 128, h, w)."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.first = convolution(inputs, WIDTH)
        self.attention = LinearAttention(WIDTH)
        self.norm = nn.BatchNorm2d(WIDTH)

    def forward(self, maps: Tensor) -> Tensor:
        """Give what the pixels know of each other."""
        maps = self.first(maps)
        return functional.relu(self.norm(maps + self.attention(maps)))


class ContextPath(nn.Module):
    """The maps at 1/16 and 1/32, enhanced, the mean of the tile added, merged at 1/8.

    (B, c16, H/16, W/16) and (B, c32, H/32, W/32) -> (B, 128, H/8, W/8), and the map at 1/16.
    """

    def __init__(self, c16: int, c32: int) -> None:
        super().__init__()
        self.enhance16, self.enhance32 = AttentionEnhancement(c16), AttentionEnhancement(c32)
        self.whole = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(c32, WIDTH, 1, bias=False), NormalisedPool(WIDTH), nn.ReLU()
        )
        self.after16, self.after32 = convolution(WIDTH, WIDTH), convolution(WIDTH, WIDTH)

    def forward(self, maps16: Tensor, maps32: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        """Give the context at the size of `like`, and at 1/16."""
        found = self.enhance32(maps32) + self.whole(maps32)
        found16 = self.after32(enlarged(found, maps16))
        merged = self.enhance16(maps16) + found16
        return cast("Tensor", self.after16(enlarged(merged, like))), found16


class FeatureAggregation(nn.Module):
    """Both paths side by side, mixed, and what linear attention finds in the mixture weighs it.

    (B, 128, h, w) twice -> (B, 256, h, w).
    """

    def __init__(self) -> None:
        super().__init__()
        self.mix = convolution(2 * WIDTH, 2 * WIDTH, 1)
        self.attention = LinearAttention(2 * WIDTH)

    def forward(self, texture: Tensor, context: Tensor) -> Tensor:
        """Give mixture + attention · mixture."""
        mixed = self.mix(torch.cat([texture, context], dim=1))
        return cast("Tensor", mixed + self.attention(mixed) * mixed)
