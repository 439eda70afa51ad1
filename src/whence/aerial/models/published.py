"""Sizes that papers give for their networks, to hold the ones here against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whence.typing import Json

__all__ = ["PUBLISHED", "Published"]

_UNETFORMER = "Wang et al. 2022, UNetFormer, table of efficiency (1024 × 1024)"
# Looked for and not found again: what is remembered of counts of the public code.
_MEMORY = "from memory; no source could be consulted"
_UPERNET = "SwinTransformer/Swin-Transformer-Semantic-Segmentation, issue 16 (59.94 M, 236.08 G at 512 × 512)"
_SEGFORMER = "Xie et al. 2021, table 1 and table 2 (ADE20K, 150 classes)"


@dataclass(frozen=True)
class Published:
    """A published size.

    Attributes
    ----------
    name, options
        What `whence.aerial.models.network` builds it with.
    parameters_m
        Parameters, millions.
    giga
        Multiplications with addition, thousands of millions, for one image; None where no figure was found.
    side_px
        Side of that image.
    source
        Where the figures are from.
    counting
        The way of counting that agrees, as arguments of `whence.aerial.models.complexity.complexity`; most
        sources do not tell theirs.
    """

    name: str
    parameters_m: float
    giga: float | None
    side_px: int
    source: str
    classes: int = 6
    options: Json = field(default_factory=dict)
    counting: Json = field(default_factory=dict)


_LAYERS: Json = {"products": False}
_WHOLE_KERNELS: Json = {"whole_kernels": True}

PUBLISHED = (
    Published("unetformer", 11.7, 46.9, 1024, _UNETFORMER),
    Published("abcnet", 14.0, 62.9, 1024, _UNETFORMER),
    Published("manet", 12.0, 51.7, 1024, _UNETFORMER, options={"backbone": "resnet18"}),
    Published("manet", 35.86, 54.18, 512, "S2AgScUNet, table of sizes", counting=_WHOLE_KERNELS),
    Published("banet", 12.72, 13.06, 512, _MEMORY, counting=_LAYERS),
    Published("a2fpn", 22.82, None, 512, _MEMORY),
    Published("dcswin", 66.95, None, 512, _MEMORY),
    Published("ft-unetformer", 96.0, None, 512, _MEMORY),
    Published("segformer", 3.8, 8.4, 512, _SEGFORMER, classes=150),
    Published("segformer", 13.7, 15.9, 512, _SEGFORMER, classes=150, options={"backbone": "b1"}),
    Published("segformer", 27.5, 62.4, 512, _SEGFORMER, classes=150, options={"backbone": "b2"}),
    Published("segformer", 47.3, 79.0, 512, _SEGFORMER, classes=150, options={"backbone": "b3"}),
    Published("segformer", 64.1, 95.7, 512, _SEGFORMER, classes=150, options={"backbone": "b4"}),
    Published("segformer", 84.7, 183.3, 640, _SEGFORMER, classes=150, options={"backbone": "b5"}),
    Published("upernet", 59.94, 236.08, 512, _UPERNET, classes=150, counting=_LAYERS),
)
"""One row per figure; `tests/aerial/models/test_published.py` holds every one of them within a tenth."""
