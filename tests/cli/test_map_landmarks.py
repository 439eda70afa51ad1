"""whence map landmarks: what is placed can be fitted, what is not ends with status 2 and no file."""

from __future__ import annotations

import json

import numpy as np
import PIL.Image
import pytest

from whence import maps

TOWNS = {
    "Lund": (13.1932, 55.7058), "Malmö": (13.0007, 55.6059), "Ystad": (13.82, 55.4297),
    "Landskrona": (12.8302, 55.8708), "Eslöv": (13.3039, 55.8393), "Trelleborg": (13.1569, 55.3751),
}  # fmt: skip


def called(line):
    """Split a command line; paths have no spaces here."""
    return line.split()


@pytest.fixture
def scan(tmp_path):
    """An empty scan of 800 by 700 px in degrees, names in a table, their places in a GeoJSON with decoys."""
    PIL.Image.new("RGB", (800, 700)).save(tmp_path / "sheet.png")
    lines, features = ["name,column,row,spread_px"], []
    for name, (longitude, latitude) in TOWNS.items():
        lines.append(f"{name},{500 * (longitude - 12.7):.1f},{880 * (55.95 - latitude):.1f},2")
        for shift in (0.0, 7.0):
            place = [longitude + shift * len(name), latitude - shift]
            features.append(
                {"properties": {"name": name}, "geometry": {"type": "Point", "coordinates": place}}
            )
    (tmp_path / "names.csv").write_text("\n".join(lines), "utf-8")
    content = {"type": "FeatureCollection", "features": features}
    (tmp_path / "places.geojson").write_text(json.dumps(content), "utf-8")
    return tmp_path


def test_the_points_that_are_written_can_be_fitted(run, scan):
    result = run(
        *called(
            f"map landmarks {scan}/sheet.png --names {scan}/names.csv --places {scan}/places.geojson "
            f"--crs EPSG:3006 --out {scan}/sheet.points"
        )
    )
    assert result.exit_code == 0, result.output
    assert "6 of 6 names agree on one placement" in result.stdout
    points = maps.read_points(scan / "sheet.points")
    assert points.crs.code == "EPSG:3006"
    assert points.crs.to_lonlat(points.world)[0] == pytest.approx(TOWNS["Lund"], abs=1e-6)
    fitted = run(*called(f"map fit {scan}/sheet.points --kind affine --json"))
    assert json.loads(fitted.stdout)["quality"]["rmse_px"] < 3


def test_json_tells_every_name(run, scan):
    result = run(*called(f"map landmarks {scan}/sheet.png --names {scan}/names.csv --region SE --json"))
    content = json.loads(result.stdout)
    assert {one["name"]: one["place"] for one in content["assigned"]}["Lund"] == "Lund, SE"
    assert content["log10_false_alarms"] < -5


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["Lund,10,10"], "1 of 1 different names are known (Lund); at least 4 are needed"),
        (["Qqxx,10,10", "Xxqq,20,20"], "none of the 2 names is known"),
        (["Lund,900,10"], "1 landmarks lie off the scan of 800 by 700 px (Lund)"),
        (["Lund,ten,10"], "line 2"),
    ],
)
def test_what_cannot_be_placed_says_why_and_writes_nothing(run, scan, lines, reason):
    (scan / "names.csv").write_text("\n".join(["name,column,row", *lines]), "utf-8")
    result = run(
        *called(f"map landmarks {scan}/sheet.png --names {scan}/names.csv --out {scan}/sheet.points")
    )
    assert result.exit_code == 2
    assert reason in " ".join(result.stderr.split())
    assert not (scan / "sheet.points").exists()


def test_shuffled_names_are_refused(run, scan):
    lines = (scan / "names.csv").read_text("utf-8").splitlines()
    cells = np.array([line.split(",") for line in lines[1:]])
    cells[:, 0] = np.roll(cells[:, 0], 1)
    (scan / "names.csv").write_text("\n".join([lines[0], *(",".join(row) for row in cells)]), "utf-8")
    result = run(*called(f"map landmarks {scan}/sheet.png --names {scan}/names.csv"))
    assert result.exit_code == 2
    assert "no placement" in result.stderr
