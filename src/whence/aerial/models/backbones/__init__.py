"""Backbones: pyramids of feature maps at 1/4 … 1/32 of the image, by name.

>>> "resnet18" in BACKBONES
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whence._lazy import exports, named
from whence._optional import require
from whence.errors import InputError

if TYPE_CHECKING:
    from whence.aerial.models.backbones.pyramid import Backbone
    from whence.typing import PathLike

__all__ = ["BACKBONES", "Backbone", "backbone"]

_TRANSFORMERS = "whence.aerial.models.backbones.transformers:transformers_backbone"

BACKBONES = {
    "residual": "whence.aerial.models.backbones.residual:residual",
    "rest-lite": "whence.aerial.models.backbones.rest:rest_lite",
    "resnet18": _TRANSFORMERS,
    "resnet34": _TRANSFORMERS,
    "resnet50": _TRANSFORMERS,
    "resnet101": _TRANSFORMERS,
    "swin-tiny": _TRANSFORMERS,
    "swin-small": _TRANSFORMERS,
    "swin-base": _TRANSFORMERS,
    "convnext-tiny": _TRANSFORMERS,
    "convnext-small": _TRANSFORMERS,
    "convnext-base": _TRANSFORMERS,
    "efficientnet-b0": _TRANSFORMERS,
    "efficientnet-b1": _TRANSFORMERS,
    "efficientnet-b2": _TRANSFORMERS,
    "efficientnet-b3": _TRANSFORMERS,
    "efficientnet-b4": _TRANSFORMERS,
    "mit-b0": _TRANSFORMERS,
    "mit-b1": _TRANSFORMERS,
    "mit-b2": _TRANSFORMERS,
    "mit-b3": _TRANSFORMERS,
    "mit-b4": _TRANSFORMERS,
    "mit-b5": _TRANSFORMERS,
}
"""Name -> "module:builder"; beside them ``timm:NAME`` is any encoder of timm, where that is installed."""


def backbone(
    name: str, *, bands: int = 3, pretrained: bool = False, weights: PathLike | None = None, **options: Any
) -> Backbone:
    """Build a backbone by name.

    Parameters
    ----------
    name
        A name of `BACKBONES`, or ``timm:NAME``.
    bands
        Of the images. Weights pretrained on three bands are carried over to others: more bands take the
        kernels of the first convolution in turn (red, green, blue, red …), fewer take their mean, scaled
        so that an image whose bands are all alike gets the response it had.
    pretrained
        Start from the weights on the hub that the name stands for.
    weights
        Folder with ``config.json`` and ``model.safetensors`` in the layout of the transformers library,
        or a name on the hub, to start from instead.
    **options
        What the builder takes besides.

    Raises
    ------
    InputError
        For an unknown name, or where there are no pretrained weights for it.
    MissingExtraError
        Without torch, transformers or timm.
    NotFoundError
        When weights are asked for that are neither here nor reachable.
    FormatError
        When the weights are not in safetensors or do not fit.
    """
    kind, _, rest = name.partition(":")
    if kind == "timm" and rest:
        home, asked = "whence.aerial.models.backbones.timm:timm_backbone", rest
    elif name in BACKBONES:
        home, asked = BACKBONES[name], name
    else:
        raise InputError(f"there is no backbone {name!r}; choose one of: {', '.join(BACKBONES)}, timm:NAME")
    require("torch", extra="aerial")
    found: Backbone = named(home)(asked, bands=bands, pretrained=pretrained, weights=weights, **options)
    return found


_HOMES = {"Backbone": "pyramid"}

__getattr__, __dir__ = exports(__name__, _HOMES)
