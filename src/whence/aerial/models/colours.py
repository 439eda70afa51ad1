"""Classifiers of pixels by their colours and those around them; they know nothing of shapes.

What a random forest on colours at several scales sees, as a small network: local means and spreads in growing
neighbourhoods, and two layers that look at one place at a time. So little can be learnt by heart that it
holds on places that look otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from whence.aerial.models.blocks import convolution
from whence.aerial.models.contract import enlarged

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["FINEST_PX", "LocalColours", "local_colours"]

FINEST_PX = 4
"""Side of the squares whose colours are judged."""

_HALVINGS = 3  # means over squares of 4, 8, 16 and 32 pixels
_WIDENINGS = 2  # and over about 96 and 160
_SPREADS = 3  # of the squares have a standard deviation
_LEAST_VARIANCE = 1e-4


class LocalColours(nn.Module):
    """(B, bands, H, W), H and W multiples of 32 -> log probabilities (B, classes, H/4, W/4).

    Parameters
    ----------
    bands
        Of the images.
    classes
        How many.
    width
        Of the two hidden layers.
    members
        Classifiers that differ in what they began with and in the pixels they saw; the mean of their log
        probabilities counts.
    """

    def __init__(self, bands: int, classes: int, width: int, *, members: int = 4) -> None:
        super().__init__()
        inputs = bands * (1 + _HALVINGS + _WIDENINGS + _SPREADS)
        self.members = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(inputs),
                convolution(inputs, width, 1),
                convolution(width, width, 1),
                nn.Conv2d(width, classes, 1),
            )
            for _ in range(members)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Judge every fourth pixel."""
        seen = local_colours(images)
        found = [member(seen).log_softmax(dim=1) for member in self.members]
        return torch.stack(found).mean(dim=0)


def local_colours(images: Tensor) -> Tensor:
    """Means and standard deviations (B, 9 bands, H/4, W/4) of images (B, bands, H, W) around every place."""
    means = [functional.avg_pool2d(images, FINEST_PX)]
    squares = [functional.avg_pool2d(images * images, FINEST_PX)]
    for _ in range(_HALVINGS):
        means.append(functional.avg_pool2d(means[-1], 2))
        squares.append(functional.avg_pool2d(squares[-1], 2))
    spreads = [
        (square - mean * mean).clamp(min=_LEAST_VARIANCE).sqrt()
        for square, mean in zip(squares[:_SPREADS], means[:_SPREADS], strict=True)
    ]
    for _ in range(_WIDENINGS):
        means.append(functional.avg_pool2d(means[-1], 3, stride=1, padding=1, count_include_pad=False))
    return torch.cat([enlarged(each, means[0]) for each in (*means, *spreads)], dim=1)
