"""Geodesics on WGS 84."""

from __future__ import annotations

import numpy as np
import pytest

from whence.earth.ellipsoid import (
    geodesic_bearing_deg,
    geodesic_destination,
    geodesic_distance_m,
    geodesic_inverse,
)
from whence.earth.sphere import distance_m
from whence.errors import InputError

QUARTER_MERIDIAN_M = 10_001_965.729
"""Pole to equator on WGS 84 (NIMA TR8350.2)."""


def test_published_lengths() -> None:
    assert float(geodesic_distance_m([7.0, 0.0], [7.0, 90.0])) == pytest.approx(QUARTER_MERIDIAN_M, abs=1e-3)
    assert float(geodesic_distance_m([0.0, 0.0], [1.0, 0.0])) == pytest.approx(
        6378137.0 * np.pi / 180.0, abs=1e-6
    )
    assert float(geodesic_distance_m([0.0, 0.0], [180.0, 0.0])) == pytest.approx(
        2 * QUARTER_MERIDIAN_M, abs=1e-3
    )


def test_the_sphere_is_within_six_tenths_of_a_percent() -> None:
    rng = np.random.default_rng(0)
    a, b = (np.column_stack([rng.uniform(-180, 180, 2000), rng.uniform(-90, 90, 2000)]) for _ in range(2))
    np.testing.assert_allclose(distance_m(a, b), geodesic_distance_m(a, b), rtol=5.7e-3)


@pytest.mark.parametrize("start", [[37.6, 55.75], [180.0, 0.0], [-20.0, 90.0], [0.0, -90.0]])
def test_destination_and_inverse_are_a_round_trip(start: list[float]) -> None:
    bearing, metres = np.arange(0.0, 360.0, 15.0), 1e6
    end = geodesic_destination(start, bearing, metres)
    back_bearing, back_metres = geodesic_inverse(start, end)
    np.testing.assert_allclose(back_metres, metres, atol=1e-6)
    np.testing.assert_allclose((back_bearing - bearing + 180.0) % 360.0, 180.0, atol=1e-8)
    assert np.abs(end[:, 0]).max() <= 180.0
    np.testing.assert_array_equal(geodesic_bearing_deg(start, end), back_bearing)


def test_shapes_broadcast_and_inputs_survive() -> None:
    points = np.random.default_rng(0).uniform(-80, 80, (4, 2))
    before = points.copy()
    assert geodesic_distance_m(points[:, None], points[None]).shape == (4, 4)
    assert geodesic_distance_m(np.empty((0, 2)), [0.0, 0.0]).shape == (0,)
    assert geodesic_destination([0.0, 0.0], [0.0, 90.0], 5.0).shape == (2, 2)
    np.testing.assert_array_equal(points, before)


def test_refusals() -> None:
    with pytest.raises(InputError, match="broadcast"):
        geodesic_distance_m(np.zeros((2, 2)), np.zeros((3, 2)))
    with pytest.raises(InputError, match="finite"):
        geodesic_destination([0.0, 0.0], np.nan, 1.0)
    with pytest.raises(InputError, match="swapped"):
        geodesic_distance_m([55.0, 137.0], [0.0, 0.0])
