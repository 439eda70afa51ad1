"""From the raw outputs of all heads to their losses and the gradient, each head by its own rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Self

import torch

from whence.errors import InputError
from whence.learn.losses import loss_named
from whence.learn.losses.distance import distance_and_gradient
from whence.learn.losses.protocol import DistanceLoss, PositionLoss
from whence.learn.stacked.last_layers import HALF_RANGES_DEG, LastLayer, last_layer_named

if TYPE_CHECKING:
    from torch import Tensor

    from whence.learn.stacked.values import StackedHead

__all__ = ["Objective", "runs", "stacking_order"]


def position_loss(name: str) -> PositionLoss:
    """Give the loss behind a name, if it is one of positions.

    Raises
    ------
    InputError
        When there is none of that name, or it needs more than positions.
    """
    loss = loss_named(name)
    if not isinstance(loss, PositionLoss):
        raise InputError(f"the loss {name} is not one of positions; heads with it are trained one by one")
    return loss


def stacking_order(heads: Sequence[StackedHead]) -> list[StackedHead]:
    """Sort heads so that those with a distance, and those of one loss, lie side by side."""
    kinds = {head.loss: isinstance(position_loss(head.loss), DistanceLoss) for head in heads}
    return sorted(heads, key=lambda head: (not kinds[head.loss], head.loss, head.lr, head.name))


def runs(keys: Sequence[object]) -> Iterator[tuple[object, slice]]:
    """Give each stretch of equal keys as a slice."""
    for key, numbers in groupby(range(len(keys)), key=keys.__getitem__):
        stretch = list(numbers)
        yield key, slice(stretch[0], stretch[-1] + 1)


@dataclass(frozen=True, eq=False)
class Objective:
    """The losses of heads in stacking order.

    Attributes
    ----------
    last_layers
        Each last layer with the heads (k,) that have it.
    far
        How many heads, the first ones, have a loss of the distance.
    losses
        Each loss with the stretch of heads that have it.
    half
        (2, 1) half of the range of longitude and of latitude, degrees.
    """

    last_layers: tuple[tuple[LastLayer, Tensor], ...]
    far: int
    losses: tuple[tuple[PositionLoss, slice], ...]
    half: Tensor

    @classmethod
    def of(cls, heads: Sequence[StackedHead], *, device: torch.device) -> Self:
        """Objective of heads that are in `stacking_order`."""
        names = sorted({head.last_layer for head in heads})
        members = {name: [i for i, head in enumerate(heads) if head.last_layer == name] for name in names}
        layers = tuple((last_layer_named(name), torch.tensor(members[name], device=device)) for name in names)
        losses = tuple((position_loss(str(name)), part) for name, part in runs([head.loss for head in heads]))
        far = max((part.stop for loss, part in losses if isinstance(loss, DistanceLoss)), default=0)
        return cls(layers, far, losses, torch.tensor(HALF_RANGES_DEG, device=device).unsqueeze(-1))

    def losses_and_gradient(self, raw: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Losses of every head and row, and the gradient of each by its raw outputs.

        Parameters
        ----------
        raw
            (heads, 2, batch) outputs of the last product.
        truth
            (batch, 2) longitude, latitude, degrees.

        Returns
        -------
        tuple of Tensor
            Losses (heads, batch); gradients (heads, 2, batch), one per row, not averaged.
        """
        positions, slopes = self._positions(raw)
        losses, gradients = self._losses(positions.mT, truth)
        return losses, gradients.mT * slopes

    def _positions(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Positions and their derivatives by the raw outputs, all (heads, 2, batch)."""
        half = self.half.to(raw.dtype)
        if len(self.last_layers) == 1:
            return self.last_layers[0][0](raw, half)
        positions, slopes = torch.empty_like(raw), torch.empty_like(raw)
        for layer, members in self.last_layers:
            some_positions, some_slopes = layer(raw.index_select(0, members), half)
            positions.index_copy_(0, members, some_positions)
            slopes.index_copy_(0, members, some_slopes)
        return positions, slopes

    def _losses(self, positions: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Losses (heads, batch) and gradients (heads, batch, 2) of positions (heads, batch, 2)."""
        losses: list[Tensor] = []
        gradients: list[Tensor] = []
        if self.far:
            distance, by_position = distance_and_gradient(positions[: self.far], truth)
            by_distance = [loss.derivative(distance[part]) for loss, part in self._of_distance()]
            losses = [loss.value(distance[part]) for loss, part in self._of_distance()]
            gradients = [by_position * torch.cat(by_distance).unsqueeze(-1)]
        for loss, part in self.losses:
            if not isinstance(loss, DistanceLoss):
                value, gradient = loss.with_gradient(positions[part], truth)
                losses.append(value)
                gradients.append(gradient)
        return torch.cat(losses), torch.cat(gradients)

    def _of_distance(self) -> Iterator[tuple[DistanceLoss, slice]]:
        for loss, part in self.losses:
            if isinstance(loss, DistanceLoss):
                yield loss, part
