"""What a belief is: density, samples, JSON, what it refuses; the oracle is a fine H3 grid."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from whence.earth.belief import Belief
from whence.earth.sphere import (
    EARTH_AREA_KM2,
    EARTH_RADIUS_M,
    destination,
    distance_m,
    from_unit_vectors,
    to_unit_vectors,
)
from whence.errors import FormatError, InputError

if TYPE_CHECKING:
    from conftest import Grid

WIDE = Belief.patches(
    [[178.0, -17.0], [-179.0, 10.0], [30.0, 89.0], [-60.0, -88.0], [10.0, 50.0]],
    [400e3, 700e3, 500e3, 1500e3, 9000e3],
    [3.0, 1.0, 2.0, 1.0, 2.0],
    background=0.1,
)


def slow_density(belief: Belief, lonlat: np.ndarray) -> np.ndarray:
    """The definition as a loop: p = b/4πR² + Σ w κ/(4πR² sinh κ) e^{κ cos θ}, per km²."""
    total = np.full(len(lonlat), belief.background / EARTH_AREA_KM2)
    for center, spread, weight in zip(belief.centers, belief.spreads_m, belief.weights, strict=True):
        kappa = (EARTH_RADIUS_M / spread) ** 2
        cosine = to_unit_vectors(lonlat) @ to_unit_vectors(center)
        log_sinh = kappa + np.log1p(-np.exp(-2 * kappa)) - np.log(2)
        total += weight * np.exp(np.log(kappa) - log_sinh + kappa * cosine) / EARTH_AREA_KM2
    return total


def test_density_is_the_definition(globe: Grid) -> None:
    assert WIDE.density(globe.lonlat) == pytest.approx(slow_density(WIDE, globe.lonlat), rel=1e-9)


def test_density_integrates_to_one_over_the_globe(globe: Grid) -> None:
    assert globe.integral(WIDE.density(globe.lonlat)) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("center", [[10.0, 50.0], [180.0, 0.0], [0.0, 90.0], [-75.0, -89.99]])
def test_density_of_a_small_patch_integrates_to_its_weight(
    grid_near: type[Grid], center: list[float]
) -> None:
    belief = Belief.at(center, spread_m=3000.0, background=0.2)
    grid = grid_near.near(center, resolution=7, rings=12)
    assert grid.integral(belief.density(grid.lonlat)) == pytest.approx(0.8, abs=2e-3)


def test_many_points_by_the_tree_have_the_density_of_the_loop() -> None:
    rng = np.random.default_rng(0)
    centers = np.column_stack([rng.uniform(5, 15, 300), rng.uniform(45, 55, 300)])
    belief = Belief.patches(centers, np.exp(rng.uniform(np.log(3e3), np.log(300e3), 300)), rng.random(300))
    points = np.column_stack([rng.uniform(0, 20, 3000), rng.uniform(40, 60, 3000)])
    assert belief.density(points) == pytest.approx(slow_density(belief, points), rel=1e-8)


def test_metre_sized_patches_keep_their_digits() -> None:
    belief = Belief.at([37.6173, 55.7558], spread_m=1.0)
    points = destination([37.6173, 55.7558], 77.0, np.array([0.0, 1.0, 2.0, 5.0]))
    expected = 0.99e6 / (2 * np.pi) * np.exp(-0.5 * np.array([0.0, 1.0, 4.0, 25.0]))
    assert belief.density(points) == pytest.approx(expected, rel=1e-6)


def test_log_density_is_finite_far_from_every_patch() -> None:
    belief = Belief.at([0.0, 0.0], spread_m=1.0, background=1e-9)
    assert belief.log_density([180.0, 0.0]) == pytest.approx(np.log(1e-9 / EARTH_AREA_KM2))


def test_the_uniform_belief_is_one_over_the_area_of_the_earth() -> None:
    assert Belief.uniform().density([[0.0, 0.0], [120.0, -80.0]]) == pytest.approx(1.0 / EARTH_AREA_KM2)
    assert Belief.patches([], 10.0).background == 1.0


def test_a_belief_turned_with_the_globe_has_the_turned_density() -> None:
    turn = np.linalg.qr(np.random.default_rng(5).standard_normal((3, 3)))[0]
    turned = Belief.patches(
        from_unit_vectors(to_unit_vectors(WIDE.centers) @ turn.T),
        WIDE.spreads_m,
        WIDE.weights,
        background=0.1,
    )
    points = np.array([[0.0, 0.0], [179.9, -16.0], [100.0, 90.0], [-30.0, 12.0]])
    moved = from_unit_vectors(to_unit_vectors(points) @ turn.T)
    assert turned.density(moved) == pytest.approx(WIDE.density(points), rel=1e-9)


def test_samples_fall_into_h3_cells_as_the_density_says(globe: Grid) -> None:
    drawn = WIDE.sample(20_000, np.random.default_rng(8))
    # Base cells of a random Voronoi partition: nearest of 60 points.
    anchors = to_unit_vectors(globe.lonlat[:: len(globe.lonlat) // 60])
    expected = np.bincount(
        (to_unit_vectors(globe.lonlat) @ anchors.T).argmax(axis=1),
        weights=WIDE.density(globe.lonlat) * globe.areas_km2,
        minlength=len(anchors),
    )
    observed = np.bincount((to_unit_vectors(drawn) @ anchors.T).argmax(axis=1), minlength=len(anchors))
    assert stats.chisquare(observed, expected / expected.sum() * len(drawn)).pvalue > 0.01


def test_samples_are_repeatable_and_none_are_allowed() -> None:
    first, second = (WIDE.sample(5, np.random.default_rng(1)) for _ in range(2))
    assert (first == second).all()
    assert WIDE.sample(0, np.random.default_rng(1)).shape == (0, 2)


def test_json_gives_the_same_belief_to_the_last_bit() -> None:
    belief = WIDE * Belief.at([9.3, 49.7], 123.456)
    again = Belief.from_json(json.loads(json.dumps(belief.to_json())))
    for name in ("centers", "spreads_m", "weights"):
        assert (getattr(again, name) == getattr(belief, name)).all()
    assert again.background == belief.background
    assert len(Belief.from_json(Belief.uniform().to_json())) == 0


def test_json_with_a_stray_or_missing_key_is_refused() -> None:
    data = Belief.uniform().to_json()
    with pytest.raises(FormatError, match="stray"):
        Belief.from_json({**data, "stray": 1})
    with pytest.raises(FormatError, match="background"):
        Belief.from_json({"centers": []})


def test_a_belief_is_frozen() -> None:
    with pytest.raises(ValueError, match="read-only"):
        WIDE.weights[0] = 1.0
    with pytest.raises(AttributeError):
        WIDE.background = 0.5  # type: ignore[misc]


def test_what_was_given_is_copied() -> None:
    centers = np.array([[10.0, 50.0]])
    belief = Belief.patches(centers, 100.0)
    centers[0] = 0.0
    assert belief.centers.tolist() == [[10.0, 50.0]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"centers": [[0.0, 95.0]], "spreads_m": 1.0}, "latitude"),
        ({"centers": [[0.0, 5.0]], "spreads_m": 0.0}, "millimetre"),
        ({"centers": [[0.0, 5.0]], "spreads_m": np.nan}, "millimetre"),
        ({"centers": [[0.0, 5.0]], "spreads_m": [1.0, 2.0]}, "shapes"),
        ({"centers": [[0.0, 5.0]], "spreads_m": 1.0, "weights": [-1.0]}, "negative"),
        ({"centers": [[0.0, 5.0]], "spreads_m": 1.0, "weights": [0.0]}, "positive"),
        ({"centers": [[0.0, 5.0]], "spreads_m": 1.0, "weights": [1.0, 1.0]}, "one weight for each"),
        ({"centers": [[0.0, 5.0]], "spreads_m": 1.0, "background": 0.0}, "vetoed"),
        ({"centers": [[0.0, 5.0]], "spreads_m": 1.0, "background": 1.5}, "at most 1"),
    ],
)
def test_impossible_parts_are_refused_with_the_fact(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Belief.patches(**arguments)  # type: ignore[arg-type]


def test_impossible_questions_are_refused() -> None:
    with pytest.raises(InputError, match="uniform belief"):
        Belief.uniform().best()
    with pytest.raises(InputError, match="between 0 and 1"):
        WIDE.radius_m(1.0)
    with pytest.raises(InputError, match="radius_m"):
        WIDE.mass_within([0.0, 0.0], -1.0)
    with pytest.raises(InputError, match="one position"):
        Belief.at([[0.0, 0.0]], 10.0)
    with pytest.raises(InputError, match="at least"):
        Belief.ring([0.0, 0.0], 0.0, 10.0)
    with pytest.raises(InputError, match="sum to 1"):
        Belief(np.zeros((1, 2)), np.ones(1), np.ones(1), 0.5)


def test_a_ring_lies_at_its_distance_and_is_even(grid_near: type[Grid]) -> None:
    seoul = [126.98, 37.57]
    ring = Belief.ring(seoul, 56e3, 3e3, background=0.1)
    drawn = distance_m(seoul, ring.sample(4000, np.random.default_rng(0)))
    near = drawn[drawn < 80e3]
    assert len(near) == pytest.approx(3600, abs=60)
    assert np.median(near) == pytest.approx(56e3, abs=300)
    # Radially the patches have the spread stated; along the ring it must not show.
    assert near.std() == pytest.approx(3e3, rel=0.06)
    along = ring.density(destination(seoul, np.linspace(0, 360, 720), 56e3))
    assert along.max() / along.min() < 1.02


def test_a_ring_too_thin_for_its_patches_is_made_so_thick_that_they_touch() -> None:
    ring = Belief.ring([0.0, 0.0], 1000e3, 10.0)
    assert len(ring) == 500
    along = ring.density(destination([0.0, 0.0], np.linspace(0, 10, 200), 1000e3))
    assert along.max() / along.min() < 1.02


def test_a_mixture_has_the_average_density(globe: Grid) -> None:
    parts = [WIDE, Belief.at([20.0, 0.0], 1000e3, background=0.5), Belief.uniform()]
    mixed = Belief.mixture(parts, [5.0, 3.0, 2.0])
    expected = sum(
        share * part.density(globe.lonlat) for share, part in zip([0.5, 0.3, 0.2], parts, strict=True)
    )
    assert mixed.density(globe.lonlat) == pytest.approx(expected, rel=1e-3)


def test_a_mixture_of_nothing_or_without_weight_is_refused() -> None:
    with pytest.raises(InputError, match="one at least"):
        Belief.mixture([])
    with pytest.raises(InputError, match="positive"):
        Belief.mixture([WIDE], [0.0])


def test_widening_adds_variances_and_can_be_done_in_steps() -> None:
    belief = Belief.at([0.0, 0.0], 30.0)
    assert belief.widened(40.0).spreads_m[0] == pytest.approx(50.0)
    assert belief.widened(30.0).widened(40.0).spreads_m[0] == pytest.approx(np.sqrt(30**2 + 30**2 + 40**2))
    assert belief.widened(40.0).background == belief.background


def test_widening_a_patch_is_the_blur_of_its_samples() -> None:
    rng = np.random.default_rng(2)
    drawn = Belief.at([10.0, 50.0], 20e3, background=1e-9).sample(20_000, rng)
    blurred = destination(
        drawn, rng.uniform(0, 360, len(drawn)), 15e3 * np.sqrt(2 * rng.exponential(size=len(drawn)))
    )
    widened = Belief.at([10.0, 50.0], 20e3, background=1e-9).widened(15e3)
    distances = distance_m([10.0, 50.0], blurred)
    shares = np.array(
        [widened.mass_within([10.0, 50.0], radius) for radius in np.quantile(distances, [0.2, 0.5, 0.9])]
    )
    assert shares == pytest.approx([0.2, 0.5, 0.9], abs=0.01)


def test_tempering_raises_the_odds_of_hypotheses_to_the_power() -> None:
    # Two separated towns of several patches each, 0.6 : 0.3, and the background 0.1.
    centers = [[0.0, 0.0], [0.001, 0.0], [0.0, 0.001], [20.0, 0.0], [20.001, 0.0]]
    belief = Belief.patches(centers, 500.0, [0.2, 0.2, 0.2, 0.15, 0.15], background=0.1)
    for power in (0.0, 0.5, 1.0, 2.0):
        tempered = belief.tempered(power)
        masses = np.array([0.6, 0.3, 0.1]) ** power
        masses /= masses.sum()
        assert tempered.background == pytest.approx(masses[2], rel=1e-3)
        assert tempered.mass_within([0.0, 0.0], 10e3) == pytest.approx(masses[0], abs=1e-3)
        assert tempered.mass_within([20.0, 0.0], 10e3) == pytest.approx(masses[1], abs=1e-3)


@pytest.mark.parametrize("q", [0.5, 0.8, 0.95])
def test_truths_drawn_from_a_belief_lie_within_its_radius_as_often_as_it_promises(q: float) -> None:
    # A town with two likely streets, a country around them, and the background.
    rng = np.random.default_rng(12)
    country = np.column_stack([rng.normal(10, 2, 80), rng.normal(50, 1.5, 80)])
    belief = Belief.mixture(
        [Belief.patches([[11.0, 50.0], [11.01, 50.0]], 60.0), Belief.patches(country, 40e3)], [0.7, 0.3]
    )
    truths = belief.sample(4000, rng)
    share = np.mean(distance_m(belief.best(), truths) <= belief.radius_m(q))
    assert share == pytest.approx(q, abs=3 * np.sqrt(q * (1 - q) / 4000))


@st.composite
def beliefs(draw: st.DrawFn) -> Belief:
    count = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    centers = from_unit_vectors(rng.standard_normal((count, 3)))
    spreads = np.exp(rng.uniform(np.log(1.0), np.log(1e7), count))
    return Belief.patches(centers, spreads, rng.random(count) + 1e-3, background=draw(st.floats(1e-6, 0.9)))


@settings(max_examples=30, deadline=None)
@given(beliefs(), beliefs())
def test_every_operation_gives_a_belief_again(first: Belief, second: Belief) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = [first * second, first.pruned(3), Belief.mixture([first, second]), first.widened(50.0)]
        results += [first.tempered(0.7), (first * second).pruned(1)]
    for belief in results:
        assert belief.background + belief.weights.sum() == pytest.approx(1.0, abs=1e-9)
        assert 0.0 < belief.background <= 1.0
        assert 0.0 < belief.radius_m(0.5) <= np.pi * EARTH_RADIUS_M
        assert np.isfinite(belief.log_density(belief.best()))
