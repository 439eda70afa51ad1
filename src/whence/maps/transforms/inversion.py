"""The inverse of a smooth map of the plane, by Newton's method from the nearest known pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from collections.abc import Callable

    from whence.typing import Bools, Floats

    Map = Callable[[Floats], Floats]

__all__ = ["INVERSE_ERROR_PX", "invert"]

INVERSE_ERROR_PX = 1e-6
"""Promise of `invert` for scans up to 100,000 pixels: the last step was below 1e-11 of the points' extent."""

_STEPS = 100
_SHRINKING = 0.01
_STEP_TOLERANCE = 1e-11
_NODES = 41
_MARGIN = 0.5  # of the extent of the points: scans reach beyond their control points


def invert(targets: Floats, forward: Map, slope: Map, *, extent: float) -> Floats:
    """Find the points that `forward` brings to `targets`.

    Newton's method starts at the node of a grid over the scan whose image is nearest, leaving out nodes where
    the map is folded over. The derivatives are evaluated anew only while a step does not shrink the next one
    a hundredfold, and steps that lead away are halved. Where several pixels lead to one target (a folded
    polynomial), it is the one found from there.

    Parameters
    ----------
    targets
        (m, 2) finite.
    forward, slope
        (k, 2) to (k, 2), and to its (k, 2, 2) derivatives.
    extent
        Half the side of the square round the origin that holds the control points.

    Returns
    -------
    Floats
        (m, 2); NaN where no point was found.
    """
    found, inverses = _starts(targets, forward, slope, extent)
    error = forward(found) - targets
    solved, fresh = np.zeros(len(targets), dtype=bool), np.zeros(len(targets), dtype=bool)
    active = np.arange(len(targets))
    for _ in range(_STEPS):
        step = -_times(inverses[active], error[active])
        size = np.abs(step).max(axis=1)
        done = size <= _STEP_TOLERANCE * np.maximum(1.0, np.abs(found[active]).max(axis=1))
        solved[active[done]] = True
        found[active[done]] += step[done]
        active, step, size = active[~done], step[~done], size[~done]
        if not len(active):
            break
        moved, missed, nearer = _shortened(found[active], step, error[active], (targets[active], forward))
        found[active[nearer]], error[active[nearer]] = moved[nearer], missed[nearer]
        following = np.abs(_times(inverses[active], error[active])).max(axis=1)
        stale = np.where(nearer, following > _SHRINKING * size, ~fresh[active])
        kept = nearer | stale  # no nearer with derivatives of this very place: there is no such pixel
        fresh[active] = stale
        anew = active[stale]
        if len(anew):
            inverses[anew] = _inverses(slope(found[anew]))
        active = active[kept]
        active = active[np.isfinite(inverses[active]).all(axis=(1, 2))]
    found[~solved] = np.nan
    return found


def _starts(targets: Floats, forward: Map, slope: Map, extent: float) -> tuple[Floats, Floats]:
    """(m, 2) pixels to start from, and the (m, 2, 2) inverse derivatives there."""
    axis = np.linspace(-1.0 - _MARGIN, 1.0 + _MARGIN, _NODES) * extent
    nodes = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    slopes = slope(nodes)
    sides = np.sign(np.linalg.det(slopes))
    inner = np.abs(nodes).max(axis=1) <= extent
    unfolded = sides == (1.0 if sides[inner].sum() >= 0 else -1.0)
    inverses = _inverses(slopes)
    usable = unfolded & np.isfinite(inverses).all(axis=(1, 2))
    if not usable.any():
        return np.zeros_like(targets), np.broadcast_to(np.eye(2), (len(targets), 2, 2)).copy()
    images = forward(nodes[usable])
    nearest = cKDTree(images).query(targets)[1]
    return np.array(nodes[usable][nearest]), np.array(inverses[usable][nearest])


def _inverses(slopes: Floats) -> Floats:
    """(m, 2, 2) inverses; NaN where there is none."""
    a, b, c, d = slopes[:, 0, 0], slopes[:, 0, 1], slopes[:, 1, 0], slopes[:, 1, 1]
    determinant = a * d - b * c
    regular = np.abs(determinant) > 1e-14 * np.maximum(
        1e-300, np.abs(slopes).max(axis=(1, 2), initial=0.0) ** 2
    )
    divisor = np.where(regular, determinant, np.nan)
    return np.stack([d, -b, -c, a], axis=-1).reshape(-1, 2, 2) / divisor[:, None, None]


def _times(matrices: Floats, vectors: Floats) -> Floats:
    return np.asarray(np.einsum("mij,mj->mi", matrices, vectors))


def _shortened(
    start: Floats, step: Floats, error: Floats, goal: tuple[Floats, Map]
) -> tuple[Floats, Floats, Bools]:
    """Halve the steps until they lead nearer; the last says where they do (or are below rounding)."""
    targets, forward = goal
    before = np.hypot(error[:, 0], error[:, 1])
    moved, missed = start + step, np.full_like(start, np.inf)
    todo = np.arange(len(start))
    for halving in range(12):
        missed[todo] = forward(moved[todo]) - targets[todo]
        after = np.hypot(missed[todo, 0], missed[todo, 1])
        todo = todo[~(after < before[todo])]
        if not len(todo):
            break
        moved[todo] = start[todo] + step[todo] * 0.5 ** (halving + 1)
    nearer = np.ones(len(start), dtype=bool)
    nearer[todo] = False
    return moved, missed, nearer
