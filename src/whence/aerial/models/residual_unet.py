"""A small U-Net on the residual backbone: what the starter model is, and what trains within minutes on a CPU.

The decoder is that of Ronneberger et al. (2015, "U-Net") with sums in the place of concatenations, as in
Lin et al. (2017, "Feature pyramid networks"), and with the mean of the whole tile added at the coarsest map
(the global part of Zhao et al. 2017, "Pyramid scene parsing").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn
from torch.nn import functional

from whence.aerial.models.backbones import backbone as built_backbone
from whence.aerial.models.backbones.residual import ResidualBlock
from whence.aerial.models.blocks import ClassHead
from whence.aerial.models.contract import Network, Outputs, enlarged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from whence.typing import PathLike

__all__ = ["ResidualUNet"]

_COARSE = 4  # stride from which the decoder has its full width


class ResidualUNet(Network):
    """Backbone maps, brought to one width, are summed from coarse to fine and refined at every step.

    With the default backbone ``residual`` the logits are made at half the size of the image, from maps

        1/2 (24) · 1/4 (32) · 1/8 (64) · 1/16 (128) · 1/32 (192)

    and with another at a quarter. An auxiliary head sits on the map at 1/8.

    Parameters
    ----------
    classes, bands, backbone, pretrained, weights
        See `whence.aerial.models.network`.
    width, fine_width
        Channels of the decoder: from 1/4 on, and at 1/2, where most of the time goes.
    dropout
        Share of the channels that the class head drops while it learns.
    widths, depths
        Of the backbone ``residual``; its defaults when None.
    """

    def __init__(
        self,
        *,
        classes: int,
        bands: int = 3,
        backbone: str = "residual",
        pretrained: bool = False,
        weights: PathLike | None = None,
        width: int = 80,
        fine_width: int = 32,
        dropout: float = 0.1,
        widths: Sequence[int] | None = None,
        depths: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        shape = {name: value for name, value in (("widths", widths), ("depths", depths)) if value is not None}
        self.backbone = built_backbone(backbone, bands=bands, pretrained=pretrained, weights=weights, **shape)
        up = [fine_width if stride < _COARSE else width for stride in self.backbone.strides]
        self.laterals = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 1) for inputs, outputs in zip(self.backbone.channels, up, strict=True)
        )
        self.descents = nn.ModuleList(
            nn.Identity() if coarse == fine else nn.Conv2d(coarse, fine, 1, bias=False)
            for fine, coarse in zip(up, [*up[1:], width], strict=True)
        )
        self.whole = nn.Conv2d(self.backbone.channels[-1], width, 1)
        self.refine = nn.ModuleList(ResidualBlock(each, each) for each in up)
        self.head = ClassHead(up[0], classes, dropout=dropout)
        self.auxiliary = ClassHead(width, classes, dropout=dropout)
        self.auxiliary_at = self.backbone.strides.index(8)

    def raw(self, images: Tensor, *, training: bool) -> Outputs:
        """Logits at the finest map of the backbone; the auxiliary ones at 1/8."""
        maps = self.backbone(images)
        found: Tensor = self.whole(functional.adaptive_avg_pool2d(maps[-1], 1))
        auxiliary: tuple[Tensor, ...] = ()
        for at in reversed(range(len(maps))):
            beside = self.laterals[at](maps[at])
            found = self.refine[at](beside + enlarged(self.descents[at](found), beside))
            if training and at == self.auxiliary_at:
                auxiliary = (self.auxiliary(found),)
        return Outputs(self.head(found), auxiliary)
