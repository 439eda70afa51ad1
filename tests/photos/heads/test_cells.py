"""Classification over cells, and the honest rest."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy import special

from whence.earth import sphere
from whence.earth.partitions import H3Partition
from whence.earth.sphere import destination, distance_m
from whence.errors import FormatError, InputError, NotEnoughDataError
from whence.photos.heads.cells import CellHead, Cells
from whence.photos.heads.keeping import kept_mixture, rest_patch
from whence.photos.heads.learning.cells import CellTargets
from whence.photos.heads.partitions import CellSettings, ancestor_levels, cell_spreads_m
from whence.photos.heads.perceptron import Perceptron
from whence.photos.heads.protocol import Head, Task

if TYPE_CHECKING:
    from whence.photos.samples import Samples


def median_km(head: Head, samples: Samples) -> float:
    points = head.mixtures(samples.take(slice(None))).points()
    return float(np.median(distance_m(points, samples.lonlat))) / 1000


def assert_same_after_round_trip(head: Head, features: np.ndarray) -> None:
    settings, arrays = head.to_parts()
    again = type(head).from_parts(settings, arrays)
    before, after = head.mixtures(features), again.mixtures(features)
    for name in ("lonlat", "log_weights", "spread_m"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))


@pytest.mark.parametrize(
    "recipe",
    [
        Cells(),
        Cells(hierarchy=0.5, tau_km=300.0, label_smoothing=0.05),
        Cells(partition="h3", resolution=1, hierarchy=0.5, by_ancestors=True),
        Cells(partition="grid", step_deg=10.0, tau_km=500.0, balance=0.5, hierarchy=0.3),
        Cells(hidden=(), patches=5, standardise=True),
    ],
    ids=str,
)
def test_learns_a_toy_planet(recipe: Cells, planet: Task) -> None:
    """The constant point is 4,000 km off; the centres of the true cells are 370 to 520 km off."""
    head = recipe.fit(planet)
    centers = head.cells.centers()[head.cells.assign(planet.validation.lonlat)]
    floor_km = np.median(distance_m(centers, planet.validation.lonlat)) / 1000
    assert median_km(head, planet.validation) < floor_km + 350
    assert_same_after_round_trip(head, planet.validation.take(slice(0, 20)))


@pytest.mark.parametrize("partition", ["quadtree", "h3"])
def test_learns_a_toy_city(partition: str, city: Task) -> None:
    """10 km wide; the constant point is 3.9 km off."""
    assert median_km(Cells(partition=partition, tau_km=0.5).fit(city), city.validation) < 1.3


def test_learns_countries(make_samples: Callable[..., Samples], make_task: Callable[..., Task]) -> None:
    rng = np.random.default_rng(0)
    cities = np.array([[2.35, 48.86], [13.4, 52.52], [-3.7, 40.42], [12.5, 41.9], [21.0, 52.2]])
    lonlat = cities[rng.integers(5, size=300)] + rng.normal(0, 0.5, (300, 2))
    samples = make_samples(lonlat, waves=15.0)
    task = make_task(samples.subset(np.arange(200)), samples.subset(np.arange(200, 300)), epochs=40)
    for partition in ("country", "region"):
        head = Cells(partition=partition, hierarchy=0.2).fit(task)
        held = task.validation
        best = head.log_weights(held.take(slice(None))).argmax(axis=1)
        assert np.mean(best == head.cells.assign(held.lonlat)) > (0.95 if partition == "country" else 0.6)


def test_spreads_are_those_of_the_photographs() -> None:
    """Oracle: a loop; many photographs of a known spread recover it, one alone has half the cell's radius."""
    rng = np.random.default_rng(0)
    many = destination([37.6, 55.7], rng.uniform(0, 360, 4000), 2000 * np.hypot(*rng.normal(size=(2, 4000))))
    lonlat = np.concatenate([many, [[30.3, 59.9]]])
    cells = H3Partition.fit(lonlat, resolution=3)
    spreads = cell_spreads_m(cells, lonlat)
    cell = cells.assign(lonlat)
    for number in range(len(cells)):
        apart = distance_m(lonlat[cell == number], cells.centers()[number])
        size = cells.size_m()[number]
        expected = np.sqrt((np.sum(apart**2) / 2 + 2 * (size / 2) ** 2) / (len(apart) + 2))
        assert spreads[number] == pytest.approx(expected)
    alone = spreads[cells.assign([30.3, 59.9])]
    assert alone == pytest.approx(np.sqrt(2 / 3) * cells.size_m()[cells.assign([30.3, 59.9])] / 2)


