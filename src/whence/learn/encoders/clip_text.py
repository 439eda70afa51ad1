"""The text tower of CLIP: words as vectors in the space of its pictures, for locating without training."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from whence._optional import require
from whence.errors import FormatError, InputError, NotFoundError
from whence.learn.encoders.named import NAMED
from whence.learn.encoders.normalisation import unit_rows
from whence.learn.encoders.transformers import Origin, origin_of
from whence.learn.encoders.vision_tower import quiet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.typing import Floats32, PathLike

__all__ = ["CLIPTextTower"]

_EXTRA = "learn"
_BATCH = 64


@dataclass(frozen=True, eq=False)
class CLIPTextTower:
    """The text half of a CLIP model: its vectors are compared with those of the same model's pictures.

    Attributes
    ----------
    model, tokenizer
        What the library made of it, in evaluation mode, float32, on the CPU.
    logit_scale
        What the model multiplies a likeness (-1 to 1) with before the softmax over texts; 100 in those
        of OpenAI.
    origin
        Where it came from, and its licence.
    """

    model: Any = field(repr=False)
    tokenizer: Any = field(repr=False)
    logit_scale: float
    origin: Origin

    @classmethod
    def open(cls, source: PathLike) -> Self:
        """Open the text tower of a model, without its vision tower.

        Parameters
        ----------
        source
            As for the encoder of its pictures: a folder (with ``tokenizer.json``, or ``vocab.json`` and
            ``merges.txt``), a name of `NAMED` such as ``clip-vit-b32``, that name and ``:FOLDER``, or a
            name on the hub; ``transformers:`` before a folder or name may stay.

        Raises
        ------
        MissingExtraError
            Without torch or transformers.
        NotFoundError
            When there is no such folder, a file is missing in it, or the name is out of reach.
        FormatError
            When the model has no text tower, or its weights are broken or not in safetensors.
        """
        origin = _origin(str(source))
        require("torch", extra=_EXTRA)
        library = require("transformers", extra=_EXTRA)
        folder = origin.folder
        if not any((folder / name).is_file() for name in ("tokenizer.json", "vocab.json")):
            raise NotFoundError(
                f"{folder} lacks the tokenizer (tokenizer.json, or vocab.json and merges.txt); copy it from "
                "where the model came from"
            )
        model = _load(library, folder)
        try:
            tokenizer = library.CLIPTokenizerFast.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError) as error:
            raise FormatError(f"the tokenizer in {folder} is broken: {error}") from error
        return cls(model, tokenizer, _logit_scale(folder), origin)

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return int(self.model.config.projection_dim)

    @property
    def max_tokens(self) -> int:
        """Tokens that are read; the rest of a longer text is not."""
        return int(self.model.config.max_position_embeddings)

    @cached_property
    def identity(self) -> str:
        """A hash of the weights."""
        digest = hashlib.blake2b(digest_size=8)
        for name, weights in sorted(self.model.state_dict().items()):
            digest.update(name.encode())
            digest.update(weights.contiguous().reshape(-1).numpy().data)
        return f"clip-text-{digest.hexdigest()}"

    def encode(self, texts: Sequence[str]) -> Floats32:
        """Vectors (n, dim) of unit length of n texts.

        Raises
        ------
        InputError
            When `texts` is one text instead of several.
        """
        if isinstance(texts, str):
            raise InputError("give a list of texts; a single one as [text]")
        batches = [self._encode(list(texts[i : i + _BATCH])) for i in range(0, len(texts), _BATCH)]
        return np.concatenate(batches) if batches else np.empty((0, self.dim), np.float32)

    def _encode(self, texts: list[str]) -> Floats32:
        torch = require("torch", extra=_EXTRA)
        tokens = self.tokenizer(
            texts, padding=True, truncation=True, max_length=self.max_tokens, return_tensors="pt"
        )
        with torch.inference_mode():
            found = self.model(
                input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
            ).text_embeds  # (n, dim)
        return unit_rows(found.float().numpy())


def _origin(source: str) -> Origin:
    name, _, where = source.partition(":")
    if name in NAMED:
        named = NAMED[name]
        return origin_of(where or f"{named.repository}@{named.revision}", named)
    return origin_of(where if name == "transformers" and where else source, None)


def _load(library: Any, folder: Path) -> Any:
    """Load the text tower and its projection, whole or not at all."""
    safetensors = require("safetensors", extra=_EXTRA)
    try:
        with quiet(library):
            config = library.AutoConfig.from_pretrained(folder, local_files_only=True)
            if config.model_type != "clip":
                raise FormatError(
                    f"{folder} holds a {config.model_type} model, which reads no texts as CLIP does"
                )
            text = config.text_config
            # Published configurations leave the tower's own copy of this number at its default.
            text.projection_dim = config.projection_dim
            model, report = library.CLIPTextModelWithProjection.from_pretrained(
                folder, config=text, use_safetensors=True, local_files_only=True, output_loading_info=True
            )
    except (OSError, RuntimeError, safetensors.SafetensorError) as error:
        first = str(error).strip().partition("\n")[0]
        raise FormatError(f"{folder} holds no whole CLIP model in safetensors: {first}") from error
    if report["missing_keys"]:
        raise FormatError(
            f"{folder} lacks parameters of the text tower, such as {min(report['missing_keys'])}"
        )
    return model.float().eval()


def _logit_scale(folder: Path) -> float:
    """Read the one number that belongs to neither tower; it is stored as a logarithm."""
    safetensors = require("safetensors", extra=_EXTRA)
    for path in sorted(folder.glob("model*.safetensors")):
        with safetensors.safe_open(path, framework="numpy") as weights:
            if "logit_scale" in weights.keys():  # noqa: SIM118 - not a mapping
                return math.exp(float(np.asarray(weights.get_tensor("logit_scale"), np.float64).reshape(())))
    raise FormatError(f"{folder} lacks logit_scale, which turns likenesses into probabilities")
