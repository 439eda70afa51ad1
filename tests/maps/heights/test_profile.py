"""Profiles: a plane along straight and bent lines, in degrees and in a file; what is no line is refused."""

from __future__ import annotations

import csv
import json

import numpy as np
import PIL.Image
import pytest
from numpy.testing import assert_allclose

from whence.earth.crs import Crs
from whence.earth.ellipsoid import geodesic_distance_m
from whence.errors import InputError, NotFoundError
from whence.maps.heights import Lattice, write_model
from whence.maps.heights.profile import profile_along, read_line, write_profile
from whence.report.height_figures import profile_figure, write_profile_figure

ZONE = Crs.parse("EPSG:32633")
LATTICE = Lattice(500_000.0, 6_000_000.0, 20.0, 100, 80)


@pytest.fixture
def models(tmp_path):
    """A plane, and one that lies 3 m lower with a hole."""
    heights = 200 + (LATTICE.centres() - [501_000.0, 5_999_200.0]) @ [0.1, -0.05]
    write_model(tmp_path / "new.tif", heights, LATTICE, crs=ZONE)
    heights[30:50, 45:55] = np.nan
    write_model(tmp_path / "old.tif", heights - 3, LATTICE, crs=ZONE)
    return tmp_path / "new.tif", tmp_path / "old.tif"


def text_of(world: np.ndarray) -> str:
    return ";".join(f"{lon:.9f},{lat:.9f}" for lon, lat in ZONE.to_lonlat(world))


BENT = np.array([[500_100.0, 5_999_200], [501_900, 5_999_200], [501_900, 5_998_600]])


def test_heights_along_a_plane(models) -> None:
    """Oracle: the plane; lengths of the legs by geodesics."""
    found = profile_along(text_of(BENT), *models)
    lonlat = ZONE.to_lonlat(BENT)
    legs = geodesic_distance_m(lonlat[:-1], lonlat[1:])
    assert found.distances_m[-1] == pytest.approx(legs.sum())
    corner = np.flatnonzero(np.isclose(found.distances_m, legs[0]))
    assert_allclose(found.world[corner[0]], BENT[1], atol=1e-3)
    expected = 200 + (found.world - [501_000.0, 5_999_200.0]) @ [0.1, -0.05]
    assert_allclose(found.heights_m["new"], expected, atol=1e-3)
    old = found.heights_m["old"]
    assert 5 < np.isnan(old).sum() < 60
    assert_allclose(old[np.isfinite(old)], expected[np.isfinite(old)] - 3, atol=1e-3)
    assert np.diff(found.distances_m).max() <= 10.01


def test_table_and_drawing(models, tmp_path) -> None:
    found = profile_along(text_of(BENT), *models)
    write_profile(tmp_path / "p.csv", found)
    with (tmp_path / "p.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["distance_m", "easting", "northing", "new_m", "old_m", "difference_m"]
    assert {row["difference_m"] for row in rows} == {"3.0", ""}
    write_profile_figure(tmp_path / "p.png", found)
    with PIL.Image.open(tmp_path / "p.png") as image:
        assert image.width > 1000
    drawn = [line.get_xydata() for line in profile_figure(found).axes[0].lines]
    assert_allclose(drawn[0], np.stack([found.distances_m, found.heights_m["new"]], axis=1))


def test_a_line_of_a_file_in_another_system(models, tmp_path) -> None:
    """Oracle: the same line as text."""
    world = Crs.parse("EPSG:3035").from_lonlat(ZONE.to_lonlat(BENT))
    line = {"type": "LineString", "coordinates": world.tolist()}
    content = {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3035"}},
        "features": [{"type": "Feature", "properties": {}, "geometry": line}],
    }
    (tmp_path / "line.geojson").write_text(json.dumps(content))
    by_file, by_text = (profile_along(one, models[0]) for one in (tmp_path / "line.geojson", text_of(BENT)))
    assert_allclose(by_file.world, by_text.world, atol=1e-2)
    assert_allclose(by_file.heights_m["new"], by_text.heights_m["new"], atol=1e-2)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("15.0,54.1", "two or more"),
        ("15.0;54.1", "two or more"),
        ("a,b;c,d", "lon,lat"),
        ("500100,5999200;500200,5999300", "not in degrees"),
        ("15.01,54.13;15.01,54.13", "no length"),
        ("25.0,54.1;25.1,54.1", "none of the"),
        ("no-such.geojson", "there is no file"),
    ],
)
def test_what_is_no_line_is_refused(models, line: str, message: str) -> None:
    with pytest.raises((InputError, NotFoundError), match=message):
        profile_along(line, models[0])


def test_spaces_and_a_last_semicolon_do_no_harm() -> None:
    assert_allclose(read_line("10.4, 44.8 10.5,44.9")[0], [[10.4, 44.8], [10.5, 44.9]])
    assert_allclose(read_line(" 10.4 , 44.8 ; 10.5,44.9 ;")[0], [[10.4, 44.8], [10.5, 44.9]])
