"""The parts: chance against SciPy, planes and systems against PROJ, tables and files of places."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyproj
import pytest
from scipy.stats import binom

from whence.earth import Crs
from whence.errors import InputError, MissingExtraError, NotFoundError
from whence.maps.landmarks import Landmark, Landmarks, read_landmarks
from whence.maps.landmarks.chance import log10_tail, log10_tail_bound, log10_tries
from whence.maps.landmarks.place_files import read_places
from whence.maps.landmarks.planes import PLANES
from whence.maps.landmarks.systems import choose_system
from whence.maps.landmarks.tables import landmarks_of_json, write_landmarks

SIZE_PX = (4000, 3000)


def test_tails_are_those_of_the_binomial_distribution() -> None:
    for n in (2, 10, 60):
        for p in (1e-6, 0.01, 0.3):
            m = np.arange(n + 1)
            expected = binom.logsf(m - 1, n, p) / np.log(10)
            shown = expected > -250  # beyond it the bound stands in
            assert log10_tail(m, n, p)[shown] == pytest.approx(expected[shown], abs=1e-9)
            assert (log10_tail_bound(m, n, p) >= log10_tail(m, n, p) - 1e-9).all()
    # Far beyond what float64 holds: all of 200 at 1e-3.
    assert float(log10_tail(200, 200, 1e-3)) == pytest.approx(-600)
    assert 10 ** log10_tries(6, 3) == pytest.approx(20)


@pytest.mark.parametrize("middle", [(13.0, 55.0), (-65.0, -33.0), (179.0, 12.0)])
def test_planes_are_those_of_proj_on_a_sphere(middle: tuple[float, float]) -> None:
    lonlat = np.array(middle) + np.random.default_rng(0).uniform(-15, 15, (30, 2))
    where = f"+lat_0={middle[1]} +lon_0={middle[0]} +lat_1={middle[1]} +lat_ts={middle[1]} +R=1 +units=m"
    projections = {"azimuthal": "stere", "conic": "lcc", "mercator": "merc", "plate carrée": "eqc"}
    for name, plane in PLANES.items():
        definition = f"+proj={projections[name]} {where}"
        if name == "azimuthal":
            definition = definition.replace(f"+lat_ts={middle[1]} ", "")
        expected = np.column_stack(pyproj.Proj(definition)(*lonlat.T))
        found = plane(lonlat, np.array(middle))
        shift = [0.0, np.deg2rad(middle[1])] if name == "plate carrée" else 0.0  # PROJ counts from the middle
        assert found == pytest.approx(expected + shift, abs=1e-9), name


@pytest.mark.parametrize(
    ("definition", "method"),
    [
        ("+proj=lcc +lat_0=45 +lon_0=5 +lat_1=39 +lat_2=51 +datum=WGS84", "Conic Conformal"),
        ("+proj=laea +lat_0=45 +lon_0=5 +datum=WGS84", "Azimuthal Equal Area"),
        ("+proj=merc +lon_0=5 +datum=WGS84", "Mercator"),
        ("OGC:CRS84", None),
    ],
)
def test_the_projection_of_a_large_sheet_is_recognised(definition: str, method: str | None) -> None:
    rng = np.random.default_rng(0)
    lonlat = np.column_stack([rng.uniform(-15, 25, 40), rng.uniform(35, 56, 40)])
    world = Crs.parse(definition).from_lonlat(lonlat)
    pixels = 3000 * (world - world.min(axis=0)) / np.ptp(world, axis=0).max() * [1, -1]
    found = pyproj.CRS.from_wkt(choose_system(pixels, lonlat).wkt)
    operation = found.coordinate_operation
    assert (operation.method_name if operation else None) == method or method in operation.method_name


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    given = Landmarks(
        (Landmark('Växjö, "new"|Wexiö', (10.5, 20.25), 3.0, (4, -1.5)), Landmark("東京", (1, 2))), SIZE_PX
    )
    write_landmarks(tmp_path / "names.csv", given)
    assert read_landmarks(tmp_path / "names.csv", size_px=SIZE_PX) == given


def test_tables_name_the_line_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    file.write_text("name;x;y\nLund;1,5;2\n;3;4\n", "utf-8")
    with pytest.raises(InputError, match="line 3: no name"):
        read_landmarks(file)
    file.write_text("name,column\nLund,1\n", "utf-8")
    with pytest.raises(InputError, match="no column row"):
        read_landmarks(file)
    file.write_text('{"gcps": [[1, 2, "Lund"]]}', "utf-8")
    with pytest.raises(InputError, match="point 1"):
        read_landmarks(file)
    with pytest.raises(NotFoundError, match="no file"):
        read_landmarks(tmp_path / "none.csv")
    with pytest.raises(InputError, match="2 maps"):
        landmarks_of_json([{}, {}])


def test_places_of_geojson(tmp_path: Path) -> None:
    square = [[[10.0, 50.0], [12.0, 50.0], [12.0, 52.0], [10.0, 50.0]]]
    church = {"name": "St. Mary", "alt_name": "Marienkirche;Our Lady"}
    features = [
        {"properties": church, "geometry": {"type": "Point", "coordinates": [9.0, 48.0]}},
        {"properties": {"NAME": "Wood"}, "geometry": {"type": "Polygon", "coordinates": square}},
        {"properties": {"height": 3}, "geometry": {"type": "Point", "coordinates": [1.0, 1.0]}},
    ]
    file = tmp_path / "places.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    found = read_places(file)
    assert len(found) == 4
    assert found.places("our LADY", limit=5)[0][1:3] == (9.0, 48.0)
    assert found.places("Wood", limit=5)[0][1:3] == (11.0, 51.0)
    assert found.places("Saint Mary", limit=5)[0].label == "St. Mary"
    assert found.places("Nowhere", limit=5) == []


def test_places_of_osm(tmp_path: Path) -> None:
    file = tmp_path / "town.osm"
    file.write_text(
        '<osm><node id="1" lat="48" lon="9"><tag k="name" v="Mill"/><tag k="name:sv" v="Kvarn"/></node>'
        '<node id="2" lat="49" lon="11"/><way id="3"><nd ref="1"/><nd ref="2"/>'
        '<tag k="name" v="Lane"/></way></osm>',
        "utf-8",
    )
    found = read_places(file)
    assert found.places("Kvarn", limit=1)[0][1:3] == (9.0, 48.0)
    assert found.places("lane", limit=1)[0][1:3] == (10.0, 48.5)
    file.write_text("<osm><node id='1'", "utf-8")
    with pytest.raises(InputError, match="broken OSM XML"):
        read_places(file)


def test_files_of_places_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "places.geojson"
    for content, reason in (
        ("{", "not GeoJSON"),
        ('{"type": "Point"}', "FeatureCollection"),
        ('{"features": [], "crs": "EPSG:2180"}', "another coordinate system"),
        ('{"features": []}', "no place with a name"),
        ('{"features": [{"properties": {"name": "A"}, "geometry": {"coordinates": [5e5, 6e6]}}]}', "degrees"),
        ('{"features": [{"properties": {"name": "A"}, "geometry": {"coordinates": ["x"]}}]}', "no position"),
    ):
        file.write_text(content, "utf-8")
        with pytest.raises(InputError, match=reason):
            read_places(file)
    with pytest.raises(NotFoundError):
        read_places(tmp_path / "none.osm")
    monkeypatch.setitem(__import__("sys").modules, "pyogrio", None)
    (tmp_path / "a.gpkg").write_bytes(b"")
    with pytest.raises(MissingExtraError, match="ogr2ogr"):
        read_places(tmp_path / "a.gpkg")
