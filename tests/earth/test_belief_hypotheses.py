"""Separated answers: what a reader of a map would circle."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.earth.belief import Belief
from whence.earth.sphere import destination, distance_m, from_unit_vectors, to_unit_vectors
from whence.errors import InputError

BERLIN = [13.4, 52.5]


def country(count: int = 400, *, background: float = 0.05) -> Belief:
    """An even square of 800 km round (10, 51), patches as wide as half their distance."""
    side = int(np.sqrt(count))
    east, north = np.meshgrid(*[(np.arange(side) + 0.5) / side * 800e3 - 400e3] * 2)
    centers = destination(destination([10.0, 51.0], 0.0, north.ravel()), 90.0, east.ravel())
    return Belief.patches(centers, 400e3 / side, background=background)


def points(belief: Belief, **options: float) -> np.ndarray:
    return np.array([[h.longitude_deg, h.latitude_deg] for h in belief.hypotheses(**options)])  # type: ignore[arg-type]


def test_one_patch_is_one_answer() -> None:
    (only,) = Belief.at(BERLIN, 25.0, background=0.1).hypotheses()
    assert distance_m([only.longitude_deg, only.latitude_deg], BERLIN) < 0.001
    assert only.probability == pytest.approx(0.9)
    # Its own radius is Rayleigh's 80 % quantile; the promise for the whole reaches into the background.
    assert only.own_radius_m == pytest.approx(25.0 * np.sqrt(-2 * np.log(0.2)), rel=1e-6)
    assert only.radius_m == pytest.approx(Belief.at(BERLIN, 25.0, background=0.1).radius_m(0.8))


def test_the_uniform_belief_has_no_answer() -> None:
    assert Belief.uniform().hypotheses() == []


def test_the_best_point_is_the_first_hypothesis() -> None:
    belief = Belief.mixture([country(), Belief.at(BERLIN, 20.0)], [0.4, 0.6])
    assert points(belief)[0].tolist() == belief.best().tolist()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_fewer_answers_are_the_first_of_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    centers = destination(BERLIN, rng.uniform(0, 360, 30), rng.exponential(300e3, 30))
    belief = Belief.patches(centers, np.exp(rng.uniform(2, 13, 30)), rng.random(30) ** 3)
    assert belief.hypotheses(2) == belief.hypotheses(5)[:2]
    assert points(belief, k=1)[0].tolist() == belief.best().tolist()


def test_a_thin_patch_of_little_weight_is_not_the_best_point() -> None:
    # Its density is a million times that of the country around it, its probability 2 %.
    belief = Belief.mixture([country(), Belief.at(BERLIN, 10.0)], [0.98, 0.02])
    assert distance_m(belief.best(), [10.0, 51.0]) < 60e3
    assert belief.hypotheses(1)[0].probability > 0.85


def test_a_sharp_majority_is_put_before_the_country_round_it_and_both_are_told() -> None:
    belief = Belief.mixture([country(), Belief.at(BERLIN, 10.0)], [0.4, 0.6])
    first, second = belief.hypotheses(2)
    assert distance_m([first.longitude_deg, first.latitude_deg], BERLIN) < 1.0
    assert first.probability == pytest.approx(0.6 * 0.99, abs=1e-3)
    assert first.own_radius_m < 20.0
    assert distance_m([second.longitude_deg, second.latitude_deg], [10.0, 51.0]) < 60e3
    assert second.probability > 0.3


def test_a_sharp_third_inside_a_country_is_where_the_country_points() -> None:
    belief = Belief.mixture([country(), Belief.at(BERLIN, 10.0)], [0.65, 0.35])
    assert distance_m(belief.best(), BERLIN) < 1.0


def test_a_country_is_one_answer_at_its_middle() -> None:
    first = country().hypotheses()[0]
    assert first.probability > 0.85
    assert distance_m([first.longitude_deg, first.latitude_deg], [10.0, 51.0]) < 30e3
    # A circle with 80 % of the area of the square.
    assert first.own_radius_m == pytest.approx(800e3 * np.sqrt(0.8 / np.pi), rel=0.02)


def test_a_ring_gives_separated_points_on_itself() -> None:
    found = Belief.ring([127.0, 37.5], 56e3, 5e3).hypotheses()
    assert len(found) >= 3
    where = np.array([[h.longitude_deg, h.latitude_deg] for h in found])
    assert distance_m([127.0, 37.5], where) == pytest.approx(56e3, rel=0.15)
    apart = distance_m(where[:, None], where)[np.triu_indices(len(where), 1)]
    assert apart.min() > 25e3


def test_two_rings_meet_in_two_towns() -> None:
    # 60 km from one, 80 km from the other, 100 km apart: a right angle, and a mirror image of it.
    seoul = np.array([127.0, 37.5])
    other = destination(seoul, 90.0, 100e3)
    both = Belief.ring(seoul, 60e3, 2e3) * Belief.ring(other, 80e3, 2e3)
    found = both.hypotheses()[:2]
    assert [h.probability for h in found] == pytest.approx([0.5, 0.5], abs=0.02)
    for hypothesis in found:
        where = [hypothesis.longitude_deg, hypothesis.latitude_deg]
        assert distance_m(where, seoul) == pytest.approx(60e3, abs=1500)
        assert distance_m(where, other) == pytest.approx(80e3, abs=1500)


def test_countries_with_one_language_are_one_answer_each() -> None:
    centers = [[10.0, 51.0], [14.0, -24.0], [105.0, 60.0]]
    parts = [
        Belief.patches(destination(center, np.arange(60) * 137.5, np.sqrt(np.arange(60) / 60) * 400e3), 30e3)
        for center in centers
    ]
    found = points(Belief.mixture(parts, [0.5, 0.3, 0.2]), k=3)
    assert np.diag(distance_m(found[:, None], np.array(centers))) == pytest.approx(0.0, abs=80e3)


def test_apart_m_gathers_and_separates() -> None:
    belief = Belief.patches([[0.0, 0.0], [0.1, 0.0], [5.0, 0.0]], 1000.0, background=0.1)
    near = belief.hypotheses(apart_m=50e3)
    assert [h.probability for h in near] == pytest.approx([0.6, 0.3])
    far = belief.hypotheses(apart_m=2e3)
    assert [h.probability for h in far] == pytest.approx([0.3, 0.3, 0.3])
    assert len(belief.hypotheses(apart_m=3e6)) == 1
    with pytest.raises(InputError, match="apart_m"):
        belief.hypotheses(apart_m=0.0)


def test_answers_over_the_date_line_and_the_pole_hold_together() -> None:
    for centers in ([[179.999, 0.0], [-179.999, 0.0]], [[0.0, 89.999], [180.0, 89.999], [90.0, 89.999]]):
        found = Belief.patches(centers, 1000.0).hypotheses()
        assert len(found) == 1
        assert found[0].probability == pytest.approx(0.95)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([None, 10e3, 1000e3]))
def test_answers_are_ranked_apart_and_share_the_mass(seed: int, apart_m: float | None) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 60))
    towns = from_unit_vectors(rng.standard_normal((4, 3)))[rng.integers(0, 4, count)]
    centers = destination(towns, rng.uniform(0, 360, count), rng.exponential(200e3, count))
    belief = Belief.patches(centers, np.exp(rng.uniform(2, 13, count)), rng.random(count), background=0.1)
    found = belief.hypotheses(5, apart_m=apart_m)
    shares = [h.probability for h in found]
    assert all(first >= second - 1e-12 for first, second in pairwise(shares))
    assert 0.0 < sum(shares) <= 0.9 + 1e-9
    where = np.array([[h.longitude_deg, h.latitude_deg] for h in found])
    apart = distance_m(where[:, None], where)[np.triu_indices(len(where), 1)]
    assert (apart > (apart_m or 0.0) * 0.999).all()
    for hypothesis in found:
        assert hypothesis.own_radius_m > 0.0
        here = [hypothesis.longitude_deg, hypothesis.latitude_deg]
        assert belief.mass_within(here, hypothesis.radius_m) == pytest.approx(0.8, abs=1e-7)


def test_answers_turn_with_the_globe() -> None:
    turn = np.linalg.qr(np.random.default_rng(2).standard_normal((3, 3)))[0]
    belief = Belief.mixture([country(100), Belief.at([40.0, 20.0], 200.0)], [0.5, 0.5])
    turned = Belief(
        from_unit_vectors(to_unit_vectors(belief.centers) @ turn.T),
        belief.spreads_m,
        belief.weights,
        belief.background,
    )
    moved = from_unit_vectors(to_unit_vectors(points(belief, k=2)) @ turn.T)
    assert (distance_m(points(turned, k=2), moved) < 2e3).all()


def test_neighbours_of_an_index_agree_on_their_densest_place() -> None:
    rng = np.random.default_rng(0)
    right = destination([13.19, 55.7], rng.uniform(0, 360, 8), rng.exponential(15.0, 8))
    wrong = destination([13.19, 55.7], rng.uniform(0, 360, 32), rng.uniform(300, 5000, 32))
    belief = Belief.patches(np.concatenate([right, wrong]), 20.0, background=0.02)
    assert distance_m(belief.best(), [13.19, 55.7]) < 15.0
    assert belief.hypotheses(1)[0].probability == pytest.approx(0.98 * 8 / 40, abs=0.03)
