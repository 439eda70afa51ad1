"""whence map heights datum, through the real entry point."""

from __future__ import annotations

import csv
import json

import pytest


@pytest.fixture
def places(tmp_path):
    path = tmp_path / "places.csv"
    path.write_text("name,lon,lat,height,note\nmill,10.21666667,51.05,250.0,a\nwell,10.2,51.0,?,b\n")
    return path


def test_a_table_keeps_its_columns_and_its_old_heights(run, places, tmp_path):
    """Oracle: EPSG, DHHN2016 to EVRF2007: +0.014 m at 51°03′ N 10°13′ E."""
    result = run(
        "map", "heights", "datum", places, "--from", "EPSG:7837", "--to", "EPSG:5621", "--out", "new.csv"
    )
    assert result.exit_code == 0, result.stderr
    assert "DHHN2016 height to EVRF2007 height" in result.stdout
    with (tmp_path / "new.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["name", "lon", "lat", "height", "note", "height_before"]
    assert float(rows[0]["height"]) == pytest.approx(250.014, abs=1e-4)
    assert (rows[0]["height_before"], rows[1]["height"], rows[1]["note"]) == ("250.0", "", "b")


def test_a_missing_grid_has_status_2_and_writes_nothing(run, places, tmp_path, monkeypatch):
    monkeypatch.delenv("WHENCE_PROJ_GRIDS", raising=False)
    result = run(
        "map", "heights", "datum", places, "--from", "EPSG:4979", "--to", "EPSG:5773", "--out", "new.csv"
    )
    assert result.exit_code == 2
    assert "us_nga_egm96_15.tif" in result.stderr
    assert not (tmp_path / "new.csv").exists()


def test_the_tables_of_the_command(run):
    assert "kronstadt" in run("map", "heights", "datum", "--list").stdout
    units = json.loads(run("map", "heights", "datum", "--units", "--json").stdout)["units"]
    assert {one["name"]: one["metres"] for one in units}["sazhen"] == 2.1336


def test_nothing_to_do_is_said(run):
    result = run("map", "heights", "datum")
    assert result.exit_code == 2
    assert "--list" in result.stderr
