"""whence aerial polygons through the real entry point."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from whence.aerial.polygons.files import read_layer


@pytest.fixture
def classes(tmp_path):
    """Two roofs of 100 m² on ground, and a speck of 1 m²."""
    ids = np.zeros((80, 80), np.uint8)
    ids[10:30, 10:30] = ids[50:70, 40:60] = 1
    ids[5:7, 70:72] = 1
    path = tmp_path / "classes.tif"
    settings = {"crs": "EPSG:32636", "transform": from_origin(500000.0, 36000.0, 0.5, 0.5), "nodata": 255}
    with rasterio.open(path, "w", width=80, height=80, count=1, dtype="uint8", **settings) as file:
        file.write(ids, 1)
    return path


def test_roofs_become_polygons(run, classes, tmp_path):
    result = run(
        "aerial", "polygons", classes, "--out", "roofs.gpkg", "--scheme", "buildings",
        "--classes", "building", "--min-area", "10", "--right-angles", "building",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "building: 2 polygons, 200.0 m²\n"
    assert "areas in the plane of EPSG:32636" in result.stderr
    assert read_layer(tmp_path / "roofs.gpkg").columns["area_m2"].tolist() == [100.0, 100.0]


def test_json_tells_the_same(run, classes):
    result = run("aerial", "polygons", classes, "--out", "land.parquet", "--json")
    values = json.loads(result.stdout)
    assert values["unit"] == "m"
    assert values["classes"]["class 1"] == {"polygons": 3, "area": 201.0}
    assert values["classes"]["class 0"]["area"] == 1600.0 - 201.0


def test_an_empty_file_is_told(run, classes):
    result = run("aerial", "polygons", classes, "--out", "land.gpkg", "--min-area", "1e9")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no polygons: all 6400 pixels lie in parts below the least area" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--out", "land.txt"), "'txt' is no format"),
        (("--out", "land.gpkg", "--classes", "lake", "--scheme", "buildings"), "no class 'lake'"),
        (("--out", "land.gpkg", "--edge", "1"), "--edge goes with --separate"),
        (("--out", "none/land.gpkg"), "no folder"),
    ],
)
def test_what_the_user_can_mend_has_status_2(run, classes, tmp_path, arguments, words):
    result = run("aerial", "polygons", classes, *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["classes.tif"]
