"""Models of the timm library, for those who have it: it needs torchvision, so it is no dependency."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from whence._optional import require
from whence.errors import FormatError, MissingExtraError, NotFoundError
from whence.learn.encoders.normalisation import unit_rows
from whence.learn.encoders.storage import read_settings, write_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.typing import Floats32, Image, Json, PathLike

__all__ = ["TimmEncoder"]

_KIND = "timm"
_BATCH = 16
_LOCAL = "local-dir:"


@dataclass(frozen=True, eq=False)
class TimmEncoder:
    """A frozen timm model without its classifier, and the preprocessing that its configuration states.

    Attributes
    ----------
    source
        Name of the model, or the folder of one.
    model
        In evaluation mode, float32, on the CPU.
    transform
        From a Pillow image to a tensor (3, h, w).
    configuration
        The data configuration that the transform was made of.
    """

    source: str
    model: Any = field(repr=False)
    transform: Any = field(repr=False)
    configuration: Json

    @classmethod
    def open(cls, source: PathLike) -> Self:
        """Open a model by its timm name, or the folder that ``timm.save_for_hf`` wrote.

        Raises
        ------
        MissingExtraError
            Without timm.
        NotFoundError
            When timm knows no such model, or its weights are out of reach.
        FormatError
            When its weights are broken or another model's.
        """
        timm = _timm()
        local = Path(source).is_dir()
        name = f"{_LOCAL}{Path(source).resolve()}" if local else str(source)
        if local and not (Path(source) / "model.safetensors").is_file():
            raise FormatError(f"{source} holds no model.safetensors, and pickled weights are never read")
        try:
            model = timm.create_model(name, pretrained=True, num_classes=0)
        except RuntimeError as error:
            raise _explained(str(source), error) from error
        except (OSError, ValueError) as error:
            raise NotFoundError(
                f"the weights of the timm model {source} cannot be had ({error}); fetch them where there is "
                "a network and give their folder as timm:FOLDER"
            ) from error
        configuration = dict(timm.data.resolve_data_config({}, model=model))
        transform = timm.data.create_transform(**configuration, is_training=False)
        return cls(
            str(Path(source).resolve()) if local else str(source),
            model.float().eval(),
            transform,
            configuration,
        )

    @cached_property
    def licence(self) -> str:
        """Licence of the weights as timm states it; empty when it does not."""
        stated = dict(getattr(self.model, "pretrained_cfg", None) or {}).get("license")
        return str(stated) if stated else ""

    @cached_property
    def identity(self) -> str:
        """A hash of the weights and the preprocessing."""
        torch = require("torch", extra="learn")
        digest = hashlib.blake2b(
            json.dumps(self.configuration, sort_keys=True, default=str).encode(), digest_size=8
        )
        for name, weights in sorted(self.model.state_dict().items()):
            digest.update(name.encode())
            digest.update(weights.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        return f"{_KIND}-{digest.hexdigest()}"

    @cached_property
    def dim(self) -> int:
        """Length of the vectors."""
        return int(self.encode([np.zeros((self.input_px, self.input_px, 3), np.uint8)]).shape[1])

    @property
    def input_px(self) -> int:
        """Short side that the preprocessing scales to, before its crop."""
        side = min(self.configuration["input_size"][1:])
        return int(np.ceil(side / float(self.configuration.get("crop_pct") or 1)))

    def prepare(self, image: Image) -> Floats32:
        """Input (3, h, w) of the model for one picture (h, w, 3) of any size."""
        pillow = require("PIL.Image", extra="learn")
        return np.ascontiguousarray(self.transform(pillow.fromarray(image)).numpy(), np.float32)

    def encode_prepared(self, pixels: Floats32) -> Floats32:
        """Vectors (n, dim) of unit length of prepared pictures (n, 3, h, w)."""
        torch = require("torch", extra="learn")
        with torch.inference_mode():
            found = self.model(torch.from_numpy(pixels))  # (n, dim)
        return unit_rows(found.flatten(1).float().numpy())

    def encode(self, images: Sequence[Image]) -> Floats32:
        """Vectors (n, dim) of unit length for n images (h, w, 3) of any sizes."""
        if not len(images):
            return np.empty((0, self.dim), np.float32)
        return np.concatenate(
            [
                self.encode_prepared(np.stack([self.prepare(image) for image in images[i : i + _BATCH]]))
                for i in range(0, len(images), _BATCH)
            ]
        )

    def save(self, folder: PathLike) -> None:
        """Write ``encoder.json``: the model's name or folder, and its identity."""
        settings = {"kind": _KIND, "source": self.source, "licence": self.licence, "identity": self.identity}
        write_settings(folder, settings)

    @classmethod
    def load(cls, folder: PathLike) -> Self:
        """Open the model that `save` named.

        Raises
        ------
        FormatError
            When the model is another one by now.
        """
        settings = read_settings(folder, kind=_KIND)
        encoder = cls.open(str(settings.get("source")))
        if encoder.identity != settings.get("identity"):
            raise FormatError(
                f"the timm model {encoder.source} is not the one that was used ({settings.get('identity')}); "
                "restore it, or build the index again"
            )
        return encoder


def _timm() -> Any:
    """Import timm; none of the extras brings it, because it brings torchvision."""
    try:
        return require("timm", extra="learn")
    except MissingExtraError as error:
        raise MissingExtraError(
            "timm is not installed; install it yourself (pip install timm, which brings torchvision), or "
            "take a model of the transformers library (whence encoder list)"
        ) from error


def _explained(source: str, error: RuntimeError) -> FormatError | NotFoundError:
    if "nknown model" in str(error):
        return NotFoundError(f"timm knows no model {source!r}; see timm.list_models()")
    first = str(error).partition("\n")[0]
    return FormatError(f"the weights of the timm model {source} do not fit it: {first}")
