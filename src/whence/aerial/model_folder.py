"""The files of an aerial model: ``model.json`` and ``weights.safetensors``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from whence._optional import require
from whence.errors import FormatError, NotFoundError
from whence.imagery.atomic import atomic_path
from whence.learn.weight_files import disk_errors

if TYPE_CHECKING:
    import torch

    from whence.typing import Json, PathLike

__all__ = ["HEADER", "RUN_MODEL", "VERSION", "WEIGHTS", "read_folder", "write_folder"]

HEADER, WEIGHTS = "model.json", "weights.safetensors"
RUN_MODEL = "model"
"""Where a training puts its model, within the folder of the run."""
VERSION = 1
_FORMAT = "whence aerial model"


def write_folder(
    folder: PathLike, header: Json, weights: Mapping[str, torch.Tensor], *, half: bool = False
) -> Path:
    """Write a model, in the place of an older one; whole or not at all.

    Parameters
    ----------
    folder
        Where.
    header
        What ``model.json`` says besides format and version.
    weights
        State of the network.
    half
        Round what is float32 to 16 bits.
    """
    framework = require("torch", extra="aerial")
    files = require("safetensors.torch", extra="aerial")
    kept = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in weights.items()}
    if half:
        kept = {name: t.half() if t.dtype == framework.float32 else t for name, t in kept.items()}
    text = json.dumps({"format": _FORMAT, "version": VERSION, **header}, indent=1, ensure_ascii=False)
    with atomic_path(folder, folder=True) as beside:
        (beside / HEADER).write_text(text + "\n", encoding="utf-8")
        with disk_errors():
            files.save_file(kept, beside / WEIGHTS)
        shutil.copymode(beside / HEADER, beside / WEIGHTS)  # safetensors lets only the owner read
    return Path(folder)


def read_folder(folder: PathLike) -> tuple[Json, dict[str, torch.Tensor]]:
    """Read header and weights; the latter as float32 where they are fractions.

    Raises
    ------
    NotFoundError
        When the folder has no model.
    FormatError
        When it is foreign, of another version, or damaged.
    """
    place = Path(folder)
    if not (place / HEADER).is_file():
        below = f"; that of the run is {place / RUN_MODEL}" if (place / RUN_MODEL / HEADER).is_file() else ""
        raise NotFoundError(f"{place} holds no aerial model: there is no {HEADER} in it{below}")
    try:
        header = json.loads((place / HEADER).read_text(encoding="utf-8"))
        told, version = header["format"], header["version"]
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{place / HEADER} is broken ({error}); copy the whole folder again") from error
    if told != _FORMAT:
        raise FormatError(f"{place} is a {told!r}, not a {_FORMAT!r}")
    if version != VERSION:
        raise FormatError(
            f"{place} is of version {version}, this release reads {VERSION}; train it again, or update whence"
        )
    return header, _weights(place / WEIGHTS)


def _weights(path: Path) -> dict[str, torch.Tensor]:
    require("torch", extra="aerial")
    safetensors = require("safetensors", extra="aerial")
    files = require("safetensors.torch", extra="aerial")
    try:
        found = files.load_file(path)
    except (safetensors.SafetensorError, FileNotFoundError) as error:
        raise FormatError(f"{path} is missing or damaged ({error}); copy the whole folder again") from error
    return {name: t.float() if t.is_floating_point() else t for name, t in found.items()}
