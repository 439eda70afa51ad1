"""A network as an ONNX file, for one size of tile or for any."""

from __future__ import annotations

import contextlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from whence._optional import require
from whence.aerial.models.contract import LEAST_PX
from whence.errors import InputError
from whence.imagery.atomic import atomic_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn

    from whence.typing import PathLike

__all__ = ["IMAGES", "LOGITS", "write_onnx"]

IMAGES, LOGITS = "images", "logits"
"""Names of the input (B, bands, H, W) and of the output (B, classes, H, W), float32."""

_OPSET = 17


def write_onnx(
    module: nn.Module, path: PathLike, *, bands: int, rows: int = 96, columns: int = 96, any_size: bool = True
) -> Path:
    """Write a network as ONNX, in evaluation mode and float32; the file appears whole or not at all.

    Parameters
    ----------
    module
        A `whence.aerial.models.contract.Network`, or anything from images (B, bands, H, W) to logits
        (B, classes, H, W). It keeps the mode it is in, and its weights.
    path
        File to write.
    bands
        Of the images.
    rows, columns
        Size to trace at, pixels, at least 32. With `any_size` the file takes any other from 32 on; then
        leave the default, at which no map of a Swin fills its windows, so that their padding is traced.
    any_size
        Whether rows and columns are free; the batch always is.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    MissingExtraError
        Without onnx.
    InputError
        For a size below 32.
    """
    require("onnx", extra="runtimes")
    if min(rows, columns) < LEAST_PX:
        raise InputError(f"a network takes {LEAST_PX} pixels and more, not {rows} × {columns}")
    device = next(module.parameters()).device
    sample = torch.zeros(2, bands, rows, columns, device=device)
    free = {0: "batch", **({2: "rows", 3: "columns"} if any_size else {})}
    with _evaluating(module), torch.no_grad(), _quiet(), atomic_path(path) as beside:
        torch.onnx.export(
            module,
            (sample,),
            str(beside),
            input_names=[IMAGES],
            output_names=[LOGITS],
            dynamic_axes={IMAGES: free, LOGITS: free},
            opset_version=_OPSET,
            dynamo=False,
        )
    return Path(path)


@contextlib.contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    before = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(before)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Pass over what the exporter says about itself, and about Python branches that do not vary here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=DeprecationWarning)
        warnings.simplefilter("ignore", category=FutureWarning)
        warnings.simplefilter("ignore", category=UserWarning)
        warnings.simplefilter("ignore", category=torch.jit.TracerWarning)  # type: ignore[attr-defined]
        yield
