"""Regions against distances, areas in closed form and slow loops."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.earth.boxes import Box
from whence.earth.region import Region
from whence.earth.sphere import (
    EARTH_AREA_KM2,
    EARTH_RADIUS_M,
    destination,
    distance_m,
    from_unit_vectors,
    to_unit_vectors,
)
from whence.errors import InputError, NotFoundError

TAVEUNI = [[179.0, -17.5], [-179.0, -17.5], [-179.0, -16.0], [179.0, -16.0]]  # rectangle over the date line


def anywhere(count: int, seed: int = 0) -> np.ndarray:
    """Positions uniform on the sphere."""
    return from_unit_vectors(np.random.default_rng(seed).normal(size=(count, 3)))


def polygon(ring: list[list[float]], *holes: list[list[float]]) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": [[*each, each[0]] for each in (ring, *holes)]}


CIRCLES = [
    ([0.0, 0.0], 1e6),
    ([179.9, 10.0], 1e6),
    ([40.0, 89.9], 1e5),
    ([5.0, 60.0], 3.34e6),
    ([-60.0, -89.999], 5e5),
    ([0.0, 90.0], 1e6),
    ([-180.0, -90.0], 1e6),
    ([100.0, -80.0], 1.2e7),
    ([0.0, 0.0], 1.5e7),
    ([37.6, 55.75], 500.0),
]


@pytest.mark.parametrize(("center", "radius_m"), CIRCLES)
def test_circles_hold_what_is_near_enough(center: list[float], radius_m: float) -> None:
    """Oracle: the distance to the centre; the edge may be off by 2e-4 of the radius, as stated."""
    region, rng = Region.circle(center, radius_m), np.random.default_rng(0)
    near = destination(center, rng.uniform(0, 360, 20_000), radius_m * rng.uniform(0.9, 1.1, 20_000))
    points = np.concatenate([anywhere(20_000), near])
    from_center = distance_m(points, center)
    clear = np.abs(from_center - radius_m) > 2e-4 * radius_m
    np.testing.assert_array_equal(region.contains(points)[clear], (from_center < radius_m)[clear])
    cap_km2 = EARTH_AREA_KM2 * np.sin(radius_m / EARTH_RADIUS_M / 2.0) ** 2
    assert region.area_km2 == pytest.approx(cap_km2, rel=1e-4)


@pytest.mark.parametrize(("center", "radius_m"), CIRCLES)
def test_distance_to_a_circle_is_what_is_left_of_the_way(center: list[float], radius_m: float) -> None:
    points = anywhere(300, seed=2)
    expected = np.maximum(distance_m(points, center) - radius_m, 0.0)
    np.testing.assert_allclose(
        Region.circle(center, radius_m).distance_m(points), expected, atol=2.0 + 2e-4 * radius_m
    )


def test_distance_to_the_outline_equals_a_slow_search() -> None:
    """Oracle: every edge of a ragged outline walked in steps of some 20 m."""
    rng = np.random.default_rng(4)
    ring = destination([179.5, 65.0], np.sort(rng.uniform(0, 360, 25)), rng.uniform(2e4, 9e4, 25))
    region = Region.from_polygon(ring)
    around = destination([179.5, 65.0], rng.uniform(0, 360, 200), rng.uniform(1e3, 3e5, 200))
    lon = ring[:, 0] % 360.0
    share = np.linspace(0.0, 1.0, 4000)[:, np.newaxis]
    corners = np.column_stack([lon, ring[:, 1]])
    walk = [a + share * (b - a) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    dense = np.concatenate(walk)
    dense[:, 0] = (dense[:, 0] + 180.0) % 360.0 - 180.0
    vectors = to_unit_vectors(dense)
    for point, got in zip(around, region.distance_m(around), strict=True):
        chord = np.linalg.norm(vectors - to_unit_vectors(point), axis=1).min()
        slow = 0.0 if region.contains(point) else 2.0 * EARTH_RADIUS_M * np.arcsin(chord / 2.0)
        assert got == pytest.approx(slow, abs=25.0)
        assert got <= slow + 2.0


def test_the_date_line_has_two_names() -> None:
    region = Region.from_polygon(TAVEUNI)
    assert region.contains([[180.0, -17.0], [-180.0, -17.0], [179.5, -17.0], [-179.5, -17.0]]).all()
    assert not region.contains([[0.0, -17.0], [178.9, -17.0], [-178.9, -17.0], [180.0, -18.0]]).any()
    assert region.bounds == Box(179.0, -17.5, -179.0, -16.0)
    west_only = Region.from_box(Box(179.0, 0.0, 180.0, 1.0))
    assert west_only.contains([-180.0, 0.5])


@pytest.mark.parametrize(
    "ring",
    [
        TAVEUNI,
        TAVEUNI[::-1],
        [[179.0, -17.5], [181.0, -17.5], [181.0, -16.0], [179.0, -16.0]],
        [[-181.0, -17.5], [-179.0, -17.5], [-179.0, -16.0], [-181.0, -16.0]],
        [[179.0, -17.5], [180.0, -17.5], [-180.0, -17.5], [-179.0, -17.5], [-179.0, -16.0], [179.0, -16.0]],
    ],
)
def test_crossing_rings_in_every_dialect_of_geojson(ring: list[list[float]]) -> None:
    region = Region.from_geojson(polygon(ring))
    assert region.area_km2 == pytest.approx(Box(179.0, -17.5, -179.0, -16.0).area_m2 / 1e6, rel=1e-12)
    assert region.bounds == Box(179.0, -17.5, -179.0, -16.0)
    assert region.geometry.bounds[0] >= -180.0
    assert region.geometry.bounds[2] <= 180.0


def test_a_hole_over_the_date_line() -> None:
    hole = [[179.8, -17.0], [-179.8, -17.0], [-179.8, -16.5], [179.8, -16.5]]
    region = Region.from_geojson(polygon(TAVEUNI, hole))
    expected = Box(179.0, -17.5, -179.0, -16.0).area_m2 - Box(179.8, -17.0, -179.8, -16.5).area_m2
    assert region.area_km2 == pytest.approx(expected / 1e6, rel=1e-12)
    assert not region.contains([180.0, -16.8])
    assert region.contains([179.5, -16.8])
    assert float(region.distance_m([180.0, -16.75])) == pytest.approx(
        0.2 * 111_195 * np.cos(np.deg2rad(16.75)), rel=0.01
    )


def test_a_hole_on_one_side_of_a_polygon_that_crosses() -> None:
    hole = [[179.2, -17.0], [179.4, -17.0], [179.4, -16.5], [179.2, -16.5]]
    region = Region.from_geojson(polygon(TAVEUNI, hole))
    assert region.contains([[179.3, -16.8], [-179.3, -16.8], [179.5, -16.8]]).tolist() == [False, True, True]


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("start", [-170.0, 0.0, 33.0])
@pytest.mark.parametrize("way", [1, -1])
def test_a_ring_round_the_earth_holds_its_pole(sign: float, start: float, way: int) -> None:
    longitude = (start + way * np.arange(0.0, 360.0, 40.0) + 180.0) % 360.0 - 180.0
    region = Region.from_polygon(np.column_stack([longitude, np.full(9, sign * 70.0)]))
    assert region.contains([[5.0, sign * 90.0], [123.0, sign * 80.0], [-179.99, sign * 71.0]]).all()
    assert not region.contains([[5.0, sign * 69.0], [5.0, -sign * 80.0]]).any()
    cap_km2 = EARTH_AREA_KM2 * (1.0 - np.sin(np.deg2rad(70.0))) / 2.0
    assert region.area_km2 == pytest.approx(cap_km2, rel=1e-12)


def test_an_outline_drawn_along_the_map_edge_is_taken_as_drawn() -> None:
    """Antarctica as atlases draw it: down the date line, along 90° south, up again."""
    coast = [
        [180.0, -80.0],
        [90.0, -70.0],
        [0.0, -70.0],
        [-90.0, -75.0],
        [-180.0, -80.0],
        [-180.0, -90.0],
        [180.0, -90.0],
    ]
    region = Region.from_polygon(coast)
    assert region.contains([[0.0, -90.0], [45.0, -80.0], [180.0, -85.0], [0.0, -71.0]]).all()
    assert not region.contains([45.0, -60.0])
    assert region.bounds == Box(-180.0, -90.0, 180.0, -70.0)
    world = Region.from_geojson(polygon([[-180.0, -90.0], [180.0, -90.0], [180.0, 90.0], [-180.0, 90.0]]))
    assert world.area_km2 == pytest.approx(EARTH_AREA_KM2, rel=1e-12)


boxes = st.builds(
    lambda west, width, south, height: Box(
        west, south, (west + width + 180.0) % 360.0 - 180.0, south + height
    ),
    st.floats(-179.0, 179.0),
    st.floats(0.5, 350.0),
    st.floats(-89.0, 50.0),
    st.floats(0.5, 39.0),
)


@settings(max_examples=50, deadline=None)
@given(boxes, st.integers(0, 1000))
def test_a_region_of_a_box_is_the_box(box: Box, seed: int) -> None:
    region, points = Region.from_box(box), anywhere(200, seed)
    np.testing.assert_array_equal(region.contains(points), box.contains(points))
    assert region.area_km2 == pytest.approx(box.area_m2 / 1e6, rel=1e-9)
    again = Region.from_geojson(region.to_geojson())
    np.testing.assert_array_equal(again.contains(points), box.contains(points))
    drawn = region.sample(50, np.random.default_rng(seed))
    assert box.contains(drawn).all()


def test_area_of_a_sloping_edge_equals_a_sum_of_strips() -> None:
    """Oracle: the triangle under a straight line in degrees, in 200 000 strips."""
    region = Region.from_polygon([[0.0, 0.0], [60.0, 0.0], [60.0, 80.0]])
    middle = (np.arange(200_000) + 0.5) / 200_000
    strips = np.deg2rad(60.0) / 200_000 * np.sin(np.deg2rad(80.0 * middle)).sum()
    assert region.area_km2 == pytest.approx(strips * (EARTH_RADIUS_M / 1e3) ** 2, rel=1e-8)


def test_samples_are_uniform_by_area() -> None:
    """A tall box: the share south of a parallel is that of the areas, within five standard errors."""
    region, n = (
        Region.from_geometry(shapely.union_all([shapely.box(0, 0, 2, 80), shapely.box(50, 0, 50.1, 1)])),
        40_000,
    )
    drawn = region.sample(n, np.random.default_rng(0))
    assert region.contains(drawn).all()
    for limit in (10.0, 45.0, 70.0):
        share = Region.from_box(Box(0, 0, 2, limit)).area_km2 / region.area_km2
        got = float(((drawn[:, 1] < limit) & (drawn[:, 0] <= 2.0)).mean())
        assert got == pytest.approx(share, abs=5.0 * np.sqrt(share * (1 - share) / n))
    assert region.sample(0, np.random.default_rng(0)).shape == (0, 2)
    np.testing.assert_array_equal(
        region.sample(5, np.random.default_rng(7)), region.sample(5, np.random.default_rng(7))
    )


def test_contains_equals_a_ray_cast_in_a_loop() -> None:
    rng = np.random.default_rng(5)
    ring = destination([30.0, 60.0], np.sort(rng.uniform(0, 360, 40)), rng.uniform(1e5, 9e5, 40))
    points = destination([30.0, 60.0], rng.uniform(0, 360, 500), rng.uniform(0, 1e6, 500))

    def odd_crossings(x: float, y: float) -> bool:
        inside = False
        for (x1, y1), (x2, y2) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
                inside = not inside
        return inside

    expected = [odd_crossings(*point) for point in points]
    assert 50 < sum(expected) < 450
    assert Region.from_polygon(ring).contains(points).tolist() == expected


def test_shapes_of_the_answers() -> None:
    region = Region.circle([0.0, 0.0], 1e5)
    assert region.contains([0.0, 0.0]).shape == ()
    assert region.contains(np.zeros((2, 3, 2))).shape == (2, 3)
    assert region.contains(np.empty((0, 2))).shape == (0,)
    assert region.distance_m([90.0, 0.0]).shape == ()
    assert region.distance_m(np.empty((0, 2))).shape == (0,)
    assert region.distance_m(np.zeros((2, 3, 2))).tolist() == [[0.0] * 3] * 2


def test_reading_geojson(tmp_path: Path) -> None:
    feature = {
        "type": "Feature",
        "properties": {"name": "Square"},
        "geometry": polygon([[0, 0], [1, 0], [1, 1], [0, 1]]),
    }
    other = {"type": "Feature", "properties": None, "geometry": polygon([[5, 5], [6, 5], [6, 6], [5, 6]])}
    path = tmp_path / "two squares.geojson"
    path.write_text(
        "\ufeff" + json.dumps({"type": "FeatureCollection", "features": [feature, other]}), "utf-8"
    )
    both = Region.from_geojson(path)
    assert both.name == "two squares"
    assert both.contains([[0.5, 0.5], [5.5, 5.5], [3.0, 3.0]]).tolist() == [True, True, False]
    assert Region.from_geojson(feature).name == "Square"
    assert Region.from_geojson(feature, name="mine").name == "mine"
    assert Region.from_geojson({**feature, "crs": {"properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not GeoJSON"),
        ("[1, 2]", "not an object"),
        ('{"a": 1}', "no type"),
        ('{"type": "FeatureCollection", "features": []}', "no features"),
        ('{"type": "Point", "coordinates": [0, 0]}', "feature 1 is a Point"),
        ('{"type": "Feature", "geometry": null}', "feature 1 is a feature without a place"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], "x"]]}', "feature 1"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], [4e5, 6e6], [4e5, 0], [0, 0]]]}', "corner 1"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}', "repair=True"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0], [0, 0]]]}', ""),
        ('{"type": "Polygon", "coordinates": [], "crs": {"properties": {"name": "EPSG:3857"}}}', "ogr2ogr"),
        ('{"type": "Polygon", "coordinates": []}', "empty"),
    ],
)
def test_geojson_that_is_no_region_is_refused(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "region.geojson"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError) as caught:
        Region.from_geojson(path)
    assert words in str(caught.value)


def test_other_refusals(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file"):
        Region.from_geojson(tmp_path / "nowhere.geojson")
    with pytest.raises(InputError, match="not of a LineString"):
        Region.from_geometry(shapely.LineString([[0, 0], [1, 1]]))
    with pytest.raises(InputError, match="three corners"):
        Region.from_polygon([[0, 0], [1, 1]])
    with pytest.raises(InputError, match="times round"):
        Region.from_polygon(
            np.column_stack([(np.arange(0.0, 720.0, 90.0) + 180) % 360 - 180 + 0.1, np.arange(8.0)])
        )
    with pytest.raises(InputError, match="half the way round"):
        Region.circle([0.0, 0.0], 3e7)
    with pytest.raises(InputError, match="one center"):
        Region.circle([[0.0, 0.0]], 1.0)
    with pytest.raises(InputError, match="no area"):
        Region.from_box(Box(0.0, 0.0, 0.0, 5.0))


def test_mending_only_on_request() -> None:
    bow_tie = [[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    with pytest.raises(InputError, match="Self-intersection"):
        Region.from_polygon(bow_tie)
    mended = Region.from_polygon(bow_tie, repair=True)
    assert mended.area_km2 == pytest.approx(Box(0, 0, 1, 1).area_m2 / 2e6, rel=1e-3)
    assert mended.contains([[0.1, 0.5], [0.5, 0.1], [0.9, 0.5]]).tolist() == [True, False, True]
