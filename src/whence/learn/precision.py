"""Where the numbers are multiplied, and how exactly."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from whence._optional import require
from whence.errors import InputError

if TYPE_CHECKING:
    import torch

__all__ = ["PRECISIONS", "device_named", "products_in"]

PRECISIONS = ("float32", "bf16")
"""Of the products in training; weights and losses stay float32."""


def device_named(name: str = "auto") -> torch.device:
    """Give the device to train on.

    Parameters
    ----------
    name
        ``auto`` takes a CUDA device, then Apple's, then the CPU; or torch's own name, such as ``cuda:1``.

    Raises
    ------
    InputError
        When there is no such device.
    MissingExtraError
        Without torch.
    """
    framework = require("torch", extra="learn")
    found = _best(framework) if name == "auto" else name
    try:
        device: torch.device = framework.device(found)
        framework.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"the device {name!r} is not here ({_first_line(error)}); use auto or cpu"
        ) from error
    return device


def products_in(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    """Give a context in which products are of that precision.

    ``bf16`` is torch's autocast: matrix products in bfloat16, what needs digits in float32.

    Raises
    ------
    InputError
        For an unknown precision.
    """
    if precision not in PRECISIONS:
        raise InputError(f"there is no precision {precision!r}; choose one of: {', '.join(PRECISIONS)}")
    if precision == "float32":
        return nullcontext()
    torch = require("torch", extra="learn")
    context: AbstractContextManager[Any] = torch.autocast(device.type, dtype=torch.bfloat16)
    return context


def _best(torch: Any) -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
