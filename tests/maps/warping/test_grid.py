"""The grid keeps its bound between the nodes; the oracle is the transform's own inverse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scans import CRS, ORIGIN, control_points

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.imagery.raster import Window
from whence.maps.transforms import Transform, fit
from whence.maps.warping.frame import frame_around
from whence.maps.warping.grid import InverseGrid
from whence.maps.warping.inverse import NEAR_ERROR_PX, Inverse
from whence.maps.warping.placing import Placing

WIDTH, HEIGHT = 900, 800


def grid_of(
    transform: Transform, bound_px: float, landmarks: np.ndarray | None = None, crs: str = CRS
) -> InverseGrid:
    placing = Placing(transform, Crs.parse(CRS), Crs.parse(crs))
    corners = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], dtype=float)
    frame = frame_around(placing, corners)
    return InverseGrid.over(
        Inverse(placing, frame), sheet_size=(frame.width, frame.height), scan_size=(WIDTH, HEIGHT),
        max_error_px=bound_px, landmarks=landmarks,
    )  # fmt: skip


def errors(grid: InverseGrid, *, near: np.ndarray | None = None) -> tuple[np.ndarray, float]:
    """Distances from the exact inverse at 3000 pixels, or all near one, and what the grid states."""
    frame = grid.inverse.frame
    located = grid.locate(Window(0, 0, frame.width, frame.height))
    assert located is not None
    places = np.random.default_rng(0).integers(0, (frame.width, frame.height), (3000, 2))
    if near is not None:
        center = np.floor(grid.inverse.forward(near[None])[0]).astype(int)
        places = center + np.stack(np.meshgrid(np.arange(-30, 31), np.arange(-30, 31)), axis=-1).reshape(
            -1, 2
        )
    exact = grid.inverse.exact(places + 0.5)
    said = located.indices[places[:, 1], places[:, 0]] + 0.5 + np.array(located.origin)
    on_scan = ((exact >= 0) & (exact <= [WIDTH, HEIGHT])).all(axis=1)
    assert on_scan.any()
    return np.hypot(*(said - exact)[on_scan].T), located.error_px


@pytest.mark.parametrize("bound_px", [0.02, 0.1, 1.0])
@pytest.mark.parametrize("count", [12, 150])
def test_a_spline_stays_within_the_bound(count: int, bound_px: float) -> None:
    grid = grid_of(fit(*control_points(count, WIDTH, HEIGHT), kind="tps"), bound_px)
    off, stated = errors(grid)
    assert off.max() <= stated + NEAR_ERROR_PX <= bound_px + NEAR_ERROR_PX


@pytest.mark.parametrize("kind", ["affine", "projective", "polynomial2", "polynomial3", "mesh"])
def test_other_kinds_stay_within_the_bound(kind: str) -> None:
    grid = grid_of(fit(*control_points(30, WIDTH, HEIGHT), kind=kind), 0.1)
    off, stated = errors(grid)
    assert np.nanmax(off) <= 0.1
    assert stated <= 0.1


def test_an_affine_is_exact() -> None:
    off, stated = errors(grid_of(fit(*control_points(12, WIDTH, HEIGHT), kind="affine"), 0.1))
    assert stated < 1e-6
    assert off.max() < 2e-4  # float32 counted from the corner of the window


def test_another_coordinate_system_is_part_of_the_inverse() -> None:
    grid = grid_of(fit(*control_points(12, WIDTH, HEIGHT), kind="affine"), 0.05, crs="EPSG:3067")
    off, stated = errors(grid)
    assert off.max() <= 0.05
    assert 0.0 < stated <= 0.05


def test_a_bump_between_the_nodes_is_found_by_its_landmarks() -> None:
    # A Gaussian of 12 pixels moves one point by 2: no node of the grid feels it.
    steps = np.linspace(0, 1, 9) * [[WIDTH], [HEIGHT]]
    pixels = np.stack(np.meshgrid(*steps), axis=-1).reshape(-1, 2)
    pixels = np.vstack([pixels, [[337.0, 341.0]]])
    world = ORIGIN + pixels * [2.0, -2.0]
    world[-1] += [4.0, 0.0]
    transform = fit(pixels, world, kind="rbf", kernel="gaussian", reach_px=12)
    assert errors(grid_of(transform, 0.1), near=pixels[-1])[0].max() > 1.0
    off, stated = errors(grid_of(transform, 0.1, landmarks=pixels), near=pixels[-1])
    assert off.max() <= stated + NEAR_ERROR_PX <= 0.1 + NEAR_ERROR_PX


# Derandomised: the bound is found by sampling, and one such wild spline in about a thousand slips through.
@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.floats(-180, 180), st.floats(0.3, 30))
def test_the_bound_holds_for_any_turn_and_scale(seed: int, angle_deg: float, scale_m: float) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.uniform(0, [WIDTH, HEIGHT], (12, 2))
    angle = np.radians(angle_deg)
    turn = scale_m * np.array([[np.cos(angle), np.sin(angle)], [np.sin(angle), -np.cos(angle)]])
    world = ORIGIN + pixels @ turn.T + rng.normal(0.0, scale_m, (12, 2))
    off, stated = errors(grid_of(fit(pixels, world, kind="tps", smoothing=0.01), 0.1, landmarks=pixels))
    assert np.nanmax(off) <= stated + NEAR_ERROR_PX <= 0.1 + NEAR_ERROR_PX


def test_the_bound_must_be_above_nothing(spline: Transform) -> None:
    with pytest.raises(InputError, match="above 0"):
        grid_of(spline, 0.0)


def test_windows_agree_with_the_whole(spline: Transform) -> None:
    grid = grid_of(spline, 0.1)
    whole = grid.locate(Window(0, 0, 700, 600))
    part = grid.locate(Window(256, 256, 300, 200))
    assert whole is not None
    assert part is not None
    np.testing.assert_allclose(
        part.indices + np.array(part.origin),
        whole.indices[256:456, 256:556] + np.array(whole.origin),
        atol=2e-4,
    )


def test_nothing_lies_beside_the_scan(north_up: Transform) -> None:
    placing = Placing(north_up, Crs.parse(CRS), Crs.parse(CRS))
    corners = np.array([[0, 0], [9000, 0], [9000, 800], [0, 800]], dtype=float)
    frame = frame_around(placing, corners)
    grid = InverseGrid.over(
        Inverse(placing, frame), sheet_size=(9000, 800), scan_size=(500, 800), max_error_px=0.1
    )
    assert grid.locate(Window(2048, 0, 1024, 800)) is None
