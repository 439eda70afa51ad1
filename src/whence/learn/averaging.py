"""A running mean of weights: it generalises better than they do themselves (Polyak and Juditsky 1992)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from whence.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["Average", "share_kept"]


def share_kept(step: int, decay: float) -> float:
    """Share of the old mean that step `step`, from 1, keeps: min(decay, step / (step + 9)).

    The first steps are forgotten sooner than `decay` alone would, so that the random weights of the
    beginning do not linger.

    Examples
    --------
    >>> share_kept(1, 0.99), share_kept(9, 0.99), share_kept(10_000, 0.99)
    (0.1, 0.5, 0.99)
    """
    return min(decay, step / (step + 9))


class Average:
    """Exponential running mean of a module's weights and running statistics.

    Parameters
    ----------
    module
        Its state is the first mean.
    decay
        Share of the mean that a step keeps, from 0 (the mean is the module) to below 1.

    Attributes
    ----------
    state
        Name -> mean. What is no fraction, such as a counter, is that of the last step.

    Raises
    ------
    InputError
        When the decay is out of range.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        if not 0.0 <= decay < 1.0:
            raise InputError(f"the decay of the mean of weights is {decay}; it lies between 0 and below 1")
        self.decay = decay
        self.state = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}

    @torch.no_grad()
    def add(self, module: nn.Module, step: int) -> None:
        """Move the mean towards the module after step `step`, counted from 1."""
        kept = share_kept(step, self.decay)
        for name, tensor in module.state_dict().items():
            mean = self.state[name]
            if tensor.is_floating_point():
                mean.lerp_(tensor.to(mean.dtype), 1.0 - kept)
            else:
                mean.copy_(tensor)

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take up a mean that was kept."""
        for name, mean in self.state.items():
            mean.copy_(state[name])
