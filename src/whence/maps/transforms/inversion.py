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
_HALVINGS = 12
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
    search = _Search(targets, forward, slope, *_starts(targets, forward, slope, extent))
    for _ in range(_STEPS):
        search.step()
        if not len(search.active):
            break
    return np.where(search.solved[:, None], search.found, np.nan)


class _Search:
    """Newton's method for many targets at once; those that are solved or hopeless leave `active`."""

    def __init__(self, targets: Floats, forward: Map, slope: Map, found: Floats, inverses: Floats) -> None:
        self.targets, self.forward, self.slope = targets, forward, slope
        self.found, self.inverses = found, inverses
        self.error = forward(found) - targets
        self.solved = np.zeros(len(targets), dtype=bool)
        self.fresh = np.zeros(len(targets), dtype=bool)  # whether `inverses` are those at `found`
        self.active = np.arange(len(targets))

    def step(self) -> None:
        """Move every active point once."""
        step = -_times(self.inverses[self.active], self.error[self.active])
        size = np.abs(step).max(axis=1)
        done = size <= _STEP_TOLERANCE * np.maximum(1.0, np.abs(self.found[self.active]).max(axis=1))
        self.solved[self.active[done]] = True
        self.found[self.active[done]] += step[done]
        self.active = self.active[~done]
        if len(self.active):
            nearer = self._move(step[~done])
            self._renew(nearer, size[~done])

    def _move(self, step: Floats) -> Bools:
        """Take the steps, halved until they lead nearer; say which of them do."""
        rows = self.active
        before = np.hypot(*self.error[rows].T)
        moved, missed = self.found[rows] + step, np.empty_like(step)
        todo = np.arange(len(rows))
        for halving in range(_HALVINGS):
            missed[todo] = self.forward(moved[todo]) - self.targets[rows[todo]]
            todo = todo[~(np.hypot(*missed[todo].T) < before[todo])]
            if not len(todo):
                break
            moved[todo] = self.found[rows[todo]] + step[todo] * 0.5 ** (halving + 1)
        nearer = np.ones(len(rows), dtype=bool)
        nearer[todo] = False
        self.found[rows[nearer]], self.error[rows[nearer]] = moved[nearer], missed[nearer]
        return nearer

    def _renew(self, nearer: Bools, size: Floats) -> None:
        """Evaluate the derivatives where they have become too old; give up where that would not help."""
        following = np.abs(_times(self.inverses[self.active], self.error[self.active])).max(axis=1)
        stale = np.where(nearer, following > _SHRINKING * size, ~self.fresh[self.active])
        self.fresh[self.active] = stale
        anew = self.active[stale]
        if len(anew):
            self.inverses[anew] = _inverses(self.slope(self.found[anew]))
        self.active = self.active[nearer | stale]
        self.active = self.active[np.isfinite(self.inverses[self.active]).all(axis=(1, 2))]


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
