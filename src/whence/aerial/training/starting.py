"""Weights to start from: those of another model, wherever name and shape agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from whence.errors import InputError

if TYPE_CHECKING:
    from whence.aerial.models import Network
    from whence.typing import PathLike

__all__ = ["start_from"]


@torch.no_grad()
def start_from(network: Network, source: PathLike) -> str:
    """Take over weights in place; gives a sentence that tells how many.

    Raises
    ------
    InputError
        When nothing agrees.
    """
    from whence.aerial.model import load_model

    there = load_model(source, device="cpu").network.state_dict()
    own = network.state_dict()
    fitting = [name for name, tensor in own.items() if name in there and there[name].shape == tensor.shape]
    if not fitting:
        raise InputError(f"no weight of {source} fits the network; name a model of the same kind")
    for name in fitting:
        own[name].copy_(there[name])
    return f"{len(fitting)} of {len(own)} weights are those of {source}"
