"""What a backbone is to the networks on top of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from torch import nn

from whence.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Backbone", "no_weights"]


class Backbone(nn.Module, ABC):
    """A pyramid of feature maps, finest first.

    Attributes
    ----------
    channels
        Of each map.
    strides
        Pixels of the image along one step of each map; the last four are 4, 8, 16, 32.
    """

    channels: tuple[int, ...]
    strides: tuple[int, ...]

    @abstractmethod
    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Give the maps (B, channels[i], H/strides[i], W/strides[i]) of images (B, bands, H, W).

        H and W are multiples of the coarsest stride.
        """


def no_weights(name: str, *, pretrained: bool, weights: object) -> None:
    """Refuse weights where none are published.

    Raises
    ------
    InputError
        When some were asked for.
    """
    if pretrained or weights is not None:
        raise InputError(
            f"the backbone {name} has no published weights: leave pretrained and weights out, and it starts "
            "from random ones"
        )
