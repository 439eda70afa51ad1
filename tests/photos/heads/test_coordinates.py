"""Heads that give one position: what they answer, what they learn, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from whence.earth.sphere import destination, distance_m
from whence.errors import FormatError, InputError, NotEnoughDataError
from whence.photos.heads import HEADS, RECIPES, Head, head_class, recipe_class
from whence.photos.heads.coordinates import LAST_LAYERS, WORLD, CoordinateHead, Coordinates, extent_of
from whence.photos.heads.perceptron import Perceptron
from whence.photos.heads.protocol import Task
from whence.photos.heads.unit_vector import UnitVector, UnitVectorHead
from whence.photos.samples import Samples


def errors_km(head: Head, samples: Samples) -> np.ndarray:
    mixtures = head.mixtures(samples.take(slice(None)))
    return distance_m(mixtures.points(), samples.lonlat) / 1000


def same_after_round_trip(head: Head, features: np.ndarray) -> bool:
    settings, arrays = head.to_parts()
    again = head_class(head.kind).from_parts(settings, arrays)
    before, after = head.mixtures(features), again.mixtures(features)
    return all(
        np.array_equal(getattr(before, name), getattr(after, name))
        for name in ("lonlat", "log_weights", "spread_m")
    )


@pytest.mark.parametrize("last_layer", LAST_LAYERS)
def test_a_plain_torch_network_is_read_by_its_own_names(last_layer: str) -> None:
    """Oracle: torch's own forward pass, and the last layers as the thesis writes them."""
    torch.manual_seed(0)
    first, second, last = torch.nn.Linear(512, 256), torch.nn.Linear(256, 128), torch.nn.Linear(128, 2)
    network = torch.nn.Sequential(first, torch.nn.ReLU(), second, torch.nn.ReLU(), last)
    with torch.no_grad():
        last.weight.mul_(1000.0)  # some beyond every range
    features = torch.randn(50, 512)
    raw = network(features).detach().double()
    expected = {
        "clamp": torch.stack([raw[:, 0].clamp(-180, 180), raw[:, 1].clamp(-90, 90)], 1),
        "tanh": torch.tanh(raw) * torch.tensor([180.0, 90.0]),
        "logistic": torch.sigmoid(raw) * torch.tensor([360.0, 180.0]) - torch.tensor([180.0, 90.0]),
    }[last_layer]
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    assert sorted(weights) == ["0.bias", "0.weight", "2.bias", "2.weight", "4.bias", "4.weight"]
    head = CoordinateHead.from_weights(weights, last_layer, 5e5)
    np.testing.assert_allclose(head.positions(features.numpy()), expected, atol=2e-2)
    assert same_after_round_trip(head, features.numpy())


@pytest.mark.parametrize("last_layer", LAST_LAYERS)
def test_last_layers_are_those_of_heads_trained_together(last_layer: str) -> None:
    """Oracle: the other implementation, whose derivative is written by hand; within the range and beyond."""
    from whence.learn.stacked.last_layers import LAST_LAYERS as STACKED
    from whence.photos.heads.learning.positions import positions

    raw = torch.tensor([[0.3, -0.2], [179.0, 89.0], [190.0, -100.0]], dtype=torch.float64, requires_grad=True)
    middle, half = torch.zeros(2, dtype=torch.float64), torch.tensor([180.0, 90.0], dtype=torch.float64)
    found = positions(raw, last_layer, middle=middle, half=half)
    found.sum().backward()
    expected, slope = STACKED[last_layer](raw.detach(), half)
    torch.testing.assert_close(found.detach(), expected)
    torch.testing.assert_close(raw.grad, slope)


def test_dropout_in_the_names_of_a_plain_network() -> None:
    layers = [torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Dropout(), torch.nn.Linear(3, 2)]
    network = torch.nn.Sequential(*layers).eval()
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    head = CoordinateHead.from_weights(weights, "clamp", 1e5, dropped=True)
    features = torch.randn(5, 4)
    np.testing.assert_allclose(head.positions(features.numpy()), network(features).detach(), atol=1e-6)


@pytest.mark.parametrize(
    "recipe",
    [
        Coordinates(standardise=True),
        Coordinates(last_layer="logistic", loss="modified-geoscore", standardise=True),
        Coordinates(last_layer="clamp", extent="data", dropout=0.02, standardise=True),
        Coordinates(loss="mse", extent="data", standardise=True),
        UnitVector(standardise=True),
        UnitVector(loss="geoscore", hidden=(128,), standardise=True),
    ],
    ids=str,
)
def test_learns_a_toy_planet(recipe: Coordinates | UnitVector, planet: Task) -> None:
    """The constant best point is 4,000 km off; features that tell the position bring it under 600."""
    head = recipe.fit(planet)
    wrong_km = errors_km(head, planet.validation)
    assert np.median(wrong_km) < 600
    assert np.mean(wrong_km * 1000 < 1.794 * head.spread_m) == pytest.approx(0.8, abs=0.03)
    assert same_after_round_trip(head, planet.validation.take(slice(0, 20)))


@pytest.mark.parametrize(
    "recipe", [Coordinates(extent="data", standardise=True), UnitVector(standardise=True)], ids=str
)
def test_learns_a_toy_city(recipe: Coordinates | UnitVector, city: Task) -> None:
    """10 km wide: the constant point is 3.9 km off."""
    assert np.median(errors_km(recipe.fit(city), city.validation)) < 0.4


