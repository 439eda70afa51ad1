"""whence map heights fit, through the real entry point."""

from __future__ import annotations

import json

import numpy as np
import pytest


@pytest.fixture
def spots(tmp_path):
    """Twenty heights in sazhens, one misread; their places in UTM zone 35."""
    rng = np.random.default_rng(3)
    read = rng.uniform(20, 90, 20).round(1)
    modern = 2.1336 * read + 3.2 + rng.normal(0, 0.4, 20)
    read[4], read[7] = np.nan, read[7] * 10
    places = rng.uniform(0, 9000, (20, 2)) + np.array([500_000.0, 6_700_000.0])
    rows = [
        f"s{row},{x:.1f},{y:.1f},{'?' if np.isnan(z) else f'{z:.1f}'},{h:.2f}"
        for row, ((x, y), z, h) in enumerate(zip(places, read, modern, strict=True))
    ]
    path = tmp_path / "spots.csv"
    path.write_text("\n".join(["name,easting,northing,map_height,modern_height", *rows]) + "\n")
    return path


def test_the_fit_as_text_and_as_json(run, spots, tmp_path):
    said = run("map", "heights", "fit", spots, "--vertical", "EPSG:5621").stdout
    assert "sazhen" in said
    assert "EVRF2007" in said
    assert "decimal point" in said
    assert "zero of the sheet is not known" in said
    content = json.loads(
        run("map", "heights", "fit", spots, "--model", "full", "--json", "--out", "f.json").stdout
    )
    assert content == json.loads((tmp_path / "f.json").read_text("utf-8"))
    assert content["alpha"] == pytest.approx(2.1336, abs=4 * content["alpha_error"])
    assert [one["name"] for one in content["outliers"]] == ["s7"]
    assert content["heights"][4]["map_height"] is None


def test_a_wrong_zone_has_status_2(run, spots):
    result = run("map", "heights", "fit", spots, "--crs", "EPSG:32634", "--place", "27.1,60.5")
    assert result.exit_code == 2
    assert "EPSG:32635" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--unit", "cubit"], "is not known"),
        (["--model", "unit"], "name it"),
        (["--points", "spots.csv", "--fit", "spots.csv"], "keep one"),
    ],
)
def test_what_the_user_can_mend_has_status_2(run, spots, options, message):
    result = run("map", "heights", "fit", spots, *options)
    assert result.exit_code == 2
    assert message in result.stderr
