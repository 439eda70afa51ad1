"""Heads that learn a space to compare in: against slow loops, on a toy world, and kept and read again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from whence.earth.sphere import distance_m  # noqa: E402
from whence.errors import InputError, NotEnoughDataError  # noqa: E402
from whence.learn.fourier import Frame  # noqa: E402
from whence.photos.heads import Task, head_class, recipe_class  # noqa: E402
from whence.photos.heads.contrastive import Contrastive, gallery_positions  # noqa: E402
from whence.photos.heads.fitting import Standardisation  # noqa: E402
from whence.photos.heads.learning.contrastive import (  # noqa: E402
    ContrastiveLearner,
    PositionEncoder,
    fourier_features,
)
from whence.photos.heads.learning.projection import Companions, RegionLearner  # noqa: E402
from whence.photos.heads.projection import Projection  # noqa: E402
from whence.photos.heads.regions import Regions  # noqa: E402
from whence.photos.heads.retrieval import Retrieval  # noqa: E402
from whence.photos.samples import Samples  # noqa: E402

SMALL = Contrastive(dim=32, hidden=(64,), width=48, waves=24, queue=128, dropout=0.0)


@pytest.fixture(scope="module")
def trained(world: Callable[..., Samples], make_task: Callable[..., Task]) -> Callable[..., Task]:
    def of(**loop: Any) -> Task:
        return make_task(world(1500, seed=1), world(300, seed=2), **loop)

    return of


def errors_m(head: Any, samples: Samples) -> np.ndarray:
    return distance_m(head.mixtures(samples.take(slice(None))).points(), samples.lonlat)


def contrastive_learner(samples: Samples) -> ContrastiveLearner:
    frame = Frame.of(samples.lonlat)
    return ContrastiveLearner.of(
        SMALL, samples, frame=frame, sigmas=(1.0, 2.0, 4.0), inputs=Standardisation.none(64), seed=5
    )


def test_positions_are_encoded_as_the_formula_says() -> None:
    encoder = PositionEncoder((1.0, 3.0), (5, 7, 4), seed=2)
    place = torch.tensor([[0.3, -0.8]])
    total = np.zeros(4)
    for scale in range(2):
        waves = encoder.get_buffer(f"waves{scale}").numpy()
        phases = [2 * np.pi * (0.3 * waves[0, j] - 0.8 * waves[1, j]) for j in range(5)]
        values = np.array([*np.cos(phases), *np.sin(phases)])
        assert fourier_features(place, torch.from_numpy(waves))[0].numpy() == pytest.approx(values, abs=1e-5)
        layers = [layer for layer in encoder.networks[scale] if isinstance(layer, torch.nn.Linear)]
        assert [tuple(layer.weight.shape) for layer in layers] == [(7, 10), (7, 7), (7, 7), (4, 7)]
        for number, layer in enumerate(layers):
            values = layer.weight.detach().numpy() @ values + layer.bias.detach().numpy()
            values = np.maximum(values, 0) if number < 3 else values
        total += values
    found = encoder(place)[0].detach().numpy()
    assert found == pytest.approx(total / np.linalg.norm(total), abs=1e-5)


def test_the_same_place_is_no_wrong_answer(world: Callable[..., Samples]) -> None:
    one = world(1, seed=4)
    four = Samples.of_arrays(np.repeat(one.take(slice(None)), 4, axis=0), np.repeat(one.lonlat, 4, axis=0))
    learner = contrastive_learner(four)
    generator = torch.Generator().manual_seed(0)
    loss = learner.loss(torch.from_numpy(four.take(slice(None))), learner.targets(four), generator)
    assert loss.item() == pytest.approx(0.0, abs=1e-6)  # every other position is the same place


def test_validation_does_not_depend_on_how_it_is_cut(world: Callable[..., Samples]) -> None:
    train, held = world(200, seed=1), world(40, seed=2)
    regions = Regions.fit("column:country", train)
    inputs = Standardisation.none(64)
    by_region = RegionLearner.of(Projection(dim=16, dropout=0.5), train, regions, inputs=inputs, seed=0)
    for learner in (contrastive_learner(train), by_region):
        features, targets = torch.from_numpy(held.take(slice(None))), learner.targets(held)
        twice = [learner.loss(features, targets, None).item() for _ in range(2)]
        assert twice[0] == twice[1]
    learner, targets = contrastive_learner(train), contrastive_learner(train).targets(held)
    parts = [
        learner.loss(features[rows], {"place": targets["place"][rows]}, None).item()
        for rows in (slice(0, 20), slice(20, 40))
    ]
    assert learner.loss(features, targets, None).item() == pytest.approx(np.mean(parts), abs=1e-5)


def test_companions_are_others_of_the_region() -> None:
    regions = np.array([0, 1, 0, -1, 2, 1, 0])
    companions = Companions.of(regions, 3)
    places = np.pad(companions.places(), (0, len(regions) - len(companions.places())))
    for share in (0.0, 0.3, 0.7, 0.999):
        found = companions.drawn(regions, places, np.full(7, share))
        for row, other in enumerate(found):
            if regions[row] < 0:
                assert other == -1
            elif (regions == regions[row]).sum() > 1:
                assert other != row
                assert regions[other] == regions[row]
    drawn = {
        int(companions.drawn(regions, places, np.full(7, share))[0]) for share in np.linspace(0, 0.99, 9)
    }
    assert drawn == {2, 6}


def test_regions_are_cells_or_a_column(world: Callable[..., Samples]) -> None:
    samples = world(300, seed=1)
    column = Regions.fit("column:country", samples)
    assert len(column) == 4
    strange = samples.subset(np.arange(2)).metadata.with_column("country", ["XX", ""])
    assert column.of(Samples(samples.features, np.arange(2), strange)).tolist() == [-1, -1]
    cells = Regions.fit("quadtree", samples, most=20)
    assert np.bincount(cells.of(samples)).max() <= 20
    with pytest.raises(NotEnoughDataError):
        Regions.fit("column:country", samples.subset(np.flatnonzero(samples.column("country") == "NE")))
    with pytest.raises(InputError):
        Projection(regions="counties")


def test_a_projection_forgets_what_tells_nothing_of_the_place(
    world: Callable[..., Samples], make_task: Callable[..., Task]
) -> None:
    def drowned(samples: Samples) -> Samples:
        loud = np.random.default_rng(len(samples)).normal(0, 0.35, (len(samples), 64))
        mixed = (
            np.hstack([samples.take(slice(None)), loud])
            @ np.linalg.qr(np.random.default_rng(7).normal(size=(128, 128)))[0]
        )
        return samples.with_features(
            (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)).astype(np.float32)
        )

    train, held, unseen = (
        drowned(world(count, seed=seed)) for count, seed in ((1500, 1), (300, 2), (400, 3))
    )
    task = make_task(train, held, epochs=10, batch=256, lr=3e-3)
    learnt_m = np.median(errors_m(Projection(dim=32, dropout=0.0).fit(task), unseen))
    plain_m = np.median(errors_m(Retrieval().fit(task), unseen))
    assert learnt_m < 0.75 * plain_m


def test_photographs_find_their_positions(trained: Callable[..., Task], unseen: Samples) -> None:
    head = SMALL.fit(trained(epochs=20, batch=128, lr=3e-3))
    assert np.median(errors_m(head, unseen)) < 1500  # of 25 km; always the middle: more than 8 km
    assert len(head.gallery.vectors) == 1500


def test_the_gallery_is_thin_where_it_is_thinned() -> None:
    lonlat = np.repeat(np.array([[0.001 * i, 0.0] for i in range(50)]), 4, axis=0)
    places, reach_m = gallery_positions(lonlat, most=1000, seed=0)
    assert len(places) == 50
    assert reach_m == pytest.approx(np.full(50, 55.6), rel=1e-3)
    assert len(gallery_positions(lonlat, most=7, seed=0)[0]) == 7
    assert gallery_positions(lonlat[:4], most=7, seed=0)[1].tolist() == [0.0]


@pytest.mark.parametrize("recipe", [SMALL, Projection(dim=8, hidden=(16,), storage="int8")])
def test_heads_come_back_to_the_last_bit(
    trained: Callable[..., Task], unseen: Samples, recipe: Contrastive | Projection
) -> None:
    task = trained(epochs=1, batch=512)
    head = recipe.fit(task)
    again = head_class(head.kind).from_parts(*head.to_parts())
    features = unseen.take(slice(0, 20))
    for name in ("lonlat", "log_weights", "spread_m"):
        assert np.array_equal(getattr(head.mixtures(features), name), getattr(again.mixtures(features), name))
    second = recipe.fit(task)
    assert np.array_equal(second.gallery.vectors.codes, head.gallery.vectors.codes)  # the seed decides


@pytest.mark.parametrize("recipe", [SMALL, Projection()])
def test_too_few_are_refused(task: Task, recipe: Contrastive | Projection) -> None:
    with pytest.raises(NotEnoughDataError):
        recipe.fit(replace(task, train=task.train.subset(np.arange(5))))
    with pytest.raises(NotEnoughDataError):
        recipe.fit(replace(task, validation=task.validation.subset(np.arange(6))))


def test_settings_that_cannot_be_are_refused() -> None:
    assert recipe_class("contrastive") is Contrastive
    assert recipe_class("projection") is Projection
    for wrong in ({"dim": 0}, {"sigmas": [-1.0]}, {"dropout": 1.0}, {"neighbours": 0}):
        with pytest.raises(InputError):
            Contrastive(**wrong)  # type: ignore[arg-type]
    for wrong in ({"temperature": 0.0}, {"dim": 0}, {"region_photos": -1}):
        with pytest.raises(InputError):
            Projection(**wrong)  # type: ignore[arg-type]
