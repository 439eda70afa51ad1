"""GeoJSON: the rules of RFC 7946, and circles that are circles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from whence.earth.region import Region
from whence.earth.sphere import distance_m
from whence.report.geojson import write_geojson

if TYPE_CHECKING:
    from whence.photos.estimate import Estimate


@pytest.fixture
def collection(tmp_path: Path, estimates: list[Estimate]) -> dict[str, Any]:
    write_geojson(tmp_path / "all.geojson", estimates, radii=True)
    content = json.loads((tmp_path / "all.geojson").read_text(encoding="utf-8"))
    assert content["type"] == "FeatureCollection"
    return dict(content)


def _features(collection: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [feature for feature in collection["features"] if feature["properties"]["kind"] == kind]


def test_every_hypothesis_is_a_point_with_its_rank(
    collection: dict[str, Any], estimates: list[Estimate]
) -> None:
    points = _features(collection, "hypothesis")
    expected = [
        (rank, hypothesis) for e in estimates for rank, hypothesis in enumerate(e.hypotheses, start=1)
    ]
    assert len(points) == len(expected)
    for feature, (rank, hypothesis) in zip(points, expected, strict=True):
        assert feature["geometry"]["type"] == "Point"
        position = (hypothesis.longitude_deg, hypothesis.latitude_deg)
        assert feature["geometry"]["coordinates"] == pytest.approx(position, abs=1e-8)
        assert feature["properties"]["rank"] == rank
        assert feature["properties"]["probability"] == pytest.approx(hypothesis.probability, abs=1e-6)
        assert feature["properties"]["evidence"][0]["sentence"]


def test_photographs_without_an_answer_keep_a_feature_without_geometry(
    collection: dict[str, Any],
) -> None:
    lost = _features(collection, "not located")
    assert [feature["geometry"] for feature in lost] == [None, None]
    assert [feature["properties"]["status"] for feature in lost] == [
        "unreadable: the file is empty",
        "no evidence",
    ]
    assert lost[1]["properties"]["problems"] == ["The position 0, 0 is not believed."]


def test_circles_have_their_radius_and_stay_within_the_sheet(collection: dict[str, Any]) -> None:
    for kind, radius in [("radius", "radius_m"), ("own radius", "own_radius_m")]:
        for feature in _features(collection, kind):
            polygon = shape(feature["geometry"])
            assert polygon.is_valid
            west, south, east, north = polygon.bounds
            assert -180 <= west <= east <= 180
            assert -90 <= south <= north <= 90
            points = [
                point for point in _features(collection, "hypothesis")
                if (point["properties"]["img_path"], point["properties"]["rank"])
                == (feature["properties"]["img_path"], feature["properties"]["rank"])
            ]  # fmt: skip
            rim = shapely.get_coordinates(polygon)
            inner = rim[(np.abs(rim[:, 0]) < 179.999) & (np.abs(rim[:, 1]) < 89.999)]
            distances = distance_m(points[0]["geometry"]["coordinates"], inner)
            assert distances == pytest.approx(feature["properties"][radius], rel=5e-4)


def test_a_circle_over_the_date_line_is_cut_in_two(collection: dict[str, Any]) -> None:
    fiji = [f for f in _features(collection, "radius") if "alert" in f["properties"]["img_path"]]
    assert fiji[0]["geometry"]["type"] == "MultiPolygon"


def test_outer_rings_run_counterclockwise(collection: dict[str, Any]) -> None:
    for feature in _features(collection, "own radius"):
        for polygon in shapely.get_parts(shape(feature["geometry"])):
            assert polygon.exterior.is_ccw


def test_what_is_written_can_be_read_as_regions(tmp_path: Path, estimates: list[Estimate]) -> None:
    circle = next(f for f in _circles(tmp_path, estimates[:1]) if f["properties"]["kind"] == "radius")
    region = Region.from_geojson(circle)
    radius_km = estimates[0].hypotheses[0].radius_m / 1000
    assert region.area_km2 == pytest.approx(np.pi * radius_km**2, rel=1e-3)


def _circles(folder: Path, estimates: list[Estimate]) -> list[dict[str, Any]]:
    write_geojson(folder / "one.geojson", estimates, radii=True)
    return list(json.loads((folder / "one.geojson").read_text(encoding="utf-8"))["features"])


def test_an_empty_list_is_an_empty_collection(tmp_path: Path) -> None:
    write_geojson(tmp_path / "none.geojson", [])
    assert json.loads((tmp_path / "none.geojson").read_text())["features"] == []
