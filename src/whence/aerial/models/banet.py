"""BANet: a transformer for long range and convolutions for detail, side by side.

Wang et al. (2021), "Transformer meets convolution: A bilateral awareness network for semantic segmentation of
very fine resolution urban scene images", Remote Sensing 13.

The paper gives the two paths and the aggregation by linear attention, and not how the dependency path comes
from 1/16 and 1/32 to 1/8; this is a reconstruction in our own design. From the paper: ResT-Lite (a
transformer) as dependency path for long range, four convolutions as texture path for detail, their
aggregation by linear attention, no auxiliary head. Ours: the modules of `whence.aerial.models.bilateral`,
made for ABCNet, which is by the same authors and laid out alike, serve here too, with their widths.

    image -> 1/2 (64) -> 1/4 (64) -> 1/8 (128) ┐
    ResT-Lite -> 1/16 (256) -> 128 ┐           ├ 256 at 1/8 -> head
              -> 1/32 (512) -> 128 ┴ 128 at 1/8┘
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

__all__ = ["BANet"]


class BANet(Network):
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
        backbone: str = "rest-lite",
        pretrained: bool = False,
        weights: PathLike | None = None,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.backbone = built_backbone(backbone, bands=bands, pretrained=pretrained, weights=weights)
        self.texture = DetailPath(bands)
        self.dependency = ContextPath(*self.backbone.channels[-2:])
        self.aggregate = FeatureAggregation()
        self.head = ClassHead(2 * WIDTH, classes, dropout=dropout)

    def raw(self, images: Tensor, *, training: bool) -> Outputs:
        """Logits at 1/8."""
        del training
        texture = self.texture(images)
        dependency, _ = self.dependency(*self.backbone(images)[-2:], like=texture)
        return Outputs(self.head(self.aggregate(texture, dependency)))
