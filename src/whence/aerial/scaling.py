"""Images with their ids made larger or smaller: means for images, whole classes for masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.datasets.scene import Pair
from whence.aerial.encoding import IGNORE
from whence.errors import InputError
from whence.imagery.reduction import block_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Bools

__all__ = ["block_modes", "reduced", "resampled"]


def resampled(pair: Pair, scale: float) -> Pair:
    """Resample a scene to `scale` times as many pixels across and down.

    Images go by means of what a pixel covers where they shrink and by cubic convolution where they grow;
    ids and validity by the nearest pixel, so that no class is made up.

    Raises
    ------
    InputError
        When the scale is not positive.
    """
    import cv2

    if not scale > 0:
        raise InputError(f"the scale is {scale}; it must be positive")
    if scale == 1:
        return pair
    height, width = (max(round(side * scale), 1) for side in pair.image.shape[:2])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    kind = pair.image.dtype
    wide = pair.image.astype(np.float32 if kind.itemsize <= 2 else np.float64, copy=False)
    bands = [
        cv2.resize(np.ascontiguousarray(wide[..., band]), (width, height), interpolation=way)
        for band in range(wide.shape[2])
    ]
    image = np.stack(bands, axis=-1)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        image = np.clip(np.rint(image), limits.min, limits.max)
    rows = np.minimum(((np.arange(height) + 0.5) / scale).astype(int), pair.image.shape[0] - 1)
    columns = np.minimum(((np.arange(width) + 0.5) / scale).astype(int), pair.image.shape[1] - 1)
    nearest = np.ix_(rows, columns)
    ids = None if pair.ids is None else pair.ids[nearest]
    valid = None if pair.valid is None else pair.valid[nearest]
    return Pair(image.astype(kind), ids, valid)


def reduced(pair: Pair, factor: int) -> Pair:
    """Reduce by a whole number: means of squares for the image, the commonest class for the ids.

    Parameters
    ----------
    pair
        Both sides multiples of `factor`.
    factor
        Side of a square.

    Returns
    -------
    Pair
        What is there at half of a square at least is there; the mean is of what is there.
    """
    if factor == 1:
        return pair
    whole = np.ones(pair.image.shape[:2], np.bool_) if pair.valid is None else pair.valid
    means, kept = block_means(pair.image, whole, factor)
    image = means if pair.image.dtype.kind == "f" else np.rint(means)
    ids = None if pair.ids is None else block_modes(pair.ids, factor)
    valid: Bools | None = None if kept.all() else kept
    if ids is not None and valid is not None:
        ids[~valid] = IGNORE
    return Pair(image.astype(pair.image.dtype), ids, valid)


def block_modes(ids: NDArray[Any], factor: int) -> NDArray[np.uint8]:
    """Give the commonest id of each square; of equals the lowest, so that a class goes before `IGNORE`.

    Examples
    --------
    >>> block_modes(np.array([[0, 2, 1, 255], [2, 2, 255, 1]], np.uint8), 2).tolist()
    [[2, 1]]
    """
    rows, columns = ids.shape[0] // factor, ids.shape[1] // factor
    squares = ids.reshape(rows, factor, columns, factor)
    best = np.zeros((rows, columns), np.uint8)
    most = np.zeros((rows, columns), np.int32)
    for number in np.flatnonzero(np.bincount(ids.ravel(), minlength=256)):
        count = (squares == number).sum(axis=(1, 3), dtype=np.int32)
        more = count > most
        best[more], most[more] = number, count[more]
    return best
