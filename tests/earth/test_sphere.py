"""Great circles against an independent library, closed forms and invariance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from whence.earth.sphere import (
    EARTH_AREA_KM2,
    EARTH_RADIUS_M,
    bearing_deg,
    destination,
    distance_m,
    from_unit_vectors,
    geometric_median,
    local_axes,
    mean_point,
    to_unit_vectors,
)
from whence.errors import InputError, NotEnoughDataError

HALF_WAY_M = np.pi * EARTH_RADIUS_M
SPHERE = Geod(a=EARTH_RADIUS_M, b=EARTH_RADIUS_M)

positions = st.tuples(st.floats(-180.0, 180.0), st.floats(-90.0, 90.0))


def anywhere(count: int, seed: int = 0) -> np.ndarray:
    """Positions uniform on the sphere."""
    return from_unit_vectors(np.random.default_rng(seed).normal(size=(count, 3)))


def test_the_radius_is_the_mean_of_the_axes_of_wgs84() -> None:
    """IUGG: (2a + b) / 3."""
    wgs84 = Geod(ellps="WGS84")
    assert pytest.approx((2 * wgs84.a + wgs84.b) / 3, abs=0.1) == EARTH_RADIUS_M
    assert pytest.approx(510.065e6, rel=1e-4) == EARTH_AREA_KM2


def test_distance_and_bearing_agree_with_geographiclib_on_a_sphere() -> None:
    a, b = anywhere(5000), anywhere(5000, seed=1)
    azimuth, _, metres = SPHERE.inv(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    np.testing.assert_allclose(distance_m(a, b), metres, atol=1e-7)
    np.testing.assert_allclose(bearing_deg(a, b), azimuth % 360.0, atol=1e-9)


@pytest.mark.parametrize("metres", [1e-3, 1.0, 1e3, 1e6, HALF_WAY_M - 1.0, HALF_WAY_M - 1e-3])
def test_distance_is_exact_for_neighbours_and_antipodes(metres: float) -> None:
    """Walked by an independent library; an arcsine haversine is 0.1 m off at the far end."""
    start = anywhere(500)
    azimuth = np.linspace(0.0, 360.0, 500)
    longitude, latitude, _ = SPHERE.fwd(start[:, 0], start[:, 1], azimuth, np.full(500, metres))
    np.testing.assert_allclose(distance_m(start, np.column_stack([longitude, latitude])), metres, atol=1e-8)


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        ([180.0, 0.0], [-180.0, 0.0], 0.0),
        ([0.0, 90.0], [123.0, 90.0], 0.0),
        ([10.0, 20.0], [-170.0, -20.0], HALF_WAY_M),
        ([0.0, 90.0], [77.0, -90.0], HALF_WAY_M),
        ([179.5, 0.0], [-179.5, 0.0], HALF_WAY_M / 180.0),
        ([0.0, 80.0], [180.0, 80.0], HALF_WAY_M / 9.0),
        ([5.0, 0.0], [5.0, 45.0], HALF_WAY_M / 4.0),
    ],
)
def test_distance_closed_forms(a: list[float], b: list[float], metres: float) -> None:
    assert float(distance_m(a, b)) == pytest.approx(metres, abs=1e-8)


def test_distances_broadcast() -> None:
    a, b = anywhere(4), anywhere(3, seed=1)
    pairs = distance_m(a[:, None], b[None])
    assert pairs.shape == (4, 3)
    assert pairs[2, 1] == distance_m(a[2], b[1])
    assert distance_m(a[0], b).shape == (3,)
    assert distance_m(np.empty((0, 2)), [0.0, 0.0]).shape == (0,)
    with pytest.raises(InputError, match="a\\[:, None, :\\]"):
        distance_m(a, b)


@given(positions, positions, positions)
def test_distance_is_a_metric(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> None:
    there, back = float(distance_m(a, b)), float(distance_m(b, a))
    assert there == pytest.approx(back, abs=1e-8)
    assert 0.0 <= there <= HALF_WAY_M * (1.0 + 1e-15)
    assert there <= float(distance_m(a, c)) + float(distance_m(c, b)) + 1e-6


@given(positions, st.floats(0.0, 360.0), st.floats(0.0, 0.999 * HALF_WAY_M))
def test_destination_lies_at_the_distance(start: tuple[float, float], course: float, metres: float) -> None:
    end = destination(start, course, metres)
    assert float(distance_m(start, end)) == pytest.approx(metres, abs=1e-6)


def test_destination_agrees_with_geographiclib_on_a_sphere() -> None:
    start, rng = anywhere(2000), np.random.default_rng(1)
    course, metres = rng.uniform(0, 360, 2000), rng.uniform(-2e7, 4e7, 2000)
    longitude, latitude, _ = SPHERE.fwd(start[:, 0], start[:, 1], course, metres)
    end = destination(start, course, metres)
    assert float(distance_m(end, np.column_stack([longitude, latitude])).max()) < 1e-6
    assert np.abs(end[:, 0]).max() <= 180.0


def test_destination_from_the_poles_follows_the_meridian_of_its_longitude() -> None:
    """At the north pole every way leads south: bearing 0 goes over the top, 180 back down the meridian."""
    end = destination([10.0, 90.0], [0.0, 90.0, 180.0], HALF_WAY_M / 18.0)
    np.testing.assert_allclose(end, [[-170.0, 80.0], [100.0, 80.0], [10.0, 80.0]], atol=1e-9)


def test_destination_broadcasts_and_refuses() -> None:
    assert destination([0.0, 0.0], np.arange(0.0, 360.0, 10.0), 1000.0).shape == (36, 2)
    assert destination(np.empty((0, 2)), 0.0, 1000.0).shape == (0, 2)
    with pytest.raises(InputError, match="distance_m must be finite"):
        destination([0.0, 0.0], 0.0, np.nan)
    with pytest.raises(InputError, match="broadcast"):
        destination(np.zeros((3, 2)), np.zeros(4), 1.0)


def test_bearing_of_neighbours_keeps_its_digits() -> None:
    """One millimetre at 60° north: the textbook formula has two digits left there."""
    start = np.array([25.0, 60.0])
    end = destination(start, 33.0, 1e-3)
    assert float(bearing_deg(start, end)) == pytest.approx(33.0, abs=1e-3)
    assert float(bearing_deg(start, start)) == 0.0


@given(positions)
def test_unit_vectors_round_trip(position: tuple[float, float]) -> None:
    back = from_unit_vectors(to_unit_vectors(position))
    assert float(distance_m(back, position)) < 1e-8
    if abs(position[1]) < 89.0:
        np.testing.assert_allclose(back, position, atol=1e-12)


def test_local_axes_are_orthonormal_and_right_handed() -> None:
    points = np.vstack([anywhere(100), [[33.0, 90.0], [33.0, -90.0]]])
    (east, north), up = local_axes(points), to_unit_vectors(points)
    np.testing.assert_allclose(np.cross(east, north), up, atol=1e-15)
    np.testing.assert_allclose(np.linalg.norm(east, axis=1), 1.0, atol=1e-15)


@pytest.mark.parametrize("vector", [[0.0, 0.0, 0.0], [np.nan, 0.0, 1.0], [1.0, 0.0]])
def test_no_direction_no_position(vector: list[float]) -> None:
    with pytest.raises(InputError):
        from_unit_vectors(vector)


def test_mean_point_knows_the_date_line_and_the_pole() -> None:
    assert float(distance_m(mean_point([[179.0, 10.0], [-179.0, 10.0]]), [180.0, 10.0])) < 200.0
    ring = np.column_stack([np.arange(-180.0, 180.0, 30.0), np.full(12, 89.0)])
    assert float(distance_m(mean_point(ring), [0.0, 90.0])) < 1e-6


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.0, 360.0))
def test_mean_and_median_turn_with_the_earth(seed: int, turn: float) -> None:
    """Rotating about the axis must rotate the answers, over the date line too."""
    cloud = destination([179.9, 50.0], *np.random.default_rng(seed).uniform(0, [[360.0], [2e5]], (2, 20)))
    rotated = np.column_stack([(cloud[:, 0] + turn + 180.0) % 360.0 - 180.0, cloud[:, 1]])
    for middle in (mean_point, geometric_median):
        apart = (middle(rotated) - middle(cloud) - np.array([turn, 0.0]) + 180.0) % 360.0 - 180.0
        np.testing.assert_allclose(apart, 0.0, atol=2e-6)


def test_weights_count_like_repetitions() -> None:
    points = anywhere(3)
    repeated = points[[0, 0, 0, 1, 2, 2]]
    np.testing.assert_allclose(mean_point(points, [3, 1, 2]), mean_point(repeated), atol=1e-12)
    np.testing.assert_allclose(geometric_median(points, [3, 1, 2]), geometric_median(repeated), atol=1e-6)


def test_antipodes_have_no_mean() -> None:
    with pytest.raises(NotEnoughDataError, match="no mean"):
        mean_point([[0.0, 0.0], [180.0, 0.0]])
    with pytest.raises(NotEnoughDataError, match="no mean"):
        geometric_median([[0.0, 90.0], [0.0, -90.0]])


@pytest.mark.parametrize("middle", [mean_point, geometric_median])
def test_means_refuse_nothing_and_bad_weights(middle: object) -> None:
    with pytest.raises(NotEnoughDataError, match="at least one"):
        middle(np.empty((0, 2)))
    with pytest.raises(NotEnoughDataError, match="zero"):
        middle([[0.0, 0.0]], [0.0])
    with pytest.raises(InputError, match="negative"):
        middle([[0.0, 0.0], [1.0, 1.0]], [1.0, -1.0])
    with pytest.raises(InputError, match="2 numbers"):
        middle([[0.0, 0.0], [1.0, 1.0]], [1.0])


@pytest.mark.parametrize("center", [[37.6, 55.75], [180.0, -17.0], [0.0, 90.0]])
def test_no_direction_improves_on_the_median(center: list[float]) -> None:
    """Oracle: the sum of distances itself, a metre away in every direction."""
    rng = np.random.default_rng(3)
    cloud = destination(center, rng.uniform(0, 360, 41), rng.exponential(3e4, 41))
    weights = rng.uniform(0.1, 1.0, 41)
    median = geometric_median(cloud, weights)

    def cost(point: np.ndarray) -> float:
        return float(weights @ distance_m(point, cloud))

    around = [cost(destination(median, course, 1.0)) for course in range(0, 360, 10)]
    assert cost(median) <= min(around)


def test_median_stays_on_the_majority() -> None:
    """A point with more than half the weight is the median, whatever the others say."""
    home, rng = np.array([37.6, 55.75]), np.random.default_rng(0)
    cloud = np.vstack(
        [np.tile(home, (11, 1)), destination(home, rng.uniform(0, 360, 10), rng.uniform(1e3, 5e6, 10))]
    )
    assert float(distance_m(geometric_median(cloud), home)) < 1e-2


def test_median_of_one_and_of_equal_points() -> None:
    for count in (1, 5):
        points = np.tile([12.0, -34.0], (count, 1))
        np.testing.assert_allclose(geometric_median(points), [12.0, -34.0], atol=1e-12)
