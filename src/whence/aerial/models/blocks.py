"""Layers that several networks are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ClassHead", "NormalisedPool", "convolution", "separable"]


def convolution(
    inputs: int,
    outputs: int,
    side: int = 3,
    *,
    stride: int = 1,
    dilation: int = 1,
    groups: int = 1,
    act: type[nn.Module] | None = nn.ReLU,
) -> nn.Sequential:
    """Convolution (B, inputs, h, w) -> (B, outputs, h/stride, w/stride), batch norm, and an activation.

    `act` None leaves the activation out; padding keeps the size at stride 1.
    """
    padding = dilation * (side - 1) // 2
    layers: list[nn.Module] = [
        nn.Conv2d(
            inputs,
            outputs,
            side,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups,
            bias=False,
        ),
        nn.BatchNorm2d(outputs),
    ]
    if act is not None:
        layers.append(act())
    return nn.Sequential(*layers)


def separable(inputs: int, outputs: int, side: int = 3) -> nn.Sequential:
    """Depthwise convolution, batch norm, then a pointwise one: (B, inputs, h, w) -> (B, outputs, h, w)."""
    return nn.Sequential(
        convolution(inputs, inputs, side, groups=inputs, act=None),
        nn.Conv2d(inputs, outputs, 1, bias=False),
    )


class NormalisedPool(nn.BatchNorm2d):
    """Batch norm of pooled vectors (B, C, 1, 1): a batch of one is normalised by the running statistics.

    One value per channel has no variance, and plain batch norm refuses it.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name that torch gives it
        """Normalise (B, C, 1, 1)."""
        if self.training and input.shape[0] * input.shape[2] * input.shape[3] == 1:
            mean, variance = self.running_mean, self.running_var
            return functional.batch_norm(input, mean, variance, self.weight, self.bias, eps=self.eps)
        return super().forward(input)


class ClassHead(nn.Sequential):
    """3×3 convolution, dropout, 1×1 convolution: features (B, C, h, w) -> logits (B, classes, h, w)."""

    def __init__(
        self, channels: int, classes: int, *, width: int | None = None, dropout: float = 0.1
    ) -> None:
        width = channels if width is None else width
        super().__init__(convolution(channels, width), nn.Dropout2d(dropout), nn.Conv2d(width, classes, 1))
