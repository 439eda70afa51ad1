"""Cross entropy with smoothed labels (Szegedy et al. 2016, "Rethinking the Inception architecture")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch.nn import functional

from whence.aerial.losses.pixels import chosen, labelled, mean_where, pixel_weights, widened

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["CrossEntropy"]


@dataclass(frozen=True)
class CrossEntropy:
    """(1 − ε) · −ln p_true + ε · mean over classes of −ln p, averaged over the pixels that count.

    Attributes
    ----------
    smoothing
        ε: share of the label that is spread over all classes.
    class_weights
        One per class; the mean is weighted by that of the true class.
    """

    smoothing: float = 0.0
    class_weights: Sequence[float] | None = None

    def __call__(self, logits: Tensor, ids: Tensor) -> Tensor:
        """Scalar for logits (B, K, H, W) and ids (B, H, W)."""
        ids, counts = labelled(logits, ids)
        log_p = functional.log_softmax(widened(logits), dim=1)
        each = -chosen(log_p, ids)
        if self.smoothing:
            each = (1.0 - self.smoothing) * each - self.smoothing * log_p.mean(dim=1)
        return mean_where(each, pixel_weights(ids, counts, log_p, self.class_weights))
