"""The wide products of the first layer: by the BLAS of torch, or by oneDNN where it is faster."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

import torch

from whence.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from whence.learn.stacked.values import Products

__all__ = ["WideProducts", "onednn_available"]

_TRIALS = 5


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

    @classmethod
    def chosen(cls, asked: Products, weights: Tensor, batch: Tensor) -> Self:
        """Time both on the real shapes, or take what was asked for.

        Parameters
        ----------
        asked
            ``auto``, ``mm`` or ``onednn``.
        weights
            (m, d) of the first layers.
        batch
            (b, d) features.

        Raises
        ------
        InputError
            When oneDNN was asked for and is not there.
        """
        there = onednn_available(weights.dtype, weights.device)
        if asked == "onednn" and not there:
            raise InputError("oneDNN's products of float32 are not here; choose products = 'mm' or 'auto'")
        if asked != "auto" or not there:
            return cls(asked, asked) if asked != "auto" else cls()
        outer = weights[:, :1].expand(-1, len(batch)).contiguous()
        result = torch.empty_like(weights)
        return cls(
            _faster(lambda name: cls(forward=name).apply(weights, batch)),
            _faster(lambda name: cls(backward=name).gradient(outer, batch, out=result)),
        )

    def apply(self, weights: Tensor, batch: Tensor) -> Tensor:
        """Weights (m, d) times the features (b, d) transposed: (m, b)."""
        return _onednn(weights, batch) if self.forward == "onednn" else torch.mm(weights, batch.t())

    def gradient(self, outer: Tensor, batch: Tensor, *, out: Tensor) -> Tensor:
        """Gradients (m, b) times the features (b, d), into `out` (m, d) or a new tensor."""
        if self.backward == "onednn":
            return _onednn(outer, batch.t())
        if out.dtype == outer.dtype:
            return torch.mm(outer, batch, out=out)
        return out.copy_(torch.mm(outer, batch))


def _onednn(left: Tensor, right: Tensor) -> Tensor:
    """Product of (m, k) and (n, k) transposed."""
    return cast("Tensor", torch.ops.mkldnn._linear_pointwise(left, right, None, "none", [], ""))


def _faster(product: Callable[[str], Tensor]) -> str:
    """Name the faster of the two, by the least CPU time of a few trials in turns."""
    best_s = {"mm": float("inf"), "onednn": float("inf")}
    for trial in range(_TRIALS + 1):
        for name in best_s:
            start = time.process_time()
            product(name)
            if trial:  # the first round warms up
                best_s[name] = min(best_s[name], time.process_time() - start)
    return min(best_s, key=best_s.__getitem__)
