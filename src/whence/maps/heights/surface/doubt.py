"""How uncertain a surface is: measured at pieces of contours held out, by their distance to what was left.

Pieces that are missing leave a wider gap than there really is, so the measure is on the careful side. No
piece lies further from the rest than lines are apart; beyond, σ grows in proportion to the distance. With
complete contours the ground between two lines stays within an interval, so σ does too, up to four times the
greatest distance measured. Further away there is no reason to believe that the contours are complete: σ grows
on, and says that the heights in a gap are a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import NotEnoughDataError
from whence.maps.heights.surface.biharmonic import grid_data, scale_m, stiffness_of
from whence.maps.heights.surface.multigrid import Plate
from whence.maps.heights.surface.nearest import Nearest
from whence.maps.heights.surface.readout import read_out
from whence.maps.heights.surface.smoothing import held_out_pieces, windows_of

if TYPE_CHECKING:
    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.terrain import Terrain
    from whence.typing import Floats

__all__ = ["Doubt", "fit_doubt", "measure_doubt"]

_TOLERANCE = 0.01


_EDGES = (0.0, 0.75, 1.5, 2.5, 4.0, 6.0, 9.0, 13.0, 20.0, 30.0, 50.0, np.inf)
_FEWEST = 20
_GAP = 4.0
_WHOLE_CELLS = 1_000_000
_WINDOWS = 4
_SIDE_CELLS = 400


@dataclass(frozen=True)
class Doubt:
    """The standard error of a height by its distance to the nearest height given.

    Parameters
    ----------
    distances_cells, sigmas_m
        Points of the law, ascending in both; between them it is linear, beyond them in proportion.
    most_m
        σ goes no further between complete contours: the contour interval.
    """

    distances_cells: tuple[float, ...]
    sigmas_m: tuple[float, ...]
    most_m: float

    @classmethod
    def fit(cls, distances_cells: Floats, errors_m: Floats, *, most_m: float) -> Doubt:
        """Fit the law to (n,) errors at (n,) distances: root mean squares of bins, made ascending."""
        middles, sigmas = [], []
        for low, high in pairwise(_EDGES):
            within = (distances_cells >= low) & (distances_cells < high)
            if within.sum() >= _FEWEST:
                middles.append(float(distances_cells[within].mean()))
                sigmas.append(float(np.sqrt((errors_m[within] ** 2).mean())))
        if not middles:
            raise NotEnoughDataError("too few contours to measure the uncertainty; give more, or do without")
        ascending = np.maximum.accumulate(sigmas)
        return cls(tuple(middles), tuple(ascending.tolist()), most_m)

    def sigma_m(self, distances_cells: Floats) -> Floats:
        """Give σ, m, at distances to the nearest height, cells."""
        last, sigma = self.distances_cells[-1], self.sigmas_m[-1]
        beyond = np.maximum(distances_cells / max(last, 1.0), 1.0)
        within = np.interp(distances_cells, self.distances_cells, self.sigmas_m) * beyond
        bounded = np.minimum(within, max(self.most_m, sigma))
        return np.asarray(bounded * np.maximum(beyond / _GAP, 1.0))


def measure_doubt(
    terrain: Terrain, lattice: Lattice, *, smoothing: float, seed: int = 0
) -> tuple[Doubt, Floats]:
    """Measure the doubt of the default surface, and give it for each cell.

    Parameters
    ----------
    terrain, lattice, smoothing
        As they are made a surface.
    seed
        Of the pieces.

    Returns
    -------
    doubt, sigma_m
        The law, and (rows, columns) standard errors of the heights, m.

    Raises
    ------
    NotEnoughDataError
        When there are too few contours to hold any out.
    """
    data = grid_data(terrain, lattice)
    doubt = fit_doubt(terrain, lattice, smoothing=smoothing, seed=seed)
    return doubt, doubt.sigma_m(Nearest.of(data, lattice.shape).distance_cells)


def fit_doubt(terrain: Terrain, lattice: Lattice, *, smoothing: float, seed: int = 0) -> Doubt:
    """Measure the law alone; a large grid is judged by windows. See `measure_doubt`."""
    rng = np.random.default_rng(seed)
    distances, errors_m = [], []
    side, count = _SIDE_CELLS, _WINDOWS
    if lattice.cells <= _WHOLE_CELLS:
        side, count = max(lattice.shape), 1
    for part, window in windows_of(terrain, lattice, rng, side_cells=side, count=count):
        try:
            data = grid_data(part, window)
        except NotEnoughDataError:
            continue
        hidden = held_out_pieces(data, rng)
        if hidden is None:
            continue
        kept, asked = data.choose(~hidden), data.choose(hidden)
        plate = Plate(window.shape, kept, smoothing, stiffness_of(part, window))
        found = plate.solve(tolerance_m=_TOLERANCE * scale_m(terrain)).heights
        errors_m.append(read_out(found, asked.nodes) - asked.heights)
        distances.append(read_out(Nearest.of(kept, window.shape).distance_cells, asked.nodes))
    if not errors_m:
        raise NotEnoughDataError("too few contours to measure the uncertainty; give more, or do without")
    return Doubt.fit(np.concatenate(distances), np.concatenate(errors_m), most_m=scale_m(terrain))
