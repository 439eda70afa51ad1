"""The network that most heads train: a multilayer perceptron whose randomness comes from outside."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from whence.photos.heads.perceptron import Perceptron

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from whence.photos.heads.fitting import Standardisation
    from whence.typing import Floats

__all__ = ["Network", "array_of", "dropped", "linear", "perceptron_of", "seeded"]


def seeded(seed: int) -> torch.Generator:
    """Make a generator on the CPU."""
    return torch.Generator().manual_seed(seed)


def linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """Make a layer with torch's default first weights, U(±1/√inputs), from a generator of our own."""
    layer = nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")
    bound = 1.0 / math.sqrt(inputs)
    with torch.no_grad():
        for values in (layer.weight, layer.bias):
            values.uniform_(-bound, bound, generator=generator)
    return layer


def dropped(values: Tensor, share: float, generator: torch.Generator | None) -> Tensor:
    """Set a random share of the values to zero and stretch the others; none without a generator."""
    if generator is None or share == 0.0:
        return values
    kept = torch.rand(values.shape, generator=generator, device=values.device) >= share
    return values * kept / (1.0 - share)


class Network(nn.Module):
    """Affine layers with max(0, ·) and dropout between them, over standardised inputs.

    Parameters
    ----------
    sizes
        Widths: inputs, hidden ones, outputs.
    inputs
        Scaling of the inputs.
    generator
        Source of the first weights.
    dropout
        Share of the hidden values left out in training.
    """

    shift: Tensor
    scale: Tensor

    def __init__(
        self, sizes: Sequence[int], inputs: Standardisation, *, generator: torch.Generator, dropout: float
    ) -> None:
        super().__init__()
        self.dropout = dropout
        self.width = sizes[-2]
        self.register_buffer("shift", torch.as_tensor(inputs.shift, dtype=torch.float32))
        self.register_buffer("scale", torch.as_tensor(inputs.scale, dtype=torch.float32))
        self.layers = nn.ModuleList(linear(*pair, generator) for pair in pairwise(sizes))

    def forward(self, features: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Run (b, inputs) through; (b, outputs). Only with a generator is anything left out."""
        return self.last(self.hidden(features, generator))

    def hidden(self, features: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Run (b, inputs) through all layers but the last; (b, width)."""
        values = (features - self.shift) * self.scale
        for layer in self.layers[:-1]:
            values = dropped(torch.relu(layer(values)), self.dropout, generator)
        return values

    def last(self, hidden: Tensor) -> Tensor:
        """Run (b, width) through the last layer; (b, outputs)."""
        result: Tensor = self.layers[-1](hidden)
        return result


def perceptron_of(network: nn.Module) -> Perceptron:
    """Take a finished `Network` out of torch; the scaling of the inputs goes into the first layer."""
    state = {name: array_of(values) for name, values in network.state_dict().items()}
    numbers = range(sum(name.endswith(".weight") for name in state))
    weights = tuple(state[f"layers.{number}.weight"] for number in numbers)
    biases = tuple(state[f"layers.{number}.bias"] for number in numbers)
    return Perceptron(weights, biases).after_inputs(state["shift"], state["scale"])


def array_of(values: Tensor) -> Floats:
    """Copy a tensor into numpy, float64."""
    return np.asarray(values.detach().cpu().numpy(), np.float64)
