"""Fits through the front door."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.errors import InputError, NotEnoughDataError
from whence.maps import ControlPoints, fit, transforms

Sheet = Callable[..., ControlPoints]


@pytest.mark.parametrize("kind", [kind for kind in transforms.TRANSFORMS if kind != "linear"])
def test_every_kind_comes_with_its_accuracy(sheet: Sheet, kind: str) -> None:
    """Oracle: with noise of 1 m, all kinds but the stiffest err by about that much at points left out."""
    points = sheet(25, noise_m=1.0)
    found = fit(points, kind=kind, size_px=(5000, 3500), checkpoints=sheet(10, seed=9))
    stiff = kind in {"similarity", "affine5"}
    assert found.kind == kind
    assert found.checks is not None
    assert found.quality.leave_one_out_rmse_m is not None
    assert 1.0 < found.quality.leave_one_out_rmse_m < (60 if stiff else 8)
    assert 0.1 < float(found.predicted_error_m([2500, 1750])) < (60 if stiff else 4)
    assert kind in found.summary


def test_the_record_is_plain_json_and_makes_the_fit_again(sheet: Sheet) -> None:
    points = sheet(10)
    found = fit(points, kind="tps", smoothing=0.01, checkpoints=sheet(4, seed=3))
    record = json.loads(json.dumps(found.to_json(), allow_nan=False))
    again = transforms.load(record["transform"])
    np.testing.assert_array_equal(again.to_world(points.pixels), found.to_world(points.pixels))
    pixels = [point["pixel"] for point in record["points"] if point["used"]]
    world = [point["world"] for point in record["points"] if point["used"]]
    anew = fit(ControlPoints(pixels, world), kind=record["kind"], **record["options"])
    np.testing.assert_allclose(anew.to_world([[10, 20]]), found.to_world([[10, 20]]), atol=1e-6)


def test_auto_says_why(sheet: Sheet) -> None:
    found = fit(sheet(15), kind="auto")
    assert found.recommendation is not None
    assert found.recommendation.kind == found.kind
    assert f"{found.kind} errs by" in found.to_json()["recommendation"]["reason"]


def test_options_need_a_named_kind(sheet: Sheet) -> None:
    with pytest.raises(InputError, match="belong to one kind"):
        fit(sheet(15), kind="auto", smoothing=1.0)


def test_disabled_points_take_no_part(sheet: Sheet) -> None:
    points = sheet(9)
    world = points.world.copy()
    world[2] += 5000
    enabled = np.arange(9) != 2
    found = fit(ControlPoints(points.pixels, world, enabled=enabled))
    assert len(found.points) == 8
    assert found.quality.rmse_m < 3


def test_points_off_the_scan_are_refused_by_name(sheet: Sheet) -> None:
    points = sheet(6)
    pixels = points.pixels.copy()
    pixels[1] = [5100, 20]
    with pytest.raises(InputError, match=r"off the scan of 5000 by 3500 px \(2\)"):
        fit(ControlPoints(pixels, points.world), size_px=(5000, 3500))


def test_too_few_points_are_refused(sheet: Sheet) -> None:
    with pytest.raises(NotEnoughDataError, match="needs at least 3 points"):
        fit(sheet(2), kind="affine")


def test_points_in_one_corner_are_remarked(sheet: Sheet) -> None:
    points = sheet(8)
    corner = ControlPoints(points.pixels / 4, points.world)
    assert "the rest is extrapolated" in fit(corner, size_px=(5000, 3500)).summary
    assert fit(points, size_px=(5000, 3500)).remarks == ()


def test_points_nearly_on_a_line_are_remarked() -> None:
    rng = np.random.default_rng(0)
    pixels = np.stack([np.linspace(0, 5000, 8), rng.normal(1000, 20, 8)], axis=1)
    assert any("one line" in remark for remark in fit(ControlPoints(pixels, pixels * [1, -1])).remarks)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 1000),
    shift=st.tuples(st.floats(-5e6, 5e6), st.floats(-5e6, 5e6)),
    kind=st.sampled_from(["similarity", "affine", "polynomial2", "tps"]),
)
def test_errors_do_not_change_with_a_shift_or_the_order_of_points(
    seed: int, shift: tuple[float, float], kind: str
) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.uniform(0, 5000, (12, 2))
    world = pixels * [0.85, -0.83] + rng.normal(0, 2, (12, 2))
    order = rng.permutation(12)
    one = fit(ControlPoints(pixels, world), kind=kind).quality
    other = fit(ControlPoints(pixels[order], world[order] + np.array(shift)), kind=kind).quality
    np.testing.assert_allclose(other.residuals_m, one.residuals_m[order], atol=1e-5)
    np.testing.assert_allclose(other.leave_one_out_m, one.leave_one_out_m[order], rtol=1e-4, atol=1e-4)
