"""The wide products of the first layer: by the BLAS of torch, or by oneDNN where it is faster."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["WideProducts", "fastest", "onednn_available"]

_TRIALS = 10


def onednn_available(dtype: torch.dtype, device: torch.device) -> bool:
    """Tell whether torch has oneDNN's product here for these numbers."""
    return (
        device.type == "cpu"
        and dtype == torch.float32
        and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )


@dataclass(frozen=True)
class WideProducts:
    """How the two products of the first layer are computed; an equal choice gives equal bits.

    Attributes
    ----------
    forward, backward
        ``mm`` or ``onednn``.
    """

    forward: str = "mm"
    backward: str = "mm"

    def apply(self, weights: Tensor, batch: Tensor) -> Tensor:
        """Weights (m, d) times the features (b, d) transposed: (m, b)."""
        return _onednn(weights, batch) if self.forward == "onednn" else torch.mm(weights, batch.t())

    def add_gradient(self, outer: Tensor, batch: Tensor, holder: list[Tensor]) -> None:
        """Put the gradients (m, b) times the features (b, d) into the first place of a list.

        The tensor that lies there is written to or, for oneDNN, which makes its own, let go of before:
        otherwise the allocator fetches fresh pages at every step, which costs as much as the product.
        """
        if self.backward == "onednn":
            shape = holder[0].shape
            holder[0] = outer
            holder[0] = _onednn(outer, batch.t()).view(shape)
        elif holder[0].dtype == outer.dtype:
            torch.mm(outer, batch, out=holder[0].flatten(0, 1))
        else:
            holder[0].flatten(0, 1).copy_(torch.mm(outer, batch))


def fastest(ways: Mapping[str, Callable[[], object]]) -> str:
    """Name the way with the least CPU time of a few trials in turns."""
    best_s = dict.fromkeys(ways, float("inf"))
    for trial in range(_TRIALS + 1):
        for name, way in ways.items():
            start = time.process_time()
            way()
            if trial:  # the first round warms up
                best_s[name] = min(best_s[name], time.process_time() - start)
    return min(best_s, key=best_s.__getitem__)


def _onednn(left: Tensor, right: Tensor) -> Tensor:
    """Product of (m, k) and (n, k) transposed."""
    return cast("Tensor", torch.ops.mkldnn._linear_pointwise(left, right, None, "none", [], ""))
