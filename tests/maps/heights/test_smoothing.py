"""The choice of smoothing by held-out pieces, and the nearest contour of each cell."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose
from scipy.spatial import cKDTree

from whence.maps.heights import Contours, Terrain, method
from whence.maps.heights.surface import choose_smoothing
from whence.maps.heights.surface.biharmonic import DEFAULT_SMOOTHING, grid_data
from whence.maps.heights.surface.nearest import Nearest
from whence.maps.heights.surface.smoothing import CANDIDATES, HELD_OUT, PIECE_CELLS, held_out_pieces


def wandering(terrain: Terrain, sigma_m: float) -> Terrain:
    rng = np.random.default_rng(3)
    lines = tuple(line + rng.normal(scale=sigma_m, size=line.shape) for line in terrain.contours.lines)
    return Terrain(Contours(lines, terrain.contours.heights_m))


def test_what_is_hidden_are_pieces_of_lines(hilly) -> None:
    lattice, _, terrain = hilly(100, 100)
    data = grid_data(terrain, lattice)
    hidden = held_out_pieces(data, np.random.default_rng(0))
    assert hidden is not None
    runs = np.split(np.arange(len(data)), np.flatnonzero(np.diff(hidden) | (np.diff(data.owner) != 0)) + 1)
    lengths = [data.weights[run].sum() for run in runs if hidden[run[0]]]
    assert np.median(lengths) > 0.8 * PIECE_CELLS
    assert abs(data.weights[hidden].sum() / data.weights.sum() - HELD_OUT) < 0.05


def test_clean_lines_are_followed_and_wandering_ones_smoothed_nearly_as_well_as_can_be(hilly, rmse) -> None:
    lattice, truth, terrain = hilly(90, 80, interval_m=8.0)
    assert choose_smoothing(terrain, lattice).smoothing == DEFAULT_SMOOTHING
    rough = wandering(terrain, 10.0)
    chosen = choose_smoothing(rough, lattice)
    assert chosen.smoothing > 10 * DEFAULT_SMOOTHING
    assert set(chosen.rmse_m) <= set(CANDIDATES)
    errors = [rmse(method("biharmonic", smoothing=one).heights(rough, lattice), truth) for one in CANDIDATES]
    found = rmse(method("biharmonic").heights(rough, lattice), truth)
    assert found < 1.1 * min(errors) < 0.5 * errors[0]


def test_too_few_lines_leave_the_default(hilly) -> None:
    lattice, _, terrain = hilly()
    levels = terrain.contours.heights_m
    few = Terrain(terrain.contours.choose(np.searchsorted(levels, [50.0, 150.0])))
    chosen = choose_smoothing(few, lattice)
    assert (chosen.smoothing, chosen.rmse_m) == (DEFAULT_SMOOTHING, {})


def test_the_nearest_contour_is_the_nearest(hilly) -> None:
    lattice, truth, terrain = hilly(interval_m=40.0)
    data = grid_data(terrain, lattice)
    near = Nearest.of(data, lattice.shape)
    cells = np.unique(np.rint(data.nodes).clip(0, [59, 49]), axis=0)
    row, column = np.mgrid[:50, :60]
    exact, _ = cKDTree(cells).query(np.stack([column, row], axis=-1))
    assert_allclose(near.distance_cells, exact, rtol=0.03)
    assert (near.lowest_m <= near.highest_m).all()
    # between complete contours the ground stays within one interval of the nearest
    assert (near.clip(truth, 40.0) == truth).all()
    assert (near.clip(truth + 200.0, 40.0) <= truth + 80.0).all()
