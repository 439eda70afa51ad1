"""Retrieval against slow loops, a simulated city, and real features of blocks that were held out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize

from whence.earth.belief import Belief
from whence.earth.sphere import EARTH_RADIUS_M, distance_m, geometric_median
from whence.earth.tangent import TangentPlane
from whence.errors import FormatError, InputError, NotEnoughDataError
from whence.photos.heads import Mixtures, Task, head_class, recipe_class
from whence.photos.heads.constant import Constant, spread_round_m
from whence.photos.heads.gallery import Gallery, GalleryHead
from whence.photos.heads.kernel import Answers, Kernel
from whence.photos.heads.retrieval import Retrieval, whitening_tower
from whence.photos.index.consensus import weighted_geometric_median
from whence.photos.samples import Samples

FOLDS = 5
BLOCK_M = 100.0
MARGIN_M = 25.0


def errors_m(head: object, samples: Samples) -> np.ndarray:
    return distance_m(head.mixtures(samples.take(slice(None))).points(), samples.lonlat)  # type: ignore[attr-defined]


def same(first: Mixtures, second: Mixtures) -> bool:
    return all(
        np.array_equal(getattr(first, name), getattr(second, name))
        for name in ("lonlat", "log_weights", "spread_m")
    )


def test_the_constant_is_the_geometric_median_with_the_likeliest_spread(task: Task, unseen: Samples) -> None:
    head = Constant().fit(task)
    mixtures = head.mixtures(unseen.take(slice(0, 2)))
    center = geometric_median(task.train.lonlat)
    assert mixtures.points().tolist() == [center.tolist()] * 2

    def unlikelihood(log_spread: float) -> float:
        patches = Mixtures.at(np.tile(center, (len(task.train), 1)), np.exp(log_spread))
        return -float(patches.log_density(task.train.lonlat).mean())

    best = optimize.minimize_scalar(unlikelihood, bounds=(2, 14), method="bounded", options={"xatol": 1e-6})
    assert head.spread_m == pytest.approx(np.exp(best.x), rel=1e-3)


def test_the_constant_survives_the_whole_globe() -> None:
    everywhere = np.random.default_rng(0).uniform([-180, -90], [180, 90], (500, 2))
    spread_m = spread_round_m(everywhere, np.array([0.0, 0.0]))
    assert 5e6 < spread_m < np.inf
    assert spread_round_m(np.zeros((3, 2)), np.zeros(2)) < 1.0


def test_retrieval_is_a_softmax_over_neighbours_computed_one_by_one(task: Task, unseen: Samples) -> None:
    head = Retrieval(neighbours=7, whitening="no").fit(task)
    mixtures = head.mixtures(unseen.take(slice(0, 5)))
    train, kernel = task.train.take(slice(None)), head.kernel
    for row, query in enumerate(unseen.take(slice(0, 5))):
        cosines = [float(query @ vector) for vector in train]
        nearest = np.argsort(cosines)[::-1][:7]
        raw = [np.exp((cosines[i] - max(cosines)) / kernel.temperature) for i in nearest]
        weights = [(1 - kernel.wide_share) * w / sum(raw) for w in raw] + [kernel.wide_share]
        found = dict(zip(map(tuple, mixtures.lonlat[row]), mixtures.weights[row], strict=True))
        expected = dict(
            zip(map(tuple, [*task.train.lonlat[nearest], kernel.wide_lonlat]), weights, strict=True)
        )
        assert found == pytest.approx(expected, abs=2e-3)  # float16 vectors
        assert set(mixtures.spread_m[row]) == {kernel.spread_m, kernel.wide_spread_m}


def test_retrieval_finds_its_way_about_a_city(task: Task, unseen: Samples) -> None:
    constant_m = np.median(errors_m(Constant().fit(task), unseen))
    found_m = np.median(errors_m(Retrieval().fit(task), unseen))
    assert constant_m > 8000
    assert found_m < 1100


def test_no_other_kernel_is_likelier() -> None:
    rng = np.random.default_rng(5)
    truth = np.tile([[10.0, 50.0]], (400, 1))
    scatter = rng.normal(0, 1, (400, 8, 2)) * np.array([0.02, 0.013])
    answers = Answers(rng.normal(0.5, 0.1, (400, 8)), truth[:, None] + scatter, np.zeros((400, 8)))
    wide = np.array([10.3, 50.2])
    kernel, likelihood = Kernel.fit(answers, truth, wide_lonlat=wide, wide_spread_m=30e3)
    assert likelihood == pytest.approx(kernel.mixtures(answers).log_density(truth).mean(), abs=1e-9)
    for temperature in np.geomspace(0.001, 1, 8):
        for spread_m in np.geomspace(20, 20e3, 16):
            for share in (0.001, 0.01, 0.1, 0.5):
                other = Kernel(temperature, spread_m, share, wide, 30e3)
                assert other.mixtures(answers).log_density(truth).mean() < likelihood + 0.01


def test_the_reach_of_an_entry_widens_its_patch() -> None:
    answers = Answers(np.ones((1, 2)), np.zeros((1, 2, 2)), np.array([[0.0, 400.0]]))
    mixtures = Kernel(0.1, 300.0, 0.1, np.zeros(2), 9e3).mixtures(answers)
    assert mixtures.spread_m[0].tolist() == pytest.approx([300.0, 500.0, 9000.0])


def test_whitening_is_chosen_where_a_few_directions_drown_the_rest(world: Callable[..., Samples]) -> None:
    def drowned(samples: Samples) -> Samples:
        rng = np.random.default_rng(len(samples))
        loud = np.ones((len(samples), 1)) * 3 + rng.normal(0, 2, (len(samples), 3))
        return samples.with_features(np.hstack([samples.take(slice(None)), loud]).astype(np.float32))

    task = Task(drowned(world(1500, seed=1)), drowned(world(300, seed=2)), lambda *_: None)
    unseen = drowned(world(400, seed=3))
    plain, chosen = (Retrieval(whitening=way).fit(task) for way in ("no", "auto"))
    assert chosen.tower.network is not None
    assert np.median(errors_m(chosen, unseen)) < 0.75 * np.median(errors_m(plain, unseen))


@pytest.mark.parametrize("storage", ["float16", "int8"])
def test_the_head_comes_back_to_the_last_bit(task: Task, unseen: Samples, storage: str) -> None:
    head = recipe_class("retrieval")(storage=storage, whitening="yes", whitened_dim=32).fit(task)
    settings, arrays = head.to_parts()
    again = head_class(head.kind).from_parts(settings, arrays)
    features = unseen.take(slice(0, 50))
    assert same(head.mixtures(features), again.mixtures(features))
    assert arrays["gallery.codes"].dtype == storage
    broken = {name: array for name, array in arrays.items() if name != "gallery.scales"}
    with pytest.raises(FormatError, match="scales"):
        GalleryHead.from_parts(settings, broken)
    with pytest.raises(FormatError, match="damaged"):
        GalleryHead.from_parts(settings, arrays | {"gallery.lonlat": arrays["gallery.lonlat"][:-1]})
    constant = Constant().fit(task)
    assert same(
        constant.mixtures(features),
        head_class("constant").from_parts(*constant.to_parts()).mixtures(features),
    )


def test_an_approximate_search_finds_nearly_the_same(
    world: Callable[..., Samples], unseen: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("faiss")
    task = Task(world(10_500, seed=1), world(60, seed=2), lambda *_: None)
    features = unseen.take(slice(0, 40))
    exact, approximate = (
        Retrieval(neighbours=10, whitening="no", search=way).fit(task) for way in ("exact", "approximate")
    )
    assert exact.gallery.lists is None
    assert Retrieval(neighbours=10, whitening="no").fit(task).gallery.lists is None  # too few for auto
    true, found = (head.gallery.nearest(features, 10) for head in (exact, approximate))
    east_deg = zip(true.lonlat[..., 0], found.lonlat[..., 0], strict=True)
    kept = [np.isin(ours, theirs).mean() for ours, theirs in east_deg]
    assert np.mean(kept) > 0.9
    again = GalleryHead.from_parts(*approximate.to_parts())
    assert same(approximate.mixtures(features), again.mixtures(features))
    monkeypatch.setattr("whence.photos.heads.gallery.available", lambda _: False)
    without = again.gallery.nearest(features, 10)
    assert np.array_equal(without.similarity, true.similarity)


def test_more_neighbours_than_photographs_are_all_of_them(task: Task) -> None:
    few = replace(task, train=task.train.subset(np.arange(3)))
    assert (
        Retrieval(neighbours=50, whitening="no").fit(few).mixtures(task.train.take(slice(0, 2))).patches == 4
    )


def test_what_cannot_be_is_refused(task: Task) -> None:
    head = Retrieval(whitening="no").fit(task)
    with pytest.raises(InputError, match="same encoder"):
        head.mixtures(np.ones((1, 65), np.float32))
    with pytest.raises(InputError, match="zero or not finite"):
        head.mixtures(np.zeros((1, 64), np.float32))
    with pytest.raises(NotEnoughDataError):
        Retrieval().fit(replace(task, train=task.train.subset(np.arange(0))))
    with pytest.raises(NotEnoughDataError, match="at least 10"):
        Retrieval().fit(replace(task, validation=task.validation.subset(np.arange(9))))
    for wrong in ({"neighbours": 0}, {"whitening": "maybe"}, {"storage": "float64"}, {"search": "quick"}):
        with pytest.raises(InputError):
            Retrieval(**wrong)  # type: ignore[arg-type]


def test_what_is_proposed_for_few_photographs_takes_so_few(task: Task) -> None:
    """The way out of one refusal does not lead into another."""
    for validation, proposed in ((9, "constant"), (10, "retrieval")):
        few = Task(task.train.subset(range(15)), task.validation.subset(range(validation)), task.optimise)
        with pytest.raises(NotEnoughDataError, match=f"with so few use {proposed}"):
            recipe_class("cells")(partition="h3").fit(few)
        recipe_class(proposed)().fit(few)
    nine = Task(task.train, task.validation.subset(range(9)), task.optimise)
    with pytest.raises(NotEnoughDataError, match="at least 10, or use the head constant"):
        Retrieval().fit(nine)


def test_whitening_to_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="at least one direction, not 0"):
        Retrieval(whitened_dim=0)


def test_a_mixture_becomes_a_belief(task: Task, unseen: Samples) -> None:
    belief = next(Retrieval().fit(task).mixtures(unseen.take(slice(0, 1))).beliefs())
    assert isinstance(belief, Belief)
    assert 0 < belief.radius_m(0.8) < EARTH_RADIUS_M


@pytest.mark.slow
@pytest.mark.shared_data
def test_blocks_of_cambridge_that_were_held_out(shared_data: Path) -> None:
    """The published figures of `benchmarks/cambridge`: constant 284 m, whitened MobileNet 235 m."""
    folder = shared_data / "photos" / "cambridge_features"
    table = np.genfromtxt(folder / "locations.csv", delimiter=",", names=True)
    lonlat = np.repeat(np.column_stack([table["lon"], table["lat"]]), 4, axis=0)
    features = np.load(folder / "mobilenet_v1_int8.npy").astype(np.float32).reshape(len(lonlat), -1)
    samples = Samples.of_arrays(features / np.linalg.norm(features, axis=1, keepdims=True), lonlat)
    found: dict[str, list[np.ndarray]] = {"constant": [], "median": [], "head": []}
    for known, asked in held_out_blocks(lonlat):
        train, test = samples.subset(known), samples.subset(asked)
        task = Task(train, train.subset(np.arange(0, len(train), 7)), lambda *_: None)
        found["constant"].append(errors_m(Constant().fit(task), test))
        tower = whitening_tower(train, dim=512, seed=0)
        gallery = Gallery.of_samples(train, tower, dtype="int8")
        kernel = Kernel(0.05, 100.0, 0.03, Constant().fit(task).lonlat, 200.0)
        found["head"].append(errors_m(GalleryHead(tower, gallery, kernel, 20), test))
        answers = gallery.nearest(tower.apply(test.take(slice(None))), 20)
        pairs = zip(answers.lonlat, answers.similarity, strict=True)
        points = [weighted_geometric_median(near, similarity=alike) for near, alike in pairs]
        found["median"].append(distance_m(np.stack(points), test.lonlat))
    medians_m = {name: float(np.median(np.concatenate(errors))) for name, errors in found.items()}
    assert medians_m["constant"] == pytest.approx(284, abs=2)
    assert medians_m["median"] == pytest.approx(235, abs=3)
    assert medians_m["head"] < 260


def held_out_blocks(lonlat: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each fold of 100 m blocks: what lies 25 m and more from them, and what lies in them."""
    enu_m = TangentPlane(lonlat[::4].mean(axis=0)).to_enu(lonlat)
    corner_m = enu_m - enu_m.min(axis=0)
    blocks, which = np.unique(np.floor(corner_m / BLOCK_M).astype(int), axis=0, return_inverse=True)
    dealt = np.empty(len(blocks), int)
    dealt[np.random.default_rng(0).permutation(len(blocks))] = np.arange(len(blocks)) % FOLDS
    parts = []
    for fold in range(FOLDS):
        known = dealt[which.ravel()] != fold
        for block in blocks[dealt == fold]:
            beside = np.maximum(np.maximum(block * BLOCK_M - corner_m, corner_m - (block + 1) * BLOCK_M), 0)
            known &= np.hypot(*beside.T) > MARGIN_M
        parts.append((np.flatnonzero(known), np.flatnonzero(dealt[which.ravel()] == fold)))
    return parts
