"""Which method suits a terrain: all are judged by pieces of contours, and spot heights, that are held out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import NotEnoughDataError
from whence.maps.heights.surface import SURFACES, method
from whence.maps.heights.surface.biharmonic import grid_data, scale_m
from whence.maps.heights.surface.readout import read_out
from whence.maps.heights.surface.smoothing import HELD_OUT, held_out_pieces, windows_of
from whence.maps.heights.terrain import Contours, Terrain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.surface.readout import Data
    from whence.typing import Bools, Floats

__all__ = ["MethodChoice", "choose_method"]

_SIDE_CELLS = 160
_WINDOWS = 2
_FEWEST_SPOTS = 8


@dataclass(frozen=True)
class MethodChoice:
    """A method and what it was chosen by.

    Parameters
    ----------
    name
        The key in `SURFACES` of the best method.
    rmse_m
        Name of each method tried -> root mean square error at what was held out, m, the best first. Where a
        method gives no height, its error counts as one contour interval. Empty when there was too little to
        hold anything out; then the default was taken.
    """

    name: str
    rmse_m: dict[str, float]


def choose_method(
    terrain: Terrain, lattice: Lattice, *, methods: Iterable[str] | None = None, seed: int = 0
) -> MethodChoice:
    """Choose a method for a terrain on a grid.

    Parameters
    ----------
    terrain, lattice
        What is to be made a surface. A large grid is judged by windows.
    methods
        Keys of `SURFACES`; None tries all.
    seed
        Of the choice of pieces and windows.

    Raises
    ------
    InputError
        When there is no such method.
    """
    names = tuple(SURFACES if methods is None else methods)
    made = {name: method(name) for name in names}
    rng = np.random.default_rng(seed)
    squares: dict[str, list[Floats]] = {name: [] for name in names}
    for part, window in windows_of(terrain, lattice, rng, side_cells=_SIDE_CELLS, count=_WINDOWS):
        try:
            rest, nodes, heights_m = _held_out(part, window, rng)
            found = {name: one.heights(rest, window) for name, one in made.items()}
        except NotEnoughDataError:
            continue
        for name, heights in found.items():
            off = read_out(heights, nodes) - heights_m
            squares[name].append(np.where(np.isfinite(off), off, scale_m(terrain)) ** 2)
    rmse_m = {name: float(np.sqrt(np.concatenate(parts).mean())) for name, parts in squares.items() if parts}
    if not rmse_m:
        return MethodChoice(next(iter(SURFACES)) if methods is None else names[0], {})
    ranked = dict(sorted(rmse_m.items(), key=lambda pair: pair[1]))
    return MethodChoice(next(iter(ranked)), ranked)


def _held_out(terrain: Terrain, lattice: Lattice, rng: np.random.Generator) -> tuple[Terrain, Floats, Floats]:
    """Hide pieces of lines, and spots: the rest, and (n, 2) nodes and (n,) heights that were hidden."""
    bare = Terrain(terrain.contours)
    nodes, heights = np.empty((0, 2)), np.empty(0)
    contours, spots = terrain.contours, terrain.spots
    if len(contours):
        data = grid_data(bare, lattice)
        hidden = held_out_pieces(data, rng)
        if hidden is not None:
            contours = _runs(data, ~hidden, lattice)
            nodes, heights = data.nodes[hidden], data.heights[hidden]
    if len(spots) >= _FEWEST_SPOTS:
        chosen = rng.permutation(len(spots))[: max(round(HELD_OUT * len(spots)), 1)]
        within = chosen[lattice.inside(spots.positions[chosen])]
        nodes = np.concatenate([nodes, lattice.to_cells(spots.positions[within]) - 0.5])
        heights = np.concatenate([heights, spots.heights_m[within]])
        spots = spots.choose(np.setdiff1d(np.arange(len(spots)), chosen))
    if len(nodes) == 0:
        raise NotEnoughDataError("too few contours and spot heights to hold any out; choose a method by name")
    return replace(terrain, contours=contours, spots=spots), nodes, heights


def _runs(data: Data, kept: Bools, lattice: Lattice) -> Contours:
    """Join positions that follow one another on a line again."""
    there = np.flatnonzero(kept)
    cuts = np.flatnonzero((np.diff(there) > 1) | (np.diff(data.owner[there]) != 0)) + 1
    runs = [run for run in np.split(there, cuts) if len(run) > 1]
    lines = tuple(lattice.to_world(data.nodes[run] + 0.5) for run in runs)
    return Contours(lines, np.array([data.heights[run[0]] for run in runs]))
