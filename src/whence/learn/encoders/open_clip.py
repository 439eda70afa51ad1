"""CLIP models in the files of OpenCLIP, rewritten as the transformers library reads them.

Some repositories of LAION hold nothing else. The names of the parameters differ, and the three projections of
each attention lie in one matrix.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence._optional import require
from whence.errors import FormatError
from whence.learn.weight_files import disk_errors
from whence.places.cache import cached_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from whence.typing import Json

__all__ = ["CONFIGURATION", "WEIGHTS", "is_open_clip", "rewritten"]

CONFIGURATION = "open_clip_config.json"
WEIGHTS = "open_clip_model.safetensors"

_VERSION = 1
_TOKENIZER = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.json",
    "merges.txt",
)
_VISION = {"image_size", "layers", "width", "patch_size", "head_width", "mlp_ratio"}
_TEXT = {"context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio"}
_MODEL = {"embed_dim", "vision_cfg", "text_cfg", "quick_gelu"}
_MEAN = (0.48145466, 0.4578275, 0.40821073)
_STD = (0.26862954, 0.26130258, 0.27577711)

_PLAIN = {
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.ln_pre": "vision_model.pre_layrnorm",  # spelt so in the library
    "visual.ln_post": "vision_model.post_layernorm",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "ln_final": "text_model.final_layer_norm",
    "logit_scale": "logit_scale",
}
_TRANSPOSED = {"visual.proj": "visual_projection.weight", "text_projection": "text_projection.weight"}
_BLOCK = re.compile(r"(visual\.)?transformer\.resblocks\.(\d+)\.(.+)\.(in_proj_)?(weight|bias)")
_IN_BLOCK = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
    "attn.out_proj": "self_attn.out_proj",
}


def is_open_clip(folder: Path) -> bool:
    """Tell whether a folder holds a model in the files of OpenCLIP and not in those of transformers."""
    return (folder / CONFIGURATION).is_file() and not (folder / "config.json").is_file()


def rewritten(folder: Path) -> Path:
    """Give a folder with the same model as the transformers library reads it, made once, in the cache.

    Parameters
    ----------
    folder
        ``open_clip_config.json``, ``open_clip_model.safetensors``, and the tokenizer's files if texts shall
        be read.

    Raises
    ------
    FormatError
        When there are no weights in safetensors, or the model is no plain CLIP with two transformers.
    """
    safetensors = require("safetensors", extra="learn")
    settings = _settings(folder)
    path = folder / WEIGHTS
    if not path.is_file():
        raise FormatError(f"{folder} lacks {WEIGHTS}, and pickled weights are never read; convert them first")
    digest = hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=8)
    with path.open("rb") as file:
        while block := file.read(1 << 24):
            digest.update(block)

    def build(made: Path) -> None:
        _write_settings(made, settings)
        try:
            weights = require("safetensors.numpy", extra="learn").load_file(path)
        except safetensors.SafetensorError as error:
            raise FormatError(f"{path} is broken ({error}); fetch it again") from error
        renamed = dict(_renamed(weights))
        with disk_errors():
            require("safetensors.numpy", extra="learn").save_file(
                renamed, made / "model.safetensors", metadata={"format": "pt"}
            )
        for name in (*_TOKENIZER, "README.md"):
            if (folder / name).is_file():
                shutil.copyfile(folder / name, made / name)

    return cached_folder(f"open-clip-{digest.hexdigest()}-v{_VERSION}", build)


def _settings(folder: Path) -> Json:
    path = folder / CONFIGURATION
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FormatError(f"{path} is not JSON ({error}); fetch it again") from error
    model = content.get("model_cfg", content)  # older files hold the model's settings alone
    strays = set(model) - _MODEL
    strays |= set(model.get("vision_cfg", {})) - _VISION | set(model.get("text_cfg", {})) - _TEXT
    if strays or not {"embed_dim", "vision_cfg", "text_cfg"} <= set(model):
        raise FormatError(
            f"{path} describes no plain CLIP ({', '.join(sorted(strays)) or 'towers are missing'}); only "
            "those with two transformers are read"
        )
    return {"model": model, "preprocess": content.get("preprocess_cfg", {})}


def _write_settings(folder: Path, settings: Json) -> None:
    """Write ``config.json`` and ``preprocessor_config.json``."""
    model, preprocess = settings["model"], settings["preprocess"]
    vision, text = model["vision_cfg"], model["text_cfg"]
    activation = "quick_gelu" if model.get("quick_gelu") else "gelu"
    config = {
        "model_type": "clip",
        "architectures": ["CLIPModel"],
        "projection_dim": model["embed_dim"],
        "vision_config": _tower(vision, activation, heads=vision["width"] // vision.get("head_width", 64))
        | {"image_size": vision["image_size"], "patch_size": vision["patch_size"]},
        "text_config": _tower(text, activation, heads=text["heads"])
        | {"max_position_embeddings": text["context_length"], "vocab_size": text["vocab_size"]}
        | {"bos_token_id": text["vocab_size"] - 2, "eos_token_id": text["vocab_size"] - 1},
    }
    side = vision["image_size"]
    preprocessor = {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": side},
        "crop_size": {"height": side, "width": side},
        "image_mean": preprocess.get("mean", _MEAN),
        "image_std": preprocess.get("std", _STD),
        "resample": 3,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor), encoding="utf-8")


def _tower(settings: Json, activation: str, *, heads: int) -> Json:
    width = settings["width"]
    return {
        "hidden_size": width,
        "intermediate_size": int(width * settings.get("mlp_ratio", 4)),
        "num_hidden_layers": settings["layers"],
        "num_attention_heads": heads,
        "hidden_act": activation,
        "layer_norm_eps": 1e-5,
    }


def _renamed(weights: Mapping[str, NDArray[Any]]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Parameters under the names of the transformers library.

    Raises
    ------
    FormatError
        For a parameter that plain CLIP does not have.
    """
    for name, values in weights.items():
        stem, _, kind = name.rpartition(".")
        if name in _PLAIN:
            yield _PLAIN[name], values
        elif stem in _PLAIN and kind in ("weight", "bias"):
            yield f"{_PLAIN[stem]}.{kind}", values
        elif name in _TRANSPOSED:
            yield _TRANSPOSED[name], np.ascontiguousarray(values.T)
        elif name != "attn_mask":  # a constant that older files carry
            yield from _of_block(name, values)


def _of_block(name: str, values: NDArray[Any]) -> Iterator[tuple[str, NDArray[Any]]]:
    found = _BLOCK.fullmatch(name)
    if found is None:
        raise FormatError(f"the parameter {name} is none of a plain CLIP; only those are read")
    vision, number, part, joined, kind = found.groups()
    stem = f"{'vision' if vision else 'text'}_model.encoder.layers.{number}"
    if joined and part == "attn":
        for projection, rows in zip("qkv", np.split(values, 3), strict=True):
            yield f"{stem}.self_attn.{projection}_proj.{kind}", np.ascontiguousarray(rows)
    elif part in _IN_BLOCK:
        yield f"{stem}.{_IN_BLOCK[part]}.{kind}", values
    else:
        raise FormatError(f"the parameter {name} is none of a plain CLIP; only those are read")
