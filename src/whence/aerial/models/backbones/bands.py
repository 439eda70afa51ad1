"""Carrying a network of three bands over to another number of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from whence.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["repeated_kernels", "with_bands"]


def repeated_kernels(kernels: Tensor, bands: int) -> Tensor:
    """Share kernels (out, n, k, k) out among other bands: (out, bands, k, k).

    With more bands than n they are taken in turn, red, green, blue, red …, each divided by how often it is
    taken; with fewer, every band gets their mean times n / `bands`. Either way an image whose bands are all
    alike gets the response that it had.
    """
    n = kernels.shape[1]
    if bands < n:
        return kernels.mean(dim=1, keepdim=True).expand(-1, bands, -1, -1) * (n / bands)
    taken = torch.tensor([len(range(i % n, bands, n)) for i in range(bands)], device=kernels.device)
    return kernels[:, [i % n for i in range(bands)]] / taken[:, None, None]


def with_bands(model: nn.Module, bands: int) -> nn.Module:
    """Make the first convolution of a model again, for other bands; the same model is returned.

    Raises
    ------
    InputError
        When it has no convolution to change.
    """
    found = next((each for each in model.named_modules() if isinstance(each[1], nn.Conv2d)), None)
    if found is None:
        raise InputError("the backbone has no convolution to adapt to other bands")
    layer: Any = found[1]
    before = int(layer.in_channels)
    if before != bands:
        kernels = repeated_kernels(layer.weight.detach(), bands)
        layer.weight = nn.Parameter(kernels.contiguous())
        layer.in_channels = bands
        _tell(model, before, bands)
    return model


def _tell(model: nn.Module, before: int, bands: int) -> None:
    """Let the parts that check the number of bands know the new one."""
    part: Any
    for part in model.modules():
        if getattr(part, "num_channels", None) == before:
            part.num_channels = bands
    configuration: Any = getattr(model, "config", None)
    if configuration is not None:
        configuration.num_channels = bands
