"""Points left out: closed forms against fitting anew."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from whence.errors import NotEnoughDataError
from whence.maps import ControlPoints
from whence.maps.designs import LINEAR, Design
from whence.maps.leaving_out import areas, by_refitting, fitter_of, k_fold_by_area, leave_one_out

Sheet = Callable[..., ControlPoints]


@pytest.mark.parametrize("kind", [*sorted(LINEAR), "tps"])
def test_closed_forms_equal_refits(sheet: Sheet, kind: str) -> None:
    points = sheet(14, noise_m=3.0)
    fitter = fitter_of(kind)
    closed = leave_one_out(fitter, points.pixels, points.world)
    refitted = by_refitting(fitter, points.pixels, points.world)
    np.testing.assert_allclose(closed, refitted, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("kind", sorted(LINEAR))
def test_closed_forms_equal_refits_with_weights(sheet: Sheet, kind: str) -> None:
    points = sheet(14, noise_m=3.0)
    weights = np.random.default_rng(3).uniform(0.2, 1.0, 14)
    fitter = fitter_of(kind)
    closed = leave_one_out(fitter, points.pixels, points.world, weights=weights)
    refitted = by_refitting(fitter, points.pixels, points.world, weights=weights)
    np.testing.assert_allclose(closed, refitted, rtol=1e-6, atol=1e-5)


def test_a_mirrored_similarity_has_the_same_closed_form(sheet: Sheet) -> None:
    points = sheet(9, noise_m=3.0)
    mirrored = points.world * [1, -1]
    fitter = fitter_of("similarity", handedness="mirrored")
    closed = leave_one_out(fitter, points.pixels, mirrored)
    np.testing.assert_allclose(closed, by_refitting(fitter, points.pixels, mirrored), rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("kind", ["linear", "similarity", "affine5", "affine", "projective", "polynomial2"])
def test_the_design_spans_every_change_that_a_fit_can_make(sheet: Sheet, kind: str) -> None:
    """Oracle: the fit to slightly moved points differs from the first by a combination of its columns."""
    points = sheet(15, noise_m=0.0)
    fitter = fitter_of(kind)
    exact = fitter(points.pixels, fitter(points.pixels, points.world, None).to_world(points.pixels), None)
    start = exact.to_world(points.pixels)
    moves = np.random.default_rng(2).normal(0, 1e-2, (15, 2))
    change = fitter(points.pixels, start + moves, None).to_world(points.pixels) - start
    columns = Design.of(exact, points.pixels).at(points.pixels).reshape(30, -1)
    columns = columns / np.abs(columns).max(axis=0)
    best = columns @ np.linalg.lstsq(columns, change.ravel(), rcond=None)[0]
    np.testing.assert_allclose(best, change.ravel(), atol=2e-6)
    projected = columns @ np.linalg.lstsq(columns, moves.ravel(), rcond=None)[0]
    np.testing.assert_allclose(change.ravel(), projected, atol=2e-4)


def test_a_point_without_which_there_is_no_fit_is_unknown() -> None:
    pixels = np.array([[0, 0], [1000, 0], [2000, 0], [3000, 0], [1000, 2000.0]])
    world = pixels * [1, -1] + np.array([[0, 1], [1, 0], [0, 0], [0, 1], [0, 0.0]])
    left_out = leave_one_out(fitter_of("affine"), pixels, world)
    assert np.isnan(left_out[:, 0]).tolist() == [False, False, False, False, True]


def test_with_the_fewest_points_every_error_is_unknown() -> None:
    pixels = np.array([[0, 0], [1000, 0], [0, 1000.0]])
    for kind in ("affine", "tps"):
        assert np.isnan(leave_one_out(fitter_of(kind), pixels, pixels * [1, -1])).all()


def test_left_out_errors_are_never_smaller_than_residuals(sheet: Sheet) -> None:
    """Oracle: eigenvalues of I − Hᵢᵢ lie between 0 and 1."""
    points = sheet(10, noise_m=2.0)
    fitter = fitter_of("affine")
    residuals = fitter(points.pixels, points.world, None).to_world(points.pixels) - points.world
    left_out = leave_one_out(fitter, points.pixels, points.world)
    assert (np.linalg.norm(left_out, axis=1) >= np.linalg.norm(residuals, axis=1)).all()


def test_areas_are_a_compact_partition() -> None:
    columns, rows = np.meshgrid(np.arange(8.0), np.arange(4.0))
    pixels = np.stack([columns.ravel(), rows.ravel()], axis=1)
    parts = areas(pixels, 4)
    assert sorted(np.concatenate(parts).tolist()) == list(range(32))
    assert [len(part) for part in parts] == [8, 8, 8, 8]
    assert max(np.ptp(pixels[part], axis=0).max() for part in parts) <= 3


def test_more_areas_than_points_are_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="3 points cannot be split into 5 areas"):
        areas(np.zeros((3, 2)), 5)


def test_errors_by_area_are_those_of_fits_to_the_rest(sheet: Sheet) -> None:
    points = sheet(20, noise_m=1.0)
    fitter = fitter_of("affine")
    errors = k_fold_by_area(fitter, points.pixels, points.world, folds=4)
    for part in areas(points.pixels, 4):
        rest = np.setdiff1d(np.arange(20), part)
        other = fitter(points.pixels[rest], points.world[rest], None)
        np.testing.assert_allclose(errors[part], other.to_world(points.pixels[part]) - points.world[part])


@pytest.mark.parametrize("kind", ["affine", "projective", "tps"])
def test_a_point_given_twice_does_not_vouch_for_itself(kind: str) -> None:
    """Oracle: a loop that leaves out both of the same pixel and fits the others."""
    rng = np.random.default_rng(4)
    pixels = np.repeat(rng.uniform(0, 4000, (9, 2)), 2, axis=0)
    world = pixels * [0.8, -0.8] + [500_000, 6_000_000] + rng.normal(0, 3, pixels.shape)
    fitter = fitter_of(kind, **({"smoothing": 1e-3} if kind == "tps" else {}))
    expected = np.empty_like(world)
    for row in range(0, len(pixels), 2):
        others = np.delete(np.arange(len(pixels)), [row, row + 1])
        fitted = fitter(pixels[others], world[others], None)
        expected[row : row + 2] = fitted.to_world(pixels[row : row + 2]) - world[row : row + 2]
    assert leave_one_out(fitter, pixels, world) == pytest.approx(expected, abs=1e-6)
