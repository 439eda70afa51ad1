"""Local planes: exact from the origin, everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Transformer

from whence.earth.ellipsoid import geodesic_distance_m
from whence.earth.sphere import EARTH_RADIUS_M
from whence.earth.tangent import TangentPlane
from whence.errors import InputError

ORIGINS = [[37.6173, 55.7558], [179.999, -16.0], [-180.0, 0.0], [0.0, 90.0], [120.0, -90.0]]


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("reach_m", [1.0, 1e4, 1e6, 9e6])
def test_round_trip(origin: list[float], reach_m: float) -> None:
    plane = TangentPlane(origin)
    enu = np.random.default_rng(0).normal(0.0, reach_m, (50, 2))
    enu *= np.minimum(1.0, 1.9e7 / np.linalg.norm(enu, axis=1, keepdims=True))
    positions = plane.to_lonlat(enu)
    np.testing.assert_allclose(plane.to_enu(positions), enu, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(enu, axis=1), geodesic_distance_m(origin, positions), atol=1e-8)


def test_agrees_with_the_azimuthal_equidistant_projection_of_proj() -> None:
    origin = [37.6173, 55.7558]
    project = Transformer.from_crs(
        "OGC:CRS84", f"+proj=aeqd +lon_0={origin[0]} +lat_0={origin[1]} +datum=WGS84"
    )
    positions = origin + np.random.default_rng(0).uniform(-2.0, 2.0, (100, 2))
    expected = np.stack(project.transform(positions[:, 0], positions[:, 1]), axis=-1)
    np.testing.assert_allclose(TangentPlane(origin).to_enu(positions), expected, atol=1e-4)


def test_distances_between_points_are_as_good_as_stated() -> None:
    for reach_m, bound in ((5e3, 1.1e-7), (1e5, 4.2e-5), (1e6, 4.2e-3)):
        angle = np.deg2rad(np.arange(0.0, 360.0, 1.0))
        ring = reach_m * np.column_stack([np.sin(angle), np.cos(angle)])
        positions = TangentPlane([37.6, 55.75]).to_lonlat(ring)
        on_plane = np.linalg.norm(ring[1:] - ring[:-1], axis=1)
        on_ground = geodesic_distance_m(positions[1:], positions[:-1])
        assert np.abs(on_plane / on_ground - 1.0).max() < bound


def test_the_simple_formula_is_as_close_as_stated() -> None:
    origin = np.array([37.6, 59.9])
    enu = np.random.default_rng(0).uniform(-3e4, 3e4, (1000, 2))
    turned = np.deg2rad(TangentPlane(origin).to_lonlat(enu) - origin) * EARTH_RADIUS_M
    simple = turned * [np.cos(np.deg2rad(origin[1])), 1.0]
    assert (np.linalg.norm(simple - enu, axis=1) / np.linalg.norm(enu, axis=1)).max() < 0.01


def test_axes_at_the_poles() -> None:
    south = TangentPlane([30.0, -90.0]).to_enu([[30.0, -89.0], [120.0, -89.0]])
    assert south[0, 1] > 1e5
    assert south[1, 0] > 1e5
    north = TangentPlane([30.0, 90.0]).to_enu([30.0, 89.0])
    assert north[1] < -1e5


def test_origin_is_its_own_and_frozen() -> None:
    origin = np.array([1.0, 2.0])
    plane = TangentPlane(origin)
    origin[0] = 99.0
    assert plane.origin[0] == 1.0
    np.testing.assert_allclose(plane.to_enu(plane.origin), 0.0, atol=1e-9)
    with pytest.raises(ValueError, match="read-only"):
        plane.origin[0] = 5.0


def test_shapes_and_refusals() -> None:
    plane = TangentPlane([0.0, 0.0])
    assert plane.to_enu(np.zeros((2, 3, 2))).shape == (2, 3, 2)
    assert plane.to_lonlat(np.empty((0, 2))).shape == (0, 2)
    with pytest.raises(InputError, match="one origin"):
        TangentPlane([[0.0, 0.0]])
    for bad in ([1.0, 2.0, 3.0], [np.nan, 0.0]):
        with pytest.raises(InputError, match="two columns"):
            plane.to_lonlat(bad)
