"""Boxes over the date line and the poles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.earth.boxes import Box
from whence.earth.sphere import EARTH_AREA_KM2, destination
from whence.errors import InputError, NotEnoughDataError

FIJI = Box(176.0, -21.0, -178.0, -12.0)
WORLD = Box(-180.0, -90.0, 180.0, 90.0)

longitudes = st.floats(-180.0, 180.0)
latitudes = st.floats(-90.0, 90.0)
boxes = st.builds(
    lambda west, east, lats: Box(west, min(lats), east, max(lats)),
    longitudes,
    longitudes,
    st.tuples(latitudes, latitudes),
)


def test_contains_over_the_date_line() -> None:
    points = [[178.0, -18.0], [-179.0, -18.0], [180.0, -18.0], [-180.0, -18.0], [0.0, -18.0], [178.0, -30.0]]
    assert FIJI.contains(points).tolist() == [True, True, True, True, False, False]
    assert (FIJI.width_deg, FIJI.crosses_antimeridian) == (6.0, True)
    np.testing.assert_allclose(FIJI.center, [179.0, -16.5])


@given(boxes)
def test_edges_belong_to_the_box(box: Box) -> None:
    corners = [[lon, lat] for lon in (box.west, box.east) for lat in (box.south, box.north)]
    assert box.contains(corners).all()


@given(boxes, st.tuples(longitudes, latitudes))
def test_the_parts_hold_what_the_box_holds(box: Box, point: tuple[float, float]) -> None:
    """Oracle: plain comparisons in boxes that do not cross, with both names of the date line."""
    names = {point[0], -point[0]} if abs(point[0]) == 180.0 else {point[0]}
    plain = any(
        (part.west <= name <= part.east or abs(point[1]) == 90.0) and part.south <= point[1] <= part.north
        for part in box.parts()
        for name in names
    )
    assert bool(box.contains(point)) == plain


def test_a_pole_has_every_longitude() -> None:
    cap = Box(10.0, 80.0, 20.0, 90.0)
    assert cap.contains([-150.0, 90.0])
    assert not cap.contains([-150.0, 89.9])


def test_area_closed_forms() -> None:
    assert WORLD.area_m2 / 1e6 == pytest.approx(EARTH_AREA_KM2, rel=1e-12)
    assert Box(0.0, 0.0, 90.0, 90.0).area_m2 / 1e6 == pytest.approx(EARTH_AREA_KM2 / 8.0, rel=1e-12)
    assert sum(part.area_m2 for part in FIJI.parts()) == pytest.approx(FIJI.area_m2, rel=1e-12)
    tiny = Box(10.0, 89.999999, 10.000001, 90.0)
    assert tiny.area_m2 == pytest.approx(
        0.5 * np.deg2rad(1e-6) * (np.deg2rad(1e-6) * 6371008.8) ** 2, rel=1e-4
    )


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([[170.0, 1.0], [-170.0, 3.0]], Box(170.0, 1.0, -170.0, 3.0)),
        ([[-10.0, 1.0], [20.0, 3.0]], Box(-10.0, 1.0, 20.0, 3.0)),
        ([[5.0, 6.0]], Box(5.0, 6.0, 5.0, 6.0)),
        ([[180.0, 0.0], [-180.0, 1.0]], Box(180.0, 0.0, -180.0, 1.0)),
        ([[-120.0, 0.0], [0.0, 0.0], [110.0, 0.0]], Box(-120.0, 0.0, 110.0, 0.0)),
        ([[-100.0, 0.0], [60.0, 0.0], [170.0, 0.0]], Box(60.0, 0.0, -100.0, 0.0)),
        ([[77.0, 90.0], [10.0, 80.0], [12.0, 80.0]], Box(10.0, 80.0, 12.0, 90.0)),
        ([[77.0, 90.0], [10.0, 90.0]], Box(77.0, 90.0, 77.0, 90.0)),
    ],
)
def test_smallest_box_round_points(points: list[list[float]], expected: Box) -> None:
    assert Box.of_points(points) == expected


@settings(max_examples=50)
@given(st.lists(st.tuples(longitudes, st.floats(-89.0, 89.0)), min_size=1, max_size=8))
def test_the_box_of_points_holds_them_and_is_the_narrowest(points: list[tuple[float, float]]) -> None:
    """Oracle: every box that starts at one point's longitude and reaches to the farthest of the others."""
    box = Box.of_points(points)
    assert box.contains(points).all()
    lons = np.array(points)[:, 0]
    narrowest = min(float(((lons - start) % 360.0).max()) for start in lons)
    assert box.width_deg == pytest.approx(narrowest, abs=1e-8)


def test_box_round_boxes() -> None:
    assert Box.around([Box(170, 0, 180, 1), Box(-180, 0, -175, 2)]) == Box(170, 0, -175, 2)
    assert Box.around([Box(-180, -5, 180, 5), Box(3, 0, 4, 9)]) == Box(-180, -5, 180, 9)
    assert Box.around([Box(0, 0, 120, 1), Box(110, 0, -130, 1), Box(-140, 0, 10, 1)]) == Box(-180, 0, 180, 1)
    assert Box.around([FIJI]) == FIJI
    assert Box.around([Box(-20, 0, 30, 1), Box(0, 0, 5, 1)]) == Box(-20, 0, 30, 1)


@settings(max_examples=100)
@given(boxes, st.floats(0.0, 3e6), st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 360.0))
def test_the_margin_is_kept_in_every_direction(
    box: Box, margin: float, u: float, v: float, course: float
) -> None:
    """Whatever lies within the margin of any point of the box lies in the expanded box."""
    lon = (box.west + u * box.width_deg + 180.0) % 360.0 - 180.0
    inside = np.array([lon, box.south + v * (box.north - box.south)])
    assert box.expand(margin + 1e-3).contains(destination(inside, course, margin))


def test_expanding_is_tight_on_the_equator() -> None:
    grown = Box(0.0, 0.0, 0.0, 0.0).expand(111_195.08)
    np.testing.assert_allclose([grown.west, grown.south, grown.east, grown.north], [-1, -1, 1, 1], atol=1e-5)
    assert Box(170.0, 0.0, 179.9, 1.0).expand(1e5).crosses_antimeridian


def test_refusals() -> None:
    with pytest.raises(InputError, match="west, south, east, north"):
        Box(0.0, 10.0, 1.0, 5.0)
    with pytest.raises(InputError, match="box corners"):
        Box(0.0, np.nan, 1.0, 5.0)
    with pytest.raises(InputError, match="wrap_longitude_deg"):
        Box(170.0, 0.0, 190.0, 5.0)
    with pytest.raises(NotEnoughDataError):
        Box.of_points([])
    with pytest.raises(NotEnoughDataError):
        Box.around([])
    with pytest.raises(InputError, match="margin"):
        FIJI.expand(-1.0)
