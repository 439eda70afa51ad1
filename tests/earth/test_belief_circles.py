"""Mass within a circle and the circle that holds a mass: closed forms, quadrature, a fine grid, samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad

from whence.earth.belief import Belief
from whence.earth.sphere import EARTH_RADIUS_M, destination, distance_m, from_unit_vectors, to_unit_vectors

if TYPE_CHECKING:
    from conftest import Grid

HALF_ROUND_M = np.pi * EARTH_RADIUS_M


def mixed(seed: int) -> Belief:
    rng = np.random.default_rng(seed)
    centers = from_unit_vectors(rng.standard_normal((8, 3)))
    spreads = np.exp(rng.uniform(np.log(300e3), np.log(6000e3), 8))
    return Belief.patches(centers, spreads, rng.random(8), background=0.1)


@pytest.mark.parametrize("spread_m", [1.0, 50.0, 10e3, 2000e3, 1e7])
@pytest.mark.parametrize("center", [[0.0, 0.0], [179.9999, -45.0], [12.0, 90.0]])
def test_a_circle_round_a_patch_holds_the_closed_form(spread_m: float, center: list[float]) -> None:
    belief = Belief.at(center, spread_m, background=0.1)
    kappa = (EARTH_RADIUS_M / spread_m) ** 2
    for radius in np.array([0.1, 1.0, 2.5]) * min(spread_m, 4e6):
        height = 2 * np.sin(radius / EARTH_RADIUS_M / 2) ** 2  # 1 − cos, without its cancellation
        expected = 0.9 * np.expm1(-kappa * height) / np.expm1(-2 * kappa) + 0.1 * height / 2
        assert belief.mass_within(center, radius) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("kappa", "theta", "alpha"), [(0.5, 1.0, 0.7), (30.0, 0.3, 0.35), (200.0, 2.0, 2.05), (8.0, 3.0, 0.9)]
)
def test_a_circle_beside_a_patch_holds_the_integral_over_it(kappa: float, theta: float, alpha: float) -> None:
    belief = Belief.at([0.0, 0.0], EARTH_RADIUS_M / np.sqrt(kappa), background=1e-12)
    center = [np.rad2deg(theta), 0.0]

    def density(phi: float, psi: float) -> float:
        cosine = np.cos(psi) * np.cos(theta) + np.sin(psi) * np.sin(theta) * np.cos(phi)
        return float(kappa / (4 * np.pi * np.sinh(kappa)) * np.exp(kappa * cosine) * np.sin(psi))

    expected, _ = dblquad(density, 0.0, alpha, 0.0, 2 * np.pi, epsabs=1e-11)
    assert belief.mass_within(center, alpha * EARTH_RADIUS_M) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", [0, 1])
def test_circles_agree_with_a_fine_grid(globe: Grid, seed: int) -> None:
    belief = mixed(seed)
    density = belief.density(globe.lonlat)
    for center in ([0.0, 0.0], [180.0, 30.0], [0.0, -90.0], belief.centers[0]):
        for radius in (700e3, 3000e3, 9000e3, 15000e3):
            by_hand = globe.mass_within(density, center, radius)
            assert belief.mass_within(center, radius) == pytest.approx(by_hand, abs=4e-3)


def test_far_and_narrow_patches_are_inside_or_outside() -> None:
    belief = Belief.patches(
        [[0.0, 0.0], [1.0, 0.0], [0.0, 40.0]], [1.0, 10.0, 100.0], [1, 2, 3], background=1e-9
    )
    per_degree = np.pi / 180 * EARTH_RADIUS_M
    for radius, expected in (
        (1e3, 1 / 6),
        (per_degree * 0.999, 1 / 6),
        (per_degree * 1.001, 0.5),
        (5e6, 1.0),
    ):
        assert belief.mass_within([0.0, 0.0], radius) == pytest.approx(expected, abs=1e-8)
    # The circle that ends at the middle of a narrow patch holds half of it.
    assert belief.mass_within([0.0, 0.0], per_degree) == pytest.approx(1 / 6 + 1 / 6, abs=1e-4)


def test_the_background_alone_is_the_share_of_the_area() -> None:
    uniform = Belief.uniform()
    assert uniform.mass_within([10.0, 20.0], HALF_ROUND_M / 2) == pytest.approx(0.5)
    assert uniform.mass_within([10.0, 20.0], 1e9) == 1.0
    assert uniform.radius_m(0.5, [10.0, 20.0]) == pytest.approx(HALF_ROUND_M / 2)


@pytest.mark.parametrize("spread_m", [1.0, 25.0, 5e3, 500e3])
def test_the_radius_of_a_patch_is_rayleighs(spread_m: float) -> None:
    belief = Belief.at([10.0, 50.0], spread_m, background=1e-9)
    for q in (0.1, 0.5, 0.8, 0.99):
        kappa = (EARTH_RADIUS_M / spread_m) ** 2
        height = -np.log1p(q * np.expm1(-2 * kappa)) / kappa
        expected = 2 * np.arcsin(np.sqrt(height / 2)) * EARTH_RADIUS_M
        assert belief.radius_m(q) == pytest.approx(expected, rel=1e-6)


def test_a_promise_beyond_the_patches_reaches_into_the_background() -> None:
    belief = Belief.at([10.0, 50.0], 100.0, background=0.3)
    assert belief.radius_m(0.6) < 300.0
    # 0.7 + 0.3 sin²(α/2) = 0.8
    assert belief.radius_m(0.8) == pytest.approx(2 * np.arcsin(np.sqrt(1 / 3)) * EARTH_RADIUS_M, rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 0.99))
def test_the_circle_of_the_radius_holds_the_mass(seed: int, q: float) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 30))
    spreads = np.exp(rng.uniform(np.log(1.0), np.log(1e7), count))
    centers = destination(
        [20.0, 60.0], rng.uniform(0, 360, count), np.exp(rng.uniform(0, np.log(2e7), count))
    )
    belief = Belief.patches(
        centers, spreads, rng.random(count) + 0.01, background=float(rng.uniform(1e-6, 0.5))
    )
    center = belief.best()
    radius = belief.radius_m(q, center)
    assert belief.mass_within(center, radius) == pytest.approx(q, abs=1e-8)
    assert belief.radius_m(q) == pytest.approx(radius, rel=1e-9)
    assert belief.radius_m(q * 0.9) <= radius * (1 + 1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.0, 2e7), st.floats(1.0, 1.5))
def test_a_larger_circle_holds_no_less(seed: int, radius: float, factor: float) -> None:
    belief = mixed(seed)
    smaller, larger = belief.mass_within([5.0, 5.0], radius), belief.mass_within([5.0, 5.0], radius * factor)
    assert -1e-12 <= smaller <= larger + 1e-11 <= 1.0 + 2e-11


def test_circles_turn_with_the_globe() -> None:
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    belief = mixed(3)
    turned = Belief(
        from_unit_vectors(to_unit_vectors(belief.centers) @ turn.T),
        belief.spreads_m,
        belief.weights,
        belief.background,
    )
    center = [30.0, 30.0]
    moved = from_unit_vectors(turn @ to_unit_vectors(center))
    assert turned.mass_within(moved, 2e6) == pytest.approx(belief.mass_within(center, 2e6), rel=1e-9)
    assert turned.radius_m(0.7, moved) == pytest.approx(belief.radius_m(0.7, center), rel=1e-8)
    assert turned.radius_m(0.7) == pytest.approx(belief.radius_m(0.7), rel=1e-4)


def test_the_radius_is_the_quantile_of_samples() -> None:
    belief = mixed(4)
    distances = distance_m(belief.best(), belief.sample(20_000, np.random.default_rng(0)))
    for q in (0.25, 0.5, 0.8):
        assert np.mean(distances <= belief.radius_m(q)) == pytest.approx(q, abs=0.01)
