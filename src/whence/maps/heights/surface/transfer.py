"""Between a grid and one of twice the cell size: cubic B-spline subdivision and its adjoint.

A coarse node lies on every second fine node. Fine nodes on a coarse one take (1, 6, 1)/8 of it and its
neighbours, those between two take their mean; beyond the border the coarse grid goes on straight. Planes are
reproduced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["coarse_shape", "expand", "reduce"]


def coarse_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Give rows and columns of the coarse grid; it reaches one fine node further where these are even."""
    return shape[0] // 2 + 1, shape[1] // 2 + 1


def expand(coarse: NDArray[Any], shape: tuple[int, int]) -> NDArray[Any]:
    """Bring (rows, columns) values of the coarse grid to a fine grid of a shape."""
    tall = _expand_rows(coarse, shape[0])
    return np.ascontiguousarray(_expand_rows(tall.T, shape[1]).T)


def reduce(fine: NDArray[Any]) -> NDArray[Any]:
    """Apply the adjoint of `expand`."""
    rows, columns = coarse_shape((fine.shape[0], fine.shape[1]))
    return np.ascontiguousarray(_reduce_rows(_reduce_rows(fine, rows).T, columns).T)


def _expand_rows(coarse: NDArray[Any], count: int) -> NDArray[Any]:
    fine = np.empty((count, coarse.shape[1]), coarse.dtype)
    on, between = fine[::2], fine[1::2]
    on[0] = coarse[0]
    inner = on[1:]
    last = min(len(inner), len(coarse) - 2)
    inner[:last] = (coarse[:last] + 6 * coarse[1 : last + 1] + coarse[2 : last + 2]) / 8
    if last < len(inner):
        inner[last] = coarse[-1]
    between[:] = (coarse[:-1] + coarse[1:])[: len(between)] / 2
    return fine


def _reduce_rows(fine: NDArray[Any], count: int) -> NDArray[Any]:
    coarse = np.zeros((count, fine.shape[1]), fine.dtype)
    on, between = fine[::2], fine[1::2]
    coarse[0] += on[0]
    inner = on[1:]
    last = min(len(inner), count - 2)
    eighth = inner[:last] / 8
    coarse[:last] += eighth
    coarse[1 : last + 1] += 6 * eighth
    coarse[2 : last + 2] += eighth
    if last < len(inner):
        coarse[-1] += inner[last]
    half = between / 2
    coarse[: len(half)] += half
    coarse[1 : len(half) + 1] += half
    return coarse
