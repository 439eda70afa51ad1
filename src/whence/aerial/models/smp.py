"""Architectures of segmentation_models_pytorch, where the user has it: ``smp:Unet`` and its kind.

None of the extras brings the package, because it brings torchvision and timm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whence._optional import require
from whence.aerial.models.contract import Network, Outputs
from whence.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from torch import Tensor

    from whence.typing import PathLike

__all__ = ["SegmentationModel"]


class SegmentationModel(Network):
    """A model of the package behind the interface of the other networks.

    Parameters
    ----------
    architecture
        Name of a class of the package, such as ``"Unet"``.
    classes, bands
        See `whence.aerial.models.network`.
    backbone
        ``encoder_name`` of the package.
    pretrained
        Start from the encoder's ImageNet weights.
    weights
        Refused: the package has no way to take a folder.
    **options
        What the class takes besides, such as ``decoder_channels=[…]``.

    Raises
    ------
    MissingExtraError
        Without the package.
    InputError
        When it has no such architecture.
    """

    def __init__(
        self,
        *,
        architecture: str,
        classes: int,
        bands: int = 3,
        backbone: str = "resnet34",
        pretrained: bool = False,
        weights: PathLike | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        if weights is not None:
            raise InputError("smp: networks take pretrained = true, but no folder of weights")
        made = getattr(_package(), architecture, None)
        if not isinstance(made, type):
            raise InputError(f"segmentation_models_pytorch has no architecture {architecture!r}")
        self.model = made(
            encoder_name=backbone,
            encoder_weights="imagenet" if pretrained else None,
            in_channels=bands,
            classes=classes,
            **options,
        )

    @property
    def backbone(self) -> Any:
        """The encoder."""
        return self.model.encoder

    def raw(self, images: Tensor, *, training: bool) -> Outputs:
        """Logits as the model gives them; masks only, where it also gives labels of the whole image."""
        del training
        found = self.model(images)
        return Outputs(found[0] if isinstance(found, tuple) else found)


def _package() -> Any:
    try:
        return require("segmentation_models_pytorch", extra="aerial")
    except MissingExtraError as error:
        raise MissingExtraError(
            "segmentation_models_pytorch is not installed; install it yourself (pip install "
            "segmentation-models-pytorch, which brings torchvision and timm), or take a network without the "
            "prefix smp:"
        ) from error
