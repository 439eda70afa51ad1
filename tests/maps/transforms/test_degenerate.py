"""Arrangements of points that determine nothing are called by name; the oracle is how they were made."""

from __future__ import annotations

import numpy as np
import pytest

from whence.errors import NotEnoughDataError
from whence.maps.transforms import TRANSFORMS, fit

SHEET = np.array([[0.85, 0.01], [0.012, -0.84]])
GOES_WITHOUT_PLANE = {"linear", "similarity", "moving"}


def ground(pixels: np.ndarray) -> np.ndarray:
    return pixels @ SHEET.T + [500_000, 6_000_000]


def on_a_line(count: int) -> np.ndarray:
    steps = np.linspace(0, 1, count) ** 1.3
    return np.column_stack([100 + 7000 * steps, 300 + 5000 * steps])


@pytest.mark.parametrize("kind", sorted(set(TRANSFORMS) - GOES_WITHOUT_PLANE))
def test_all_on_one_line_of_the_scan(kind: str) -> None:
    pixels = on_a_line(12)
    world = ground(pixels) + np.random.default_rng(0).normal(0, 100, (12, 2))
    with pytest.raises(NotEnoughDataError, match="all 12 points lie on one line on the scan"):
        fit(pixels, world, kind=kind)


@pytest.mark.parametrize("kind", sorted(set(TRANSFORMS) - GOES_WITHOUT_PLANE))
def test_all_on_one_line_of_the_ground(kind: str) -> None:
    pixels = np.random.default_rng(1).uniform(0, 5000, (12, 2))
    with pytest.raises(NotEnoughDataError, match="all 12 points lie on one line on the ground"):
        fit(pixels, ground(on_a_line(12)), kind=kind)


@pytest.mark.parametrize("kind", sorted(GOES_WITHOUT_PLANE))
def test_a_line_is_enough_for_these(kind: str) -> None:
    pixels = on_a_line(5)
    world = np.column_stack([500_000 + 0.85 * pixels[:, 0], 6_000_000 - 0.85 * pixels[:, 1]])
    sheet = fit(pixels, world, kind=kind)
    np.testing.assert_allclose(sheet.to_world([0, 1000]), [500_000, 5_999_150], atol=1e-6)


@pytest.mark.parametrize("kind", ["projective", "polynomial2"])
def test_all_but_one_on_one_line(kind: str) -> None:
    pixels = np.vstack([on_a_line(5), [[6000.0, 500.0]]])
    with pytest.raises(
        NotEnoughDataError, match=r"5 of the 6 points lie on one line \(points 1, 2, 3, 4 and 5\)"
    ):
        fit(pixels, ground(pixels), kind=kind)


def test_points_on_an_ellipse_leave_the_second_order_open() -> None:
    turns = np.array([0.1, 0.9, 2.0, 3.3, 4.1, 5.0, 5.9])
    pixels = np.column_stack([4000 + 3000 * np.cos(turns), 3000 + 2000 * np.sin(turns)])
    with pytest.raises(NotEnoughDataError, match="one conic"):
        fit(pixels, ground(pixels), kind="polynomial2")


def test_three_lines_of_a_grid_leave_the_third_order_open() -> None:
    pixels = np.stack(np.meshgrid(np.arange(3) * 2000.0, np.arange(5) * 1000.0), axis=-1).reshape(-1, 2)
    with pytest.raises(NotEnoughDataError, match="one cubic"):
        fit(pixels, ground(pixels), kind="polynomial3")


@pytest.mark.parametrize("kind", ["tps", "rbf", "mesh", "moving"])
def test_two_points_at_one_pixel(kind: str) -> None:
    pixels = np.array([[0.0, 0.0], [4000.0, 100.0], [300.0, 3000.0], [4000.0, 100.0], [4000.0, 3000.0]])
    world = ground(pixels)
    world[3] += 3.0
    with pytest.raises(NotEnoughDataError, match="points 2 and 4 lie at the same pixel"):
        fit(pixels, world, kind=kind)


def test_smoothing_takes_two_points_at_one_pixel() -> None:
    pixels = np.array([[0.0, 0.0], [4000.0, 100.0], [300.0, 3000.0], [4000.0, 100.0], [4000.0, 3000.0]])
    world = ground(pixels)
    world[3] += 3.0
    sheet = fit(pixels, world, kind="tps", smoothing=1e-6)
    np.testing.assert_allclose(sheet.to_world(pixels[1]), world[[1, 3]].mean(axis=0), atol=1e-3)


@pytest.mark.parametrize("kind", ["linear"])
def test_one_column_leaves_the_scale_across_open(kind: str) -> None:
    pixels = np.array([[50.0, 0.0], [50.0, 1000.0], [50.0, 2000.0]])
    with pytest.raises(NotEnoughDataError, match="all 3 points lie in one column"):
        fit(pixels, ground(pixels), kind=kind)


def test_a_mesh_that_folds_over_names_its_corners() -> None:
    pixels = np.array([[0.0, 0.0], [4000.0, 0.0], [0.0, 4000.0], [4000.0, 4000.0], [1900.0, 2100.0]])
    world = ground(pixels)
    world[4] = ground(np.array([[2100.0, -1500.0]]))[0]
    with pytest.raises(NotEnoughDataError, match="mesh folds over at points 1, 2 and 5"):
        fit(pixels, world, kind="mesh")


def test_a_horizon_between_the_points() -> None:
    pixels = np.array([[0.0, 0.0], [4000.0, 0.0], [0.0, 4000.0], [4000.0, 4000.0]])
    swapped = ground(pixels)[[0, 1, 3, 2]]
    with pytest.raises(NotEnoughDataError, match="horizon"):
        fit(pixels, swapped, kind="projective")


def test_both_hands_fit_two_points() -> None:
    with pytest.raises(NotEnoughDataError, match="one line"):
        fit([[0, 0], [10, 10]], [[0, 0], [10, -10]], kind="similarity", handedness="auto")


def test_a_reach_so_long_that_nothing_can_be_told_apart() -> None:
    pixels = np.random.default_rng(0).uniform(0, 5000, (40, 2))
    with pytest.raises(NotEnoughDataError, match="shorten the reach"):
        fit(pixels, ground(pixels) + 1.0, kind="rbf", kernel="gaussian", reach_px=1e6)
