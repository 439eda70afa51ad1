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

_STEPS = 60
_STEP_TOLERANCE = 1e-11
_NODES = 41
_MARGIN = 0.5  # of the extent of the points: scans reach beyond their control points


def invert(targets: Floats, forward: Map, slope: Map, *, extent: float) -> Floats:
    """Find the points that `forward` brings to `targets`.

    Newton's method starts at the node of a grid over the scan whose image is nearest, leaving out nodes where
    the map is folded over; steps that lead away are halved. Where several pixels lead to one target (a folded
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
    found = _starts(targets, forward, slope, extent)
    error = forward(found) - targets
    active = np.arange(len(targets))
    solved = np.zeros(len(targets), dtype=bool)
    for _ in range(_STEPS):
        step, regular = _newton_step(slope(found[active]), error[active])
        active, step = active[regular], step[regular]
        moved, missed, nearer = _shortened(found[active], step, error[active], (targets[active], forward))
        still = np.abs(step).max(axis=1, initial=0.0) <= _STEP_TOLERANCE * np.maximum(
            1.0, np.abs(found[active]).max(axis=1, initial=0.0)
        )
        found[active[nearer]], error[active[nearer]] = moved[nearer], missed[nearer]
        solved[active[still]] = True
        active = active[nearer & ~still]
        if not len(active):
            break
    found[~solved] = np.nan
    return found


def _starts(targets: Floats, forward: Map, slope: Map, extent: float) -> Floats:
    axis = np.linspace(-1.0 - _MARGIN, 1.0 + _MARGIN, _NODES) * extent
    nodes = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    sides = np.sign(np.linalg.det(slope(nodes)))
    inner = np.abs(nodes).max(axis=1) <= extent
    unfolded = sides == (1.0 if sides[inner].sum() >= 0 else -1.0)
    nodes = nodes[unfolded] if unfolded.any() else nodes
    nearest = cKDTree(forward(nodes)).query(targets)[1]
    return np.array(nodes[nearest])


def _newton_step(slopes: Floats, errors: Floats) -> tuple[Floats, Bools]:
    """Solve the 2 × 2 systems; the second says which of them have a solution."""
    a, b, c, d = slopes[:, 0, 0], slopes[:, 0, 1], slopes[:, 1, 0], slopes[:, 1, 1]
    determinant = a * d - b * c
    regular = np.abs(determinant) > 1e-14 * np.maximum(1e-300, np.abs(slopes).max(axis=(1, 2)) ** 2)
    divisor = np.where(regular, determinant, 1.0)
    step = np.column_stack([d * errors[:, 0] - b * errors[:, 1], a * errors[:, 1] - c * errors[:, 0]])
    return -step / divisor[:, None], regular & np.isfinite(step).all(axis=1)


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
