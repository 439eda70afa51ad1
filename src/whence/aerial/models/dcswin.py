"""DC-Swin: a Swin encoder under a densely connected decoder.

Wang et al. (2022), "A novel transformer based semantic segmentation scheme for fine-resolution remote sensing
images", IEEE GRSL 19.

The paper gives the idea of its decoder and not all of its wiring; what follows is a reconstruction in our own
design. From the paper: Swin-Small; finer maps go down to coarser ones; coarser ones come up step by step and,
through dilated convolutions (large field connection), two steps at once; an attention over pixels at 1/16 and
one over channels at 1/8, each shared by the two maps that meet there. Ours: the order of attentions and sums
in the equations below, the kinds and widths of the convolutions, and the dilations, which are the first two
of DeepLab v3 (Chen et al. 2017).

    m1 1/4 (96) · m2 1/8 (192) · m3 1/16 (384) · m4 1/32 (768)
    b2 = C(m2) + C(descent(m1))        C: channels look at channels
    b3 = P(m3) + P(descent(m2))        P: pixels look at pixels, linear attention
    d4 = entry(m4) + descent(b3)
    d3 = b3 + ascent(d4)
    d2 = b2 + ascent(d3) + leap(d4)
    d1 = m1 + ascent(d2) + leap(d3) -> head
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, cast

from torch import nn

from whence.aerial.models.attention import ChannelAttention, LinearAttention
from whence.aerial.models.backbones import backbone as built_backbone
from whence.aerial.models.blocks import ClassHead, convolution
from whence.aerial.models.contract import Network, Outputs, enlarged

if TYPE_CHECKING:
    from torch import Tensor

    from whence.typing import PathLike

__all__ = ["DCSwin", "LargeField"]

_RATES = (6, 12)


class LargeField(nn.Module):
    """Two dilated 3×3 convolutions in turn, then fewer channels: (B, inputs, h, w) -> (B, outputs, h, w)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        near, far = _RATES
        self.layers = nn.Sequential(
            convolution(inputs, inputs, dilation=near),
            convolution(inputs, inputs, dilation=far),
            convolution(inputs, outputs, 1),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Look far around every pixel."""
        return cast("Tensor", self.layers(maps))


class DCSwin(Network):
    """See the module.

    Parameters
    ----------
    classes, bands, backbone, pretrained, weights
        See `whence.aerial.models.network`.
    dropout
        Of the class head.
    """

    def __init__(
        self,
        *,
        classes: int,
        bands: int = 3,
        backbone: str = "swin-small",
        pretrained: bool = False,
        weights: PathLike | None = None,
        dropout: float = 0.05,
    ) -> None:
        super().__init__()
        self.backbone = built_backbone(backbone, bands=bands, pretrained=pretrained, weights=weights)
        widths = self.backbone.channels[-4:]
        steps = list(pairwise(widths))
        self.entry = convolution(widths[-1], widths[-1], 1)
        self.descents = nn.ModuleList(convolution(fine, coarse, stride=2) for fine, coarse in steps)
        self.ascents = nn.ModuleList(convolution(coarse, fine, 1) for fine, coarse in steps)
        self.leaps = nn.ModuleList(
            LargeField(coarse, fine) for fine, coarse in zip(widths[:2], widths[2:], strict=True)
        )
        self.pixels, self.channels = LinearAttention(widths[2]), ChannelAttention()
        self.head = ClassHead(widths[0], classes, dropout=dropout)

    def raw(self, images: Tensor, *, training: bool) -> Outputs:
        """Logits at 1/4."""
        del training
        maps = self.backbone(images)[-4:]
        beside = [
            maps[0],
            _met(self.channels, maps[1], self.descents[0](maps[0])),
            _met(self.pixels, maps[2], self.descents[1](maps[1])),
        ]
        found = [self.entry(maps[3]) + self.descents[2](beside[2])]  # coarsest first
        for level in (2, 1, 0):
            merged = beside[level] + enlarged(self.ascents[level](found[-1]), maps[level])
            if level < len(self.leaps):
                merged = merged + enlarged(self.leaps[level](found[-2]), maps[level])
            found.append(merged)
        return Outputs(self.head(found[-1]))


def _met(attention: nn.Module, maps: Tensor, descended: Tensor) -> Tensor:
    """Two maps that meet at a level, each with what one and the same attention adds to it."""
    return cast("Tensor", maps + attention(maps) + descended + attention(descended))
