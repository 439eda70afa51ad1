"""A small U-Net on the residual backbone: what the starter model is, and what trains within minutes on a CPU.

The decoder is that of Ronneberger et al. (2015, "U-Net") with sums in the place of concatenations, as in
Lin et al. (2017, "Feature pyramid networks"), and with the mean of the whole tile added at the coarsest map
(the global part of Zhao et al. 2017, "Pyramid scene parsing").

Beside it there may stand a classifier that knows colours and nothing of shapes: a product of experts (Hinton
2002, "Training products of experts by minimizing contrastive divergence"). On a place unlike those that were
learnt the two err differently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn
from torch.nn import functional

from whence.aerial.models.backbones import backbone as built_backbone
from whence.aerial.models.backbones.residual import ResidualBlock
from whence.aerial.models.blocks import ClassHead
from whence.aerial.models.colours import LocalColours
from whence.aerial.models.contract import Network, Outputs, enlarged
from whence.errors import InputError

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
    finest
        Stride of the map that the logits are made at: 2, or 4 for half the time where borders are drawn
        coarsely anyway. It must be one of the backbone's; None takes its finest.
    context
        Whether the mean of the whole tile is added at the coarsest map. Without it a pixel's answer depends
        on its neighbourhood alone.
    colours
        Width of a `LocalColours` beside the network, 0 for none. It is taught on its own before
        (`whence.aerial.training.colours`) and does not appear while the network learns; in evaluation its
        log probabilities are added to those of the network.
    colours_weight
        What they are multiplied by first.

    Raises
    ------
    InputError
        When the backbone has no map of the finest stride.
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
        finest: int | None = None,
        context: bool = True,
        colours: int = 0,
        colours_weight: float = 1.0,
    ) -> None:
        super().__init__()
        shape = {name: value for name, value in (("widths", widths), ("depths", depths)) if value is not None}
        self.backbone = built_backbone(backbone, bands=bands, pretrained=pretrained, weights=weights, **shape)
        strides = self.backbone.strides
        if finest is not None and finest not in strides:
            raise InputError(f"the backbone {backbone} has maps at {strides}, none at {finest}")
        self.first = 0 if finest is None else strides.index(finest)
        channels = self.backbone.channels[self.first :]
        up = [fine_width if stride < _COARSE else width for stride in strides[self.first :]]
        self.laterals = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 1) for inputs, outputs in zip(channels, up, strict=True)
        )
        self.descents = nn.ModuleList(
            nn.Identity() if coarse == fine else nn.Conv2d(coarse, fine, 1, bias=False)
            for fine, coarse in zip(up, [*up[1:], width], strict=True)
        )
        self.whole = nn.Conv2d(self.backbone.channels[-1], width, 1) if context else None
        self.refine = nn.ModuleList(ResidualBlock(each, each) for each in up)
        self.head = ClassHead(up[0], classes, dropout=dropout)
        self.auxiliary = ClassHead(width, classes, dropout=dropout)
        self.colours = LocalColours(bands, classes, colours) if colours else None
        self.colours_weight = colours_weight
        self.auxiliary_at = strides.index(8) - self.first

    def raw(self, images: Tensor, *, training: bool) -> Outputs:
        """Logits at the finest map of the backbone; the auxiliary ones at 1/8."""
        maps = self.backbone(images)[self.first :]
        found: Tensor | None = None
        if self.whole is not None:
            found = self.whole(functional.adaptive_avg_pool2d(maps[-1], 1))
        auxiliary: tuple[Tensor, ...] = ()
        for at in reversed(range(len(maps))):
            beside = self.laterals[at](maps[at])
            if found is not None:
                beside = beside + enlarged(self.descents[at](found), beside)
            found = self.refine[at](beside)
            if training and at == self.auxiliary_at:
                auxiliary = (self.auxiliary(found),)
        logits = self.head(found)
        if training or self.colours is None:
            return Outputs(logits, auxiliary)
        said = enlarged(self.colours(images), logits)
        return Outputs(logits.log_softmax(dim=1) + self.colours_weight * said)
