"""Between the pixels of a raster and the cells that a network sees: along one axis, piece by piece."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Taps", "resampled"]

_SLACK = 1e-9


@dataclass(frozen=True)
class Taps:
    """Resampling along an axis: every new pixel is a weighted mean of old ones.

    Both axes cover the same ground. New pixels that are larger are means over their extent; those that are
    smaller (or equal) are interpolated linearly between the middles of the old ones, which makes equal ones
    copies. Each new pixel depends on its place alone, not on the piece it is asked for with.

    Attributes
    ----------
    old, new
        How many pixels there are of each.
    """

    old: int
    new: int

    @property
    def step(self) -> float:
        """Old pixels in one new pixel."""
        return self.old / self.new

    def needed(self, start: int, stop: int) -> tuple[int, int]:
        """First old pixel, and the one after the last, that the new pixels start to stop depend on."""
        if self.step > 1:
            low, high = start * self.step, stop * self.step
        else:  # from the left neighbour of the first middle to the right neighbour of the last one
            low, high = (start + 0.5) * self.step - 0.5, (stop - 0.5) * self.step + 0.5
        first = min(max(math.floor(low + _SLACK), 0), self.old - 1)
        return first, min(max(math.ceil(high - _SLACK), first + 1), self.old)

    def ready(self, finished: int) -> int:
        """How many new pixels depend on the first `finished` old ones alone."""
        if finished >= self.old:
            return self.new
        guess = min(int(finished / self.step) + 1, self.new)
        while guess > 0 and self.needed(guess - 1, guess)[1] > finished:
            guess -= 1
        return guess

    def matrix(self, start: int, stop: int) -> Any:
        """Sparse (stop - start, needed old pixels) weights, float32; each row adds up to 1."""
        from scipy.sparse import csr_array

        low, high = self.needed(start, stop)
        rows, columns, weights = (self._shrinking if self.step > 1 else self._growing)(start, stop)
        shape = (stop - start, high - low)
        return csr_array((weights.astype(np.float32), (rows, columns - low)), shape=shape)

    def _growing(self, start: int, stop: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        number = np.arange(start, stop)
        middle = np.clip((number + 0.5) * self.step - 0.5, 0.0, self.old - 1.0)
        left = np.minimum(np.floor(middle + _SLACK).astype(np.int64), self.old - 1)
        share = np.clip(middle - left, 0.0, 1.0)
        right = np.minimum(left + 1, self.old - 1)
        used = share > _SLACK  # nothing is taken from pixels that `needed` does not name
        rows = np.concatenate([number, number[used]]) - start
        return rows, np.concatenate([left, right[used]]), np.concatenate([1 - share, share[used]])

    def _shrinking(self, start: int, stop: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        number = np.arange(start, stop)[:, None]
        across = np.arange(math.ceil(self.step) + 1)
        old = np.floor(number * self.step + _SLACK).astype(np.int64) + across
        low, high = np.maximum(old, number * self.step), np.minimum(old + 1, (number + 1) * self.step)
        cover = np.clip(high - low, 0.0, None)
        cover[cover < 1e-6] = 0.0
        cover[old >= self.old] = 0.0
        cover /= cover.sum(axis=1, keepdims=True)
        rows, places = np.nonzero(cover)
        return rows, old[rows, places], cover[rows, places]


def resampled(values: NDArray[Any], rows: Any, columns: Any) -> NDArray[np.float32]:
    """Resample the first two axes of (rows, cols, …) by the matrices of both."""
    height, width, *rest = values.shape
    layers = math.prod(rest)
    down = rows @ np.ascontiguousarray(values, np.float32).reshape(height, width * layers)
    turned = down.reshape(-1, width, layers).transpose(1, 0, 2).reshape(width, -1)
    across = (columns @ turned).reshape(-1, down.shape[0], layers).transpose(1, 0, 2)
    return np.ascontiguousarray(across).reshape(down.shape[0], -1, *rest)
