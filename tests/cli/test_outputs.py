"""The files that `whence locate --out` writes, read by other programs' libraries."""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path

import pyarrow.parquet
import pytest

COLUMNS = [
    "img_path", "gt_lat", "gt_lon", "pred_lat", "pred_lon", "error_m", "radius_m", "probability",
    "sources", "status",
]  # fmt: skip


@pytest.fixture
def located(run, photos):
    """A run with truths that writes every kind of file."""
    table = photos / "truth.csv"
    table.write_text("img_path,lat,lon\na_gps.jpg,55.699,13.195\nb_plain.jpg,10,20\n")
    outputs = [f"out.{ending}" for ending in ("csv", "parquet", "geojson", "html", "json")]
    arguments = [part for name in outputs for part in ("--out", name)]
    return run("locate", photos, "--table", table, "--sources", "exif", *arguments)


def test_the_csv_has_every_row_and_the_columns_in_order(located, tmp_path):
    """Oracle of the error: 0.001° of latitude at 55.7° on WGS 84 is 111.34 m."""
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == COLUMNS
    assert [Path(row["img_path"]).name[0] for row in rows] == list("abcde")
    assert float(rows[0]["error_m"]) == pytest.approx(111.34, abs=0.05)
    assert rows[0]["sources"] == "exif"
    assert (rows[1]["pred_lat"], rows[1]["gt_lon"], rows[1]["status"]) == ("", "20.0", "no evidence")


def test_parquet_equals_csv(located, tmp_path):
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    table = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert table.column_names == COLUMNS
    rows = [
        {key: "" if value is None else str(value) for key, value in row.items()} for row in table.to_pylist()
    ]
    assert rows == expected


def test_geojson_has_a_feature_for_every_photograph(located, tmp_path):
    collection = json.loads((tmp_path / "out.geojson").read_text("utf-8"))
    assert collection["type"] == "FeatureCollection"
    names = {Path(item["properties"]["img_path"]).name for item in collection["features"]}
    assert {name[0] for name in names} == set("abcde")
    point = next(f["geometry"] for f in collection["features"] if f["geometry"] is not None)
    assert point == {"type": "Point", "coordinates": pytest.approx([13.195, 55.698], abs=1e-6)}


def test_json_holds_estimates_and_evaluation(located, tmp_path):
    values = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert len(values["estimates"]) == 5
    assert values["evaluation"]["located"] == 1
    assert {"status", "hypotheses", "evidence", "problems", "belief"} <= values["estimates"][0].keys()


def test_the_map_needs_no_network(located, tmp_path):
    page = (tmp_path / "out.html").read_text("utf-8")
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", page)
    assert all(name in page for name in ("a_gps.jpg", "e_text.jpg"))


def test_nothing_but_the_results_is_left_behind(located, tmp_path):
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"photos", "out.csv", "out.parquet", "out.geojson", "out.html", "out.json"}


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_evaluate_repeats_the_figures_of_locate(located, run, name):
    again = run("evaluate", name)
    assert again.exit_code == 0
    assert again.stdout in located.stdout
    assert "111 m" in again.stdout
    values = json.loads(run("evaluate", name, "--json").stdout)
    assert (values["rows"], values["with_truth"], values["located"]) == (5, 2, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("img_path,lat,lon\na,1,2\n", "no column pred_lat, pred_lon"),
        ("img_path,pred_lat,pred_lon\na,1,2\n", "none of the 1 rows has a true position"),
        ("img_path,pred_lat,pred_lon,lat,lon\na,91,2,1,2\n", "row 2: pred_lat 91"),
        ("img_path,pred_lat,pred_lon,lat,lon\na,x,2,1,2\n", "'x', which is not a number"),
    ],
)
def test_evaluate_says_what_is_wrong_with_a_table(run, tmp_path, content, said):
    (tmp_path / "results.csv").write_text(content)
    result = run("evaluate", "results.csv")
    assert result.exit_code == 2
    assert said in result.stderr


def test_evaluate_knows_the_protocols(run, tmp_path):
    (tmp_path / "results.csv").write_text("img_path,pred_lat,pred_lon,lat,lon\na,0,0,0,1\n")
    result = run("evaluate", "results.csv", "--protocol", "mine")
    assert result.exit_code == 2
    assert "osv5m" in result.stderr
    assert run("evaluate", "results.csv", "--protocol", "osv5m").exit_code == 0


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no such device")
def test_a_device_is_not_replaced_by_a_file(run, photos, tmp_path):
    (tmp_path / "full.csv").symlink_to("/dev/full")
    result = run("locate", photos, "--sources", "exif", "--out", "full.csv")
    assert result.exit_code == 2
    assert "a device or pipe" in result.stderr
    assert Path("/dev/full").is_char_device()


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_told_before_the_work(run, photos, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    result = run("locate", photos, "--sources", "exif", "--out", locked / "out.csv")
    assert result.exit_code == 2
    assert "cannot be written to" in result.stderr
