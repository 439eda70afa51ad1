"""The folder of a model: written whole or not at all, checked when it is read."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence import __version__
from whence._optional import require
from whence.errors import FormatError, InputError, NotFoundError
from whence.learn.weight_files import disk_errors, usual_mode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.learn.encoders.protocol import Encoder
    from whence.typing import Json

__all__ = ["ENCODER", "FORMAT", "HEADER", "VERSION", "WEIGHTS", "keep_encoder", "read_parts", "write_parts"]

FORMAT = "whence-model"
VERSION = 1
HEADER = "model.json"
WEIGHTS = "weights.safetensors"
ENCODER = "encoder"

_NEEDED = {"name", "kind", "dim", "encoder", "head", "calibration", "weights_sha256"}


def write_parts(folder: Path, header: Json, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write header and weights into a folder that is being made.

    Raises
    ------
    InputError
        When an array holds something else than numbers.
    """
    odd = [name for name, array in arrays.items() if array.dtype.kind not in "biuf"]
    if odd:
        raise InputError(f"the array {odd[0]!r} holds no numbers; a head keeps texts among its settings")
    numbers = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    with disk_errors(), usual_mode(folder / WEIGHTS):
        require("safetensors.numpy", extra="learn").save_file(numbers, folder / WEIGHTS)
    whole = {"format": FORMAT, "version": VERSION, "written_by": f"whence {__version__}", **header}
    whole["weights_sha256"] = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    text = json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / HEADER).write_text(text + "\n", encoding="utf-8")


def keep_encoder(folder: Path, encoder: Encoder | Path | None, identity: str) -> None:
    """Put an encoder, or a copy of its folder, into the folder of a model.

    Raises
    ------
    InputError
        When it is another one than the model's.
    """
    if encoder is None:
        return
    if isinstance(encoder, Path):
        shutil.copytree(encoder, folder / ENCODER)
        return
    if encoder.identity != identity:
        raise InputError(
            f"the model takes vectors of {identity!r}, the encoder given is {encoder.identity!r}"
        )
    encoder.save(folder / ENCODER)


def read_parts(folder: Path) -> tuple[Json, dict[str, NDArray[Any]]]:
    """Read header and weights.

    Raises
    ------
    NotFoundError
        When there is no model.
    FormatError
        When it is foreign, of another version, incomplete or damaged; the message tells the way out.
    """
    header = _header(folder)
    path = folder / WEIGHTS
    if not path.is_file():
        raise FormatError(f"{folder} has no {WEIGHTS}; copy the whole folder of the model again")
    if hashlib.sha256(path.read_bytes()).hexdigest() != header["weights_sha256"]:
        raise FormatError(
            f"{path} is cut off, or not the one that was written with {HEADER}; copy the whole folder again"
        )
    arrays: dict[str, NDArray[Any]] = require("safetensors.numpy", extra="learn").load_file(path)
    return header, arrays


def _header(folder: Path) -> Json:
    path = folder / HEADER
    if not path.is_file():
        inside = folder / "model"
        way_out = (
            f"that of the run is {inside}" if (inside / HEADER).is_file() else "make one with: whence train"
        )
        raise NotFoundError(f"{folder} is no model: it has no {HEADER}; {way_out}")
    try:
        content: Json = json.loads(path.read_text(encoding="utf-8"))
        form, version = content.get("format"), content.get("version")
    except (ValueError, AttributeError) as error:
        raise FormatError(f"{path} is broken ({error}); copy the whole folder of the model again") from error
    if form != FORMAT:
        raise FormatError(f"{path} is not the header of a model of whence; its format is {form!r}")
    if version != VERSION:
        raise FormatError(
            f"{path} has version {version!r}, this release reads {VERSION}; use the release that wrote it "
            f"({content.get('written_by', 'unknown')}), or train again"
        )
    missing = sorted(_NEEDED - content.keys())
    if missing:
        raise FormatError(f"{path} lacks {', '.join(missing)}; copy the whole folder of the model again")
    return content
