"""What a loss of positions is, and the two kinds there are: of the distance, and of the coordinates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

import torch
from torch.autograd.function import once_differentiable

from whence.learn.losses.distance import distance_and_gradient, distance_km

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["CoordinateLoss", "DistanceLoss", "PositionLoss"]


@runtime_checkable
class PositionLoss(Protocol):
    """A loss of predicted positions; its mean over the batch is what is minimised."""

    @property
    def name(self) -> str:
        """Its name in `whence.learn.losses.LOSSES`."""

    def of_positions(self, predicted: Tensor, truth: Tensor) -> Tensor:
        """Loss (...) of positions (..., 2), degrees, differentiable in `predicted`."""

    def with_gradient(self, predicted: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Loss (...) and its gradient (..., 2) per degree, nothing recorded."""


@dataclass(frozen=True)
class DistanceLoss:
    """A function of the great-circle distance, with its derivative in closed form.

    Calling it with distances (...) in kilometres gives losses (...), differentiable.

    Attributes
    ----------
    name
        Its name in the table.
    value
        f(d): distance (...) km, none negative -> loss (...).
    derivative
        df/dd (...), per kilometre.
    """

    name: str
    value: Callable[[Tensor], Tensor]
    derivative: Callable[[Tensor], Tensor]

    def __call__(self, distance_km: Tensor) -> Tensor:
        """Loss (...) of distances (...) km, differentiable."""
        return cast("Tensor", _Composed.apply(distance_km, self))  # type: ignore[no-untyped-call]

    def of_positions(self, predicted: Tensor, truth: Tensor) -> Tensor:
        """Loss (...) of positions (..., 2), degrees, differentiable in `predicted`."""
        return self(distance_km(predicted, truth))

    def with_gradient(self, predicted: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Loss (...) and its gradient (..., 2) per degree, nothing recorded."""
        distance, gradient = distance_and_gradient(predicted, truth)
        return self.value(distance), gradient * self.derivative(distance).unsqueeze(-1)


@dataclass(frozen=True)
class CoordinateLoss:
    """A function of the differences of the two coordinates, which knows nothing of the sphere.

    Attributes
    ----------
    name
        Its name in the table.
    value
        Differences (..., 2), predicted minus true, degrees -> loss (...), with operations that
        differentiate.
    derivative
        Differences (..., 2) -> gradient (..., 2) per degree.
    """

    name: str
    value: Callable[[Tensor], Tensor]
    derivative: Callable[[Tensor], Tensor]

    def of_positions(self, predicted: Tensor, truth: Tensor) -> Tensor:
        """Loss (...) of positions (..., 2), degrees, differentiable in `predicted`."""
        return self.value(predicted - truth)

    def with_gradient(self, predicted: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Loss (...) and its gradient (..., 2) per degree, nothing recorded."""
        difference = predicted - truth
        return self.value(difference), self.derivative(difference)


class _Composed(torch.autograd.Function):
    """A `DistanceLoss` for automatic differentiation."""

    @staticmethod
    def forward(ctx: Any, distance_km: Tensor, loss: DistanceLoss) -> Tensor:
        ctx.save_for_backward(loss.derivative(distance_km))
        return loss.value(distance_km)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor, None]:
        (slope,) = ctx.saved_tensors
        return slope * outer, None
