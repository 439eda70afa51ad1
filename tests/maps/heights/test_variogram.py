"""Variograms: models in closed form, and what is fitted to heights of a known one."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose

from whence.errors import InputError
from whence.maps.heights import method
from whence.maps.heights.surface.kriging import Kriging, krige
from whence.maps.heights.surface.variogram import Variogram, experimental


@pytest.mark.parametrize(
    ("model", "at_half", "at_range"),
    [
        ("spherical", 11 / 16, 1.0),
        ("exponential", 1 - np.exp(-1.5), 0.9502129),
        ("gaussian", 1 - np.exp(-0.75), 0.9502129),
    ],
)
def test_models_rise_from_nugget_to_sill(model, at_half, at_range) -> None:
    made = Variogram(model, 2.0, sill_m2=10.0, range_m=80.0)
    expected = [0.0, 2.0, 2 + 8 * at_half, 2 + 8 * at_range, 10.0]
    assert_allclose(made(np.array([0.0, 1e-9, 40.0, 80.0, 1e4])), expected, atol=1e-6)


def noise(seed: int, sill: float, range_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Heights whose variogram is known: drawn with its covariance (Cholesky)."""
    rng = np.random.default_rng(seed)
    positions = rng.uniform(0, 600, (600, 2))
    gap = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    covariance = sill - Variogram("exponential", 0.0, sill_m2=sill, range_m=range_m)(gap)
    return positions, np.linalg.cholesky(covariance + 1e-9 * np.eye(600)) @ rng.normal(size=600)


def test_a_known_variogram_is_found_again() -> None:
    fitted = [Variogram.fit(*noise(seed, 50.0, 60.0), model="exponential") for seed in range(3)]
    assert np.mean([one.sill_m2 for one in fitted]) == pytest.approx(50, rel=0.25)
    assert np.mean([one.range_m for one in fitted]) == pytest.approx(60, rel=0.4)
    best = Variogram.fit(*noise(0, 50.0, 60.0), model="best")
    assert best.model != "power"


def test_bins_are_the_mean_half_squares_of_pairs() -> None:
    rng = np.random.default_rng(0)
    positions = rng.uniform(0, 1000, (2000, 2))
    heights = rng.normal(scale=3.0, size=2000)
    bins = experimental(positions, heights)
    assert_allclose([one.gamma_m2 for one in bins], 9.0, rtol=0.1)
    assert all(10 < one.distance_m < 100 for one in bins)


def test_kriging_shows_the_variogram_that_it_uses(hilly) -> None:
    lattice, _, terrain = hilly(40, 30)
    shown = Kriging(model="gaussian").fitted(terrain, lattice)
    content = json.loads(json.dumps(shown.to_json()))
    assert content["model"] == "gaussian"
    assert {"nugget_m2", "sill_m2", "range_m", "bins"} <= content.keys()
    assert content["bins"][0]["pairs"] > 30
    assert "range" in str(shown)
    fitted = method("kriging", model="gaussian").heights(terrain, lattice)
    given = method("kriging", variogram=shown).heights(terrain, lattice)
    assert_allclose(fitted, given)


def test_far_from_all_heights_the_kriging_variance_is_sill_plus_that_of_the_mean() -> None:
    # uncorrelated with the data, the estimate is their mean: variance σ²(1 + 1/n) when they are far apart too
    positions = np.array([[0.0, 0.0], [1e4, 0.0], [0.0, 1e4], [1e4, 1e4]])
    variogram = Variogram("spherical", 0.0, sill_m2=7.0, range_m=10.0)
    found, variance = krige(positions, np.array([1.0, 2, 3, 6]), np.array([[5e5, 5e5]]), variogram=variogram)
    assert_allclose(found, 3.0)
    assert_allclose(variance, 7.0 * 1.25)


def test_incomplete_variograms_are_refused() -> None:
    with pytest.raises(InputError, match="no variogram"):
        Variogram("cubic")
    with pytest.raises(InputError, match="sill"):
        Variogram("spherical", 1.0)
    with pytest.raises(InputError, match="exponent"):
        Variogram("power", slope=1.0, exponent=2.5)
    with pytest.raises(InputError, match="best"):
        Variogram.fit(np.zeros((5, 2)), np.zeros(5), model="x")
