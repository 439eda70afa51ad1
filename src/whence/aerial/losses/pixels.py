"""What the losses share: which pixels count, probabilities in full precision, and the mean of nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch
from torch.nn import functional

from whence.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "IGNORED", "PixelLoss", "chosen", "labelled", "mean_where", "one_hot", "pixel_weights", "widened",
]  # fmt: skip

IGNORED = 255
"""The id of a pixel that does not count; `whence.aerial.scheme.IGNORE`."""


@runtime_checkable
class PixelLoss(Protocol):
    """A loss of labelled pixels."""

    def __call__(self, logits: Tensor, ids: Tensor) -> Tensor:
        """Scalar for logits (B, K, H, W) and ids (B, H, W), 255 left out."""


def widened(logits: Tensor) -> Tensor:
    """Logits as float32 where they came in half precision; sums over a batch need the digits."""
    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits


def labelled(logits: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Tell which pixels count.

    Parameters
    ----------
    logits
        (B, K, H, W).
    ids
        (B, H, W) of any integer type; 0 … K − 1, or 255.

    Returns
    -------
    Tensor, Tensor
        ids (B, H, W) int64 with 0 where they do not count, and whether they do (B, H, W) bool.

    Raises
    ------
    InputError
        When the sizes do not match or, on the CPU, when an id is not below K: a scheme with more classes
        than the network, or raw ids that were never encoded.
    """
    if ids.shape != (logits.shape[0], *logits.shape[2:]):
        raise InputError(
            f"logits {tuple(logits.shape)} and ids {tuple(ids.shape)} are not of the same pixels: ids are "
            "(B, H, W), one per pixel"
        )
    ids = ids.long()
    counts = ids != IGNORED
    ids = torch.where(counts, ids, 0)
    if ids.device.type == "cpu" and ids.numel():  # elsewhere the check would wait for the device
        low, high = (int(bound) for bound in torch.aminmax(ids))
        if low < 0 or high >= logits.shape[1]:
            raise InputError(
                f"the labels hold the id {low if low < 0 else high}, but the network tells {logits.shape[1]} "
                "classes apart (0 is the first): encode the masks with the scheme that the network has"
            )
    return ids, counts


def chosen(values: Tensor, ids: Tensor) -> Tensor:
    """Value (B, H, W) of each pixel's own class, of values (B, K, H, W)."""
    return values.gather(1, ids.unsqueeze(1)).squeeze(1)


def one_hot(ids: Tensor, counts: Tensor, like: Tensor) -> Tensor:
    """Ones (B, K, H, W) at the class of each pixel that counts, in the type and for the classes of `like`."""
    ones = functional.one_hot(ids, like.shape[1]).movedim(-1, 1).to(like.dtype)
    return ones * counts.unsqueeze(1)


def mean_where(values: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean of values (...) with weights (...), none negative; 0 where all weights are 0."""
    weights = weights.to(values.dtype)
    total = weights.sum()
    return (values * weights).sum() / torch.where(total > 0, total, torch.ones_like(total))


def pixel_weights(ids: Tensor, counts: Tensor, like: Tensor, class_weights: Sequence[float] | None) -> Tensor:
    """Weight (B, H, W) of each pixel: that of its class (1 where there are none), 0 where it does not count.

    Raises
    ------
    InputError
        When there are not as many weights as classes.
    """
    if class_weights is None:
        return counts.to(like.dtype)
    if len(class_weights) != like.shape[1]:
        raise InputError(f"{len(class_weights)} class weights were given for {like.shape[1]} classes")
    table = torch.as_tensor(class_weights, dtype=like.dtype, device=like.device)
    return table[ids] * counts
