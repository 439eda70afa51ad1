"""UNetFormer: a light convolutional encoder under a decoder of global-local attention.

Wang et al. (2022), "UNetFormer: A UNet-like transformer for efficient semantic segmentation of remote sensing
urban scene imagery", ISPRS Journal 190.

A convolutional encoder (ResNet-18) and a decoder of global-local transformer blocks: attention within windows
joined across them by pooling along a cross, beside two small convolutions; skips are fused with a learnt
weight, and a refinement head weighs channels and places of the finest map (figures 2-5 of the paper).

    1/32 (512) -> C · block        ┐
    1/16 (256) ---- fuse -> block  ├─ summed: auxiliary head
    1/8  (128) ---- fuse -> block  ┘
    1/4  (64)  ---- fuse -> refine -> head            C = 64, window 8, 8 heads

Deviations: pixels beyond the rim are left out of the attention instead of mirrored into it, and the two
pooling windows of the cross repeat the rim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import nn
from torch.nn import functional

from whence.aerial.models.attention import WindowAttention
from whence.aerial.models.backbones import backbone as built_backbone
from whence.aerial.models.blocks import ClassHead, convolution
from whence.aerial.models.contract import Network, Outputs, enlarged

if TYPE_CHECKING:
    from torch import Tensor

    from whence.typing import PathLike

__all__ = ["FeatureRefinement", "GlobalLocalBlock", "UNetFormer", "WeightedFusion"]

_LEAST = 1e-8
_HIDDEN = 4  # times the channels, in the feed-forward part
_SQUEEZE = 16


class GlobalLocalAttention(nn.Module):
    """Windows joined along a cross, plus a 3×3 and a 1×1 convolution, then one depthwise convolution."""

    def __init__(self, channels: int, *, heads: int, window_px: int) -> None:
        super().__init__()
        self.window_px = window_px
        self.windows = WindowAttention(channels, heads=heads, window_px=window_px)
        self.near = convolution(channels, channels, 3, act=None)
        self.here = convolution(channels, channels, 1, act=None)
        side = window_px - 1 + window_px % 2  # odd, so that the map keeps its size
        self.out = nn.Sequential(
            convolution(channels, channels, side, groups=channels, act=None),
            nn.Conv2d(channels, channels, 1, bias=False),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        local = self.near(maps) + self.here(maps)
        found: Tensor = self.out(self._joined(self.windows(maps)) + local)
        return found

    def _joined(self, maps: Tensor) -> Tensor:
        """Sum the means along a column and along a row, each as long as a window (equation 4)."""
        before, after = (self.window_px - 1) // 2, self.window_px // 2
        tall = functional.pad(maps, (0, 0, before, after), mode="replicate")
        wide = functional.pad(maps, (before, after, 0, 0), mode="replicate")
        column = functional.avg_pool2d(tall, (self.window_px, 1), stride=1)
        return column + functional.avg_pool2d(wide, (1, self.window_px), stride=1)


class GlobalLocalBlock(nn.Module):
    """Transformer block with batch norm (figure 3): attention, then a feed-forward part, beside shortcuts."""

    def __init__(self, channels: int, *, heads: int = 8, window_px: int = 8) -> None:
        super().__init__()
        self.before = nn.BatchNorm2d(channels)
        self.attention = GlobalLocalAttention(channels, heads=heads, window_px=window_px)
        self.between = nn.BatchNorm2d(channels)
        hidden = _HIDDEN * channels
        self.feed = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU6(), nn.Conv2d(hidden, channels, 1))

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        maps = maps + self.attention(self.before(maps))
        found: Tensor = maps + self.feed(self.between(maps))
        return found


class WeightedFusion(nn.Module):
    """α · skip + (1 − α) · what comes from below, enlarged; then a 3×3 convolution (equation 6).

    α is the first of two learnt weights, none negative, over their sum.
    """

    def __init__(self, skip: int, channels: int) -> None:
        super().__init__()
        self.skip = nn.Conv2d(skip, channels, 1, bias=False)
        self.weights = nn.Parameter(torch.ones(2))
        self.after = convolution(channels, channels, act=nn.ReLU6)

    def forward(self, below: Tensor, skip: Tensor) -> Tensor:
        """Fuse (B, C, h/2, w/2) with (B, skip, h, w) into (B, C, h, w)."""
        weights = functional.relu(self.weights)
        weights = weights / (weights.sum() + _LEAST)
        found: Tensor = self.after(weights[0] * self.skip(skip) + weights[1] * enlarged(below, skip))
        return found


class FeatureRefinement(nn.Module):
    """The refinement head: channels weighed by their means, places by a depthwise convolution (figure 5)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = max(channels // _SQUEEZE, 1)
        self.places = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels), nn.Sigmoid()
        )
        self.channels = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1, bias=False),
            nn.ReLU6(),
            nn.Conv2d(squeezed, channels, 1, bias=False),
            nn.Sigmoid(),
        )
        self.shortcut = convolution(channels, channels, 1, act=None)
        self.merge = nn.Sequential(
            convolution(channels, channels, 3, groups=channels, act=None),
            nn.Conv2d(channels, channels, 1, bias=False),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        weighed = self.places(maps) * maps + self.channels(maps) * maps
        return functional.relu6(self.merge(weighed) + self.shortcut(maps))


class UNetFormer(Network):
    """See the module.

    Parameters
    ----------
    classes, bands, backbone, pretrained, weights
        See `whence.aerial.models.network`.
    width
        C, channels of the decoder.
    heads
        Of the attention.
    window_px
        Side of its windows, pixels of the map.
    dropout
        Of the class head.
    auxiliary
        Whether there is a head on the sum of the three coarse maps, which only helps the training.
    """

    def __init__(
        self,
        *,
        classes: int,
        bands: int = 3,
        backbone: str = "resnet18",
        pretrained: bool = False,
        weights: PathLike | None = None,
        width: int = 64,
        heads: int = 8,
        window_px: int = 8,
        dropout: float = 0.1,
        auxiliary: bool = True,
    ) -> None:
        super().__init__()
        self.backbone = built_backbone(backbone, bands=bands, pretrained=pretrained, weights=weights)
        fine, *middle, coarse = self.backbone.channels[-4:]
        self.entry = convolution(coarse, width, 1, act=None)
        self.blocks = nn.ModuleList(
            GlobalLocalBlock(width, heads=heads, window_px=window_px) for _ in range(3)
        )
        self.fusions = nn.ModuleList(WeightedFusion(skip, width) for skip in reversed([fine, *middle]))
        self.refine = FeatureRefinement(width)
        self.head = ClassHead(width, classes, dropout=dropout)
        self.auxiliary = ClassHead(width, classes, dropout=dropout) if auxiliary else None

    def raw(self, images: Tensor, *, training: bool) -> Outputs:
        """Logits at 1/4; the auxiliary ones at 1/8."""
        *skips, coarse = self.backbone(images)[-4:]
        found = self.blocks[0](self.entry(coarse))
        maps = [found]
        for block, fusion, skip in zip(self.blocks[1:], self.fusions[:2], reversed(skips[1:]), strict=True):
            found = block(fusion(found, skip))
            maps.append(found)
        logits = self.head(self.refine(self.fusions[2](found, skips[0])))
        if not training or self.auxiliary is None:
            return Outputs(logits)
        return Outputs(logits, (cast("Tensor", self.auxiliary(sum(enlarged(each, found) for each in maps))),))
