"""Any vision model of the transformers library, frozen: CLIP, DINOv2, ResNet, EfficientNet and so on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from whence._optional import require
from whence.errors import FormatError, NotFoundError
from whence.learn.encoders.hub import snapshot
from whence.learn.encoders.named import NAMED, NamedModel
from whence.learn.encoders.normalisation import unit_rows
from whence.learn.encoders.open_clip import is_open_clip, rewritten
from whence.learn.encoders.storage import read_settings, write_settings
from whence.learn.encoders.vision_tower import load_processor, load_tower, pooled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.typing import Floats32, Image, Json, PathLike

__all__ = ["Origin", "TransformersEncoder", "architecture_of", "origin_of", "preprocessing_of"]

_KIND = "transformers"
_EXTRA = "learn"
_BATCH = 16
_LONGEST_ASPECT = 8
# What says how a preprocessing is run rather than what it computes.
_IMMATERIAL = {
    "image_processor_type", "feature_extractor_type", "processor_class", "auto_map", "return_tensors",
    "data_format", "input_data_format", "device", "disable_grouping", "do_convert_rgb",
}  # fmt: skip
# What a configuration says about the file, the classifier's labels or the text tower.
_ABOUT_THE_FILE = {
    "transformers_version", "torch_dtype", "dtype", "architectures", "id2label", "label2id", "num_labels",
    "problem_type", "finetuning_task", "text_config", "text_config_dict", "vision_config_dict", "auto_map",
    "logit_scale_init_value", "initializer_range", "initializer_factor",
}  # fmt: skip


@dataclass(frozen=True)
class Origin:
    """Where a model came from.

    Attributes
    ----------
    source
        Its folder, or ``owner/name@commit`` on the hub.
    folder
        Where its files are on this disk, in the layout of the transformers library.
    licence
        What its weights are under, as far as is known; empty otherwise.
    named
        Its row in the table of named models, if it was opened by such a name.
    """

    source: str
    folder: Path
    licence: str = ""
    named: NamedModel | None = None

    @property
    def terms(self) -> str:
        """What to tell whoever uses the model; empty when nothing is known."""
        if self.named is not None:
            return self.named.terms
        return f"{self.source} is under {self.licence}" if self.licence else ""


@dataclass(frozen=True, eq=False)
class TransformersEncoder:
    """A frozen vision model and its own preprocessing; its pooled output is the vector.

    Attributes
    ----------
    model, processor
        What the library made of it, in evaluation mode, float32, on the CPU.
    origin
        Where it came from, and its licence.
    """

    model: Any = field(repr=False)
    processor: Any = field(repr=False)
    origin: Origin

    @classmethod
    def open(cls, source: PathLike, *, named: NamedModel | None = None) -> Self:
        """Open a model from a folder, the hub's cache, or the hub.

        Parameters
        ----------
        source
            Folder with ``config.json``, ``preprocessor_config.json`` and ``model.safetensors`` (or the files
            of OpenCLIP: ``open_clip_config.json`` and ``open_clip_model.safetensors``), or a name
            such as ``openai/clip-vit-base-patch32``, with ``@revision`` if wanted. No code that comes with a
            model is run, and nothing is unpickled.
        named
            Row of the table of named models that it shall be: gives the licence, and its length of
            vectors is checked.

        Raises
        ------
        MissingExtraError
            Without torch or transformers.
        NotFoundError
            When there is no such folder, or the name is not in the cache and cannot be downloaded.
        FormatError
            When the weights are not in safetensors or do not fill the model, when the model has no image
            preprocessing of its own, or when it is not the named one.
        """
        origin = origin_of(str(source), named)  # first: without a network this is said at once
        require("torch", extra=_EXTRA)
        library = require("transformers", extra=_EXTRA)
        processor = load_processor(library, origin.folder)
        encoder = cls(load_tower(library, origin.folder), processor, origin)
        if named is not None and encoder.dim != named.dim:
            raise FormatError(
                f"{source} gives vectors of {encoder.dim} numbers, {named.name} of {named.dim}: it is "
                f"another model; open it as transformers:{source}"
            )
        return encoder

    @property
    def licence(self) -> str:
        """Licence of the weights, as far as is known; empty otherwise."""
        return self.origin.licence

    @cached_property
    def identity(self) -> str:
        """Model type and a hash of the weights, the architecture and the preprocessing."""
        digest = hashlib.blake2b(digest_size=8)
        for settings in (preprocessing_of(self.processor), architecture_of(self.origin.folder)):
            digest.update(json.dumps(settings, sort_keys=True).encode())
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
        size = preprocessing_of(self.processor).get("size") or {}
        sizes = [value for value in dict(size).values() if isinstance(value, int)]
        return min(sizes, default=224)

    def prepare(self, image: Image) -> Floats32:
        """Input (3, h, w) of the model for one picture (h, w, 3) of any size."""
        pixels = self.processor(
            images=[_not_too_long(image, self.processor)],
            return_tensors="np",
            input_data_format="channels_last",
        )
        return np.ascontiguousarray(pixels["pixel_values"][0], np.float32)

    def encode_prepared(self, pixels: Floats32) -> Floats32:
        """Vectors (n, dim) of unit length of prepared pictures (n, 3, h, w)."""
        torch = _torch()
        with torch.inference_mode():
            found = pooled(self.model, torch.from_numpy(pixels))  # (n, dim)
        return unit_rows(found.float().numpy())

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
        """Write ``encoder.json``: where the model is, its licence, its identity; the weights stay there."""
        write_settings(folder, self.settings)

    @property
    def settings(self) -> Json:
        """What `save` writes."""
        named = self.origin.named
        return {
            "kind": _KIND,
            "source": self.origin.source,
            "name": named.name if named is not None else None,
            "licence": self.licence,
            "identity": self.identity,
            "dim": self.dim,
            "preprocessing": preprocessing_of(self.processor),
        }

    @classmethod
    def load(cls, folder: PathLike) -> Self:
        """Open the model that `save` named.

        Raises
        ------
        FormatError
            When the model is another one by now.
        """
        settings = read_settings(folder, kind=_KIND)
        encoder = cls.open(str(settings.get("source")), named=NAMED.get(str(settings.get("name"))))
        if encoder.identity != settings.get("identity"):
            raise FormatError(
                f"the model at {encoder.origin.source} is not the one that was used "
                f"({settings.get('identity')}); restore it, or build the index again"
            )
        return encoder


def preprocessing_of(processor: Any) -> Json:
    """Give what a preprocessing computes as JSON: equal for every release and every form of one processor."""
    kind = type(processor).__name__.removesuffix("Fast").removesuffix("Pil")
    settings = {
        name: value
        for name, value in dict(processor.to_dict()).items()
        if value is not None and name not in _IMMATERIAL and not name.startswith("_")
    }
    plain: Json = json.loads(json.dumps(settings | {"kind": kind}, default=_plain, sort_keys=True))
    return plain


def architecture_of(folder: Path) -> Json:
    """Give what ``config.json`` says about the network itself.

    One set of weights with another activation is another encoder. The file is read rather than what the
    library makes of it, which differs between releases.

    Raises
    ------
    NotFoundError
        When the file is gone.
    """
    try:
        content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(f"{folder} lacks config.json; copy it from where the model came from") from error
    return _material(dict(content))


def _material(settings: Json) -> Json:
    kept = {
        name: _material(value) if isinstance(value, dict) else value
        for name, value in settings.items()
        if value is not None and name not in _ABOUT_THE_FILE and not name.startswith("_")
    }
    return dict(sorted(kept.items()))


def _plain(value: Any) -> Any:
    return dict(value) if hasattr(value, "keys") else str(value)


def _not_too_long(image: Image, processor: Any) -> Image:
    """Cut the ends off a strip whose middle is all that is kept: scaling it whole could take gigabytes."""
    height, width = image.shape[:2]
    longest = _LONGEST_ASPECT * min(height, width)
    if max(height, width) <= longest or not getattr(processor, "do_center_crop", False):
        return image
    top, left = max(0, height - longest) // 2, max(0, width - longest) // 2
    return image[top : top + longest, left : left + longest]


def origin_of(source: str, named: NamedModel | None) -> Origin:
    """Find a model's files: a folder, the hub's cache, or the hub (see `TransformersEncoder.open`)."""
    folder = Path(source)
    if folder.is_dir():
        licence = named.licence if named is not None else _licence_of(folder)
        return Origin(str(folder.resolve()), _readable(folder), licence, named)
    repository, _, revision = source.partition("@")
    if "/" not in repository:
        raise NotFoundError(f"there is no folder {source}; models on the hub are called owner/name")
    found = snapshot(repository, revision=revision or "main")
    licence = named.licence if named is not None else _licence_of(found.folder)
    return Origin(f"{repository}@{found.commit}", _readable(found.folder), licence, named)


def _readable(folder: Path) -> Path:
    return rewritten(folder) if is_open_clip(folder) else folder


def _licence_of(folder: Path) -> str:
    """Licence that a model card states between its first two lines of dashes."""
    card = folder / "README.md"
    lines = card.read_text(encoding="utf-8", errors="replace").splitlines() if card.is_file() else []
    if not lines or lines[0].strip() != "---":
        return ""
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name == "license":
            return value.strip()
        if line.strip() == "---":
            break
    return ""


def _torch() -> Any:
    return require("torch", extra=_EXTRA)
