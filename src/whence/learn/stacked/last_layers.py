"""The three last layers: how two raw numbers become a longitude and a latitude.

180° tanh and the logistic function rescaled to ±180° are the same curve with the input halved
(2 σ(z) − 1 = tanh(z/2)), so those two models differ by how fast their last layer starts to move.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from whence.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LAST_LAYERS", "LastLayer", "last_layer_named"]

_HALF_LONGITUDES_DEG = 180.0
_HALF_LATITUDES_DEG = 90.0


@dataclass(frozen=True)
class LastLayer:
    """A last layer with its derivative, one coordinate at a time.

    Attributes
    ----------
    squash
        Raw numbers (...) and half the range in degrees -> degrees (...) and their derivative (...).
    """

    squash: Callable[[Tensor, float], tuple[Tensor, Tensor]]

    def positions_and_slopes(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Positions and their derivatives, degrees, both as raw: (heads, 2, batch), longitude first."""
        longitude, longitude_slope = self.squash(raw[:, 0], _HALF_LONGITUDES_DEG)
        latitude, latitude_slope = self.squash(raw[:, 1], _HALF_LATITUDES_DEG)
        return torch.stack([longitude, latitude], 1), torch.stack([longitude_slope, latitude_slope], 1)


def _clamp(raw: Tensor, half: float) -> tuple[Tensor, Tensor]:
    """Degrees as they are, cut at the range; no gradient from beyond it, as ``torch.clamp`` has it."""
    return raw.clamp(-half, half), (raw.abs() <= half).to(raw.dtype)


def _tanh(raw: Tensor, half: float) -> tuple[Tensor, Tensor]:
    value = torch.tanh(raw)
    return half * value, half * (1.0 - value.square())


def _logistic(raw: Tensor, half: float) -> tuple[Tensor, Tensor]:
    value = torch.sigmoid(raw)
    return 2.0 * half * value - half, (2.0 * half) * value * (1.0 - value)


LAST_LAYERS = {"clamp": LastLayer(_clamp), "tanh": LastLayer(_tanh), "logistic": LastLayer(_logistic)}
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
