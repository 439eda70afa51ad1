"""Encoders of timm, where the user has it: none of the extras brings it, because it brings torchvision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whence._optional import require
from whence.aerial.models.backbones.pyramid import Backbone
from whence.errors import InputError, MissingExtraError, NotFoundError

if TYPE_CHECKING:
    from torch import Tensor

    from whence.typing import PathLike

__all__ = ["TimmBackbone", "timm_backbone"]

_STRIDES = (4, 8, 16, 32)


class TimmBackbone(Backbone):
    """The maps of a timm model at 1/4 … 1/32."""

    strides = _STRIDES

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        found = tuple(model.feature_info.reduction())
        missing = [stride for stride in _STRIDES if stride not in found]
        if missing:
            raise InputError(
                f"this timm model has maps at the strides {found}, but a network needs 4, 8, 16 and 32: take "
                "a hierarchical one, such as resnet18 or convnext_tiny"
            )
        self._chosen = [found.index(stride) for stride in _STRIDES]
        self.channels = tuple(model.feature_info.channels()[i] for i in self._chosen)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Give four maps of images (B, bands, H, W)."""
        maps = self.model(images)
        return tuple(self._first_axis(maps[i], c) for i, c in zip(self._chosen, self.channels, strict=True))

    def _first_axis(self, maps: Tensor, channels: int) -> Tensor:
        """Bring the channels of a map to the front: some models give (B, h, w, C)."""
        return maps if maps.shape[1] == channels else maps.movedim(-1, 1)


def timm_backbone(
    name: str, *, bands: int, pretrained: bool = False, weights: PathLike | None = None, **options: Any
) -> TimmBackbone:
    """Build an encoder of timm.

    Parameters
    ----------
    name
        As timm calls it.
    bands
        Of the images; timm adapts its own weights to it.
    pretrained
        Start from the weights that timm has for it.
    weights
        File in safetensors to start from instead.
    **options
        What ``timm.create_model`` takes besides.

    Raises
    ------
    MissingExtraError
        Without timm.
    NotFoundError
        When timm knows no such model.
    InputError
        When its maps are not those that networks need.
    """
    try:
        timm = require("timm", extra="aerial")
    except MissingExtraError as error:
        raise MissingExtraError(
            "timm is not installed; install it yourself (pip install timm, which brings torchvision), or "
            "take a backbone without the prefix timm:"
        ) from error
    if weights is not None:
        options["pretrained_cfg_overlay"] = {"file": str(weights)}
    try:
        start = pretrained or weights is not None
        model = timm.create_model(name, features_only=True, in_chans=bands, pretrained=start, **options)
    except RuntimeError as error:
        if "nknown model" not in str(error):
            raise
        raise NotFoundError(f"timm knows no model {name!r}; see timm.list_models()") from error
    return TimmBackbone(model)
