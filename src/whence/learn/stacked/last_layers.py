"""The three last layers: how two raw numbers become a longitude and a latitude.

180° tanh and the logistic function rescaled to ±180° are the same curve with the input halved
(2 σ(z) − 1 = tanh(z/2)), so those two models differ by how fast their last layer starts to move.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import torch

from whence.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["HALF_RANGES_DEG", "LAST_LAYERS", "LastLayer", "last_layer_named"]

HALF_RANGES_DEG = (180.0, 90.0)
"""Of longitude and latitude."""

LastLayer: TypeAlias = "Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]"
"""Raw outputs (..., 2, b) and the half ranges (2, 1), degrees -> positions, and their derivatives, degrees.

Both have the shape of the raw outputs; longitude comes first.
"""


def _clamp(raw: Tensor, half: Tensor) -> tuple[Tensor, Tensor]:
    """Degrees as they are, cut at the range; no gradient from beyond it, as ``torch.clamp`` has it."""
    return torch.clamp(raw, -half, half), (raw.abs() <= half).to(raw.dtype)


def _tanh(raw: Tensor, half: Tensor) -> tuple[Tensor, Tensor]:
    value = torch.tanh(raw)
    return half * value, half * (1.0 - value.square())


def _logistic(raw: Tensor, half: Tensor) -> tuple[Tensor, Tensor]:
    value = torch.tanh(0.5 * raw)  # 2 σ(z) − 1
    return half * value, (0.5 * half) * (1.0 - value.square())


LAST_LAYERS: dict[str, LastLayer] = {"clamp": _clamp, "tanh": _tanh, "logistic": _logistic}
"""Name -> last layer."""


def last_layer_named(name: str) -> LastLayer:
    """Give the last layer behind a name.

    Raises
    ------
    InputError
        For an unknown name; the message lists the known ones.
    """
    if name not in LAST_LAYERS:
        raise InputError(f"there is no last layer {name!r}; choose one of: {', '.join(LAST_LAYERS)}")
    return LAST_LAYERS[name]
