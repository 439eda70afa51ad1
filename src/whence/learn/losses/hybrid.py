"""Losses of the place within a cell, in units of the cell.

`SQUARES` is that of Astruc et al. (2024, OpenStreetView-5M, the "hybrid" model). The others serve a plane of
metres: Huber forgives a wrong position, and the two likelihoods also learn how far off the answer is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from whence.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "GAUSSIAN",
    "HUBER",
    "LAPLACE",
    "OFFSET_LOSSES",
    "SQUARES",
    "OffsetLoss",
    "offset_loss",
    "offsets",
]

_HUBER_FROM = 0.25  # of the cell
_LOG_TWO_PI = math.log(2.0 * math.pi)
_NEVER_ZERO = 1e-12
_LOG_SCALE = (-7.0, 2.0)  # a thousandth of a cell, and seven cells


@dataclass(frozen=True)
class OffsetLoss:
    """A loss of offsets.

    Attributes
    ----------
    name
        Its name in `OFFSET_LOSSES`.
    value
        Predicted offsets (..., 2), true ones (..., 2), ln of the scale (...) or None -> loss (...).
    with_scale
        Whether it learns a scale, as a third output.
    """

    name: str
    value: Callable[[Tensor, Tensor, Tensor | None], Tensor]
    with_scale: bool = False


def offsets(raw: Tensor, *, reach: float) -> tuple[Tensor, Tensor | None]:
    """Turn outputs into offsets.

    Parameters
    ----------
    raw
        (..., 2), or (..., 3) with the logarithm of the scale.
    reach
        Greatest offset along an axis, 1 being the rim of the cell.

    Returns
    -------
    Tensor, Tensor or None
        reach · tanh(z) (..., 2), and ln of the scale (...) between e^-7 and e^2.
    """
    bounded = reach * torch.tanh(raw[..., :2])
    if raw.shape[-1] == 2:
        return bounded, None
    low, high = _LOG_SCALE
    return bounded, low + (high - low) * torch.sigmoid(raw[..., 2])


def _squares(predicted: Tensor, true: Tensor, _: Tensor | None) -> Tensor:
    return (predicted - true).square().mean(dim=-1)


def _huber(predicted: Tensor, true: Tensor, _: Tensor | None) -> Tensor:
    apart = _length(predicted - true)
    near = apart.clamp(max=_HUBER_FROM)
    return near * (apart - near / 2.0) / _HUBER_FROM


def _gaussian(predicted: Tensor, true: Tensor, log_scale: Tensor | None) -> Tensor:
    known = _known(log_scale)
    return _LOG_TWO_PI + 2.0 * known + (predicted - true).square().sum(-1) * torch.exp(-2.0 * known) / 2.0


def _laplace(predicted: Tensor, true: Tensor, log_scale: Tensor | None) -> Tensor:
    known = _known(log_scale)
    return _LOG_TWO_PI + 2.0 * known + _length(predicted - true) * torch.exp(-known)


def _known(log_scale: Tensor | None) -> Tensor:
    if log_scale is None:
        raise InputError("a likelihood of offsets takes the logarithm of their scale")
    return log_scale


def _length(difference: Tensor) -> Tensor:
    """Length (...) of (..., 2) with a gradient of zero at zero."""
    return (difference.square().sum(-1) + _NEVER_ZERO).sqrt()


SQUARES = OffsetLoss("squares", _squares)
"""Mean of the two squared differences."""

HUBER = OffsetLoss("huber", _huber)
"""Squares within a quarter of a cell, straight beyond, by the distance; slope 1."""

GAUSSIAN = OffsetLoss("gaussian", _gaussian, with_scale=True)
"""−ln of the round Gaussian in two dimensions, ln 2π σ² + r² / 2σ²."""

LAPLACE = OffsetLoss("laplace", _laplace, with_scale=True)
"""−ln of exp(−r/b) / (2π b²): heavy tails, in two dimensions."""

OFFSET_LOSSES = {loss.name: loss for loss in (SQUARES, HUBER, GAUSSIAN, LAPLACE)}
"""Name -> loss."""


def offset_loss(name: str) -> OffsetLoss:
    """Give the loss of a name.

    Raises
    ------
    InputError
        When there is none; the message lists those there are.
    """
    if name not in OFFSET_LOSSES:
        raise InputError(f"there is no loss of offsets {name!r}; choose one of: {', '.join(OFFSET_LOSSES)}")
    return OFFSET_LOSSES[name]
