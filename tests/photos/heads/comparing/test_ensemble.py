"""Combinations of mixtures: against sums and products computed on a grid of points, and by what must hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import special

from whence.earth.partitions import DegreeGrid
from whence.earth.sphere import destination, distance_m
from whence.errors import FormatError, InputError, NotEnoughDataError
from whence.photos.heads import Mixtures, Task, head_class, recipe_class
from whence.photos.heads.combination import Combination
from whence.photos.heads.ensemble import Ensemble
from whence.photos.heads.retrieval import Retrieval

if TYPE_CHECKING:
    from whence.photos.samples import Samples

MIDDLE = np.array([13.2, 55.7])


def noisy(truth: np.ndarray, *, spread_m: float, seed: int, patches: int = 40) -> Mixtures:
    """What an honest member says: one Gaussian measurement of the truth, as a cloud of equal patches."""
    rng = np.random.default_rng(seed)
    wide_m, narrow_m = spread_m * np.sqrt(0.9), spread_m * np.sqrt(0.1)

    def off(lonlat: np.ndarray, size_m: float) -> np.ndarray:
        turn, steps = rng.uniform(0, 360, len(lonlat)), rng.rayleigh(size_m, len(lonlat))
        return destination(lonlat, turn, steps)

    seen = off(truth, spread_m)
    cloud = np.stack([off(seen, wide_m) for _ in range(patches)], axis=1)
    return Mixtures(cloud, np.zeros(cloud.shape[:2]), np.full(cloud.shape[:2], narrow_m))


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    rng = np.random.default_rng(0)
    return MIDDLE + rng.uniform(-1, 1, (300, 2)) * [0.3, 0.17]


def test_a_mixture_is_the_weighted_sum_of_densities(truth: np.ndarray) -> None:
    members = [noisy(truth, spread_m=size, seed=seed) for seed, size in enumerate((500.0, 2000.0))]
    combined = Combination("mixture", np.array([0.3, 0.7]), np.zeros(2)).apply(members)
    expected = np.log(
        0.3 * np.exp(members[0].log_density(truth)) + 0.7 * np.exp(members[1].log_density(truth))
    )
    assert combined.log_density(truth) == pytest.approx(expected)


def test_a_product_follows_the_product_of_the_densities(truth: np.ndarray) -> None:
    members = [noisy(truth[:3], spread_m=1000.0, seed=seed, patches=400) for seed in (1, 2)]
    product = Combination("product", np.array([0.5, 0.5]), np.array([1.0, 1.0]), patches=400).apply(members)
    east, north = np.meshgrid(np.linspace(-6e3, 6e3, 61), np.linspace(-6e3, 6e3, 61))
    for row in range(3):
        grid = destination(
            truth[row], np.rad2deg(np.arctan2(east.ravel(), north.ravel())), np.hypot(east, north).ravel()
        )
        first, second, found = (
            part.take(np.array([row])).log_densities(grid[None])[0] for part in (*members, product)
        )
        exact, found = special.softmax(first + second), special.softmax(found)
        assert np.abs(exact - found).sum() / 2 < 0.2  # total variation; the mixture is 0.5 away and more
        mean_exact, mean_found = exact @ grid, found @ grid
        assert distance_m(mean_exact, mean_found) < 150


def test_two_witnesses_multiply_and_one_witness_twice_does_not(truth: np.ndarray) -> None:
    truth = truth[:150]
    one, other = (noisy(truth, spread_m=1000.0, seed=seed, patches=200) for seed in (1, 2))
    independent, likelihood = Combination.fit([one, other], truth, rule="product", patches=200)
    mixed = Combination.fit([one, other], truth, rule="mixture")[1]
    assert independent.strengths == pytest.approx([1.0, 1.0], abs=0.3)
    assert likelihood > mixed + 0.2
    twice = Combination.fit([one, one], truth, rule="product", patches=200)[0]
    assert twice.strengths.sum() == pytest.approx(1.0, abs=0.25)


def test_the_gradient_of_the_strengths_is_right(truth: np.ndarray) -> None:
    members = [noisy(truth, spread_m=size, seed=seed) for seed, size in enumerate((800.0, 1500.0))]
    best, likelihood = Combination.fit(members, truth, rule="product")
    for step in ([0.02, 0.0], [-0.02, 0.0], [0.0, 0.02], [0.0, -0.02]):
        other = replace(best, strengths=np.maximum(best.strengths + step, 0.0))
        assert other.apply(members).log_density(truth).mean() <= likelihood + 1e-9


def test_a_useless_member_counts_nothing(truth: np.ndarray) -> None:
    good = noisy(truth, spread_m=1000.0, seed=1)
    useless = Mixtures.at(np.random.default_rng(3).permutation(truth), 500.0)
    mixture = Combination.fit([good, useless], truth, rule="mixture")[0]
    assert mixture.shares[1] < 0.03
    product, likelihood = Combination.fit([good, useless], truth, rule="product")
    assert product.strengths[1] < 0.1
    assert likelihood > good.log_density(truth).mean() - 0.1


def test_the_region_with_most_votes_gains() -> None:
    grid = DegreeGrid.fit([[0.5, 0.5], [5.5, 0.5]], step_deg=1.0)
    west, east = [0.5, 0.5], [5.5, 0.5]
    members = [
        Mixtures([[west, east]], np.log([shares]), [[1e4, 1e4]])
        for shares in ([0.6, 0.4], [0.6, 0.4], [0.05, 0.95])
    ]
    shares = np.full(3, 1 / 3)
    plain = Combination("mixture", shares, np.zeros(3)).apply(members)
    voted = Combination("vote", shares, np.full(3, 2.0), grid).apply(members)

    def in_the_west(mixtures: Mixtures) -> float:
        return float(mixtures.weights[0, mixtures.lonlat[0, :, 0] < 3].sum())

    assert in_the_west(plain) == pytest.approx((0.6 + 0.6 + 0.05) / 3)
    odds = (0.6 + 0.6 + 0.05) * np.exp(4.0) / ((0.4 + 0.4 + 0.95) * np.exp(2.0))
    assert in_the_west(voted) == pytest.approx(odds / (1 + odds))
    assert voted.points()[0].tolist() == west
    assert plain.points()[0].tolist() == east


def test_votes_of_those_who_know_weigh_more() -> None:
    rng = np.random.default_rng(4)
    places = np.array([[0.5, 0.5], [5.5, 0.5]])
    grid = DegreeGrid.fit(places, step_deg=1.0)
    side = rng.integers(0, 2, 400)

    def member(right: float, seed: int) -> Mixtures:
        said = np.where(np.random.default_rng(seed).random(400) < right, side, 1 - side)
        weights = np.where(said[:, None] == np.arange(2), 0.6, 0.4)
        return Mixtures(np.tile(places, (400, 1, 1)), np.log(weights), np.full((400, 2), 3e4))

    members = [member(0.9, 1), member(0.6, 2), member(0.5, 3)]
    vote, likelihood = Combination.fit(members, places[side], rule="vote", partition=grid)
    assert vote.strengths[0] == pytest.approx(np.log(0.9 / 0.1), abs=0.7)
    assert vote.strengths[2] < 0.4
    assert likelihood > Combination.fit(members, places[side], rule="mixture")[1] + 0.1


def test_an_ensemble_of_two_is_likelier_than_each(
    task: Task, world: Callable[..., Samples], unseen: Samples
) -> None:
    tables = {"near": {"kind": "retrieval", "neighbours": 5}, "always": {"kind": "constant"}}
    head = recipe_class("ensemble")(members=tables).fit(task)
    features = unseen.take(slice(None))
    together = head.mixtures(features).log_density(unseen.lonlat).mean()
    for alone in (Retrieval(neighbours=5).fit(task), recipe_class("constant")().fit(task)):
        assert together > alone.mixtures(features).log_density(unseen.lonlat).mean() - 0.02
    again = head_class("ensemble").from_parts(*head.to_parts())
    for name in ("lonlat", "log_weights", "spread_m"):
        assert np.array_equal(
            getattr(head.mixtures(features[:9]), name), getattr(again.mixtures(features[:9]), name)
        )
    settings, arrays = head.to_parts()
    with pytest.raises(FormatError):
        head_class("ensemble").from_parts({"members": settings["members"]}, arrays)


def test_every_part_is_trained_under_its_own_name(make_task: Callable[..., Task], task: Task) -> None:
    names: list[str] = []
    usual = make_task(task.train, task.validation, epochs=1, batch=512)

    def optimise(learner: object, name: str) -> None:
        names.append(name)
        usual.optimise(learner, name)  # type: ignore[arg-type]

    tables = {"a": {"kind": "unit-vector"}, "b": {"kind": "unit-vector", "hidden": [16]}}
    Ensemble(tables, rule="vote").fit(replace(usual, optimise=optimise))
    assert names == ["a-unit-vector", "b-unit-vector"]


def test_what_cannot_be_is_refused(truth: np.ndarray) -> None:
    one = noisy(truth, spread_m=1000.0, seed=1)
    equal = Combination("mixture", np.array([0.5, 0.5]), np.zeros(2))
    with pytest.raises(InputError, match="2 members"):
        equal.apply([one])
    with pytest.raises(InputError):
        equal.apply([one, one.take(np.arange(3))])
    with pytest.raises(InputError, match="partition"):
        Combination("vote", np.ones(1), np.ones(1))
    with pytest.raises(NotEnoughDataError):
        Combination.fit([one.take(np.arange(3))] * 2, truth[:3], rule="mixture")
    with pytest.raises(InputError, match="at least two"):
        Ensemble({"alone": {"kind": "retrieval"}})
    with pytest.raises(InputError, match="kind"):
        Ensemble({"a": {}, "b": {"kind": "retrieval"}})
    with pytest.raises(InputError, match="no setting 'k'"):
        Ensemble({"a": {"kind": "retrieval", "k": 3}, "b": {"kind": "retrieval"}})
