"""whence map heights compare, and the pages of fit and dem, through the real entry point."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from whence import maps
from whence.earth.crs import Crs
from whence.maps.heights import Contours, Lattice, contours_of, read_contours, write_contours, write_model
from whence.maps.heights.model_file import ModelFile, read_model

ZONE = Crs.parse("EPSG:32633")
LATTICE = Lattice(500_000.0, 6_000_000.0, 20.0, 60, 50)


def height_at(world: np.ndarray) -> np.ndarray:
    x, y = np.moveaxis(world - [500_000.0, 5_999_000.0], -1, 0)
    return 150 + 57 * np.sin(x / 300) * np.cos(y / 260)


def hills(lattice: Lattice) -> np.ndarray:
    return height_at(lattice.centres())


@pytest.fixture
def models(tmp_path):
    """Hills, and the same 1.5 m lower on a grid of 15 m."""
    other = Lattice(499_900.0, 6_000_100.0, 15.0, 100, 90)
    write_model(tmp_path / "new.tif", hills(LATTICE), LATTICE, crs=ZONE)
    write_model(tmp_path / "old.tif", hills(other) - 1.5, other, crs=ZONE)
    return "new.tif", "old.tif"


def test_all_outputs(run, models, tmp_path):
    line = ";".join(
        f"{x:.7f},{y:.7f}" for x, y in ZONE.to_lonlat([[500_100, 5_999_900], [501_000, 5_999_200]])
    )
    result = run(
        "map", "heights", "compare", *models, "--out", "off.tif", "--hillshade", "shade.tif",
        "--profile", line, "--profile-out", "p.csv", "--volume", "--report", "page.html",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "bias 1.5" in result.stdout
    assert "facing" in result.stdout
    assert "net +" in result.stdout
    assert "was resampled" in result.stderr
    off, lattice, _ = read_model(tmp_path / "off.tif")
    assert lattice == LATTICE
    assert np.nanmedian(off) == pytest.approx(1.5, abs=0.1)
    assert {path.name for path in tmp_path.iterdir()} >= {
        "shade.tif",
        "p.csv",
        "p.png",
        "page.html",
        "page.json",
    }
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "Against old.tif" in page
    assert "<script" not in page
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!data:)""", page)
    said = json.loads((tmp_path / "page.json").read_text("utf-8"))
    assert said["comparison"]["bias_m"] == pytest.approx(1.5, abs=0.1)
    assert said["volume"]["net_m3"] == pytest.approx(1.5 * LATTICE.cells * 400, rel=0.1)


def test_json_is_all_numbers(run, models):
    said = json.loads(run("map", "heights", "compare", *models, "--json", "--sigma", 0.5).stdout)
    assert said["volume"]["sigma_m"] == 0.5
    assert next(one["facing"] for one in said["by_aspect"]) == "N"
    assert set(said["quantiles_m"]) == {"0.05", "0.25", "0.5", "0.75", "0.95"}


def test_two_vertical_systems_and_a_lost_option_have_status_2(run, models, tmp_path):
    for name, code in (("a.tif", "EPSG:5773"), ("b.tif", "EPSG:5621")):
        write_model(tmp_path / name, hills(LATTICE), LATTICE, file=ModelFile(ZONE, code))
    result = run("map", "heights", "compare", "a.tif", "b.tif")
    assert result.exit_code == 2
    assert "EGM96 height" in result.stderr
    assert "whence map heights datum" in result.stderr
    result = run("map", "heights", "compare", *models, "--profile-out", "p.csv")
    assert result.exit_code == 2
    assert "--profile" in result.stderr


