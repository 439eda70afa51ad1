"""The order in which samples are seen: random to the learner, nearly in a row for the disk.

Features lie in a file in a random order, so neighbours in it are no more alike than others. Runs of rows are
read in a random order into a buffer, and mixed there; a buffer that holds everything gives a plain
permutation. All is decided by the seed and the epoch: there is no state to be kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from whence.typing import Floats, Ints

__all__ = ["buffers", "drawn_rows"]

_RUN = 1024  # rows read in a row: a megabyte of 512 float16


def drawn_rows(count: int, weights: Floats | None, rng: np.random.Generator) -> Ints:
    """Rows of an epoch, ascending: all of them, or `count` drawn with replacement by weight.

    Parameters
    ----------
    count
        Number of samples.
    weights
        (count,) not negative, in any scale; None takes every sample once.

    Raises
    ------
    InputError
        When the weights do not fit.
    """
    if weights is None:
        return np.arange(count)
    if weights.shape != (count,) or not np.isfinite(weights).all() or weights.min(initial=0.0) < 0.0:
        raise InputError(f"weights of {count} samples must be ({count},), finite and not negative")
    upto = np.cumsum(weights)
    if not count or upto[-1] <= 0.0:
        raise InputError("no sample has a weight above zero; there is nothing to draw")
    drawn = np.searchsorted(upto, np.sort(rng.random(count)) * upto[-1], side="right")
    return np.asarray(np.minimum(drawn, np.flatnonzero(weights)[-1]), np.int64)


def buffers(rows: Ints, size: int, rng: np.random.Generator) -> Iterator[tuple[Ints, Ints]]:
    """Cut ascending rows into buffers to read, and say in which order to use each.

    Parameters
    ----------
    rows
        (n,) ascending, such as `drawn_rows` gives.
    size
        Rows of a buffer.

    Yields
    ------
    chosen, order
        (m,) rows to read, ascending, and a permutation (m,) of their places.
    """
    if len(rows) <= size:
        yield rows, rng.permutation(len(rows))
        return
    starts = np.arange(0, len(rows), _RUN)
    rng.shuffle(starts)
    runs = max(1, size // _RUN)
    for first in range(0, len(starts), runs):
        taken = np.sort(starts[first : first + runs])
        chosen = np.concatenate([rows[start : start + _RUN] for start in taken])
        yield chosen, rng.permutation(len(chosen))
