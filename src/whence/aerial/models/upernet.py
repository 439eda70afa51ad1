"""UperNet, of the transformers library.

Xiao et al. (2018), "Unified perceptual parsing for scene understanding": a pyramid of pooled means (1, 2, 3
and 6 bins a side) on the coarsest map, and a feature pyramid of 512 channels whose maps are joined at 1/4;
the auxiliary head sits on the map at 1/16. By default on Swin-Tiny.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from whence._optional import require
from whence.aerial.models.backbones import backbone as built_backbone
from whence.aerial.models.blocks import NormalisedPool
from whence.aerial.models.contract import Network, Outputs

if TYPE_CHECKING:
    from torch import Tensor

    from whence.typing import PathLike

__all__ = ["BinnedMeans", "UperNet"]

_AUXILIARY = 256
_BINS = [1, 2, 3, 6]


class BinnedMeans(nn.Module):
    """What ``nn.AdaptiveAvgPool2d`` gives, as two matrix products, which a traced network has at any size.

    (B, C, h, w) -> (B, C, bins, bins): bin i is the mean from ⌊i·h / bins⌋ to ⌈(i + 1)·h / bins⌉.
    """

    def __init__(self, bins: int) -> None:
        super().__init__()
        self.bins = bins

    def forward(self, maps: Tensor) -> Tensor:
        """Mean of every bin."""
        return (
            self._means(maps[0, 0, :, :1])
            @ maps
            @ self._means(maps[0, 0, :1].transpose(0, 1)).transpose(0, 1)
        )

    def _means(self, line: Tensor) -> Tensor:
        """Matrix (bins, n) of the means along a line (n, 1)."""
        at = (
            torch.cumsum(torch.ones_like(line[:, 0]), dim=0)[None] - 1.0
        )  # 0 … n − 1, in the type of the maps
        count = at.shape[-1]
        bins = torch.arange(self.bins, device=line.device)[:, None]
        start = torch.div(bins * count, self.bins, rounding_mode="floor")
        stop = torch.div((bins + 1) * count + self.bins - 1, self.bins, rounding_mode="floor")
        within = ((at >= start) & (at < stop)).to(line.dtype)
        return within / within.sum(dim=1, keepdim=True)


class UperNet(Network):
    """See the module.

    Parameters
    ----------
    classes, bands, backbone, pretrained, weights
        See `whence.aerial.models.network`.
    width
        Channels of the pyramid.
    """

    def __init__(
        self,
        *,
        classes: int,
        bands: int = 3,
        backbone: str = "swin-tiny",
        pretrained: bool = False,
        weights: PathLike | None = None,
        width: int = 512,
    ) -> None:
        super().__init__()
        self.backbone = built_backbone(backbone, bands=bands, pretrained=pretrained, weights=weights)
        channels = list(self.backbone.channels[-4:])
        self.head, self.auxiliary = _heads(channels, classes=classes, width=width)

    def raw(self, images: Tensor, *, training: bool) -> Outputs:
        """Logits at 1/4; the auxiliary ones at 1/16."""
        maps = self.backbone(images)[-4:]
        return Outputs(self.head(maps), (self.auxiliary(maps),) if training else ())


def _heads(channels: list[int], *, classes: int, width: int) -> tuple[Any, Any]:
    """Build the library's two heads, and make their pooling traceable."""
    require("transformers", extra="aerial")
    library = require("transformers.models.upernet.modeling_upernet", extra="aerial")
    settings = SimpleNamespace(
        pool_scales=_BINS,
        hidden_size=width,
        num_labels=classes,
        initializer_range=0.02,
        auxiliary_in_channels=channels[2],
        auxiliary_channels=_AUXILIARY,
        auxiliary_num_convs=1,
        auxiliary_concat_input=False,
    )
    head = library.UperNetHead(settings, channels)
    for block in head.psp_modules.blocks:
        _made_traceable(block)
    return head, library.UperNetFCNHead(settings, channels)


def _made_traceable(block: Any) -> None:
    """Exchange the pooling of a block of the pyramid, and a batch norm that refuses a batch of one."""
    pool, layer = block.layers
    means, norm = BinnedMeans(int(pool.output_size)), NormalisedPool(layer.batch_norm.num_features)
    setattr(block, "0", means)
    block.layers[0] = means
    layer.batch_norm = norm
