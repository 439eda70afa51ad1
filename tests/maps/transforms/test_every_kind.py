"""What holds for every transform: round trips, shifts, scales, order, weights, derivatives, storage."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.errors import FormatError, InputError, NotEnoughDataError
from whence.maps import transforms
from whence.maps.transforms import TRANSFORMS, Transform, fit
from whence.typing import Floats

Sheet = Callable[[Floats], Floats]
Spread = Callable[..., Floats]

EXACT = ["tps", "rbf", "mesh", "moving"]
SMOOTHED = [kind for kind in TRANSFORMS if kind not in EXACT]
seeds = st.integers(0, 10_000)
few = settings(max_examples=12, deadline=None)


@pytest.fixture(scope="module", params=list(TRANSFORMS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def probes(spread: Spread) -> Floats:
    """(120, 2) pixels inside the scan and up to a tenth of it outside."""
    return (spread(120, 99) - [4000, 3000]) * 1.2 + [4000, 3000]


def test_meets_the_protocol(kind: str, spread: Spread, flat: Sheet) -> None:
    pixels = spread(12)
    sheet = fit(pixels, flat(pixels), kind=kind)
    assert isinstance(sheet, Transform)
    assert sheet.kind == kind
    assert type(sheet) is transforms.kind(kind)
    json.dumps(sheet.parameters)


@few
@given(seed=seeds)
def test_round_trip_to_the_stated_error(kind: str, spread: Spread, bent: Sheet, seed: int) -> None:
    pixels = spread(14, seed)
    sheet = fit(pixels, bent(pixels), kind=kind)
    there = spread(120, seed + 1)
    back = sheet.to_pixels(sheet.to_world(there))
    assert np.abs(back - there).max() <= max(sheet.inverse_error_px, 1e-8)


@few
@given(seed=seeds, east=st.sampled_from([-5e6, 5e6]), north=st.sampled_from([-5e6, 5e6]))
def test_a_shift_of_the_world_shifts_the_result(
    kind: str, spread: Spread, bent: Sheet, probes: Floats, seed: int, east: float, north: float
) -> None:
    pixels = spread(14, seed)
    world = bent(pixels)
    moved = fit(pixels, world + np.array([east, north]), kind=kind).to_world(probes)
    np.testing.assert_allclose(
        moved - [east, north], fit(pixels, world, kind=kind).to_world(probes), atol=2e-7
    )


@few
@given(seed=seeds, factor=st.sampled_from([1e-5, 0.3048, 1000.0]))
def test_a_scale_of_the_world_scales_the_result(
    kind: str, spread: Spread, bent: Sheet, probes: Floats, seed: int, factor: float
) -> None:
    pixels = spread(14, seed)
    world = bent(pixels)
    scaled = fit(pixels, world * factor, kind=kind).to_world(probes)
    np.testing.assert_allclose(scaled / factor, fit(pixels, world, kind=kind).to_world(probes), atol=2e-7)


@few
@given(seed=seeds, factor=st.sampled_from([0.01, 4.0]))
def test_a_scan_at_another_resolution_gives_the_same_sheet(
    kind: str, spread: Spread, bent: Sheet, probes: Floats, seed: int, factor: float
) -> None:
    pixels = spread(14, seed)
    world = bent(pixels)
    other = fit(pixels * factor + 77.0, world, kind=kind).to_world(probes * factor + 77.0)
    np.testing.assert_allclose(other, fit(pixels, world, kind=kind).to_world(probes), atol=1e-6)


@few
@given(seed=seeds)
def test_the_order_of_the_points_is_of_no_account(
    kind: str, spread: Spread, bent: Sheet, probes: Floats, seed: int
) -> None:
    pixels = spread(14, seed)
    world, order = bent(pixels), np.random.default_rng(seed).permutation(14)
    mixed = fit(pixels[order], world[order], kind=kind)
    np.testing.assert_allclose(
        mixed.to_world(probes), fit(pixels, world, kind=kind).to_world(probes), atol=1e-6
    )


@pytest.mark.parametrize("kind", SMOOTHED)
def test_a_weight_of_two_is_the_point_given_twice(
    kind: str, spread: Spread, bent: Sheet, probes: Floats
) -> None:
    pixels = spread(14, 3)
    world, twice = bent(pixels), np.array([0, 5, 9])
    weights = np.ones(14)
    weights[twice] = 2.0
    weighted = fit(pixels, world, kind=kind, weights=weights)
    repeated = fit(np.vstack([pixels, pixels[twice]]), np.vstack([world, world[twice]]), kind=kind)
    np.testing.assert_allclose(weighted.to_world(probes), repeated.to_world(probes), atol=1e-6)


def test_a_weight_of_zero_leaves_the_point_out(
    kind: str, spread: Spread, bent: Sheet, probes: Floats
) -> None:
    pixels = spread(14, 4)
    world = bent(pixels)
    world[6] += 5000.0
    weights = np.where(np.arange(14) == 6, 0.0, 3.0)
    without = fit(np.delete(pixels, 6, axis=0), np.delete(world, 6, axis=0), kind=kind)
    weighted = fit(pixels, world, kind=kind, weights=weights)
    np.testing.assert_allclose(weighted.to_world(probes), without.to_world(probes), atol=1e-7)


@pytest.mark.parametrize("kind", EXACT)
def test_interpolating_kinds_go_through_every_point(kind: str, spread: Spread, bent: Sheet) -> None:
    pixels = spread(300, 5)
    world = bent(pixels)
    sheet = fit(pixels, world, kind=kind)
    assert np.abs(sheet.to_world(pixels) - world).max() < 1e-6
    assert np.abs(sheet.to_pixels(world) - pixels).max() < 1e-6


def test_derivatives_are_those_of_small_steps(kind: str, spread: Spread, bent: Sheet, probes: Floats) -> None:
    pixels = spread(14, 6)
    sheet, step = fit(pixels, bent(pixels), kind=kind), 0.01
    slopes = [
        (sheet.to_world(probes + way) - sheet.to_world(probes - way)) / (2 * step)
        for way in ([step, 0.0], [0.0, step])
    ]
    np.testing.assert_allclose(sheet.jacobian(probes), np.stack(slopes, axis=-1), atol=2e-6)


def test_shapes_are_kept(kind: str, spread: Spread, bent: Sheet) -> None:
    pixels = spread(14, 7)
    sheet = fit(pixels, bent(pixels), kind=kind)
    grid = np.stack(np.meshgrid([10.0, 20.0, 30.0], [5.0, 6.0]), axis=-1)
    assert sheet.to_world(grid).shape == (2, 3, 2)
    assert sheet.to_pixels(sheet.to_world(grid)).shape == (2, 3, 2)
    assert sheet.jacobian(grid).shape == (2, 3, 2, 2)
    assert sheet.distortion(grid).area.shape == (2, 3)
    assert sheet.to_world([5.0, 6.0]).shape == (2,)
    np.testing.assert_array_equal(sheet.to_world(grid)[1, 2], sheet.to_world([30.0, 6.0]))
    assert sheet.to_world(np.zeros((0, 2))).shape == (0, 2)
    assert sheet.to_pixels(np.zeros((0, 2))).shape == (0, 2)


def test_nan_stays_nan(kind: str, spread: Spread, bent: Sheet) -> None:
    pixels = spread(14, 7)
    sheet = fit(pixels, bent(pixels), kind=kind)
    mixed = np.array([[np.nan, 5.0], [100.0, 200.0]])
    for answer in (sheet.to_world(mixed), sheet.to_pixels(sheet.to_world(mixed))):
        assert np.isnan(answer[0]).all()
        assert np.isfinite(answer[1]).all()


def test_storage(kind: str, spread: Spread, bent: Sheet, probes: Floats) -> None:
    pixels = spread(14, 8)
    sheet = fit(pixels, bent(pixels), kind=kind)
    again = transforms.load(json.loads(json.dumps(sheet.to_json())))
    np.testing.assert_array_equal(again.to_world(probes), sheet.to_world(probes))
    np.testing.assert_array_equal(
        again.to_pixels(again.to_world(probes)), sheet.to_pixels(sheet.to_world(probes))
    )
    with pytest.raises(FormatError, match="version"):
        transforms.load(sheet.to_json() | {"version": 2})
    with pytest.raises(FormatError, match="broken"):
        transforms.load({name: value for name, value in sheet.to_json().items() if name != "pixel_frame"})


def test_too_few_points(kind: str, spread: Spread, flat: Sheet) -> None:
    count = transforms.kind(kind).min_points - 1
    pixels = spread(12, 1)[:count]
    with pytest.raises(NotEnoughDataError, match=f"{kind} needs at least {count + 1} points"):
        fit(pixels, flat(pixels), kind=kind)


def test_points_that_coincide_count_once(kind: str, spread: Spread, flat: Sheet) -> None:
    least = transforms.kind(kind).min_points
    pixels = spread(12, 2)[: least - 1]
    pixels = np.vstack([pixels, np.repeat(pixels[-1:], 5, axis=0)])
    with pytest.raises(NotEnoughDataError, match="different places"):
        fit(pixels, flat(pixels), kind=kind)


@pytest.mark.parametrize(
    ("pixels", "world", "weights", "message"),
    [
        ([[0, 0], [1, np.nan]], [[0, 0], [1, 1]], None, "point 2 of pixels"),
        ([[0, 0], [1, 1]], [[0, 0], [1, np.inf]], None, "point 2 of world"),
        ([[0, 0], [1, 1]], [[0, 0]], None, "do not belong together"),
        ([[0, 0, 1]], [[0, 0, 1]], None, "two columns"),
        ([["a", "b"]], [[0, 0]], None, "must be numbers"),
        ([[0, 0], [1, 1]], [[0, 0], [1, 1]], [1.0], "weights must be 2"),
        ([[0, 0], [1, 1]], [[0, 0], [1, 1]], [1.0, -1.0], "none negative"),
    ],
)
def test_bad_points(kind: str, pixels: list, world: list, weights: list | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fit(pixels, world, kind=kind, weights=weights)


def test_a_stray_option_is_an_error(kind: str, spread: Spread, flat: Sheet) -> None:
    pixels = spread(12)
    with pytest.raises(InputError, match=f"{kind} has no option smothing"):
        fit(pixels, flat(pixels), kind=kind, smothing=1)


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(InputError, match="no transform is called 'spline'; there are linear, similarity"):
        fit([[0, 0]], [[0, 0]], kind="spline")
    with pytest.raises(FormatError, match="not a transform written by whence"):
        transforms.load({"transform": "spline"})
