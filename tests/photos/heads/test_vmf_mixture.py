"""Mixtures fitted by likelihood."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from whence.earth.sphere import distance_m
from whence.errors import FormatError, InputError, NotEnoughDataError
from whence.photos.heads import head_class
from whence.photos.heads.clustering import k_means, nearest_center
from whence.photos.heads.fitting import Standardisation
from whence.photos.heads.learning.von_mises_fisher import MixtureLearner, SharedLearner
from whence.photos.heads.perceptron import Perceptron
from whence.photos.heads.protocol import Task
from whence.photos.heads.vmf_mixture import PatchStart, VMFMixture, VMFMixtureHead
from whence.photos.samples import Samples


def share_within(mixtures: object, lonlat: np.ndarray, q: float) -> float:
    """Share of the truths inside the radius that the beliefs promise for q."""
    held = [
        distance_m(belief.best(), truth) <= belief.radius_m(q)
        for belief, truth in zip(mixtures.beliefs(background=1e-4), lonlat, strict=True)
    ]
    return float(np.mean(held))


@pytest.mark.parametrize(
    "recipe", [VMFMixture(), VMFMixture(components=1), VMFMixture(shared_centers=60)], ids=str
)
@pytest.mark.parametrize(("world", "bound_km"), [("planet", 700.0), ("city", 1.0)])
def test_learns_toy_worlds(
    recipe: VMFMixture, world: str, bound_km: float, request: pytest.FixtureRequest
) -> None:
    """The constant points are 4,000 and 3.9 km off."""
    task: Task = request.getfixturevalue(world)
    head = recipe.fit(task)
    features = task.validation.take(slice(None))
    mixtures = head.mixtures(features)
    assert np.median(distance_m(mixtures.points(), task.validation.lonlat)) / 1000 < bound_km
    settings, arrays = head.to_parts()
    again = head_class(head.kind).from_parts(settings, arrays).mixtures(features)
    for name in ("lonlat", "log_weights", "spread_m"):
        np.testing.assert_array_equal(getattr(again, name), getattr(mixtures, name))


def test_says_how_sure_it_is(make_task: Callable[..., Task]) -> None:
    """One feature tells the place, another how far off it is; the promise of 80 % is kept, roughly."""
    rng = np.random.default_rng(0)
    centers = np.column_stack([rng.uniform(-30, 30, 900), rng.uniform(-30, 30, 900)])
    spread_deg = np.where(rng.random(900) < 0.5, 0.5, 5.0)
    features = np.column_stack([centers / 30, np.log(spread_deg), np.ones(900)])
    samples = Samples.of_arrays(features, centers + spread_deg[:, None] * rng.normal(size=(900, 2)))
    task = make_task(samples.subset(np.arange(600)), samples.subset(np.arange(600, 900)))
    mixtures = VMFMixture(components=1, dropout=0.0).fit(task).mixtures(task.validation.take(slice(None)))
    sure = spread_deg[600:] < 1
    assert np.median(mixtures.spread_m[sure]) == pytest.approx(55.6e3, rel=0.5)
    assert np.median(mixtures.spread_m[~sure]) == pytest.approx(556e3, rel=0.35)
    assert share_within(mixtures.take(slice(0, 120)), task.validation.lonlat[:120], 0.8) > 0.65


@pytest.mark.parametrize("shared", [0, 30])
def test_the_finished_head_is_what_was_trained(planet: Task, shared: int) -> None:
    """Oracle: the training loss itself, in float64, is minus the log density of the finished mixtures."""
    recipe = VMFMixture(shared_centers=shared, components=4, patches=30)
    rng = np.random.default_rng(0)
    start = PatchStart.of(planet.train.lonlat, shared or 4, rng, least_spread_m=10.0)
    kind = SharedLearner if shared else MixtureLearner
    learner = kind.of(recipe, start, inputs=Standardisation.of(planet.train, rng), seed=3)
    features = planet.validation.take(slice(None))
    loss = learner.loss(torch.from_numpy(features), learner.targets(planet.validation), None).item()
    if shared:
        from whence.earth.sphere import from_unit_vectors
        from whence.photos.heads.cells import CellHead

        centers, spread_m = learner.patches()
        head = CellHead(learner.perceptron(), from_unit_vectors(centers), spread_m, 30)
    else:
        head = VMFMixtureHead(learner.perceptron(), 10.0)
    density = head.mixtures(features).log_density(planet.validation.lonlat)
    assert -density.mean() == pytest.approx(loss, rel=1e-4)


def test_start_is_the_clusters() -> None:
    rng = np.random.default_rng(0)
    cities = np.array([[2.35, 48.86], [-179.9, -17.0], [0.0, 89.9]])
    which = rng.choice(3, 3000, p=[0.6, 0.3, 0.1])
    lonlat = cities[which] + rng.normal(0, 0.05, (3000, 2)) * [[1.0, 1.0]]
    lonlat[:, 0] = np.remainder(lonlat[:, 0] + 180, 360) - 180
    lonlat[:, 1] = np.clip(lonlat[:, 1], -90, 90)
    start = PatchStart.of(lonlat, 3, rng, least_spread_m=10.0)
    order = np.argsort(-start.log_weights)
    np.testing.assert_allclose(np.exp(start.log_weights[order]), [0.6, 0.3, 0.1], atol=0.03)
    spreads_km = 6371 * np.exp(-start.log_kappa[order] / 2)
    assert spreads_km[1] == pytest.approx(
        0.05 * 111.2 * np.sqrt((1 + np.cos(np.radians(17)) ** 2) / 2), rel=0.05
    )


def test_k_means() -> None:
    """Points that coincide give fewer centres; each centre is the mean of its members."""
    rng = np.random.default_rng(1)
    assert len(k_means(np.ones((50, 4)), 5, rng)) == 1
    points = rng.normal(size=(400, 3)) + 100.0
    centers = k_means(points, 12, rng, rounds=200)
    label = nearest_center(points, centers)
    for number in range(12):
        np.testing.assert_allclose(points[label == number].mean(axis=0), centers[number], atol=1e-9)
    slow = np.array([np.argmin([np.sum((p - c) ** 2) for c in centers]) for p in points])
    np.testing.assert_array_equal(label, slow)


def test_what_is_refused(planet: Task) -> None:
    few = Task(planet.train, planet.validation.subset(np.arange(4)), planet.optimise)
    with pytest.raises(NotEnoughDataError, match="at least 20"):
        VMFMixture().fit(few)
    for wrong in ({"components": 0}, {"shared_centers": -1}, {"least_spread_m": 0.0}, {"dropout": -0.1}):
        with pytest.raises(InputError):
            VMFMixture(**wrong)
    with pytest.raises(FormatError, match="5 outputs"):
        VMFMixtureHead(Perceptron((np.ones((4, 2)),), (np.ones(4),)), 10.0)
    with pytest.raises(FormatError, match="least_spread_m"):
        VMFMixtureHead.from_parts({}, {"0.weight": np.ones((5, 2)), "0.bias": np.ones(5)})
