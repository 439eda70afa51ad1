"""Lovász-softmax (Berman, Rannen Triki & Blaschko 2018, "The Lovász-Softmax loss", equations 8, 9, 11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from whence.aerial.losses.pixels import labelled, mean_where, one_hot, widened

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LovaszSoftmax", "jaccard_steps"]


def jaccard_steps(truth: Tensor) -> Tensor:
    """How much the Jaccard loss of one class grows as errors are admitted one by one.

    Parameters
    ----------
    truth
        (P, K) 1 where the pixel is of the class, else 0; each column in descending order of its errors.

    Returns
    -------
    Tensor
        (P, K) the steps, none negative; they sum to 1 where the class has a pixel.
    """
    total = truth.sum(0)
    shared = total - truth.cumsum(0)
    union = total + (1.0 - truth).cumsum(0)
    loss = 1.0 - shared / union.clamp(min=1.0)
    return torch.cat([loss[:1], loss[1:] - loss[:-1]])


@dataclass(frozen=True)
class LovaszSoftmax:
    """The Lovász extension of 1 − IoU, of the classes that are present, over the batch or image by image.

    Attributes
    ----------
    per_image
        Mean over the images of the loss of each, in the place of one loss over all pixels of the batch.
    """

    per_image: bool = False

    def __call__(self, logits: Tensor, ids: Tensor) -> Tensor:
        """Scalar for logits (B, K, H, W) and ids (B, H, W)."""
        if not self.per_image:
            return self._of_pixels(logits, ids)
        each = [self._of_pixels(logits[i : i + 1], ids[i : i + 1]) for i in range(len(logits))]
        return torch.stack(each).mean()

    def _of_pixels(self, logits: Tensor, ids: Tensor) -> Tensor:
        ids, counts = labelled(logits, ids)
        p = torch.softmax(widened(logits), dim=1)
        truth = one_hot(ids, counts, p)
        errors = ((truth - p).abs() * counts.unsqueeze(1)).movedim(1, -1).flatten(0, -2)  # (P, K)
        # Pixels that do not count have error 0 and no truth: they sort behind and add nothing.
        sorted_errors, order = errors.sort(dim=0, descending=True)
        flat = truth.movedim(1, -1).flatten(0, -2)
        with torch.no_grad():
            steps = jaccard_steps(flat.gather(0, order))
        return mean_where((sorted_errors * steps).sum(0), flat.sum(0) > 0)