@pytest.mark.parametrize("wide_m", [500.0, 2e6])
def test_the_rest_has_the_mean_vector_of_what_it_replaces(wide_m: float) -> None:
    """Oracle: samples drawn from the patches. Mass, centre and spread of one patch for forty."""
    from whence.earth.belief import Belief

    rng = np.random.default_rng(0)
    lonlat = destination([179.9, 60.0], rng.uniform(0, 360, 40), wide_m * rng.uniform(size=40))
    spreads = np.full(40, wide_m / 10)
    shares = rng.dirichlet(np.ones(40), 3) * 0.3
    center, log_weight, spread = rest_patch(shares, lonlat, spreads)
    np.testing.assert_allclose(np.exp(log_weight), 0.3)
    up = sphere.to_unit_vectors(center)
    for row in range(3):
        belief = Belief.patches(lonlat, spreads, shares[row], background=1e-9)
        drawn = sphere.to_unit_vectors(belief.sample(20_000, rng)) - up[row]
        moment = np.sqrt(np.mean(np.sum(drawn**2, axis=1)) / 2) * sphere.EARTH_RADIUS_M
        sideways = drawn.mean(axis=0) - drawn.mean(axis=0) @ up[row] * up[row]
        assert np.linalg.norm(sideways) * sphere.EARTH_RADIUS_M < 0.03 * wide_m
        assert spread[row] == pytest.approx(moment, rel=0.05)


def test_no_mass_is_lost_when_few_patches_are_kept() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(4, 500))
    lonlat = np.column_stack([rng.uniform(-180, 180, 500), rng.uniform(-80, 80, 500)])
    kept = kept_mixture(logits, lonlat, np.full(500, 1e5), most=20)
    assert kept.patches == 21
    np.testing.assert_allclose(np.exp(special.logsumexp(kept.log_weights, axis=1)), 1.0)
    top = np.sort(special.softmax(logits, axis=1), axis=1)[:, ::-1][:, :20].sum(axis=1)
    np.testing.assert_allclose(np.exp(kept.log_weights[:, -1]), 1 - top)
    all_of_them = kept_mixture(logits, lonlat, np.full(500, 1e5), most=500)
    assert all_of_them.patches == 500


def test_a_sure_classifier_leaves_no_rest() -> None:
    logits = np.full((1, 50), -1e4)
    logits[0, 7] = 1e4
    lonlat = np.column_stack([np.linspace(-180, 180, 50), np.linspace(-90, 90, 50)])
    mixtures = kept_mixture(logits, lonlat, np.full(50, 1e3), most=3)
    np.testing.assert_allclose(mixtures.points()[0], lonlat[7])
    assert mixtures.log_weights[0, -1] == -np.inf


def test_smoothed_targets_are_the_dense_formula(planet: Task) -> None:
    """Oracle: all distances of all cells, PIGEON's equation 2, scaled to sum 1."""
    settings = CellSettings(partition="grid", step_deg=5.0)
    partition = settings.fit_partition(planet.train.lonlat)
    targets = CellTargets(partition, tau_km=150.0, balance=0.0).of(planet.validation.lonlat)
    dense = np.zeros((200, len(partition)))
    np.put_along_axis(dense, targets["cells"].numpy(), targets["shares"].numpy(), axis=1)
    apart_km = distance_m(planet.validation.lonlat[:, None], partition.centers()[None]) / 1000
    raw = np.exp(-(apart_km - apart_km.min(axis=1, keepdims=True)) / 150.0)
    np.testing.assert_allclose(dense, raw / raw.sum(axis=1, keepdims=True), atol=1e-4)


def test_balance_makes_cells_alike(planet: Task) -> None:
    partition = CellSettings(partition="grid", step_deg=30.0).fit_partition(planet.train.lonlat)
    targets = CellTargets(partition, 0.0, 1.0).of(planet.train.lonlat)
    worth = targets["importance"].numpy()
    assert worth.mean() == pytest.approx(1.0, abs=1e-6)
    sums = np.bincount(targets["cell"].numpy(), worth)
    np.testing.assert_allclose(sums, sums[0], rtol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        CellSettings(max_points=20),
        CellSettings(partition="h3", resolution=3),
        CellSettings(partition="grid", step_deg=1.0),
        CellSettings(partition="region"),
    ],
    ids=str,
)
def test_levels_are_nested(settings: CellSettings, planet: Task) -> None:
    partition = settings.fit_partition(planet.train.lonlat)
    levels = [*ancestor_levels(partition), np.arange(len(partition))]
    assert len(levels) > 2
    for coarse, fine in pairwise(levels):
        assert 1 < coarse.max() + 1 < fine.max() + 1
        np.testing.assert_array_equal(np.unique(coarse), np.arange(coarse.max() + 1))
        for number in range(0, int(fine.max()) + 1, 5):
            assert len(np.unique(coarse[fine == number])) == 1


