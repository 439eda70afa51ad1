"""Optimisers by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from whence._lazy import named
from whence._optional import require
from whence.errors import InputError

if TYPE_CHECKING:
    import torch

__all__ = ["OPTIMISERS", "optimiser_named"]

OPTIMISERS: dict[str, tuple[str, dict[str, Any]]] = {
    "adam": ("torch.optim:Adam", {}),
    "adamw": ("torch.optim:AdamW", {}),
    "sgd": ("torch.optim:SGD", {"momentum": 0.9, "nesterov": True}),
    "lamb": ("whence.learn.lamb:Lamb", {}),
}
"""Name -> ("module:class", settings that differ from the class's own)."""


def optimiser_named(
    name: str,
    parameters: Iterable[torch.nn.Parameter] | Iterable[dict[str, Any]],
    *,
    rate: float,
    weight_decay: float = 0.0,
) -> torch.optim.Optimizer:
    """Make an optimiser.

    Parameters
    ----------
    name
        A name of `OPTIMISERS`.
    parameters
        What it changes; or groups of them, as torch takes them.
    rate
        Learning rate.
    weight_decay
        As the optimiser means it: with ``adam`` and ``sgd`` it is added to the gradient, with ``adamw`` and
        ``lamb`` the weights shrink on their own.

    Raises
    ------
    InputError
        For an unknown name.
    MissingExtraError
        Without torch.
    """
    if name not in OPTIMISERS:
        raise InputError(f"there is no optimiser {name!r}; choose one of: {', '.join(OPTIMISERS)}")
    require("torch", extra="learn")
    home, settings = OPTIMISERS[name]
    made: torch.optim.Optimizer = named(home)(
        list(parameters), lr=rate, weight_decay=weight_decay, **settings
    )
    return made
