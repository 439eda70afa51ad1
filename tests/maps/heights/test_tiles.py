"""Tiles against the whole, and uncertainty against the errors that are made."""

from __future__ import annotations

import numpy as np
import pytest

from whence.errors import InputError, NotEnoughDataError
from whence.maps.heights import Terrain, method
from whence.maps.heights.surface.doubt import measure_doubt
from whence.maps.heights.surface.tiles import Tiling, tiles


def test_tiles_cover_the_grid_once_and_join_without_seams(hilly) -> None:
    lattice, _, terrain = hilly(230, 170, interval_m=10.0)
    whole = method("biharmonic", smoothing=0.005).heights(terrain, lattice)
    joined = np.full(lattice.shape, np.nan)
    cut = Tiling(side_cells=80, margin_cells=48)
    for window, heights in tiles(terrain, lattice, smoothing=0.005, tiling=cut):
        assert np.isnan(joined[window.slices]).all()
        joined[window.slices] = heights
    assert np.isfinite(joined).all()
    assert np.abs(joined - whole).max() < terrain.interval_m / 100


def test_a_margin_makes_the_difference(hilly) -> None:
    lattice, _, terrain = hilly(230, 170, interval_m=40.0)
    whole = method("biharmonic", smoothing=0.005).heights(terrain, lattice)
    worst = []
    for margin in (8, 48):
        cut = Tiling(side_cells=80, margin_cells=margin)
        parts = tiles(terrain, lattice, smoothing=0.005, tiling=cut)
        worst.append(max(np.abs(heights - whole[window.slices]).max() for window, heights in parts))
    assert worst[1] < 0.2 * worst[0]


def test_doubt_is_about_the_error_and_grows_away_from_the_lines(hilly) -> None:
    lattice, truth, terrain = hilly(120, 100, interval_m=20.0)
    found = method("biharmonic", smoothing=0.005).heights(terrain, lattice)
    doubt, sigma = measure_doubt(terrain, lattice, smoothing=0.005)
    error = np.abs(found - truth)
    assert np.mean(error < 2 * sigma) > 0.9
    assert sigma.max() <= doubt.most_m == 20.0
    far, near = sigma > np.quantile(sigma, 0.9), sigma < np.quantile(sigma, 0.5)
    assert error[far].mean() > 3 * error[near].mean()


def test_what_cannot_be_cut_or_measured_is_refused(hilly) -> None:
    with pytest.raises(InputError, match="at least 32"):
        Tiling(side_cells=4)
    lattice, _, terrain = hilly()
    levels = terrain.contours.heights_m
    few = Terrain(terrain.contours.choose(np.searchsorted(levels, [50.0, 150.0])))
    with pytest.raises(NotEnoughDataError, match="too few contours"):
        measure_doubt(few, lattice, smoothing=0.005)