def test_learns_across_the_date_line(
    make_samples: Callable[..., Samples], make_task: Callable[..., Task]
) -> None:
    rng = np.random.default_rng(0)
    offsets = rng.uniform(-1, 1, (600, 2)) * [10.0, 8.0]
    lonlat = offsets + np.array([180.0, -17.0])
    lonlat[:, 0] = np.remainder(lonlat[:, 0] + 180.0, 360.0) - 180.0
    features = make_samples(offsets, waves=8.0).features
    train, held = (
        Samples.of_arrays(features[part], lonlat[part]) for part in (slice(0, 450), slice(450, 600))
    )
    task = make_task(train, held)
    for recipe in (UnitVector(), Coordinates(extent="data"), Coordinates(extent="data", loss="mse")):
        assert np.median(errors_km(recipe.fit(task), held)) < 100


def test_the_extent_goes_the_short_way_round() -> None:
    west, south, east, north = extent_of(np.array([[179.0, -17.0], [-179.0, -18.0]]))
    assert (west, east) == pytest.approx((178.8, 181.2))
    assert (south, north) == pytest.approx((-18.1, -16.9))
    assert extent_of(np.array([[30.0, 60.0]])) == pytest.approx((30.0 - 1e-4, 60.0 - 1e-4, 30.0001, 60.0001))
    lonlat = np.column_stack([np.linspace(-180, 179, 400), np.linspace(-90, 90, 400)])
    assert extent_of(lonlat) == WORLD


def test_the_same_seed_gives_the_same_head(planet: Task) -> None:
    first, second = (UnitVector(hidden=(32,), dropout=0.1).fit(planet) for _ in range(2))
    assert all(
        np.array_equal(a, b) for a, b in zip(first.network.weights, second.network.weights, strict=True)
    )


def test_answers_stay_on_the_globe() -> None:
    wild = Perceptron((np.array([[1e6, 0.0], [0.0, -1e6]]),), (np.zeros(2),))
    for last_layer in LAST_LAYERS:
        points = CoordinateHead(wild, last_layer, WORLD, 1e5).positions(np.eye(2, dtype=np.float32))
        assert np.abs(points).max(axis=0).tolist() == [180.0, 90.0]
    nothing = UnitVectorHead(Perceptron((np.zeros((3, 2)),), (np.zeros(3),)), 1e5)
    assert nothing.positions(np.eye(2, dtype=np.float32)).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_what_is_refused(planet: Task) -> None:
    few = Task(planet.train.subset(np.arange(19)), planet.validation, planet.optimise)
    for recipe in (Coordinates(), UnitVector()):
        with pytest.raises(NotEnoughDataError, match="at least 20"):
            recipe.fit(few)
    lost = planet.validation.lonlat.copy()
    lost[3] = np.nan
    unknown = Samples.of_arrays(planet.validation.features, lost)
    with pytest.raises(InputError, match="validation positions: row 3 "):
        UnitVector().fit(Task(planet.train, unknown, planet.optimise))
    with pytest.raises(InputError, match="take one of: haversine"):
        UnitVector(loss="mse").fit(planet)
    with pytest.raises(InputError, match="no loss 'l7'"):
        Coordinates(loss="l7").fit(planet)
    for wrong, words in (
        ({"last_layer": "sin"}, "no last layer"),
        ({"extent": "moon"}, "'world' or 'data'"),
        ({"hidden": (0,)}, "widths"),
        ({"dropout": 1.0}, "dropout"),
    ):
        with pytest.raises(InputError, match=words):
            Coordinates(**wrong)
    with pytest.raises(InputError, match=r"\(n, 2\), not \(1, 3\)"):
        Perceptron((np.ones((1, 2)),), (np.ones(1),))(np.ones((1, 3), np.float32))


def test_broken_parts_are_refused(planet: Task) -> None:
    head = CoordinateHead(Perceptron((np.ones((2, 3)),), (np.zeros(2),)), "tanh", WORLD, 1e5)
    settings, arrays = head.to_parts()
    for broken_settings, broken_arrays, words in (
        ({key: value for key, value in settings.items() if key != "box"}, arrays, "'box'"),
        (settings | {"last_layer": "sin"}, arrays, "last layers"),
        (settings, {}, "0.weight"),
        (settings, {"0.weight": arrays["0.weight"]}, "0.bias"),
        (settings, arrays | {"0.bias": np.zeros(3)}, "fit together"),
        (settings, arrays | {"0.bias": np.array([0.0, np.nan])}, "not finite"),
    ):
        with pytest.raises(FormatError, match=words):
            CoordinateHead.from_parts(broken_settings, broken_arrays)


def test_the_tables_name_classes_that_are_there() -> None:
    for name in RECIPES:
        assert hasattr(recipe_class(name), "fit")
    for kind in HEADS:
        assert head_class(kind).kind == kind


def test_a_patch_holds_its_share() -> None:
    """Oracle: walking from a point by the quantiles of a Gaussian's radius, narrow and over the globe."""
    from whence.photos.heads.fitting import spread_holding

    rng = np.random.default_rng(0)
    radii_m = 1000.0 * np.hypot(*rng.normal(size=(2, 200_000)))
    assert spread_holding(radii_m) == pytest.approx(1000.0, rel=0.01)
    assert distance_m([0.0, 0.0], destination([0.0, 0.0], 0.0, 5e6)) == pytest.approx(5e6)
    everywhere_m = 6_371_008.8 * np.arccos(rng.uniform(-1, 1, 100_000))
    assert spread_holding(everywhere_m) > 8e6
    assert spread_holding([0.0, 0.0]) == 0.1
