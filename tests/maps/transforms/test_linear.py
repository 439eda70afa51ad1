"""Transforms linear in the pixel: closed forms and a least squares solver as oracles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from whence.errors import InputError
from whence.maps.transforms import fit

RNG = np.random.default_rng(7)
PIXELS = RNG.uniform(0, 8000, (20, 2))
CORNER = np.array([412_000.0, 7_123_000.0])


def turned(turn_deg: float, scale_x: float, scale_y: float, *, mirrored: bool = False) -> np.ndarray:
    """(20, 2) ground of a sheet turned anticlockwise, its rows running `turn_deg` from east."""
    turn = np.radians(turn_deg)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return (PIXELS * [scale_x, scale_y if mirrored else -scale_y]) @ rotation.T + CORNER


@settings(max_examples=25, deadline=None)
@given(turn_deg=st.floats(-179.5, 179.5), scale=st.floats(0.01, 100), mirrored=st.booleans())
def test_similarity_recovers_turn_scale_and_hand(turn_deg: float, scale: float, mirrored: bool) -> None:
    world = turned(turn_deg, scale, scale, mirrored=mirrored)
    found = fit(PIXELS, world, kind="similarity", handedness="auto").parameters
    assert found["angle_deg"] == pytest.approx(turn_deg, abs=1e-6)
    assert found["scale_x"] == pytest.approx(scale, rel=1e-9)
    assert found["mirrored"] is mirrored
    assert found["shear_deg"] == pytest.approx(0, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(turn_deg=st.floats(-179.5, 179.5), scale=st.floats(0.1, 10), ratio=st.floats(0.8, 1.25))
def test_five_parameters_recover_two_scales(turn_deg: float, scale: float, ratio: float) -> None:
    world = turned(turn_deg, scale, scale * ratio)
    sheet = fit(PIXELS, world, kind="affine5")
    np.testing.assert_allclose(sheet.to_world(PIXELS), world, atol=1e-6)
    assert sheet.parameters["scale_y"] == pytest.approx(scale * ratio, rel=1e-9)


def residuals_of_five(
    parameters: np.ndarray, scan: np.ndarray, ground: np.ndarray, roots: np.ndarray
) -> np.ndarray:
    turn, along, down, x, y = parameters
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return (((scan * [along, down]) @ rotation.T + [x, y] - ground) * roots[:, None]).ravel()


def test_five_parameters_are_those_of_an_iterative_solver() -> None:
    weights = RNG.uniform(0.2, 3.0, 20)
    noisy = turned(33, 0.85, 0.86) + RNG.normal(0, 40, (20, 2))
    sheet = fit(PIXELS, noisy, kind="affine5", weights=weights)
    scan, ground, roots = PIXELS / 1000 - 4, (noisy - CORNER) / 1000, np.sqrt(weights)
    found = least_squares(
        residuals_of_five, [0.5, 0.8, -0.8, 0, 0], args=(scan, ground, roots), xtol=1e-15, ftol=1e-15
    )
    expected = ground + residuals_of_five(found.x, scan, ground, np.ones(20)).reshape(-1, 2)
    np.testing.assert_allclose((sheet.to_world(PIXELS) - CORNER) / 1000, expected, atol=1e-6)


def test_similarity_and_affine_are_those_of_the_normal_equations() -> None:
    """Written out for small numbers, where the plain equations are exact enough."""
    rng = np.random.default_rng(2)
    scan, ground, weights = rng.normal(size=(9, 2)), rng.normal(size=(9, 2)), rng.uniform(0.1, 2, 9)
    x, y, one, zero = scan[:, 0], -scan[:, 1], np.ones(9), np.zeros(9)
    rows = np.vstack([np.column_stack([x, -y, one, zero]), np.column_stack([y, x, zero, one])])
    twice = np.tile(weights, 2)[:, None]
    a, b, tx, ty = np.linalg.solve(
        rows.T @ (rows * twice), rows.T @ (ground.T.reshape(-1, 1) * twice)
    ).ravel()
    similar = fit(scan, ground, kind="similarity", weights=weights).to_world(scan)
    np.testing.assert_allclose(similar, np.column_stack([a * x - b * y + tx, b * x + a * y + ty]), atol=1e-12)
    design = np.column_stack([scan, one])
    plane = np.linalg.solve(design.T @ (design * weights[:, None]), design.T @ (ground * weights[:, None]))
    affine = fit(scan, ground, kind="affine", weights=weights).to_world(scan)
    np.testing.assert_allclose(affine, design @ plane, atol=1e-12)


def test_distortion_of_a_known_matrix() -> None:
    """Rows run 30° north of east with 2 m per pixel; columns 3 m per pixel, 10° short of a right angle."""
    along = 2 * np.array([np.cos(np.radians(30)), np.sin(np.radians(30))])
    down = 3 * np.array([np.cos(np.radians(-50)), np.sin(np.radians(-50))])
    world = PIXELS @ np.array([along, down]) + CORNER
    local = fit(PIXELS, world, kind="affine").distortion([[5.0, 5.0]])
    assert float(local.scale_x[0]) == pytest.approx(2)
    assert float(local.scale_y[0]) == pytest.approx(3)
    assert float(local.angle_deg[0]) == pytest.approx(30)
    assert float(local.shear_deg[0]) == pytest.approx(10)
    assert float(local.area[0]) == pytest.approx(6 * np.cos(np.radians(10)))
    assert float(local.major[0] * local.minor[0]) == pytest.approx(float(local.area[0]))
    assert int(local.handedness[0]) == 1


def test_coefficients_are_in_pixels_and_world_units() -> None:
    world = turned(12, 0.8, 0.9)
    matrix = fit(PIXELS, world, kind="affine").coefficients()
    np.testing.assert_allclose(PIXELS @ matrix[:, :2].T + matrix[:, 2], world, atol=1e-6)


def test_linear_is_two_regressions() -> None:
    world = np.column_stack([0.8 * PIXELS[:, 0], -0.9 * PIXELS[:, 1]]) + CORNER + RNG.normal(0, 5, (20, 2))
    weights = RNG.uniform(0.5, 2, 20)
    sheet = fit(PIXELS, world, kind="linear", weights=weights)
    for axis in range(2):
        slope, shift = np.polyfit(PIXELS[:, axis], world[:, axis] - CORNER[axis], 1, w=np.sqrt(weights))
        np.testing.assert_allclose(
            sheet.to_world(PIXELS)[:, axis], PIXELS[:, axis] * slope + shift + CORNER[axis], atol=1e-6
        )


def test_an_unknown_hand_is_an_error() -> None:
    with pytest.raises(InputError, match="handedness is 'map', 'mirrored' or 'auto'"):
        fit([[0, 0], [1, 0]], [[0, 0], [1, 0]], kind="similarity", handedness="left")
