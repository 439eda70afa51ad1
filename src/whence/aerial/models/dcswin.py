"""DC-Swin: a Swin encoder under a densely connected decoder.

Wang et al. (2022), "A novel transformer based semantic segmentation scheme for fine-resolution remote sensing
images", IEEE GRSL 19.

Swin-Small under a densely connected feature aggregation module: finer maps go down to coarser ones, coarser
ones come up both step by step and two steps at once through dilated convolutions (large field connection),
and two attentions are each shared by the maps that meet at a level, over pixels at 1/16 and over channels at
1/8.

    s1 1/4 (96) · s2 1/8 (192) · s3 1/16 (384) · s4 1/32 (768)
    a4 = conv(s4) + down(P(s3) + P(down(s2)))         P: pixels, linear attention
    a3 = P(s3) + P(down(s2)) + up(a4)
    a2 = C(s2) + C(down(s1)) + up(a3) + field(a4)     C: channels
    a1 = s1 + up(a2) + field(a3) -> head

Deviation: the paper's figure leaves the order of attention and sums open in places; the equations above are
what is built here.
"""

from __future__ import annotations

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
        c1, c2, c3, c4 = self.backbone.channels[-4:]
        self.coarse = convolution(c4, c4, 1)
        self.down12 = convolution(c1, c2, stride=2)
        self.down23 = convolution(c2, c3, stride=2)
        self.down34 = convolution(c3, c4, stride=2)
        self.up43, self.up32, self.up21 = (convolution(a, b, 1) for a, b in ((c4, c3), (c3, c2), (c2, c1)))
        self.field42, self.field31 = LargeField(c4, c2), LargeField(c3, c1)
        self.pixels, self.channels = LinearAttention(c3), ChannelAttention()
        self.head = ClassHead(c1, classes, dropout=dropout)

    def raw(self, images: Tensor, *, training: bool) -> Outputs:
        """Logits at 1/4."""
        del training
        s1, s2, s3, s4 = self.backbone(images)[-4:]
        at3 = self._over_pixels(s3) + self._over_pixels(self.down23(s2))
        at2 = self._over_channels(s2) + self._over_channels(self.down12(s1))
        a4 = self.coarse(s4) + self.down34(at3)
        a3 = at3 + enlarged(self.up43(a4), s3)
        a2 = at2 + enlarged(self.up32(a3), s2) + enlarged(self.field42(a4), s2)
        a1 = s1 + enlarged(self.up21(a2), s1) + enlarged(self.field31(a3), s1)
        return Outputs(self.head(a1))

    def _over_pixels(self, maps: Tensor) -> Tensor:
        return cast("Tensor", maps + self.pixels(maps))

    def _over_channels(self, maps: Tensor) -> Tensor:
        return cast("Tensor", maps + self.channels(maps))
