"""How large a network is: parameters, and multiplications per image.

Two things are counted in more than one way, and a figure without its way of counting says little:

* Products of matrices that belong to no layer, as attention takes them. Counters that go layer by layer
  (thop, torchinfo) see none of them; those that follow the operations (fvcore) see them all.
* Transposed convolutions. With stride s, one output pixel meets a share 1/s² of the kernel; counters that
  multiply the kernel by the pixels of the output, as for any other convolution, give s² times too much.
"""

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
    multiplications
        Each with its addition: in convolutions and linear layers and, if they were to be counted, in
        products of matrices. Norms, activations, softmax and resizing are left out.
    """

    parameters: int
    multiplications: int


def complexity(
    network: Network,
    *,
    side_px: int,
    training: bool = False,
    products: bool = True,
    whole_kernels: bool = False,
) -> Complexity:
    """Count a network's parameters and multiplications; nothing is computed, so large ones take no longer.

    Parameters
    ----------
    network
        Made by `whence.aerial.models.network`; a copy on the meta device is counted.
    side_px
        Side of the square image.
    training
        Count the auxiliary heads too.
    products
        Count products of matrices that belong to no layer; False for figures of counters that miss them.
    whole_kernels
        Give transposed convolutions their whole kernel at every output pixel, for figures counted so.
    """
    meta = _on_meta(network)
    images = torch.empty(1, int(network.settings()["bands"]), side_px, side_px, device="meta")
    surplus = [0]
    for layer in meta.modules():
        if isinstance(layer, nn.ConvTranspose2d):
            layer.register_forward_hook(lambda layer, _, found: surplus.append(_surplus(layer, found)))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        _ = meta.outputs(images) if training else meta(images)
    by_operation = counter.get_flop_counts()["Global"]
    counted = sum(count for name, count in by_operation.items() if products or "bmm" not in str(name)) // 2
    parameters = sum(each.numel() for each in network.parameters())
    return Complexity(parameters, counted + (sum(surplus) if whole_kernels else 0))


def _on_meta(network: Network) -> Network:
    from whence.aerial.models import network as built

    with torch.device("meta"):
        return built(**network.settings()).eval()


def _surplus(layer: nn.Module, found: torch.Tensor) -> int:
    """Multiplications that a transposed convolution is given too many when its kernel counts as whole."""
    if not isinstance(layer, nn.ConvTranspose2d):
        return 0
    at_output = layer.weight.numel() * found.shape[0] * found.shape[2] * found.shape[3]
    return at_output - at_output // (layer.stride[0] * layer.stride[1])
