"""Any vision model of the transformers library, frozen: CLIP, SigLIP, DINOv2, ConvNeXt and so on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from whence._optional import require
from whence.errors import FormatError, NotFoundError
from whence.learn.encoders.normalisation import unit_rows
from whence.learn.encoders.storage import read_settings, write_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.typing import Floats32, Image, Json, PathLike

__all__ = ["TransformersEncoder"]

_KIND = "transformers"
_EXTRA = "learn"
_BATCH = 16


@dataclass(frozen=True, eq=False)
class TransformersEncoder:
    """A frozen vision model and its own preprocessing; its pooled output is the vector.

    Attributes
    ----------
    source
        Folder, or name on the Hugging Face hub.
    model, processor
        What the library made of it, in evaluation mode.
    """

    source: str
    model: Any
    processor: Any

    @classmethod
    def open(cls, source: PathLike) -> Self:
        """Open a model from a folder, the hub's cache, or the hub.

        Parameters
        ----------
        source
            Folder with ``config.json``, ``preprocessor_config.json`` and ``model.safetensors``, or a name
            such as ``openai/clip-vit-base-patch32``. No code that comes with a model is run, and nothing is
            unpickled.

        Raises
        ------
        MissingExtraError
            Without torch or transformers.
        NotFoundError
            When there is no such folder, or the name is not in the cache and cannot be downloaded.
        FormatError
            When the weights are not in safetensors, or the model has no image preprocessing of its own.
        """
        require("torch", extra=_EXTRA)
        library = require("transformers", extra=_EXTRA)
        name = str(source)
        # The cache is asked first: without a network the hub is given up only after half a minute.
        cached_only = Path(name).is_dir() or _is_cached(name)
        if not cached_only and "/" not in name:
            raise NotFoundError(f"there is no folder {name}; models on the hub are called owner/name")
        try:
            processor = _pil_processor(library, name, cached_only=cached_only)
            model = library.AutoModel.from_pretrained(
                name, use_safetensors=True, trust_remote_code=False, local_files_only=cached_only
            )
        except OSError as error:
            raise _explained(name) from error
        return cls(name, model.eval(), processor)

    @cached_property
    def identity(self) -> str:
        """Model type and a hash of the weights and the preprocessing."""
        digest = hashlib.blake2b(digest_size=8)
        digest.update(json.dumps(_settings_of(self.processor), sort_keys=True, default=str).encode())
        for name, weights in sorted(self.model.state_dict().items()):
            digest.update(name.encode())
            # Bytes, because numpy knows no bfloat16.
            digest.update(weights.detach().cpu().contiguous().reshape(-1).view(_torch().uint8).numpy().data)
        return f"{_KIND}-{self.model.config.model_type}-{digest.hexdigest()}"

    @cached_property
    def dim(self) -> int:
        """Length of the vectors."""
        return int(self.encode([np.zeros((self.input_px, self.input_px, 3), np.uint8)]).shape[1])

    @property
    def input_px(self) -> int:
        """Short side that the preprocessing asks for."""
        settings = _settings_of(self.processor)
        sizes = [value for value in dict(settings.get("size") or {}).values() if isinstance(value, int)]
        return min(sizes, default=224)

    def encode(self, images: Sequence[Image]) -> Floats32:
        """Vectors (n, dim) of unit length for n images (h, w, 3) of any sizes."""
        batches = [self._encode(images[i : i + _BATCH]) for i in range(0, len(images), _BATCH)]
        return np.concatenate(batches) if batches else np.empty((0, self.dim), np.float32)

    def save(self, folder: PathLike) -> None:
        """Write ``encoder.json``: where the model is and its identity; the weights stay where they are."""
        local = Path(self.source)
        source = str(local.resolve()) if local.is_dir() else self.source
        write_settings(folder, {"kind": _KIND, "source": source, "identity": self.identity})

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
                f"the model at {encoder.source} is not the one that was used ({settings.get('identity')}); "
                "restore it, or build the index again"
            )
        return encoder

    def _encode(self, images: Sequence[Image]) -> Floats32:
        torch = _torch()
        pixels = self.processor(images=list(images), return_tensors="np", input_data_format="channels_last")
        tensor = torch.from_numpy(np.ascontiguousarray(pixels["pixel_values"], np.float32))  # (n, 3, h, w)
        with torch.inference_mode():
            pooled = _pooled(self.model, tensor.to(self.model.dtype))
        return unit_rows(pooled.flatten(1).float().numpy())  # (n, dim)


def _torch() -> Any:
    return require("torch", extra=_EXTRA)


def _pooled(model: Any, pixels: Any) -> Any:
    """Pooled output (n, dim) of a vision model, or of the vision tower of one with two."""
    if not hasattr(model, "get_image_features"):
        output = model(pixel_values=pixels)
        pooled = getattr(output, "pooler_output", None)
        return output.last_hidden_state.mean(dim=1) if pooled is None else pooled
    features = model.get_image_features(pixel_values=pixels)
    # Version 5 of the library returns the whole output, version 4 the tensor.
    return getattr(features, "pooler_output", features)


def _is_cached(name: str) -> bool:
    hub = require("huggingface_hub", extra=_EXTRA)
    try:
        return isinstance(hub.try_to_load_from_cache(name, "config.json"), str)
    except hub.errors.HFValidationError as error:
        raise NotFoundError(
            f"there is no folder {name}, and it is no name on the Hugging Face hub"
        ) from error


def _pil_processor(library: Any, name: str, *, cached_only: bool) -> Any:
    """Image processor of a model that needs Pillow only: torchvision may be absent."""
    base = library.image_processing_utils.BaseImageProcessor
    settings, _ = base.get_image_processor_dict(name, local_files_only=cached_only)
    # Feature extractors are what image processors were called before 2023.
    kind = str(settings.get("image_processor_type") or settings.get("feature_extractor_type") or "")
    stem = kind.replace("FeatureExtractor", "ImageProcessor").removesuffix("Fast").removesuffix("Pil")
    for candidate in (f"{stem}Pil", stem):
        if stem and hasattr(library, candidate):
            return getattr(library, candidate).from_pretrained(name, local_files_only=cached_only)
    raise FormatError(f"the model {name} names no known image preprocessing ({kind!r}); choose another model")


def _settings_of(processor: Any) -> Json:
    return dict(processor.to_dict())


def _explained(name: str) -> FormatError | NotFoundError:
    """Say why the library could not open a model, and what to do."""
    folder = Path(name)
    if not folder.is_dir():
        return NotFoundError(
            f"the model {name} is neither in the cache nor could it be downloaded: fetch it where there is "
            f"a network (hf download {name}) and give its folder as transformers:FOLDER, or use the classic "
            "encoder"
        )
    for file in ("config.json", "preprocessor_config.json"):
        if not (folder / file).exists():
            return NotFoundError(f"{name} lacks {file}; copy it from where the model came from")
    return FormatError(
        f"{name} holds no whole weights in safetensors, and pickled ones are never read; convert them first"
    )
