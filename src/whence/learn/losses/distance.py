"""Great-circle distance in torch, with the gradient in closed form: minus the bearing, times the radius.

The gradient of the usual haversine is 0/0 where the points coincide and at antipodes, and automatic
differentiation gives NaN there. The distance grows by exactly one metre per metre moved straight away, so
its gradient is a unit vector; where the direction is undefined it is zero here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import torch
from torch.autograd.function import once_differentiable

from whence.earth.sphere import EARTH_RADIUS_M

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "EARTH_RADIUS_KM",
    "distance_and_gradient",
    "distance_km",
    "vector_distance_and_gradient",
    "vector_distance_km",
]

EARTH_RADIUS_KM = EARTH_RADIUS_M / 1000.0

_RADIANS = math.pi / 180.0
_NEVER_ZERO = 1e-30  # divides a direction of length zero; a normal number in float32 too


def distance_km(predicted: Tensor, truth: Tensor) -> Tensor:
    """Great-circle distance, differentiable in `predicted`.

    Parameters
    ----------
    predicted
        (..., 2) longitude, latitude, degrees, float32 or float64. Values beyond ±180 and ±90 stand for the
        point of the sphere that they lead to.
    truth
        (..., 2) degrees; it broadcasts with `predicted` and is taken as constant.

    Returns
    -------
    Tensor
        (...) kilometres on the sphere of `whence.earth.sphere.EARTH_RADIUS_M`. Its gradient is finite
        everywhere: zero where the points coincide and at the antipodes.

    Examples
    --------
    >>> lisbon = torch.tensor([-9.1393, 38.7223], requires_grad=True)
    >>> d = distance_km(lisbon, torch.tensor([37.6173, 55.7558]))
    >>> d.backward()
    >>> round(d.item()), [round(g, 1) for g in lisbon.grad.tolist()]  # kilometres per degree
    (3906, [-61.8, -78.0])
    """
    pair = torch.broadcast_tensors(predicted, truth)  # type: ignore[no-untyped-call]
    return cast("Tensor", _Distance.apply(*pair))  # type: ignore[no-untyped-call]


def distance_and_gradient(predicted: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Great-circle distance, and how it changes with the predicted position; nothing is recorded.

    The haversine of `whence.earth.sphere.distance_m` (sine and cosine of half the angle, each as a sum of
    squares). With θ the bearing of the truth, ∂d/∂φ = −R cos θ and ∂d/∂λ = −R cos φ sin θ.

    Parameters
    ----------
    predicted, truth
        (..., 2) longitude, latitude, degrees; they broadcast.

    Returns
    -------
    tuple of Tensor
        Distance (...) km, and gradient (..., 2) km per degree of longitude and of latitude.
    """
    latitude = predicted[..., 1] * _RADIANS
    turn, rise = ((truth - predicted) * _RADIANS).unbind(-1)  # differences first: float32 keeps their digits
    true_latitude = truth[..., 1] * _RADIANS
    cos_here, cos_there = torch.cos(latitude), torch.cos(true_latitude)
    half_turn, half_rise = turn * 0.5, rise * 0.5
    sin_half_turn, cosines = torch.sin(half_turn), cos_here * cos_there
    versine = sin_half_turn.square()
    sine = torch.addcmul(torch.sin(half_rise).square(), cosines, versine)
    middle = (latitude + true_latitude) * 0.5
    cosine = torch.addcmul(torch.sin(middle).square(), cosines, torch.cos(half_turn).square())
    angle = 2.0 * torch.atan2(sine.clamp_(min=0.0).sqrt_(), cosine.clamp_(min=0.0).sqrt_())
    east = torch.sin(turn) * cos_there
    # Equal to cosφ₁ sinφ₂ − sinφ₁ cosφ₂ cosΔλ, without its cancellation between neighbours.
    north = torch.sin(rise) + 2.0 * torch.sin(latitude) * cos_there * versine
    scale = (-EARTH_RADIUS_KM * _RADIANS) / torch.hypot(east, north).clamp_(min=_NEVER_ZERO)
    gradient = torch.stack([east * cos_here * scale, north * scale], dim=-1)
    return angle * EARTH_RADIUS_KM, gradient


def vector_distance_km(predicted: Tensor, truth: Tensor) -> Tensor:
    """Great-circle distance between unit vectors, differentiable in `predicted`.

    Parameters
    ----------
    predicted, truth
        (..., 3) of length one, in the frame of `whence.earth.sphere.to_unit_vectors`; they broadcast.
        `truth` is taken as constant.

    Returns
    -------
    Tensor
        (...) kilometres. Its gradient lies in the tangent plane: it is that of the distance from
        ``predicted / |predicted|``.
    """
    pair = torch.broadcast_tensors(predicted, truth)  # type: ignore[no-untyped-call]
    return cast("Tensor", _VectorDistance.apply(*pair))  # type: ignore[no-untyped-call]


def vector_distance_and_gradient(predicted: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Great-circle distance between unit vectors, and its gradient in the tangent plane.

    2 R atan2(|v − u|, |v + u|) keeps its digits from neighbours to antipodes (Kahan 2006, "How futile are
    mindless assessments of roundoff", section 12).

    Parameters
    ----------
    predicted, truth
        (..., 3) of length one; they broadcast.

    Returns
    -------
    tuple of Tensor
        Distance (...) km, and gradient (..., 3) km per radian.
    """
    chord = truth - predicted
    half = torch.atan2(_length(chord), _length(truth + predicted))
    towards = chord - (chord * predicted).sum(-1, keepdim=True) * predicted  # of length sin(angle)
    length = _length(towards).clamp(min=_NEVER_ZERO)
    return 2.0 * EARTH_RADIUS_KM * half, towards * (-EARTH_RADIUS_KM / length).unsqueeze(-1)


def _length(vectors: Tensor) -> Tensor:
    """Length (...) of vectors (..., 3), without underflow."""
    x, y, z = vectors.unbind(-1)
    return torch.hypot(torch.hypot(x, y), z)


class _Distance(torch.autograd.Function):
    """`distance_and_gradient` for automatic differentiation."""

    @staticmethod
    def forward(ctx: Any, predicted: Tensor, truth: Tensor) -> Tensor:
        distance, gradient = distance_and_gradient(predicted, truth)
        ctx.save_for_backward(gradient)
        return distance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * outer.unsqueeze(-1), None


class _VectorDistance(torch.autograd.Function):
    """`vector_distance_and_gradient` for automatic differentiation."""

    @staticmethod
    def forward(ctx: Any, predicted: Tensor, truth: Tensor) -> Tensor:
        distance, gradient = vector_distance_and_gradient(predicted, truth)
        ctx.save_for_backward(gradient)
        return distance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * outer.unsqueeze(-1), None
