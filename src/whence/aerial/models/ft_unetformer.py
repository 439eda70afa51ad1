"""FT-UNetFormer (Wang et al. 2022, section 4.6 of the UNetFormer paper): its decoder on a Swin-Base encoder.

1/4 (128) · 1/8 (256) · 1/16 (512) · 1/32 (1024), decoder of 256 channels, no auxiliary head.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence.aerial.models.unetformer import UNetFormer

if TYPE_CHECKING:
    from whence.typing import PathLike

__all__ = ["FTUNetFormer"]


class FTUNetFormer(UNetFormer):
    """UNetFormer with the defaults of the fully transformer-based variant."""

    def __init__(
        self,
        *,
        classes: int,
        bands: int = 3,
        backbone: str = "swin-base",
        pretrained: bool = False,
        weights: PathLike | None = None,
        width: int = 256,
        heads: int = 8,
        window_px: int = 8,
        dropout: float = 0.2,
        auxiliary: bool = False,
    ) -> None:
        super().__init__(
            classes=classes,
            bands=bands,
            backbone=backbone,
            pretrained=pretrained,
            weights=weights,
            width=width,
            heads=heads,
            window_px=window_px,
            dropout=dropout,
            auxiliary=auxiliary,
        )
