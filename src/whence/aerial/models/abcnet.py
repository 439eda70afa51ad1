"""ABCNet: a path for detail and a path for context, joined by linear attention.

Li et al. (2021), "ABCNet: Attentive bilateral contextual network for efficient semantic segmentation of
fine-resolution remotely sensed imagery", ISPRS Journal 181.

A spatial path of four convolutions keeps the detail at 1/8; a contextual path (ResNet-18) is enhanced by
linear attention at 1/16 and 1/32; an aggregation module with linear attention joins them. Two auxiliary heads
sit on the contextual path, as in BiSeNet (Yu et al. 2018), from which the layout comes.

    image -> 1/2 (64) -> 1/4 (64) -> 1/8 (128) ┐
    ResNet-18 -> 1/16 (256) -> 128 ┐           ├ 256 at 1/8 -> head
              -> 1/32 (512) -> 128 ┴ 128 at 1/8┘

Deviation: the attention's γ starts at 0, so a fresh network is the same one without attention.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence.aerial.models.backbones import backbone as built_backbone
from whence.aerial.models.bilateral import WIDTH, ContextPath, DetailPath, FeatureAggregation
from whence.aerial.models.blocks import ClassHead
from whence.aerial.models.contract import Network, Outputs

if TYPE_CHECKING:
    from torch import Tensor

    from whence.typing import PathLike

__all__ = ["ABCNet"]

_HEAD, _AUXILIARY = 256, 64


class ABCNet(Network):
    """See the module.

    Parameters
    ----------
    classes, bands, backbone, pretrained, weights
        See `whence.aerial.models.network`.
    dropout
        Of the class heads.
    """

    def __init__(
        self,
        *,
        classes: int,
        bands: int = 3,
        backbone: str = "resnet18",
        pretrained: bool = False,
        weights: PathLike | None = None,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.backbone = built_backbone(backbone, bands=bands, pretrained=pretrained, weights=weights)
        self.texture = DetailPath(bands)
        self.context = ContextPath(*self.backbone.channels[-2:])
        self.aggregate = FeatureAggregation()
        self.head = ClassHead(2 * WIDTH, classes, width=_HEAD, dropout=dropout)
        self.auxiliary8 = ClassHead(WIDTH, classes, width=_AUXILIARY, dropout=dropout)
        self.auxiliary16 = ClassHead(WIDTH, classes, width=_AUXILIARY, dropout=dropout)

    def raw(self, images: Tensor, *, training: bool) -> Outputs:
        """Logits at 1/8; the auxiliary ones at 1/8 and 1/16."""
        texture = self.texture(images)
        context, context16 = self.context(*self.backbone(images)[-2:], like=texture)
        logits = self.head(self.aggregate(texture, context))
        if not training:
            return Outputs(logits)
        return Outputs(logits, (self.auxiliary8(context), self.auxiliary16(context16)))