def test_answers_by_ancestors_are_the_product() -> None:
    """Oracle: a loop over cells. Two cells of a block beat one cell that stands alone."""
    partition = H3Partition.fit([[10.0, 50.0], [11.0, 50.5], [-100.0, 40.0]], resolution=4)
    parents = ancestor_levels(partition)
    logits = np.zeros(3)
    logits[partition.assign([-100.0, 40.0])] = 0.3
    network = Perceptron((np.zeros((3, 2)),), (logits,))
    plain, product = (
        CellHead(network, partition.centers(), np.full(3, 1e4), 3, partition.to_json(), by_ancestors)
        for by_ancestors in (False, True)
    )
    p = special.softmax(logits)
    weights = [p[cell] * np.prod([p[level == level[cell]].sum() for level in parents]) for cell in range(3)]
    features = np.ones((1, 2), np.float32)
    np.testing.assert_allclose(np.exp(product.log_weights(features)[0]), weights / np.sum(weights), rtol=1e-6)
    assert plain.log_weights(features)[0].argmax() != product.log_weights(features)[0].argmax()


def test_many_photographs_go_through_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    lonlat = np.column_stack([rng.uniform(-180, 180, 30), rng.uniform(-80, 80, 30)])
    head = CellHead(Perceptron((rng.normal(size=(30, 8)),), (np.zeros(30),)), lonlat, np.full(30, 1e5), 4)
    features = rng.normal(size=(57, 8)).astype(np.float32)
    whole = head.mixtures(features)
    monkeypatch.setattr("whence.photos.heads.cells._HELD", 300)
    np.testing.assert_allclose(head.mixtures(features).lonlat, whole.lonlat, atol=1e-9)
    assert len(head.mixtures(features[:0])) == 0


def test_what_is_refused(planet: Task) -> None:
    few = Task(planet.train.subset(np.arange(10)), planet.validation, planet.optimise)
    with pytest.raises(NotEnoughDataError, match="at least 20"):
        Cells().fit(few)
    with pytest.raises(NotEnoughDataError, match="one cell"):
        Cells(max_points=1000).fit(planet)
    for wrong, words in (
        ({"partition": "voronoi"}, "quadtree"),
        ({"tau_km": -1.0}, "negative"),
        ({"patches": 0}, "patches"),
        ({"label_smoothing": 1.0}, "label_smoothing"),
    ):
        with pytest.raises(InputError, match=words):
            Cells(**wrong)
    settings, arrays = CellHead(
        Perceptron((np.zeros((3, 2)),), (np.zeros(3),)), np.zeros((3, 2)), np.ones(3), 3
    ).to_parts()
    with pytest.raises(FormatError, match="'patches'"):
        CellHead.from_parts({}, arrays)
    with pytest.raises(FormatError, match="'centers'"):
        CellHead.from_parts(settings, arrays | {"centers": np.zeros((2, 2))})
    with pytest.raises(FormatError, match="not the cells"):
        _ = CellHead.from_parts(settings, arrays).cells


def test_the_loss_is_that_of_its_parts(planet: Task) -> None:
    """Without a generator nothing is random; with one dropout is."""
    from whence.photos.heads.fitting import Standardisation
    from whence.photos.heads.learning.cells import CellLearner

    recipe = Cells(dropout=0.5, hierarchy=1.0)
    partition = recipe.fit_partition(planet.train.lonlat)
    learner = CellLearner.of(recipe, partition, dim=64, inputs=Standardisation.none(64), seed=0)
    features = torch.from_numpy(planet.train.take(slice(0, 50)))
    targets = {name: values[:50] for name, values in learner.targets(planet.train).items()}
    first, second = (learner.loss(features, targets, None).item() for _ in range(2))
    third = learner.loss(features, targets, torch.Generator().manual_seed(0)).item()
    assert first == second
    assert third != first
