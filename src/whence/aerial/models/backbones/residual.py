"""A small residual backbone of dense 3×3 convolutions, for training from scratch on a CPU.

Residual blocks as in He et al. (2016, "Identity mappings"): two 3×3 convolutions and a shortcut. Dense
convolutions are what a CPU does best: depthwise ones have a tenth of the products and take as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn
from torch.nn import functional

from whence.aerial.models.backbones.pyramid import Backbone, no_weights
from whence.aerial.models.blocks import convolution
from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from whence.typing import PathLike

__all__ = ["ResidualBackbone", "ResidualBlock", "residual"]

_STRIDES = (2, 4, 8, 16, 32)


class ResidualBlock(nn.Module):
    """(B, inputs, h, w) -> (B, outputs, h/stride, w/stride): two 3×3 convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__()
        self.first = convolution(inputs, outputs, stride=stride)
        self.second = convolution(outputs, outputs, act=None)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else convolution(inputs, outputs, 1, stride=stride, act=None)
        norm = self.second[1]
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.zeros_(norm.weight)  # starts as the shortcut alone

    def forward(self, maps: Tensor) -> Tensor:
        """ReLU of the shortcut plus what the two convolutions add."""
        return functional.relu(self.shortcut(maps) + self.second(self.first(maps)))


class ResidualBackbone(Backbone):
    """Stem at 1/2, then four stages of residual blocks at 1/4, 1/8, 1/16 and 1/32.

    Attributes
    ----------
    channels
        Five: of the stem and of the stages.
    """

    strides = _STRIDES

    def __init__(self, *, bands: int, widths: Sequence[int], depths: Sequence[int]) -> None:
        super().__init__()
        if len(widths) != len(_STRIDES) or len(depths) != len(_STRIDES) - 1:
            raise InputError(
                f"a residual backbone takes 5 widths and 4 depths, not {len(widths)} and {len(depths)}"
            )
        self.channels = tuple(widths)
        self.stem = convolution(bands, widths[0], stride=2)
        self.stages = nn.ModuleList(
            nn.Sequential(
                ResidualBlock(inputs, outputs, stride=2),
                *(ResidualBlock(outputs, outputs) for _ in range(depth - 1)),
            )
            for inputs, outputs, depth in zip(widths[:-1], widths[1:], depths, strict=True)
        )

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Give the maps at 1/2, 1/4, 1/8, 1/16 and 1/32 of images (B, bands, H, W)."""
        maps = [self.stem(images)]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        return tuple(maps)


def residual(
    name: str,
    *,
    bands: int,
    pretrained: bool = False,
    weights: PathLike | None = None,
    widths: Sequence[int] = (24, 32, 64, 128, 192),
    depths: Sequence[int] = (2, 2, 2, 1),
) -> ResidualBackbone:
    """Build the residual backbone; it has no published weights.

    Parameters
    ----------
    name
        Its name, for messages.
    bands
        Of the images.
    pretrained, weights
        Refused.
    widths
        Channels of the stem and of the four stages.
    depths
        Residual blocks of the four stages.
    """
    no_weights(name, pretrained=pretrained, weights=weights)
    return ResidualBackbone(bands=bands, widths=widths, depths=depths)
