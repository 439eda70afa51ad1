"""The drawn town: deterministic, plausible, and seen by its cameras as geometry says."""

from __future__ import annotations

import numpy as np
import pytest

from whence.earth.ellipsoid import geodesic_distance_m
from whence.smallworld.camera import Camera
from whence.smallworld.render import EYE_HEIGHT_M, Painter
from whence.smallworld.town import HALF_SIZE_M, ORIGIN, Town


@pytest.fixture(scope="module")
def town() -> Town:
    return Town.build(seed=0)


@pytest.fixture(scope="module")
def painter(town: Town) -> Painter:
    return Painter(town)


def test_the_same_seed_gives_the_same_town_and_another_another(town: Town) -> None:
    again, other = Town.build(seed=0), Town.build(seed=1)
    for one, two in zip(town.buildings, again.buildings, strict=True):
        np.testing.assert_array_equal(one.corners_m, two.corners_m)
        assert (one.look, one.sign) == (two.look, two.sign)
    assert [street.start_m for street in town.streets] != [street.start_m for street in other.streets]


def test_buildings_stand_in_the_town_and_off_the_streets(town: Town) -> None:
    corners = np.array([building.corners_m for building in town.buildings])
    assert np.abs(corners).max() < HALF_SIZE_M
    for street in town.streets:
        across = np.array([-street.direction[1], street.direction[0]])
        aside = np.abs((corners - street.start_m) @ across)
        assert aside.min() >= street.width_m / 2 - 1e-9


def test_walls_are_counter_clockwise_rectangles(town: Town) -> None:
    for building in town.buildings:
        edges = np.roll(building.corners_m, -1, axis=0) - building.corners_m
        turns = edges[:, 0] * np.roll(edges[:, 1], -1) - edges[:, 1] * np.roll(edges[:, 0], -1)
        assert (turns > 0).all()
        np.testing.assert_allclose((edges * np.roll(edges, -1, axis=0)).sum(axis=1), 0, atol=1e-6)


def test_metres_in_the_town_are_metres_on_the_earth(town: Town) -> None:
    positions = town.lonlat(np.array([[300.0, 400.0], [-500.0, 0.0]]))
    np.testing.assert_allclose(geodesic_distance_m(ORIGIN, positions), 500.0, atol=1e-3)


def test_signposts_tell_the_true_distance(town: Town) -> None:
    """Parma and Mantova are where GeoNames has them; the oracle is a distance taken from an atlas."""
    signs = {building.sign for building in town.buildings}
    assert "PARMA 13 km" in signs
    assert {"PANIFICIO", "FARMACIA"} <= signs


def test_landmarks_have_names_and_places(town: Town) -> None:
    assert set(town.landmarks) == {"Municipio", "Campanile"}
    for lonlat in town.landmarks.values():
        assert geodesic_distance_m(ORIGIN, lonlat) < 1.5 * HALF_SIZE_M


def looking(
    town: Town, painter: Painter, *, heading_deg: float, light: str = "day", seed: int = 0
) -> np.ndarray:
    street = town.streets[4]
    at = street.at(300.0)
    eye = np.array([*at, float(town.terrain.height_m(at)) + EYE_HEIGHT_M])
    camera = Camera(eye_m=eye, heading_deg=heading_deg)
    return painter.view(camera, light=light, rng=np.random.default_rng(seed))  # type: ignore[arg-type]


def test_a_view_is_deterministic(town: Town, painter: Painter) -> None:
    one = looking(town, painter, heading_deg=0)
    two = looking(town, painter, heading_deg=0)
    np.testing.assert_array_equal(one, two)
    assert one.shape == (360, 480, 3)
    assert one.dtype == np.uint8


def test_along_a_street_there_is_sky_above_and_asphalt_below(town: Town, painter: Painter) -> None:
    picture = looking(town, painter, heading_deg=town.streets[4].heading_deg).astype(float)
    sky, road = picture[:40, 220:260].mean(axis=(0, 1)), picture[-40:, 200:280].mean(axis=(0, 1))
    assert sky[2] > sky[0], "sky is bluish"
    assert np.ptp(road) < 12, "asphalt is grey"
    assert sky.mean() > road.mean() + 40


def test_dusk_is_darker_than_day(town: Town, painter: Painter) -> None:
    day, dusk = (looking(town, painter, heading_deg=0, light=light).mean() for light in ("day", "dusk"))
    assert dusk < 0.75 * day


def test_a_point_projects_where_pinhole_geometry_says() -> None:
    """Twenty metres ahead and five to the right, at eye height: f·5/20 right of the middle."""
    camera = Camera(eye_m=np.array([10.0, 20.0, 3.0]), heading_deg=90.0, focal_px=400.0)
    right, down, forward = camera.to_camera(np.array([30.0, 15.0, 3.0]))
    np.testing.assert_allclose([right, down, forward], [5.0, 0.0, 20.0], atol=1e-9)
    column, row, scale = camera.intrinsics @ [right, down, forward]
    np.testing.assert_allclose([column / scale, row / scale], [240 + 100, 180])


def test_rays_go_through_the_pixels_they_are_named_after() -> None:
    camera = Camera(eye_m=np.zeros(3), heading_deg=33.0, pitch_deg=7.0, roll_deg=-4.0, focal_px=300.0)
    points = camera.rays() * 12.5
    homogeneous = camera.to_camera(points) @ camera.intrinsics.T
    pixels = homogeneous[..., :2] / homogeneous[..., 2:]
    rows, columns = np.mgrid[0:360, 0:480]
    np.testing.assert_allclose(pixels, np.stack([columns, rows], axis=-1) + 0.5, atol=1e-6)
