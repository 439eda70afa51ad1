"""How large a network is: parameters, and products per image."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

if TYPE_CHECKING:
    from whence.aerial.models.contract import Network

__all__ = ["Complexity", "complexity"]


class Complexity(NamedTuple):
    """What one image costs.

    Attributes
    ----------
    parameters
        All there are, those of auxiliary heads too.
    products
        Multiplications with addition in convolutions, linear layers and attention; norms, activations and
        resizing are left out.
    of_layers
        As the tools count with which many published figures were made (thop): the products of attention,
        which belong to no layer, are missed, and transposed convolutions are counted as if every pixel of
        their output had a whole kernel.
    """

    parameters: int
    products: int
    of_layers: int


def complexity(network: Network, *, side_px: int, training: bool = False) -> Complexity:
    """Count a network's parameters and products; nothing is computed, so the largest are counted at once.

    Parameters
    ----------
    network
        Made by `whence.aerial.models.network`; a copy on the meta device is counted.
    side_px
        Side of the square image.
    training
        Count the products of the auxiliary heads too.
    """
    meta = _on_meta(network)
    images = torch.empty(1, int(network.settings()["bands"]), side_px, side_px, device="meta")
    missed = [0]
    for layer in meta.modules():
        if isinstance(layer, nn.ConvTranspose2d):
            layer.register_forward_hook(lambda layer, _, found: missed.append(_missed(layer, found)))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        _ = meta.outputs(images) if training else meta(images)
    by_operation = counter.get_flop_counts()["Global"]
    products = sum(by_operation.values()) // 2
    attention = sum(count for operation, count in by_operation.items() if "bmm" in str(operation)) // 2
    parameters = sum(each.numel() for each in network.parameters())
    return Complexity(parameters, products, products - attention + sum(missed))


def _on_meta(network: Network) -> Network:
    from whence.aerial.models import network as built

    with torch.device("meta"):
        return built(**network.settings()).eval()


def _missed(layer: nn.Module, found: torch.Tensor) -> int:
    """Products that a transposed convolution would do if it did all of its kernel at every output pixel."""
    if not isinstance(layer, nn.ConvTranspose2d):
        return 0
    at_output = layer.weight.numel() * found.shape[0] * found.shape[2] * found.shape[3]
    return at_output - at_output // (layer.stride[0] * layer.stride[1])
