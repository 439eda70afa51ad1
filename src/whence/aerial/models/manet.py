"""MANet: a U-shaped network whose every map passes attention over pixels and over channels.

Li et al. (2022), "Multiattention network for semantic segmentation of fine-resolution remote sensing images",
IEEE TGRS 60.

Every map of the encoder (ResNet-50 in the paper, ResNet-18 where it is compared with light networks) passes
kernel attention over its pixels and attention over its channels, and is added to what a LinkNet decoder
(Chaurasia & Culurciello 2017) brings up from below.

    1/4 (c1) · 1/8 (c2) · 1/16 (c3) · 1/32 (c4) -> attention each
    decoder: c -> c/4 -> twice the size -> next c; last 1/2 (32) -> 1/2 (32) -> logits at 1/2
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from torch import nn

from whence.aerial.models.attention import ChannelAttention, KernelAttention
from whence.aerial.models.backbones import backbone as built_backbone
from whence.aerial.models.blocks import convolution
from whence.aerial.models.contract import Network, Outputs

if TYPE_CHECKING:
    from torch import Tensor

    from whence.typing import PathLike

__all__ = ["AttentionBlock", "MANet"]

_LAST = 32
_NARROWED = 4


class AttentionBlock(nn.Module):
    """Maps plus what pixels and channels collect from each other (figure 4): (B, C, h, w) -> (B, C, h, w)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pixels = KernelAttention(channels)
        self.channels = ChannelAttention()

    def forward(self, maps: Tensor) -> Tensor:
        """Give the sum of both attentions, each beside its shortcut."""
        return cast("Tensor", 2.0 * maps + self.pixels(maps) + self.channels(maps))


def _step_up(inputs: int, outputs: int) -> nn.Sequential:
    """Double the size: (B, inputs, h, w) -> (B, outputs, 2h, 2w), through a quarter of the channels."""
    inner = inputs // _NARROWED
    return nn.Sequential(
        convolution(inputs, inner, 1),
        nn.ConvTranspose2d(inner, inner, 3, stride=2, padding=1, output_padding=1, bias=False),
        nn.BatchNorm2d(inner),
        nn.ReLU(),
        convolution(inner, outputs, 1),
    )


class MANet(Network):
    """See the module.

    Parameters
    ----------
    classes, bands, backbone, pretrained, weights
        See `whence.aerial.models.network`.
    """

    def __init__(
        self,
        *,
        classes: int,
        bands: int = 3,
        backbone: str = "resnet50",
        pretrained: bool = False,
        weights: PathLike | None = None,
    ) -> None:
        super().__init__()
        self.backbone = built_backbone(backbone, bands=bands, pretrained=pretrained, weights=weights)
        channels = self.backbone.channels[-4:]
        self.attentions = nn.ModuleList(AttentionBlock(each) for each in channels)
        self.steps = nn.ModuleList(
            _step_up(each, below) for each, below in zip(channels[:0:-1], channels[-2::-1], strict=True)
        )
        self.final = nn.Sequential(
            nn.ConvTranspose2d(channels[0], _LAST, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(_LAST, _LAST, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(_LAST, classes, 3, padding=1),
        )

    def raw(self, images: Tensor, *, training: bool) -> Outputs:
        """Logits at 1/2."""
        del training
        maps = [
            attend(each) for attend, each in zip(self.attentions, self.backbone(images)[-4:], strict=True)
        ]
        found = maps[-1]
        for step, beside in zip(self.steps, maps[-2::-1], strict=True):
            found = step(found) + beside
        return Outputs(self.final(found))
