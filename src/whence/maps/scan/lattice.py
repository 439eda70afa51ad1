"""Which candidates form a grid: a square lattice that chance would not make.

Every pair of good candidates proposes a lattice with steps of length s. The chance that a candidate falls
within r of some node is p = π r² / s², and the number of false alarms of k hits is (number of proposals) ×
P(Binomial(n, p) ≥ k), as Desolneux, Moisan and Morel (2000, Int. J. Comput. Vis. 40) count them. The proposal
with the fewest is the grid, or there is none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from whence.errors import NotEnoughDataError
from whence.maps.scan.crosses import Crosses, find_crosses, settled
from whence.maps.scan.ink import black_ink

if TYPE_CHECKING:
    from whence.typing import Bools, Floats, Image, Ints

__all__ = ["Grid", "find_grid", "grid_of"]

_PROPOSING = 60
_LEAST_STEP_PX = 60.0
_REACH = 0.006  # of the distance from the first cross: paper shrinks by some tenths of a percent
_NEAR_PX = 3.0
_FALSE_ALARMS = 1e-2
_LEAST_CROSSES = 4
_FINAL = 0.004  # of the step


@dataclass(frozen=True, eq=False)
class Grid:
    """Crosses of a square grid.

    Attributes
    ----------
    pixels
        (n, 2) column, row of each cross.
    nodes
        (n, 2) whole numbers: steps along the first and the second axis of the grid. The first axis points
        to the right of the scan more than in any other direction, the second downwards.
    scores
        (n,) of the crosses.
    step_px
        Mean length of a step, pixels.
    turn_deg
        Angle of the first axis against the rows of the scan, clockwise positive.
    false_alarms
        How many such grids chance would make of as many candidates; far below 1.
    """

    pixels: Floats
    nodes: Ints
    scores: Floats
    step_px: float
    turn_deg: float
    false_alarms: float

    def __len__(self) -> int:
        return len(self.pixels)


def find_grid(image: Image) -> Grid:
    """Find the grid crosses of a scan.

    Parameters
    ----------
    image
        (h, w, 3) uint8.

    Raises
    ------
    NotEnoughDataError
        When no grid is there that chance could not make as well.
    """
    grid = grid_of(find_crosses(image))
    ink = black_ink(image)
    again = np.array([settled(ink, pixel, turn_rad=np.deg2rad(grid.turn_deg)) for pixel in grid.pixels])
    sharp = np.isfinite(again).all(axis=1)
    return replace(grid, pixels=again[sharp], nodes=grid.nodes[sharp], scores=grid.scores[sharp])


def grid_of(crosses: Crosses) -> Grid:
    """Choose the candidates that form a grid.

    Parameters
    ----------
    crosses
        Candidates, the best first.

    Raises
    ------
    NotEnoughDataError
        As `find_grid`.
    """
    proposals = list(_proposals(crosses.pixels[:_PROPOSING]))
    best, alarms = None, np.inf
    for origin, step in proposals:
        nodes, hit = _hits(crosses.pixels, origin, step)
        found = _log_false_alarms(nodes, hit, crosses.pixels, origin, step) + np.log(len(proposals))
        if found < alarms:
            best, alarms = (origin, step), found
    if best is None or alarms > np.log(_FALSE_ALARMS):
        raise NotEnoughDataError(
            f"no grid was found among {len(crosses)} marks that look like crosses; give control points by "
            "hand, or the sheet number where the sheet has a frame"
        )
    return _settled(crosses, *best, false_alarms=float(np.exp(alarms)))


def _proposals(pixels: Floats) -> list[tuple[Floats, Floats]]:
    """Origin and first step of every lattice that a pair of candidates spans, right rather than down."""
    found = []
    for i, origin in enumerate(pixels):
        for other in pixels[i + 1 :]:
            step = other - origin
            if np.hypot(*step) < _LEAST_STEP_PX:
                continue
            while not -abs(step[0]) < step[1] <= abs(step[0]) or step[0] < 0:
                step = np.array([-step[1], step[0]])  # a quarter turn
            found.append((origin, step))
    return found


def _hits(pixels: Floats, origin: Floats, step: Floats) -> tuple[Ints, Bools]:
    """Nearest node (n, 2) of each pixel, and whether it is hit."""
    length = float(np.hypot(*step))
    axes = np.array([step, [-step[1], step[0]]]) / length**2
    away = (pixels - origin) @ axes.T
    nodes = np.rint(away).astype(np.int64)
    miss_px = np.hypot(*(away - nodes).T) * length
    return nodes, miss_px <= _NEAR_PX + _REACH * np.hypot(*(pixels - origin).T)


def _log_false_alarms(
    nodes: Ints,
    hit: Bools,
    pixels: Floats,
    origin: Floats,
    step: Floats,
) -> float:
    """Logarithm of the chance of so many hits; each node counts once, the two that span it not at all."""
    taken = len(np.unique(nodes[hit], axis=0)) - 2
    length = float(np.hypot(*step))
    reach = _NEAR_PX + _REACH * np.hypot(*(pixels - origin).T)
    chance = float(np.minimum(np.pi * reach**2 / length**2, 1.0).mean())
    if taken < _LEAST_CROSSES - 2:
        return np.inf
    return float(np.log(max(special.bdtrc(taken - 1, len(pixels) - 2, chance), 1e-300)))


def _settled(crosses: Crosses, origin: Floats, step: Floats, *, false_alarms: float) -> Grid:
    """Fit the lattice to its crosses, affinely, until they no longer change; one cross a node."""
    length = float(np.hypot(*step))
    nodes, hit = _hits(crosses.pixels, origin, step)
    for _ in range(5):
        chosen = _best_of_each(nodes, np.flatnonzero(hit))
        design = np.column_stack([np.ones(len(chosen)), nodes[chosen]])
        solution = np.linalg.lstsq(design, crosses.pixels[chosen], rcond=None)[0]
        if np.linalg.matrix_rank(design) < 3:
            break
        away = np.linalg.solve(solution[1:].T, (crosses.pixels - solution[0]).T).T
        nodes = np.rint(away).astype(np.int64)
        hit = np.hypot(*((away - nodes) * length).T) <= max(_NEAR_PX, _FINAL * length)
    chosen = _best_of_each(nodes, np.flatnonzero(hit))
    return Grid(
        pixels=crosses.pixels[chosen],
        nodes=nodes[chosen] - nodes[chosen].min(axis=0),
        scores=crosses.scores[chosen],
        step_px=length,
        turn_deg=float(np.degrees(np.arctan2(step[1], step[0]))),
        false_alarms=false_alarms,
    )


def _best_of_each(nodes: Ints, rows: Ints) -> Ints:
    """Keep the first, that is the best, row of each node."""
    _, first = np.unique(nodes[rows], axis=0, return_index=True)
    return np.sort(rows[first])
