"""The stack itself: weights of all heads side by side, one step forward, backward and of Adam.

Features stand as rows, activations as columns: the first layers of all heads are one product
(heads · hidden, d) × (d, batch), the others are batched over the heads, and nothing is transposed in memory.
The backward pass is written out, because automatic differentiation costs more than the arithmetic here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Self, cast

import torch
from torch.optim.adam import adam

from whence.errors import InputError
from whence.learn.stacked.objective import Objective, runs
from whence.learn.stacked.products import WideProducts, fastest, onednn_available

if TYPE_CHECKING:
    from torch import Tensor

    from whence.learn.stacked.values import StackedHead, StackedSettings

__all__ = ["NAMES", "Stack", "initial_weights"]

NAMES = ("0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias")
"""Arrays of a head as ``torch.nn.Sequential`` names them."""


def initial_weights(seed: int, widths: Sequence[int]) -> list[Tensor]:
    """Draw the weights and biases of a head as ``torch.nn.Linear`` does.

    The same numbers as layers made one after the other following ``torch.manual_seed(seed)``.

    Parameters
    ----------
    seed
        Of the head.
    widths
        Of the features, the hidden layers and the output.

    Returns
    -------
    list of Tensor
        Weight (out, in) and bias (out,) of each layer, float32.
    """
    generator = torch.Generator().manual_seed(seed)
    drawn = []
    for before, after in pairwise(widths):
        weight = torch.empty(after, before)
        torch.nn.init.kaiming_uniform_(weight, a=math.sqrt(5.0), generator=generator)
        bound = 1.0 / math.sqrt(before)
        drawn += [weight, torch.empty(after).uniform_(-bound, bound, generator=generator)]
    return drawn


@dataclass(eq=False)
class Stack:
    """Heads under training, in stacking order.

    Attributes
    ----------
    heads
        The live ones.
    weights, means, squares
        Six tensors each, as `NAMES`, with the heads first: the weights, and Adam's running mean of the
        gradient and of its square. Biases are columns (heads, width, 1).
    step
        How many steps were made.
    """

    heads: list[StackedHead]
    settings: StackedSettings
    weights: list[Tensor]
    means: list[Tensor]
    squares: list[Tensor]
    step: int
    products: WideProducts

    @classmethod
    def fresh(cls, heads: Sequence[StackedHead], settings: StackedSettings, *, dim: int) -> Self:
        """Stack of heads (in stacking order) with their initial weights."""
        device = torch.device(settings.device)
        dtype = torch.float64 if settings.numbers == "float64" else torch.float32
        drawn = [initial_weights(head.seed, (dim, *settings.hidden, 2)) for head in heads]
        weights = [torch.stack(layer).to(device, dtype) for layer in zip(*drawn, strict=True)]
        weights = [w if w.ndim == 3 else w.unsqueeze(-1) for w in weights]
        means, squares = ([torch.zeros_like(w) for w in weights] for _ in range(2))
        return cls(list(heads), settings, weights, means, squares, 0, WideProducts())

    def __post_init__(self) -> None:
        self._prepare()

    def _prepare(self) -> None:
        """Make what depends on which heads are alive."""
        device = self.device
        self._low = torch.bfloat16 if self.settings.numbers == "bfloat16" else None
        self._objective = Objective.of(self.heads, device=device)
        self._gradients = [torch.zeros_like(w) for w in self.weights]
        stretches: dict[float, list[slice]] = {}
        for lr, part in runs([head.lr for head in self.heads]):
            stretches.setdefault(cast("float", lr), []).append(part)
        self._groups = [(lr, parts, self._counters(len(parts))) for lr, parts in stretches.items()]

    def _counters(self, parts: int) -> list[Tensor]:
        return [torch.tensor(float(self.step), device=self.device) for _ in range(parts * len(NAMES))]

    def choose_products(self) -> None:
        """Take the way to compute the wide products that the settings ask for, or time both.

        Raises
        ------
        InputError
            When oneDNN is asked for and is not there.
        """
        wide, asked = self.weights[0], self.settings.products
        there = onednn_available(self._low or wide.dtype, wide.device)
        if asked == "onednn" and not there:
            raise InputError("oneDNN's products of float32 are not here; choose products = 'mm' or 'auto'")
        if asked != "auto":
            self.products = WideProducts(asked, asked)
        elif there:
            batch = torch.ones_like(wide[0, :1]).expand(self.settings.batch_size, -1).contiguous()
            self.products = self._timed(batch, batch[:, :2])

    def _timed(self, batch: Tensor, truth: Tensor) -> WideProducts:
        """Time both ways of each product within the whole pass, as the state of the caches matters."""

        def backward_with(products: WideProducts) -> None:
            self.products = products
            self.backward(batch, truth)

        names = ("mm", "onednn")
        forward = fastest({name: partial(backward_with, WideProducts(forward=name)) for name in names})
        ways = {name: partial(backward_with, WideProducts(forward, name)) for name in names}
        return WideProducts(forward, fastest(ways))

    def keep(self, alive: Sequence[int]) -> None:
        """Drop all heads but those numbered, with their share of Adam's memory."""
        chosen = torch.tensor(list(alive), dtype=torch.int64, device=self.device)
        self.heads = [self.heads[i] for i in alive]
        for tensors in (self.weights, self.means, self.squares):
            tensors[:] = [tensor.index_select(0, chosen) for tensor in tensors]
        self._prepare()

    def raw(self, batch: Tensor) -> Tensor:
        """Give the outputs (heads, 2, b) of features (b, d), before the last layer."""
        return self._forward(batch)[-1]

    def losses(self, batch: Tensor, truth: Tensor) -> Tensor:
        """Losses (heads, b) of features (b, d) and true positions (b, 2)."""
        return self._objective.losses_and_gradient(self.raw(batch), truth)[0]

    def train(self, batch: Tensor, truth: Tensor) -> Tensor:
        """Make one step of Adam with every head, and give the losses (heads, b) before it."""
        losses = self.backward(batch, truth)
        self.update()
        return losses

    def backward(self, batch: Tensor, truth: Tensor) -> Tensor:
        """Losses (heads, b); the gradients of their means are kept for `update`.

        Parameters
        ----------
        batch
            (b, d) features, of the numbers of the settings.
        truth
            (b, 2) longitude, latitude, degrees.
        """
        first, second, raw = self._forward(batch)
        losses, outer = self._objective.losses_and_gradient(raw, truth)
        outer = outer * (1.0 / len(batch))  # (heads, 2, b)
        _, _, w2, _, w3, _ = self.weights
        _, gb1, g2, gb2, g3, gb3 = self._gradients
        torch.bmm(outer, second.to(outer.dtype).mT, out=g3)
        torch.sum(outer, -1, keepdim=True, out=gb3)
        inner = self._lowered(_masked(torch.bmm(w3.mT, outer), second))  # (heads, hidden, b)
        self._product_into(g2, inner, first.mT)
        torch.sum(inner, -1, keepdim=True, dtype=gb2.dtype, out=gb2)
        innermost = _masked(torch.bmm(self._lowered(w2).mT, inner), first)
        torch.sum(innermost, -1, keepdim=True, dtype=gb1.dtype, out=gb1)
        self.products.add_gradient(innermost.flatten(0, 1), batch, self._gradients)
        return losses

    def update(self) -> None:
        """Make Adam's step with the gradients of `backward`."""
        self.step += 1
        for lr, parts, counters in self._groups:
            stacks = (self.weights, self._gradients, self.means, self.squares)
            weights, gradients, means, squares = (
                tensors if len(self._groups) == 1 else [t[part] for part in parts for t in tensors]
                for tensors in stacks
            )
            adam(
                weights, gradients, means, squares, [], counters[: len(weights)], fused=True, amsgrad=False,
                lr=lr, beta1=self.settings.beta1, beta2=self.settings.beta2, eps=self.settings.epsilon,
                weight_decay=0.0, maximize=False,
            )  # fmt: skip

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.weights[0].device

    def changing(self) -> list[Tensor]:
        """All that a step changes in place: weights, Adam's memory and its counters."""
        counters = [counter for _, _, counters in self._groups for counter in counters]
        return [*self.weights, *self.means, *self.squares, *counters]

    def weights_of(self, number: int) -> dict[str, Tensor]:
        """Copy the weights of one head, as `NAMES`, to the CPU."""
        drawn = [tensor[number].detach().clone().cpu() for tensor in self.weights]
        return {name: t if name.endswith("weight") else t[:, 0] for name, t in zip(NAMES, drawn, strict=True)}

    def _forward(self, batch: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Activations (heads, hidden, b) of both hidden layers and the raw outputs (heads, 2, b)."""
        w1, b1, w2, b2, w3, b3 = self.weights
        wide = self.products.apply(self._lowered(w1).flatten(0, 1), batch)
        first = wide.view(len(self.heads), -1, len(batch)).add_(self._lowered(b1)).relu_()
        second = torch.baddbmm(self._lowered(b2), self._lowered(w2), first).relu_()
        return first, second, torch.baddbmm(b3, w3, second.to(w3.dtype))

    def _lowered(self, tensor: Tensor) -> Tensor:
        return tensor if self._low is None else tensor.to(self._low)

    def _product_into(self, out: Tensor, left: Tensor, right: Tensor) -> None:
        if left.dtype == out.dtype:
            torch.bmm(left, right, out=out)
        else:
            out.copy_(torch.bmm(left, right))


def _masked(gradient: Tensor, activation: Tensor) -> Tensor:
    """Gradient through a ReLU, in place, from what came out of it."""
    through = torch.ops.aten.threshold_backward.grad_input
    return cast("Tensor", through(gradient, activation.to(gradient.dtype), 0, grad_input=gradient))
