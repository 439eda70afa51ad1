"""Backbones of the transformers library: ResNet, Swin, ConvNeXt, EfficientNet, the encoder of SegFormer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from whence._optional import require
from whence.aerial.models.backbones.bands import with_bands
from whence.aerial.models.backbones.pyramid import Backbone
from whence.errors import FormatError, NotFoundError
from whence.learn.encoders.hub import snapshot
from whence.learn.encoders.vision_tower import quiet

if TYPE_CHECKING:
    from torch import Tensor

    from whence.typing import Json, PathLike

__all__ = ["PRETRAINED", "Pretrained", "TransformersBackbone", "configuration", "transformers_backbone"]

_STAGES = ["stage1", "stage2", "stage3", "stage4"]
_STRIDES = (4, 8, 16, 32)
_RGB = 3


@dataclass(frozen=True)
class Pretrained:
    """A backbone of the library.

    Attributes
    ----------
    family
        The library's name of the architecture.
    shape
        What its configuration says about the layers.
    repository
        Weights pretrained on ImageNet, on the hub.
    """

    family: str
    shape: Json = field(repr=False)
    repository: str


def _resnet(layers: str, depths: list[int], sizes: list[int], repository: str) -> Pretrained:
    return Pretrained(
        "resnet",
        {"embedding_size": 64, "layer_type": layers, "depths": depths, "hidden_sizes": sizes},
        repository,
    )


def _swin(width: int, depth: int, heads: int, repository: str) -> Pretrained:
    shape = {
        "embed_dim": width,
        "depths": [2, 2, depth, 2],
        "num_heads": [heads * 2**i for i in range(4)],
        "window_size": 7,
    }
    return Pretrained("swin", shape, repository)


def _convnext(width: int, depth: int, repository: str) -> Pretrained:
    shape = {"hidden_sizes": [width * 2**i for i in range(4)], "depths": [3, 3, depth, 3]}
    return Pretrained("convnext", shape, repository)


def _efficientnet(number: int, width: float, depth: float, padding: list[int]) -> Pretrained:
    shape = {"width_coefficient": width, "depth_coefficient": depth, "depthwise_padding": padding}
    return Pretrained("efficientnet", shape, f"google/efficientnet-b{number}")


def _mit(number: int, width: int, depths: list[int]) -> Pretrained:
    shape = {"hidden_sizes": [width, width * 2, width * 5, width * 8], "depths": depths}
    return Pretrained("segformer", shape, f"nvidia/mit-b{number}")


_NARROW, _WIDE = [64, 128, 256, 512], [256, 512, 1024, 2048]

PRETRAINED = {
    "resnet18": _resnet("basic", [2, 2, 2, 2], _NARROW, "microsoft/resnet-18"),
    "resnet34": _resnet("basic", [3, 4, 6, 3], _NARROW, "microsoft/resnet-34"),
    "resnet50": _resnet("bottleneck", [3, 4, 6, 3], _WIDE, "microsoft/resnet-50"),
    "resnet101": _resnet("bottleneck", [3, 4, 23, 3], _WIDE, "microsoft/resnet-101"),
    "swin-tiny": _swin(96, 6, 3, "microsoft/swin-tiny-patch4-window7-224"),
    "swin-small": _swin(96, 18, 3, "microsoft/swin-small-patch4-window7-224"),
    "swin-base": _swin(128, 18, 4, "microsoft/swin-base-patch4-window7-224"),
    "convnext-tiny": _convnext(96, 9, "facebook/convnext-tiny-224"),
    "convnext-small": _convnext(96, 27, "facebook/convnext-small-224"),
    "convnext-base": _convnext(128, 27, "facebook/convnext-base-224"),
    "efficientnet-b0": _efficientnet(0, 1.0, 1.0, []),
    "efficientnet-b1": _efficientnet(1, 1.0, 1.1, [16]),
    "efficientnet-b2": _efficientnet(2, 1.1, 1.2, [5, 8, 16]),
    "efficientnet-b3": _efficientnet(3, 1.2, 1.4, [5, 18]),
    "efficientnet-b4": _efficientnet(4, 1.4, 1.8, [6]),
    "mit-b0": _mit(0, 32, [2, 2, 2, 2]),
    "mit-b1": _mit(1, 64, [2, 2, 2, 2]),
    "mit-b2": _mit(2, 64, [3, 4, 6, 3]),
    "mit-b3": _mit(3, 64, [3, 4, 18, 3]),
    "mit-b4": _mit(4, 64, [3, 8, 27, 3]),
    "mit-b5": _mit(5, 64, [3, 6, 40, 3]),
}
"""Name -> what the library needs to build it."""


class TransformersBackbone(Backbone):
    """Any model of the library whose forward gives ``feature_maps`` or ``hidden_states`` at 1/4 … 1/32."""

    strides = _STRIDES

    def __init__(self, model: nn.Module, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.model = model
        self.channels = channels

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Give four maps of images (B, bands, H, W)."""
        found = self.model(images, output_hidden_states=True)
        maps = found.feature_maps if "feature_maps" in found else found.hidden_states
        return tuple(maps)


