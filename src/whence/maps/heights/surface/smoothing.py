"""How much to smooth: pieces of the contours are held out, and the surface of the rest must find them.

Single points would not do: their neighbours on the same line give them away. The more the lines wander, the
more smoothing finds the missing pieces best.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import NotEnoughDataError
from whence.maps.heights.cropping import SegmentIndex
from whence.maps.heights.surface.biharmonic import DEFAULT_SMOOTHING, grid_data, scale_m, stiffness_of
from whence.maps.heights.surface.multigrid import Plate
from whence.maps.heights.surface.readout import read_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.surface.readout import Data
    from whence.maps.heights.terrain import Terrain
    from whence.typing import Bools, Floats

__all__ = ["CANDIDATES", "SmoothingChoice", "choose_smoothing", "held_out_pieces", "windows_of"]

CANDIDATES = (DEFAULT_SMOOTHING, 0.015, 0.05, 0.15, 0.5, 1.5, 5.0, 15.0, 50.0)
"""Values of λ that are tried; the least is the default. Below it the system is ill-conditioned."""

PIECE_CELLS = 12.0
HELD_OUT = 0.15
FOLDS = 4
_WINDOW_CELLS = 300
_WINDOWS = 2
_FEWEST_PIECES = 10
_TOLERANCE = 0.02
_WORSE = 1.02


@dataclass(frozen=True)
class SmoothingChoice:
    """A value of λ and what it was chosen by.

    Parameters
    ----------
    smoothing
        The λ chosen; it may lie between those tried.
    rmse_m
        λ of those tried -> root mean square error at the held-out pieces, m. Empty when there were too few
        contours to hold any out; then the default was taken.
    mean_error_m
        The same as mean absolute errors, by which λ is chosen: a few pieces across wide gaps do not decide.
    """

    smoothing: float
    rmse_m: dict[float, float]
    mean_error_m: dict[float, float] = field(default_factory=dict)


def choose_smoothing(terrain: Terrain, lattice: Lattice, *, seed: int = 0) -> SmoothingChoice:
    """Choose λ for a terrain on a grid.

    The search begins at the least and goes on while it improves. Where it does not end at the least, the
    best and its neighbours are judged again with other pieces held out. A large grid is judged by windows
    where its data are.

    Parameters
    ----------
    terrain, lattice
        What is to be made a surface.
    seed
        Of the choice of pieces and windows.
    """
    rng = np.random.default_rng(seed)
    folds = [_Fold(trials, _TOLERANCE * scale_m(terrain)) for trials in _trials(terrain, lattice, rng)]
    if not folds:
        return SmoothingChoice(DEFAULT_SMOOTHING, {}, {})
    _search(folds[0].error)
    tried = {one: folds[0].error(one) for one in sorted(folds[0].found)}
    if min(tried, key=tried.__getitem__) > CANDIDATES[0]:
        tried = _settled(folds, tried)
    rmse_m = {
        one: float(np.sqrt(np.mean([fold.found[one][1] for fold in folds if one in fold.found])))
        for one in tried
    }
    return SmoothingChoice(_lowest(tried), rmse_m, tried)


def _settled(folds: list[_Fold], tried: dict[float, float]) -> dict[float, float]:
    """Judge the best value and both its neighbours by all folds, until it is the best by all of them."""
    known: dict[float, float] = {}
    ranking = dict(tried)
    while True:
        best = CANDIDATES.index(min(ranking, key=ranking.__getitem__))
        around = CANDIDATES[max(best - 1, 0) : best + 2]
        if all(one in known for one in around):
            return known
        for one in around:
            known[one] = float(np.mean([fold.error(one) for fold in folds]))
        ranking = known


def _lowest(tried: dict[float, float]) -> float:
    """Give the λ of the lowest error, by a parabola in log λ where there are neighbours on both sides."""
    values = sorted(tried)
    at = min(range(len(values)), key=lambda number: tried[values[number]])
    if not 0 < at < len(values) - 1:
        return values[at]
    logs = np.log(values[at - 1 : at + 2])
    curve = np.polyfit(logs - logs[1], [tried[one] for one in values[at - 1 : at + 2]], 2)
    return float(np.exp(logs[1] - curve[1] / (2 * curve[0])))


def _search(error: Callable[[float], float]) -> None:
    """Try candidates from the least on, until it gets clearly worse."""
    best = error(CANDIDATES[0])
    for candidate in CANDIDATES[1:]:
        found = error(candidate)
        if found > _WORSE * best:
            return
        best = min(best, found)


@dataclass(frozen=True, eq=False)
class _Fold:
    """Windows, each with some of its data hidden, that judge together."""

    trials: list[_Trial]
    tolerance_m: float
    found: dict[float, tuple[float, float]] = field(default_factory=dict)
    """λ -> mean absolute error, m, and mean square, m²."""

    def error(self, smoothing: float) -> float:
        """Mean absolute error at what is hidden, m."""
        if smoothing not in self.found:
            squares = np.concatenate([one.squares(smoothing, self.tolerance_m) for one in self.trials])
            self.found[smoothing] = float(np.sqrt(squares).mean()), float(squares.mean())
        return self.found[smoothing][0]


def _trials(terrain: Terrain, lattice: Lattice, rng: np.random.Generator) -> list[list[_Trial]]:
    """Hide pieces of the data of every window, in `FOLDS` ways."""
    folds: list[list[_Trial]] = [[] for _ in range(FOLDS)]
    for part, window in windows_of(terrain, lattice, rng):
        try:
            data = grid_data(part, window)
        except NotEnoughDataError:
            continue
        stiffness = stiffness_of(part, window)
        for trials in folds:
            hidden = held_out_pieces(data, rng)
            if hidden is not None:
                trials.append(_Trial(window.shape, data, hidden, stiffness))
    return [trials for trials in folds if trials]


@dataclass(frozen=True, eq=False)
class _Trial:
    """A window with some of its data hidden."""

    shape: tuple[int, int]
    data: Data
    hidden: Bools
    stiffness: Floats | None

    def squares(self, smoothing: float, tolerance_m: float) -> Floats:
        """Squared errors at what is hidden."""
        plate = Plate(self.shape, self.data.choose(~self.hidden), smoothing, self.stiffness)
        found = plate.solve(tolerance_m=tolerance_m).heights
        asked = self.data.choose(self.hidden)
        return np.asarray((read_out(found, asked.nodes) - asked.heights) ** 2)


def held_out_pieces(data: Data, rng: np.random.Generator) -> Bools | None:
    """Choose pieces of lines to hide.

    Parameters
    ----------
    data
        Along lines, in order.
    rng
        Chooses.

    Returns
    -------
    Bools or None
        (n,) what is hidden: pieces `PIECE_CELLS` long, `HELD_OUT` of them; None when there are too few
        pieces to judge by.
    """
    travelled = np.cumsum(data.weights * (data.owner >= 0))
    piece = np.floor(travelled / PIECE_CELLS).astype(np.int64)
    starts = np.flatnonzero(np.diff(data.owner, prepend=-2) | np.diff(piece, prepend=-1))
    number = np.cumsum(np.isin(np.arange(len(data)), starts)) - 1
    on_line = np.unique(number[data.owner >= 0])
    if len(on_line) < _FEWEST_PIECES:
        return None
    chosen = rng.permutation(on_line)[: max(round(HELD_OUT * len(on_line)), 1)]
    hidden = np.isin(number, chosen)
    return None if np.ptp(data.heights[~hidden]) == 0 else hidden


def windows_of(
    terrain: Terrain,
    lattice: Lattice,
    rng: np.random.Generator,
    *,
    side_cells: int = _WINDOW_CELLS,
    count: int = _WINDOWS,
) -> Iterator[tuple[Terrain, Lattice]]:
    """Give windows around positions of a terrain, each with the part of the terrain in it.

    Parameters
    ----------
    terrain, lattice
        The whole; where the grid is not larger than all windows together, it is given itself.
    rng
        Chooses.
    side_cells, count
        Of the windows.
    """
    size = side_cells
    if lattice.cells <= count * size * size:
        yield terrain, lattice
        return
    index = SegmentIndex.of(terrain, lattice)
    positions = terrain.positions()
    inside = positions[lattice.inside(positions)]
    for position in rng.choice(inside, size=min(count, len(inside)), replace=False):
        column, row = np.floor(lattice.to_cells(position)).astype(int) - size // 2
        rows, columns = min(size, lattice.rows), min(size, lattice.columns)
        window = lattice.window(
            row=int(np.clip(row, 0, lattice.rows - rows)),
            column=int(np.clip(column, 0, lattice.columns - columns)),
            rows=rows,
            columns=columns,
        )
        yield index.crop(window), window
