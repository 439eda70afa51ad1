"""Multiplying and pruning: the oracle is the pointwise product on a grid, renormalised by its integral."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.earth import products
from whence.earth import von_mises_fisher as vmf
from whence.earth.belief import Belief
from whence.earth.sphere import EARTH_AREA_KM2, EARTH_RADIUS_M, distance_m, from_unit_vectors, to_unit_vectors

if TYPE_CHECKING:
    from conftest import Grid
    from whence.typing import Floats


def scattered(
    seed: int, count: int, spread_m: float, *, center: tuple[float, float] = (10.0, 50.0)
) -> Belief:
    """A country-like crowd of patches over some 900 km."""
    rng = np.random.default_rng(seed)
    centers = np.column_stack([rng.normal(center[0], 4, count), rng.normal(center[1], 2.4, count)])
    return Belief.patches(centers, rng.uniform(0.5, 1.5, count) * spread_m, rng.random(count))


def anywhere(seed: int, count: int = 6) -> Belief:
    rng = np.random.default_rng(seed)
    spreads = np.exp(rng.uniform(np.log(500e3), np.log(8000e3), count))
    return Belief.patches(
        from_unit_vectors(rng.standard_normal((count, 3))), spreads, rng.random(count), background=0.1
    )


def pointwise(grid: Grid, *beliefs: Belief) -> Floats:
    product = np.prod([belief.density(grid.lonlat) * EARTH_AREA_KM2 for belief in beliefs], axis=0)
    return product / grid.integral(product)


def moved_mass(grid: Grid, first: Floats, second: Floats) -> float:
    """Total variation: the share of the mass that one of them has elsewhere."""
    return 0.5 * grid.integral(np.abs(first - second))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_product_of_wide_beliefs_is_the_pointwise_product(globe: Grid, seed: int) -> None:
    first, second = anywhere(seed), anywhere(seed + 10)
    found, expected = (first * second).density(globe.lonlat), pointwise(globe, first, second)
    assert found == pytest.approx(expected, rel=2e-2)
    assert moved_mass(globe, found, expected) < 1e-3


@pytest.mark.parametrize("center", [[10.0, 50.0], [179.99, 0.0], [40.0, 89.9]])
def test_product_near_the_date_line_and_the_pole_is_the_pointwise_product(
    grid_near: type[Grid], center: list[float]
) -> None:
    grid = grid_near.near(center, resolution=5, rings=30)
    rng = np.random.default_rng(4)
    near = [grid.lonlat[rng.choice(len(grid.lonlat), 8)] for _ in range(2)]
    first, second = (Belief.patches(points, [60e3] * 4 + [120e3] * 4) for points in near)
    found, expected = (first * second).density(grid.lonlat), pointwise(grid, first, second)
    found /= grid.integral(found)
    assert found == pytest.approx(expected, rel=3e-2)
    assert moved_mass(grid, found, expected) < 2e-3


def test_without_pruning_the_product_is_exact(grid_near: type[Grid]) -> None:
    grid = grid_near.near([10.0, 50.0], resolution=5, rings=50)
    first, second = scattered(0, 60, 40e3), scattered(1, 40, 70e3)
    patches, background, _ = products.multiply(first._whole, second._whole, 10**6)
    exact = Belief._from(patches, background)
    # Patches that are nearly the same are merged even so.
    assert exact.density(grid.lonlat) / grid.integral(exact.density(grid.lonlat)) == pytest.approx(
        pointwise(grid, first, second), rel=1e-2
    )


@pytest.mark.parametrize(("spread_m", "tolerance"), [(40e3, 0.03), (80e3, 0.01), (300e3, 0.01)])
def test_pruning_a_large_product_moves_little_mass(
    grid_near: type[Grid], spread_m: float, tolerance: float
) -> None:
    grid = grid_near.near([10.0, 50.0], resolution=5, rings=50)
    first, second = scattered(0, 500, spread_m), scattered(1, 500, spread_m)
    product = first * second
    assert len(product) <= 1000
    found = product.density(grid.lonlat)
    assert moved_mass(grid, found / grid.integral(found), pointwise(grid, first, second)) < tolerance


def test_a_crowd_too_dense_for_all_pairs_still_multiplies_rightly(grid_near: type[Grid]) -> None:
    grid = grid_near.near([10.0, 50.0], resolution=5, rings=50)
    first, second = scattered(0, 1600, 60e3), scattered(1, 1600, 60e3)
    found = (first * second).density(grid.lonlat)
    assert moved_mass(grid, found / grid.integral(found), pointwise(grid, first, second)) < 0.03


def test_a_background_alone_changes_nothing() -> None:
    belief = anywhere(5)
    for product in (belief * Belief.uniform(), Belief.uniform() * belief):
        assert product.density(belief.centers) == pytest.approx(belief.density(belief.centers), rel=1e-9)
    assert Belief.combine([]).background == 1.0
    assert Belief.combine([belief]) is belief


def test_narrow_patches_multiply_like_gaussians_of_the_plane() -> None:
    # 1/σ² = 1/3² + 1/4², and the centre between them by inverse variance; everything within metres.
    first, second = Belief.at([37.6, 55.75], 3.0, 1e-9), Belief.at([37.60004, 55.75], 4.0, 1e-9)
    apart = float(distance_m(first.centers[0], second.centers[0]))
    product = first * second
    sharp = int(product.weights.argmax())
    assert product.spreads_m[sharp] == pytest.approx(2.4, rel=1e-6)
    assert distance_m(product.centers[sharp], first.centers[0]) == pytest.approx(apart * 9 / 25, rel=1e-5)


def test_agreement_is_the_integral_of_the_product(globe: Grid) -> None:
    first, second = anywhere(7), anywhere(8)
    both = first.density(globe.lonlat) * second.density(globe.lonlat) * EARTH_AREA_KM2
    assert first.log_agreement(second) == pytest.approx(np.log(globe.integral(both)), abs=1e-4)
    assert first.log_agreement(Belief.uniform()) == pytest.approx(0.0, abs=1e-9)
    assert Belief.at([0.0, 0.0], 10.0).log_agreement(Belief.at([90.0, 0.0], 10.0)) < -3.0


def test_two_sharp_contradictions_both_survive_with_the_odds_of_their_backgrounds() -> None:
    paris, berlin = Belief.at([2.35, 48.85], 50.0, 0.01), Belief.at([13.4, 52.5], 50.0, 0.04)
    # Weights b₂w₁ : b₁w₂ : b₁b₂, by hand.
    parts = np.array([0.04 * 0.99, 0.01 * 0.96, 0.01 * 0.04])
    parts /= parts.sum()
    both = paris * berlin
    first, second = both.hypotheses()
    assert [first.probability, second.probability] == pytest.approx(parts[:2].tolist(), rel=1e-6)
    assert both.background == pytest.approx(parts[2], rel=1e-6)
    assert distance_m(both.best(), [2.35, 48.85]) < 1.0
    # Neither alone holds 90 %, so the promise must reach from one to the other.
    assert first.radius_m > 100.0
    assert both.radius_m(0.9) > 0.99 * float(distance_m([2.35, 48.85], [13.4, 52.5]))


def test_two_sources_that_agree_overrule_one_that_does_not() -> None:
    paris, berlin = [2.35, 48.85], [13.4, 52.5]
    belief = Belief.combine([Belief.at(paris, 50.0), Belief.at(berlin, 80.0), Belief.at(paris, 100.0)])
    assert distance_m(belief.best(), paris) < 1.0
    assert belief.hypotheses()[0].probability > 0.999999


def test_four_against_three_is_settled_by_the_last_decimal_of_the_background() -> None:
    # Backgrounds as small as 1e-14 are multiplied on the way and still decide.
    paris, berlin = [2.35, 48.85], [13.4, 52.5]
    sources = [Belief.at(paris, 1000.0)] * 3 + [Belief.at(berlin, 1000.0)] * 4
    assert distance_m(Belief.combine(sources).best(), berlin) < 10.0


def test_the_order_does_not_matter_to_the_last_bit() -> None:
    parts = [scattered(0, 50, 50e3), Belief.at([9.0, 51.0], 90e3), scattered(2, 40, 80e3), Belief.uniform()]
    expected = Belief.combine(parts)
    for order in permutations(parts):
        found = Belief.combine(order)
        assert (found.centers == expected.centers).all()
        assert (found.weights == expected.weights).all()
        assert found.background == expected.background


def test_the_product_is_associative_within_two_percent(grid_near: type[Grid]) -> None:
    grid = grid_near.near([10.0, 50.0], resolution=5, rings=50)
    a, b, c = scattered(0, 120, 50e3), scattered(1, 100, 80e3), scattered(2, 90, 60e3)
    densities = [product.density(grid.lonlat) for product in ((a * b) * c, a * (b * c), (a * c) * b)]
    for density in densities[1:]:
        assert moved_mass(grid, density, densities[0]) < 0.02


def test_multiplying_turns_with_the_globe() -> None:
    turn = np.linalg.qr(np.random.default_rng(9).standard_normal((3, 3)))[0]

    def turned(belief: Belief) -> Belief:
        centers = from_unit_vectors(to_unit_vectors(belief.centers) @ turn.T)
        return Belief(centers, belief.spreads_m, belief.weights, belief.background)

    first, second = anywhere(3), anywhere(4)
    points = anywhere(5, 40).centers
    moved = from_unit_vectors(to_unit_vectors(points) @ turn.T)
    product = (turned(first) * turned(second)).density(moved)
    assert product == pytest.approx((first * second).density(points), rel=1e-2)


def test_pruning_keeps_the_mean_vector_and_the_total() -> None:
    belief = scattered(3, 700, 30e3)

    def mean_vector(some: Belief) -> Floats:
        lengths = 1.0 - vmf.resultant_deficit(vmf.concentration(some.spreads_m))
        return (some.weights * lengths) @ to_unit_vectors(some.centers)

    for count in (300, 20, 1):
        pruned = belief.pruned(count)
        assert len(pruned) <= count
        # The background has taken at most a ten-thousandth of itself.
        assert pruned.background == pytest.approx(belief.background, rel=2e-4)
        scale = (1 - pruned.background) / (1 - belief.background)
        assert mean_vector(pruned) == pytest.approx(mean_vector(belief) * scale, rel=1e-5)


def test_pruning_metre_sized_patches_keeps_their_variance() -> None:
    # Two patches of 3 m, 8 m apart: variance per axis 9 + (4² / 2) of the mean square offset 16 in two axes.
    belief = Belief.patches([[13.0, 55.0], [13.0, 55.0 + np.rad2deg(8.0 / EARTH_RADIUS_M)]], 3.0)
    merged = belief.pruned(1)
    assert merged.spreads_m[0] == pytest.approx(np.sqrt(9.0 + 8.0), rel=1e-6)
    assert merged.centers[0] == pytest.approx([13.0, 55.0 + np.rad2deg(4.0 / EARTH_RADIUS_M)], abs=1e-10)


def test_equal_patches_become_one() -> None:
    belief = Belief.patches([[13.0, 55.0]] * 50, 20.0, np.arange(1, 51)).pruned()
    assert len(belief) == 1
    assert belief.weights[0] == pytest.approx(0.95)
    assert belief.spreads_m[0] == pytest.approx(20.0, rel=1e-6)


def test_dust_goes_to_the_background_and_is_counted() -> None:
    belief = Belief.patches([[0.0, 0.0], [90.0, 0.0]], 100.0, [1.0, 1e-7], background=0.1).pruned()
    assert len(belief) == 1
    assert belief.background == pytest.approx(0.1 + 0.9e-7, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.0, 8.0), st.floats(0.0, 8.0), st.floats(0.0, np.pi))
def test_two_patches_of_any_size_and_distance_multiply_rightly(
    seed: int, log_first: float, log_second: float, angle: float
) -> None:
    # Against the definition at the centre of the sharper one: 4π p q / Z with Z from the exact agreement.
    rng = np.random.default_rng(seed)
    start = from_unit_vectors(rng.standard_normal(3))
    first = Belief.at(start, max(10.0**log_first, 1.0), 0.05)
    second = Belief.at(
        from_unit_vectors(_turned(to_unit_vectors(start), angle, rng)), max(10.0**log_second, 1.0), 0.05
    )
    points = np.stack([first.centers[0], second.centers[0]])
    expected = first.log_density(points) + second.log_density(points) + np.log(EARTH_AREA_KM2)
    expected -= first.log_agreement(second)
    assert (first * second).log_density(points) == pytest.approx(expected, abs=0.02)


def _turned(vector: Floats, angle: float, rng: np.random.Generator) -> Floats:
    side = np.cross(vector, rng.standard_normal(3))
    return np.cos(angle) * vector + np.sin(angle) * side / np.linalg.norm(side)
