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
from scipy.spatial.distance import cdist

from whence.errors import NotEnoughDataError
from whence.maps.scan.crosses import Crosses, find_crosses, settled
from whence.maps.scan.ink import black_ink
from whence.maps.scan.source import as_scan

if TYPE_CHECKING:
    from whence.maps.scan.source import Scan
    from whence.typing import Bools, Floats, Image, Ints

__all__ = ["Grid", "find_grid", "grid_of"]

_PROPOSING = 60
_LEAST_STEP_PX = 60.0
_REACH = 0.006  # of the distance from the first cross: paper shrinks by some tenths of a percent
_NEAR_PX = 3.0
_FALSE_ALARMS = 1e-3
_LEAST_CROSSES = 4
_AROUND_PX = 160.0
_FINAL = 0.004  # of the step
_FOLLOWING = 20
_NEIGHBOURS = 1.7  # steps


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


def find_grid(image: Image | Scan) -> Grid:
    """Find the grid crosses of a scan.

    Parameters
    ----------
    image
        (h, w, 3) uint8, or a scan that is read in stripes.

    Raises
    ------
    NotEnoughDataError
        When no grid is there that chance could not make as well.
    InputError
        When the array is no picture of a map.
    """
    scan = as_scan(image)
    crosses = find_crosses(scan)
    grid = grid_of(crosses)
    again = np.array([_exact(scan, pixel, np.deg2rad(grid.turn_deg)) for pixel in grid.pixels])
    sharp = np.isfinite(again).all(axis=1)
    if sharp.sum() < _LEAST_CROSSES:
        raise _no_grid(crosses)
    return replace(grid, pixels=again[sharp], nodes=grid.nodes[sharp], scores=grid.scores[sharp])


def _exact(scan: Scan, pixel: Floats, turn_rad: float) -> Floats:
    """Crossing (2,) of the strokes at a pixel by the ink round it."""
    (left, top), (right, bottom) = pixel - _AROUND_PX, pixel + _AROUND_PX
    window, pixels = scan.around((left, top), (right, bottom))
    corner = np.array([window.column, window.row], dtype=np.float64)
    return settled(black_ink(pixels), pixel - corner, turn_rad=turn_rad) + corner


def _no_grid(crosses: Crosses) -> NotEnoughDataError:
    return NotEnoughDataError(
        f"no grid was found among {len(crosses)} marks that look like crosses; give control points by "
        "hand, or the sheet number where the sheet has a frame"
    )


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
        raise _no_grid(crosses)
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
        solution = np.asarray(np.linalg.lstsq(design, crosses.pixels[chosen], rcond=None)[0], np.float64)
        if np.linalg.matrix_rank(design) < 3:
            break
        away = np.linalg.solve(solution[1:].T, (crosses.pixels - solution[0]).T).T
        nodes = np.rint(away).astype(np.int64)
        hit = np.hypot(*((away - nodes) * length).T) <= max(_NEAR_PX, _FINAL * length)
    nodes, hit = _followed(crosses.pixels, solution, nodes, hit)
    chosen = _best_of_each(nodes, np.flatnonzero(hit))
    return Grid(
        pixels=crosses.pixels[chosen],
        nodes=nodes[chosen] - nodes[chosen].min(axis=0),
        scores=crosses.scores[chosen],
        step_px=length,
        turn_deg=float(np.degrees(np.arctan2(step[1], step[0]))),
        false_alarms=false_alarms,
    )


def _followed(pixels: Floats, solution: Floats, nodes: Ints, hit: Bools) -> tuple[Ints, Bools]:
    """Admit crosses that lie off the lattice as their neighbours do, step by step: old paper has bent.

    Parameters
    ----------
    pixels, nodes, hit
        (n, 2) candidates, (n, 2) their nearest nodes, (n,) whether they are hit.
    solution
        (3, 2) pixel of node (0, 0), and the two steps.
    """
    length = float(np.sqrt(abs(np.linalg.det(solution[1:]))))
    for _ in range(_FOLLOWING):
        chosen = _best_of_each(nodes, np.flatnonzero(hit))
        off_px = pixels[chosen] - solution[0] - nodes[chosen] @ solution[1:]
        near = cdist(pixels, pixels[chosen]) < _NEIGHBOURS * length
        near[chosen, np.arange(len(chosen))] = False
        shift = near @ off_px / np.maximum(near.sum(axis=1), 1)[:, None]
        away = np.linalg.solve(solution[1:].T, (pixels - shift - solution[0]).T).T
        again = np.rint(away).astype(np.int64)
        miss_px = np.hypot(*((away - again) @ solution[1:]).T)
        more = ~hit & (near.sum(axis=1) >= 2) & (miss_px <= max(_NEAR_PX, _FINAL * length))
        if not more.any():
            break
        nodes, hit = np.where(more[:, None], again, nodes), hit | more
    return nodes, hit


def _best_of_each(nodes: Ints, rows: Ints) -> Ints:
    """Keep the first, that is the best, row of each node."""
    _, first = np.unique(nodes[rows], axis=0, return_index=True)
    return np.sort(rows[first])