class _EfficientNet(Backbone):
    """The blocks of EfficientNet, without the pointwise convolution of its classifier."""

    strides = _STRIDES

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.embeddings = model.embeddings
        self.blocks = model.encoder.blocks
        self._last = _last_blocks(self.blocks)
        self.channels = tuple(self.blocks[i].projection.project_conv.out_channels for i in self._last)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Give four maps of images (B, bands, H, W)."""
        found: Tensor = self.embeddings(images)
        maps = []
        for number, block in enumerate(self.blocks):
            found = block(found)
            if number in self._last:
                maps.append(found)
        return tuple(maps)


def _last_blocks(blocks: Any) -> list[int]:
    """Find the last block at each of the strides 4, 8, 16, 32: the one before the next that halves."""
    halving = [i for i, block in enumerate(blocks) if block.depthwise_conv.stride == 2]  # to 1/4, 1/8, …
    return [*(i - 1 for i in halving[1:]), len(blocks) - 1]


def transformers_backbone(
    name: str, *, bands: int, pretrained: bool = False, weights: PathLike | None = None, **options: Any
) -> Backbone:
    """Build a backbone of `PRETRAINED`.

    Parameters
    ----------
    name, bands, pretrained, weights
        See `whence.aerial.models.backbones.backbone`.
    **options
        More of the library's configuration, such as ``drop_path_rate=0.2``.
    """
    library = require("transformers", extra="aerial")
    row = PRETRAINED[name]
    folder = _folder(row, pretrained=pretrained, weights=weights)
    if folder is None:
        return _wrapped(_class_of(library, row.family)(configuration(row, bands=bands, **options)), row)
    _check_shape(folder, name, configuration(row, bands=_RGB))
    return _wrapped(with_bands(_loaded(library, row, folder, options), bands), row)


def configuration(row: Pretrained, *, bands: int, **options: Any) -> Any:
    """Make the library's configuration of a backbone."""
    library = require("transformers", extra="aerial")
    made = {
        "resnet": library.ResNetConfig,
        "swin": library.SwinConfig,
        "convnext": library.ConvNextConfig,
        "efficientnet": library.EfficientNetConfig,
        "segformer": library.SegformerConfig,
    }[row.family]
    maps = {"out_features": _STAGES} if row.family in {"resnet", "swin", "convnext"} else {}
    return made(num_channels=bands, **{**row.shape, **maps, **options})


def _class_of(library: Any, family: str) -> Any:
    return {
        "resnet": library.ResNetBackbone,
        "swin": library.SwinBackbone,
        "convnext": library.ConvNextBackbone,
        "efficientnet": library.EfficientNetModel,
        "segformer": library.SegformerModel,
    }[family]


def _wrapped(model: Any, row: Pretrained) -> Backbone:
    if row.family == "efficientnet":
        return _EfficientNet(model)
    if row.family == "swin":
        model.swin.layernorm = nn.Identity()  # it would only serve a classifier
    channels = model.config.hidden_sizes if row.family == "segformer" else model.channels
    return TransformersBackbone(model, tuple(channels))


def _folder(row: Pretrained, *, pretrained: bool, weights: PathLike | None) -> Path | None:
    """Where the weights to start from are; None for random ones."""
    if weights is None:
        return snapshot(row.repository).folder if pretrained else None
    if Path(weights).is_dir():
        return Path(weights)
    return snapshot(str(weights)).folder


def _check_shape(folder: Path, name: str, wanted: Any) -> None:
    """Refuse weights of another architecture or size than the name says.

    Raises
    ------
    FormatError
        Also when the folder lacks its configuration.
    """
    path = folder / "config.json"
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(
            f"{folder} lacks config.json: give a folder of the transformers library"
        ) from error
    except ValueError as error:
        raise FormatError(f"{path} is not JSON") from error
    shape = PRETRAINED[name].shape
    names = ["model_type", *sorted(shape)]
    differ = [key for key in names if key in found and found[key] != getattr(wanted, key)]
    if differ:
        raise FormatError(
            f"the weights in {folder} are not of a {name}: {differ[0]} is {found[differ[0]]}, not "
            f"{getattr(wanted, differ[0])}"
        )


def _loaded(library: Any, row: Pretrained, folder: Path, options: Json) -> Any:
    """Read weights; every layer but the norms that a backbone adds to its maps must be there."""
    maps = {"out_features": _STAGES} if row.family in {"resnet", "swin", "convnext"} else {}
    with quiet(library):
        try:
            model, report = _class_of(library, row.family).from_pretrained(
                str(folder),
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
                **maps,
                **options,
            )
        except OSError as error:
            raise FormatError(
                f"{folder} holds no model.safetensors, and pickled weights are never read: convert them"
            ) from error
    missing = [key for key in report["missing_keys"] if "hidden_states_norms" not in key]
    if missing:
        raise FormatError(f"the weights in {folder} lack {len(missing)} layers, such as {sorted(missing)[0]}")
    return model
