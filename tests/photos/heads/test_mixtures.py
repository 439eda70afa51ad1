"""Mixtures against `Belief`, which computes the same one photograph at a time."""

from __future__ import annotations

import numpy as np
import pytest

from whence.earth import von_mises_fisher as vmf
from whence.earth.belief import Belief
from whence.earth.sphere import EARTH_RADIUS_M, distance_m, from_unit_vectors, to_unit_vectors
from whence.errors import InputError
from whence.photos.heads.mixtures import Mixtures


def drawn(n: int, k: int, *, spread_m: float, seed: int = 0) -> Mixtures:
    rng = np.random.default_rng(seed)
    lonlat = np.stack([rng.uniform(-180, 180, (n, k)), rng.uniform(-60, 60, (n, k))], axis=-1)
    return Mixtures(lonlat, rng.normal(size=(n, k)), spread_m * rng.uniform(0.5, 2, (n, k)))


@pytest.mark.parametrize("spread_m", [20.0, 50e3, 3e6])
def test_the_density_is_that_of_the_belief(spread_m: float) -> None:
    mixtures = drawn(5, 4, spread_m=spread_m)
    points = mixtures.lonlat[:, 1] + [0.0, np.degrees(spread_m / 6.371e6)]
    expected = [
        belief.log_density([point])[0]
        for belief, point in zip(mixtures.beliefs(background=1e-9), points, strict=True)
    ]
    per_steradian = np.add(expected, 2 * np.log(EARTH_RADIUS_M / 1000))  # beliefs count square kilometres
    assert mixtures.log_density(points) == pytest.approx(per_steradian, abs=1e-6)


def test_densities_at_many_points_are_those_at_each() -> None:
    mixtures = drawn(7, 3, spread_m=1e6)
    points = np.random.default_rng(1).uniform([-180, -80], [180, 80], (7, 4, 2))
    columns = [mixtures.log_density(points[:, i]) for i in range(4)]
    assert mixtures.log_densities(points) == pytest.approx(np.stack(columns, axis=1))


def test_the_best_point_counts_neighbours_and_not_single_weights() -> None:
    lonlat = [[[10.0, 50.0], [10.001, 50.0], [100.0, 0.0]]]
    mixtures = Mixtures(lonlat, np.log([[0.3, 0.3, 0.4]]), np.full((1, 3), 5e3))
    assert mixtures.points()[0, 0] == pytest.approx(10.0, abs=0.01)


def test_a_thin_patch_of_little_weight_is_not_the_best_point() -> None:
    mixtures = Mixtures([[[10.0, 50.0], [100.0, 0.0]]], np.log([[0.9, 0.1]]), [[100e3, 10.0]])
    assert mixtures.points()[0].tolist() == [10.0, 50.0]


def test_a_patch_as_wide_as_the_globe_is_not_the_best_point() -> None:
    lonlat = [[[10.0, 50.0], [100.0, 0.0], [-60.0, 10.0]]]
    mixtures = Mixtures(lonlat, np.log([[0.45, 0.35, 0.2]]), [[20e3, 20e3, 9e6]])
    assert mixtures.points()[0].tolist() == [10.0, 50.0]


def test_the_best_point_has_the_least_mean_logarithm_of_distances_to_draws() -> None:
    mixtures = drawn(30, 5, spread_m=6e5, seed=4)
    rng = np.random.default_rng(0)
    for row, point in enumerate(mixtures.points()):
        of = rng.choice(5, 20_000, p=mixtures.weights[row])
        kappa = vmf.concentration(mixtures.spread_m[row, of])
        truth = from_unit_vectors(vmf.sample(to_unit_vectors(mixtures.lonlat[row, of]), kappa, rng))
        means = [np.log(distance_m(center, truth)).mean() for center in mixtures.lonlat[row]]
        chosen = np.flatnonzero((mixtures.lonlat[row] == point).all(axis=1))[0]
        assert means[chosen] <= min(means) + 0.02


def test_best_points_are_the_centers_next_to_those_of_the_belief() -> None:
    mixtures = drawn(40, 6, spread_m=2e5)
    beliefs = list(mixtures.beliefs(background=0.01))
    away_m = [
        distance_m(point, belief.best()) for point, belief in zip(mixtures.points(), beliefs, strict=True)
    ]
    assert np.mean(np.array(away_m) < 4e5) >= 0.95


def test_filling_up_and_joining_change_no_density() -> None:
    few, many = drawn(3, 2, spread_m=1e5), drawn(4, 5, spread_m=1e5, seed=1)
    joined = Mixtures.joined([few, many])
    points = np.zeros((7, 2))
    separate = np.concatenate([few.log_density(points[:3]), many.log_density(points[3:])])
    assert joined.log_density(points) == pytest.approx(separate)


def test_the_heaviest_patches_are_kept() -> None:
    mixtures = drawn(6, 9, spread_m=1e5)
    kept = np.sort(mixtures.heaviest(3).log_weights, axis=1)
    assert kept == pytest.approx(np.sort(mixtures.log_weights, axis=1)[:, -3:])


def test_one_patch_each_is_the_belief_at_the_point() -> None:
    mixtures = Mixtures.at([[13.2, 55.7]], 100.0)
    belief = next(mixtures.beliefs(background=0.01))
    assert belief.radius_m(0.8) == pytest.approx(Belief.at((13.2, 55.7), 100.0).radius_m(0.8))


@pytest.mark.parametrize(
    ("lonlat", "log_weights", "spread_m"),
    [
        (np.zeros((1, 2, 2)), np.zeros((1, 3)), np.ones((1, 3))),
        (np.full((1, 1, 2), np.nan), np.zeros((1, 1)), np.ones((1, 1))),
        (np.zeros((1, 1, 2)), np.full((1, 1), -np.inf), np.ones((1, 1))),
        (np.zeros((1, 1, 2)), np.zeros((1, 1)), np.zeros((1, 1))),
    ],
)
def test_what_cannot_be_is_refused(lonlat: object, log_weights: object, spread_m: object) -> None:
    with pytest.raises(InputError):
        Mixtures(lonlat, log_weights, spread_m)  # type: ignore[arg-type]
