"""whence map heights contours: a scan end to end, the way back from a height model, and what is refused."""

from __future__ import annotations

import json

import cv2
import numpy as np
import PIL.Image
import pytest

from whence.maps.heights import Lattice
from whence.maps.heights.contour_files import read_contours
from whence.maps.heights.model_file import write_model


def test_a_height_model_gives_its_contours(run, tmp_path) -> None:
    """A plane that rises 1 m per metre eastward: each contour lies where its height says."""
    from whence.earth.crs import Crs

    lattice = Lattice(500000.0, 6000000.0, 10.0, 30, 20)
    east = 500000.0 + 10.0 * (np.arange(30) + 0.5)
    model = np.tile(east - 500000.0, (20, 1))
    write_model(tmp_path / "dem.tif", model, lattice, crs=Crs.parse("EPSG:32632"))
    result = run("map", "heights", "contours", "dem.tif", "--interval", "50", "--out", "c.geojson")
    assert result.exit_code == 0, result.output
    found = read_contours(tmp_path / "c.geojson").contours
    assert sorted(set(found.heights_m.tolist())) == [50.0, 100.0, 150.0, 200.0, 250.0]
    for line, height in zip(found.lines, found.heights_m, strict=True):
        assert line[:, 0] == pytest.approx(500000.0 + height, abs=1e-3)


def test_what_is_read_is_not_written_over_and_no_line_is_no_success(run, tmp_path) -> None:
    lattice = Lattice(500000.0, 6000000.0, 10.0, 30, 20)
    write_model(tmp_path / "dem.tif", np.tile(np.arange(1.0, 31.0), (20, 1)), lattice, crs=None)
    before = (tmp_path / "dem.tif").read_bytes()
    same = run("map", "heights", "contours", "dem.tif", "--interval", "5", "--out", "dem.tif")
    assert same.exit_code == 2
    assert "written over" in same.stderr
    assert (tmp_path / "dem.tif").read_bytes() == before
    none = run("map", "heights", "contours", "dem.tif", "--interval", "5000", "--out", "c.geojson")
    assert none.exit_code == 2
    assert "no multiple of 5000 lies between 1 and 30" in none.stderr
    assert not (tmp_path / "c.geojson").exists()


def test_a_scan_without_its_place_is_refused(run, tmp_path) -> None:
    PIL.Image.fromarray(np.full((100, 100, 3), 240, np.uint8)).save(tmp_path / "scan.png")
    for more in ((), ("--ink", "#b06834")):
        result = run("map", "heights", "contours", "scan.png", "--interval", "5", *more, "--out", "c.geojson")
        assert result.exit_code == 2
        assert "--points" in result.output + result.stderr
    assert not (tmp_path / "c.geojson").exists()


SIDE, STEP_PX, BROWN = 480, 32, (176, 104, 52)
HEIGHTS = tuple(range(100, 170, 5))


def write_sheet(folder) -> None:
    """Slanting contours 5 m apart on a scan, every fifth thick; a metre to the pixel in UTM 32."""
    image = np.full((SIDE, SIDE, 3), (246, 236, 208), np.uint8)
    for number, height in enumerate(HEIGHTS):
        row = SIDE - 30 - STEP_PX * number
        cv2.line(image, (12, row), (SIDE - 12, row + 12), BROWN, 5 if height % 25 == 0 else 2, cv2.LINE_AA)
    cv2.line(image, (200, 0), (230, SIDE), (34, 32, 32), 3, cv2.LINE_AA)
    PIL.Image.fromarray(image).save(folder / "sheet.png")
    corners = [(40, 40), (440, 40), (440, 440), (40, 440), (240, 250)]
    lines = [f"{k},{x},{y},{500000 + x},{6000000 - y},EPSG:32632" for k, (x, y) in enumerate(corners)]
    (folder / "sheet.csv").write_text("name,column,row,easting,northing,crs\n" + "\n".join(lines) + "\n")
    rows = {height: SIDE - 30 - STEP_PX * number + 6 for number, height in enumerate(HEIGHTS)}
    labels = [f"{height},240,{rows[height]},{height}" for height in (100, 125, 150)]
    (folder / "labels.csv").write_text("name,column,row,map_height\n" + "\n".join(labels) + "\n")


def test_a_scan_gives_contours_with_heights(run, tmp_path) -> None:
    """Heights from three labels, places from control points; the file is read by an independent library."""
    pyogrio = pytest.importorskip("pyogrio")
    write_sheet(tmp_path)
    result = run(
        "map", "heights", "contours", "sheet.png", "--points", "sheet.csv", "--labels", "labels.csv",
        "--ink-at", "100,454", "--out", "c.gpkg", "--preview", "p.png", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output + result.stderr
    told = json.loads(result.stdout)
    assert (told["interval_m"], told["contradictions"], told["undetermined"]) == (5.0, [], [])
    facts, _, shapes, fields = pyogrio.raw.read(tmp_path / "c.gpkg")
    values = fields[list(facts["fields"]).index("height_m")]
    assert facts["crs"] == "EPSG:32632"
    assert sorted(values.tolist()) == list(HEIGHTS)
    import shapely

    for line, height in zip(shapely.from_wkb(shapes), values, strict=True):
        easting, northing = shapely.get_coordinates(line).T
        row = SIDE - 30 - STEP_PX * HEIGHTS.index(int(height)) + 12 * (easting - 500012) / (SIDE - 24)
        assert northing == pytest.approx(6000000 - row, abs=2.5)
    with PIL.Image.open(tmp_path / "p.png") as preview:
        assert preview.size == (SIDE, SIDE)


@pytest.mark.parametrize(
    ("points", "fault"),
    [
        ([(9040, 40), (9440, 40), (9440, 440), (9040, 440)], "another scan"),
        ([(40, 40), (440, 440), (440, 40), (40, 440), (240, 60), (60, 300)], "do not fit together"),
    ],
)
def test_control_points_that_do_not_fit_are_refused(run, tmp_path, points, fault: str) -> None:
    """Those of another sheet, and places that are mixed up."""
    write_sheet(tmp_path)
    world = [(0, 0), (400, 0), (0, 400), (400, 400), (250, 90), (10, 370)]
    pairs = enumerate(zip(points, world, strict=False))
    lines = [f"{k},{x},{y},{5e5 + e},{6e6 - n},EPSG:32632" for k, ((x, y), (e, n)) in pairs]
    (tmp_path / "bad.csv").write_text("name,column,row,easting,northing,crs\n" + "\n".join(lines) + "\n")
    result = run(
        "map", "heights", "contours", "sheet.png", "--points", "bad.csv", "--labels", "labels.csv",
        "--out", "c.geojson",
    )  # fmt: skip
    assert result.exit_code == 2
    assert fault in " ".join((result.output + result.stderr).split())


@pytest.mark.parametrize("place", ["100", "a,b", "9000,10", "30,440"])
def test_a_place_without_ink_is_refused(run, tmp_path, place: str) -> None:
    write_sheet(tmp_path)
    result = run(
        "map", "heights", "contours", "sheet.png", "--points", "sheet.csv", "--labels", "labels.csv",
        "--ink-at", place, "--out", "c.geojson",
    )  # fmt: skip
    assert result.exit_code == 2
    assert not (tmp_path / "c.geojson").exists()
