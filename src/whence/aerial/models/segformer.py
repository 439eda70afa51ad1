"""SegFormer, of the transformers library.

Xie et al. (2021), "SegFormer: Simple and efficient design for semantic segmentation with transformers".

The encoder MiT-B0 … B5 gives maps at 1/4 … 1/32; the decoder brings each to one width (256 for B0 and B1, 768
from B2 on), joins them at 1/4 and ends in one pointwise convolution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whence._optional import require
from whence.aerial.models.backbones import backbone as built_backbone
from whence.aerial.models.backbones.transformers import PRETRAINED, configuration
from whence.aerial.models.contract import Network, Outputs
from whence.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from whence.typing import PathLike

__all__ = ["SegFormer"]

_NARROW, _WIDE = 256, 768


class SegFormer(Network):
    """See the module.

    Parameters
    ----------
    classes, bands, pretrained, weights
        See `whence.aerial.models.network`; the weights are those of the encoder.
    backbone
        ``"b0"`` … ``"b5"``, or ``"mit-b0"`` ….
    width
        Channels of the decoder; the paper's for the variant when None.
    dropout
        Before the last convolution.
    """

    def __init__(
        self,
        *,
        classes: int,
        bands: int = 3,
        backbone: str = "b0",
        pretrained: bool = False,
        weights: PathLike | None = None,
        width: int | None = None,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        name = backbone if backbone.startswith("mit-") else f"mit-{backbone}"
        if name not in PRETRAINED:
            raise InputError(f"SegFormer has the variants b0, b1, b2, b3, b4 and b5, not {backbone!r}")
        if width is None:
            width = _NARROW if name in {"mit-b0", "mit-b1"} else _WIDE
        self.backbone = built_backbone(name, bands=bands, pretrained=pretrained, weights=weights)
        self.decoder = _decoder(
            name, bands=bands, num_labels=classes, decoder_hidden_size=width, classifier_dropout_prob=dropout
        )

    def raw(self, images: Tensor, *, training: bool) -> Outputs:
        """Logits at 1/4."""
        del training
        return Outputs(self.decoder(self.backbone(images)))


def _decoder(name: str, *, bands: int, **options: Any) -> Any:
    require("transformers", extra="aerial")
    library = require("transformers.models.segformer.modeling_segformer", extra="aerial")
    return library.SegformerDecodeHead(configuration(PRETRAINED[name], bands=bands, **options))
