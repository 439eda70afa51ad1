"""Weights of classes from how often they occur."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from whence.typing import ArrayLike

__all__ = ["balanced_weights"]


def balanced_weights(counts: ArrayLike, *, power: float = 0.5, greatest: float = 10.0) -> tuple[float, ...]:
    """Weigh classes by (mean count / count)^power, the mean over pixels of the weights being 1.

    Parameters
    ----------
    counts
        (K,) pixels of each class in the training data, none negative.
    power
        0 weighs all alike, 1 gives every class the same total weight; the root between them.
    greatest
        No weight is more than this many times the smallest; classes that never occur get the greatest.

    Raises
    ------
    InputError
        When there are no pixels at all, or a count is negative or not finite.

    Examples
    --------
    >>> balanced_weights([100, 100, 400], power=1.0)
    (2.0, 2.0, 0.5)
    """
    pixels = np.asarray(counts, np.float64)
    if pixels.ndim != 1 or not np.isfinite(pixels).all() or (pixels < 0).any() or pixels.sum() == 0:
        raise InputError("class weights need one count of pixels per class, none negative and not all zero")
    seen = pixels > 0
    raw = np.full(len(pixels), np.inf)
    raw[seen] = (pixels[seen].mean() / pixels[seen]) ** power
    raw = np.minimum(raw, greatest * raw.min())
    return tuple(float(w) for w in raw * (pixels.sum() / (raw * pixels).sum()))
