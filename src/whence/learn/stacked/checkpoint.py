"""Checkpoints of a stack: one safetensors file with the state as JSON in its header, whole or not there.

Everything that decides the next step is in it: weights, Adam's memory, the step and the epoch (which with the
seed give the order of the rows), the heads that are alive, every head's curves and best weights, and which
way of multiplying was chosen, because another one rounds differently.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from whence._optional import require
from whence.errors import FormatError
from whence.imagery.atomic import atomic_path
from whence.learn.stacked.products import WideProducts
from whence.learn.stacked.records import HeadRecord
from whence.learn.stacked.stack import NAMES, Stack
from whence.learn.weight_files import disk_errors, usual_mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.learn.stacked.values import StackedData, StackedHead, StackedSettings
    from whence.typing import Json

__all__ = ["SavedRun", "fingerprint", "read_checkpoint", "write_checkpoint"]

_VERSION = 1
_HEADER = "whence"
_FREE = ("epochs", "checkpoint_epochs", "products")  # settings that may be others when training goes on
_MEMORIES = ("weights", "means", "squares")
_SAMPLED_ROWS = 1000


@dataclass(frozen=True, eq=False)
class SavedRun:
    """What a checkpoint restores.

    Attributes
    ----------
    stack
        Live heads, with all that Adam remembers.
    records
        Name -> record, of every head.
    epoch
        The next one.
    """

    stack: Stack
    records: dict[str, HeadRecord]
    epoch: int


def fingerprint(
    heads: Sequence[StackedHead], settings: StackedSettings, data: Mapping[str, StackedData]
) -> Json:
    """Tell one training from another: heads, settings, and a digest of each side of the data."""
    chosen = {key: value for key, value in asdict(settings).items() if key not in _FREE}
    return {
        "heads": sorted((asdict(head) for head in heads), key=lambda head: str(head["name"])),
        "settings": chosen | {"hidden": list(settings.hidden)},
        **{side: _digest(part) for side, part in data.items()},
    }


def write_checkpoint(path: Path, run: SavedRun, *, mark: Json) -> None:
    """Write a checkpoint in place of the last one.

    Parameters
    ----------
    path
        The file.
    run
        The training as it is.
    mark
        Its `fingerprint`.
    """
    stack = run.stack
    arrays = {
        f"{memory}/{name}": tensor.cpu().numpy()
        for memory in _MEMORIES
        for name, tensor in zip(NAMES, getattr(stack, memory), strict=True)
    }
    for number, record in enumerate(run.records.values()):
        arrays |= {f"best/{number}/{name}": array for name, array in record.weights.items()}
    state = {
        "version": _VERSION,
        "fingerprint": mark,
        "epoch": run.epoch,
        "step": stack.step,
        "products": asdict(stack.products),
        "alive": [head.name for head in stack.heads],
        "records": [record.to_json() for record in run.records.values()],
    }
    with atomic_path(path) as beside, disk_errors(), usual_mode(beside):
        _safetensors().save_file(arrays, beside, metadata={_HEADER: json.dumps(state, allow_nan=False)})


def read_checkpoint(
    path: Path, heads: Sequence[StackedHead], settings: StackedSettings, *, mark: Json
) -> SavedRun:
    """Restore a training.

    Parameters
    ----------
    path
        The file.
    heads
        In stacking order.
    settings
        Of the training that goes on.
    mark
        Its `fingerprint`, which must be that of the checkpoint.

    Raises
    ------
    FormatError
        When the file is broken, or of another training.
    """
    state, arrays = _opened(path)
    saved = state.get("fingerprint", {})
    others = sorted(key for key in mark if saved.get(key) != mark[key])
    if state.get("version") != _VERSION or others:
        raise FormatError(
            f"{path} is a checkpoint of another training (its {', '.join(others) or 'version'} differ); "
            "remove it, or name another file"
        )
    records = [
        HeadRecord.from_json(content, _below(arrays, f"best/{number}/"))
        for number, content in enumerate(state["records"])
    ]
    weights, means, squares = (_tensors(arrays, memory, device=settings.device) for memory in _MEMORIES)
    alive = [head for head in heads if head.name in state["alive"]]
    products = WideProducts(**state["products"])
    stack = Stack(alive, settings, weights, means, squares, state["step"], products)
    return SavedRun(stack, {record.name: record for record in records}, state["epoch"])


def _opened(path: Path) -> tuple[Json, dict[str, np.ndarray]]:
    library = require("safetensors", extra="learn")
    try:
        with library.safe_open(path, framework="np") as file:
            header = (file.metadata() or {}).get(_HEADER)
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  not a mapping
        return json.loads(header or "{}"), arrays
    except (library.SafetensorError, json.JSONDecodeError) as error:
        raise FormatError(f"{path} is no checkpoint ({error}); remove it to begin anew") from error


def _below(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}


def _tensors(arrays: Mapping[str, np.ndarray], memory: str, *, device: str) -> list[torch.Tensor]:
    found = _below(arrays, f"{memory}/")
    return [torch.tensor(found[name], device=device) for name in NAMES]


def _digest(data: StackedData) -> str:
    """Hash the positions, the rows, and a sample of the features."""
    digest = hashlib.blake2b(digest_size=16)
    rows = np.arange(len(data)) if data.rows is None else data.rows
    sampled = rows[np.linspace(0, len(rows) - 1, min(len(rows), _SAMPLED_ROWS)).astype(np.int64)]
    for array in (rows, data.lonlat, data.features[sampled]):
        digest.update(f"{array.shape}{array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _safetensors() -> Any:
    return require("safetensors.numpy", extra="learn")
