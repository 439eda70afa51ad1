"""A training under way as one file: tensors as safetensors, all else as JSON in the file's header.

One file is replaced in one rename, so weights, optimiser and counters are always of the same epoch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence._optional import require
from whence.errors import FormatError, InputError
from whence.imagery.atomic import atomic_path
from whence.learn.weight_files import disk_errors, usual_mode

if TYPE_CHECKING:
    import torch

    from whence.typing import Json, PathLike

__all__ = ["check_same", "read_checkpoint", "write_checkpoint"]

VERSION = 1
_KEY = "whence checkpoint"


def write_checkpoint(path: PathLike, tensors: Mapping[str, torch.Tensor], state: Json) -> None:
    """Write a checkpoint in the place of an older one, whole or not at all.

    Parameters
    ----------
    path
        The file.
    tensors
        Name -> tensor, on any device.
    state
        Values that JSON can hold.
    """
    numpy_file = require("safetensors.torch", extra="learn")
    whole = {name: tensor.detach().to("cpu").contiguous().clone() for name, tensor in tensors.items()}
    header = {_KEY: json.dumps({"version": VERSION, "state": state})}
    with atomic_path(path) as beside, disk_errors(), usual_mode(beside):
        numpy_file.save_file(whole, beside, metadata=header)


def read_checkpoint(path: PathLike) -> tuple[dict[str, torch.Tensor], Json]:
    """Read what `write_checkpoint` wrote: tensors on the CPU, and the state.

    Raises
    ------
    FormatError
        When the file is broken, foreign or of another version.
    """
    safetensors = require("safetensors", extra="learn")
    try:
        with safetensors.safe_open(Path(path), "pt") as file:
            header = json.loads((file.metadata() or {})[_KEY])
            if header["version"] != VERSION:
                raise FormatError(
                    f"{path} is a checkpoint of version {header['version']}, this release reads {VERSION}; "
                    "start again with --restart"
                )
            return {name: file.get_tensor(name) for name in file.keys()}, dict(header["state"])  # noqa: SIM118
    except (safetensors.SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise FormatError(
            f"{path} is not a whole checkpoint ({error}); start again with --restart"
        ) from error


def check_same(found: Mapping[str, Any], wanted: Mapping[str, Any], *, where: PathLike) -> None:
    """Refuse to go on with other settings than those that were begun with.

    Raises
    ------
    InputError
        When any differs; the message names each key with both values.
    """
    keys = sorted({*found, *wanted})
    different = [key for key in keys if found.get(key) != wanted.get(key)]
    if different:
        told = "; ".join(f"{key} was {found.get(key)!r} and is {wanted.get(key)!r}" for key in different)
        raise InputError(
            f"{where} was begun with other settings: {told}; repeat those, or start again with --restart"
        )