def test_the_page_of_a_model_names_what_contradicts(run, tmp_path):
    contours = contours_of(hills(LATTICE), LATTICE, interval_m=10)
    heights = contours.heights_m.copy()
    longest = max(range(len(contours)), key=lambda k: len(contours.lines[k]))
    heights[longest] += 50
    write_contours(tmp_path / "c.gpkg", Contours(contours.lines, heights), ZONE)
    result = run(
        "map", "heights", "dem", "c.gpkg", "--cell", 20, "--out", "d.tif", "--hillshade", "s.tif", "--report",
        "d.html",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    page = (tmp_path / "d.html").read_text("utf-8")
    assert f"line {longest + 1}</th>" in page
    assert page.count("data:image/svg+xml") == 1
    assert "Made by biharmonic" in page
    assert (tmp_path / "s.tif").exists()


@pytest.fixture
def sheet(tmp_path):
    """Nine control points of a sheet, and twelve labels on it in another zero, one misread."""
    columns, rows = np.meshgrid([20.0, 150.0, 280.0], [20.0, 100.0, 180.0])
    pixels = np.stack([columns.ravel(), rows.ravel()], axis=-1)
    world = pixels * [4.0, -4.0] + [500_000.0, 6_000_000.0]
    rng = np.random.default_rng(0)
    noisy = maps.ControlPoints(pixels, world + rng.normal(0, 0.5, world.shape)).with_crs("EPSG:32633")
    maps.write_points(tmp_path / "sheet.points", noisy)
    write_model(tmp_path / "modern.tif", hills(LATTICE), LATTICE, file=ModelFile(ZONE, "EPSG:5621"))
    places = rng.uniform(20, [280, 180], (12, 2))
    read = height_at(places * [4.0, -4.0] + [500_000.0, 6_000_000.0]) + 7 + rng.normal(0, 0.1, 12)
    read[5] += 30
    lines = [f"p{k},{x:.1f},{y:.1f},{z:.1f}" for k, ((x, y), z) in enumerate(zip(places, read, strict=True))]
    (tmp_path / "spots.csv").write_text("\n".join(["name,column,row,map_height", *lines]) + "\n")
    return tmp_path


def test_the_report_of_a_sheet_grows_a_chapter_of_heights(run, sheet):
    base = ("map", "heights", "fit", "spots.csv", "--dem", "modern.tif")
    run("map", "fit", "sheet.points", "--out", "fit.json", "--report", "plain.html")
    for source, page in (("sheet.points", "a.html"), ("fit.json", "b.html")):
        option = "--points" if source.endswith("points") else "--fit"
        result = run(*base, option, source, "--report", page)
        assert result.exit_code == 0, result.output
        text = (sheet / page).read_text("utf-8")
        headings = re.findall(r"<h2>(.*?)</h2>", text)
        assert headings[0] == "Accuracy"
        assert headings[-3:] == ["Labelled heights", "Vertical system", "How it was made"]
        assert "EVRF2007" in text
        assert re.search(r'<tr class="wrong"><th scope="row">p5</th>', text)
        said = json.loads((sheet / page).with_suffix(".json").read_text("utf-8"))
        assert [one["name"] for one in said["heights"]["fit"]["outliers"]] == ["p5"]
        assert run("map", "redo", (sheet / page).with_suffix(".json").name).exit_code == 0
    plain = (sheet / "plain.html").read_text("utf-8")
    assert "Labelled heights" not in plain
    assert "heights" not in json.loads((sheet / "plain.json").read_text("utf-8"))


def test_heights_alone_have_a_page_too(run, sheet):
    rows = (sheet / "spots.csv").read_text("utf-8").splitlines()
    table = [f"{rows[0]},modern_height", *(f"{row},{float(row.split(',')[3]) - 7:.1f}" for row in rows[1:])]
    (sheet / "both.csv").write_text("\n".join(table) + "\n")
    assert run("map", "heights", "fit", "both.csv", "--report", "page.html").exit_code == 0
    text = (sheet / "page.html").read_text("utf-8")
    assert re.findall(r"<h2>(.*?)</h2>", text) == ["Labelled heights"]
    result = run("map", "heights", "fit", "both.csv", "--report", "page.pdf")
    assert result.exit_code == 2
    assert ".html" in result.stderr


def test_a_fit_brings_contours_to_the_modern_zero(run, sheet, tmp_path):
    """Oracle: the model of the same contours, lower by β."""
    write_contours(tmp_path / "c.gpkg", contours_of(hills(LATTICE), LATTICE, interval_m=10), ZONE)
    options = ("--points", "sheet.points", "--dem", "modern.tif", "--model", "shift")
    run("map", "heights", "fit", "spots.csv", *options, "--out", "heights.json")
    beta = json.loads((tmp_path / "heights.json").read_text("utf-8"))["beta_m"]
    assert beta == pytest.approx(-7, abs=0.2)
    made = []
    for more in ((), ("--heights", "heights.json")):
        result = run("map", "heights", "dem", "c.gpkg", "--like", "modern.tif", "--out", "d.tif", *more)
        assert result.exit_code == 0, result.output
        made.append(read_model(tmp_path / "d.tif")[0])
    assert np.abs(made[1] - made[0] - beta).max() < 0.01
    (tmp_path / "tilted.json").write_text('{"alpha": 1, "beta_m": 2, "tilt_m_per_km": [0.1, 0.2]}')
    for name, message in (("tilted.json", "tilt"), ("spots.csv", "no fit of heights")):
        result = run("map", "heights", "dem", "c.gpkg", "--cell", 20, "--heights", name, "--out", "d.tif")
        assert result.exit_code == 2
        assert message in result.stderr


def test_contours_make_a_model_and_its_contours_come_back(run, tmp_path):
    """Oracle: the model drawn as contours, made again, and drawn again: lines lie where they lay."""
    write_model(tmp_path / "dem.tif", hills(LATTICE), LATTICE, crs=ZONE)
    run("map", "heights", "contours", "dem.tif", "--interval", 10, "--out", "c.gpkg")
    options = ("--like", "dem.tif", "--vertical", "EPSG:5773", "--out", "again.tif")
    run("map", "heights", "dem", "c.gpkg", *options)
    run("map", "heights", "contours", "again.tif", "--interval", 10, "--out", "c2.gpkg")
    truth, again = (read_contours(tmp_path / name).contours for name in ("c.gpkg", "c2.gpkg"))
    assert set(again.heights_m) == set(truth.heights_m)
    made = read_model(tmp_path / "again.tif")[0]
    assert np.sqrt(np.nanmean((made - hills(LATTICE)) ** 2)) < 10 / 12
    drawn = zip(again.lines, again.heights_m, strict=True)
    off = np.concatenate([height_at(line) - height for line, height in drawn])
    assert np.sqrt((off**2).mean()) < 10 / 12
    if shutil.which("gdalinfo") is None:
        pytest.skip("gdalinfo is not installed")
    told = subprocess.run(["gdalinfo", "again.tif"], capture_output=True, text=True, check=True).stdout
    assert "EGM96 height" in told
    assert "LAYOUT=COG" in told
