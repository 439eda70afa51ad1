"""whence map: the report says what the library found, sheets lie where they should, errors have status 2."""

from __future__ import annotations

import json
import re
import shlex

import click
import numpy as np
import PIL.Image
import pytest
import rasterio

from whence import maps
from whence.cli import whence
from whence.maps.points.iiif import annotation_json
from whence.maps.transforms import TRANSFORMS

STEP_M = 2.0
CORNER = (500_000.0, 6_000_000.0)


@pytest.fixture
def sheet(run, tmp_path):
    """A scan of 300 by 200 px, nine points on it with 0.3 m noise, two checkpoints, a neatline."""
    rng = np.random.default_rng(4)
    PIL.Image.fromarray(rng.integers(0, 256, (200, 300, 3), np.uint8)).save(tmp_path / "sheet.png")
    columns, rows = np.meshgrid([20.0, 150.0, 280.0], [20.0, 100.0, 180.0])
    pixels = np.stack([columns.ravel(), rows.ravel()], axis=-1)
    world = pixels * [STEP_M, -STEP_M] + CORNER + rng.normal(0, 0.3, pixels.shape)
    maps.write_points(tmp_path / "sheet.points", maps.ControlPoints(pixels, world).with_crs("EPSG:32633"))
    apart = np.array([[60.0, 50.0], [290.0, 190.0]])
    checkpoints = maps.ControlPoints(apart, apart * [STEP_M, -STEP_M] + CORNER, names=("church", "mill"))
    maps.write_points(tmp_path / "checkpoints.csv", checkpoints.with_crs("EPSG:32633"))
    (tmp_path / "corners.txt").write_text("# column, row\n50, 50\n250, 50\n250, 150\n50, 150\n")
    return tmp_path


def with_a_slip(folder):
    """Mistype one digit of one easting."""
    points = maps.read_points(folder / "sheet.points")
    world = points.world.copy()
    world[4, 0] += 9_000.0
    maps.write_points(folder / "slip.points", maps.ControlPoints(points.pixels, world, crs=points.crs))
    return folder / "slip.points"


def test_the_report_tells_what_the_library_found(run, sheet):
    """Oracle: the library called directly."""
    text = run("map", "fit", "sheet.points", "--kind", "affine", "--check", "checkpoints.csv").stdout
    found = maps.fit(maps.read_points("sheet.points"), checkpoints=maps.read_points("checkpoints.csv"))
    assert found.checks is not None
    assert text.startswith(found.summary)
    assert f"{found.quality.rmse_m:.2f} m, {found.quality.rmse_px:.2f} px" in text
    assert f"RMSE at points left out    {found.quality.leave_one_out_rmse_m:.2f} m" in text
    assert f"mean error as in QGIS      {found.quality.qgis_mean_error_px:.2f} px" in text
    assert f"RMSE at checkpoints        {found.checks.rmse_m:.2f} m" in text
    assert re.search(r"^mill .* outside the control points$", text, re.MULTILINE)
    assert not re.search(r"^church .* outside", text, re.MULTILINE)
    assert maps.recommend(found.points).reason in text


def test_every_point_has_a_line_with_its_residual(run, sheet):
    text = run("map", "fit", "sheet.points", "--kind", "similarity").stdout
    found = maps.fit(maps.read_points("sheet.points"), kind="similarity")
    lines = text.partition("left out m\n")[2].splitlines()[: len(found.points)]
    shown = np.array([[float(word) for word in line.split()[3:5]] for line in lines])
    np.testing.assert_allclose(shown, found.quality.residuals_m, atol=0.0051)


def test_a_robust_fit_names_the_slip(run, sheet):
    points = with_a_slip(sheet)
    text = run("map", "fit", points, "--robust", "--kind", "affine").stdout
    slip = next(line for line in text.splitlines() if line.startswith("5 "))
    assert slip.endswith("not used; suspect: digit")
    assert maps.fit(maps.read_points(points), robust=True).suspects[0].sentence in text


def test_the_kind_is_chosen_by_default(run, sheet):
    content = json.loads(run("map", "fit", "sheet.points", "--json").stdout)
    assert content["kind"] == content["recommendation"]["kind"]
    assert "Chosen: " in run("map", "fit", "sheet.points").stdout


def test_the_written_fit_is_the_printed_one(run, sheet):
    printed = run("map", "fit", "sheet.points", "--kind", "affine", "--out", "fit.json", "--json").stdout
    assert json.loads((sheet / "fit.json").read_text("utf-8")) == json.loads(printed)


def test_the_scan_tells_what_share_the_points_enclose(run, sheet):
    """Oracle: 260 by 160 of 300 by 200 px."""
    assert "of the scan enclosed       69%" in run("map", "fit", "sheet.points", "--scan", "sheet.png").stdout


def test_too_few_points_to_judge_are_told(run, sheet):
    points = maps.read_points("sheet.points")
    maps.write_points(sheet / "three.points", points.where([0, 2, 7]))
    text = run("map", "fit", "three.points", "--kind", "affine").stdout
    assert "nothing checks this fit" in text
    assert "not known: no point can be spared" in text
    assert "No recommendation: " in text


def test_unknown_coordinate_systems_are_told_and_can_be_given(run, sheet):
    points = maps.read_points("sheet.points")
    maps.write_points(sheet / "bare.csv", maps.ControlPoints(points.pixels, points.world))
    assert "give --crs" in run("map", "fit", "bare.csv", "--kind", "affine").stdout
    assert "EPSG:32633" in run("map", "fit", "bare.csv", "--crs", "EPSG:32633", "--kind", "affine").stdout


def test_the_warped_sheet_lies_where_the_points_say(run, sheet):
    """Oracle: the corner and the pixel's size that the points were made with, to 2 px of the frame."""
    result = run(
        "map", "warp", "sheet.png", "--points", "sheet.points", "--kind", "similarity", "--out", "o.tif"
    )
    assert result.exit_code == 0
    assert "points left out" in result.stderr
    with rasterio.open("o.tif") as made:
        assert made.crs.to_epsg() == 32633
        np.testing.assert_allclose(made.res, STEP_M, rtol=0.01)
        np.testing.assert_allclose((made.bounds.left, made.bounds.top), CORNER, atol=2 * STEP_M)


def test_resolution_system_and_layout_are_passed_on(run, sheet):
    base = ("map", "warp", "sheet.png", "--points", "sheet.points", "--kind", "affine")
    assert run(*base, "--resolution", "8", "--no-cog", "--out", "plain.tif").exit_code == 0
    assert (
        run(*base, "--sheet-crs", "EPSG:3857", "--resampling", "nearest", "--out", "web.tif").exit_code == 0
    )
    with rasterio.open("plain.tif") as plain, rasterio.open("web.tif") as web:
        assert plain.res == (8.0, 8.0)
        assert plain.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") != "COG"
        assert web.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert web.crs.to_epsg() == 3857


def test_a_neatline_leaves_the_margins_out(run, sheet):
    """Oracle: the polygon covers a third of the scan."""
    base = ("map", "warp", "sheet.png", "--points", "sheet.points", "--kind", "similarity")
    run(*base, "--out", "whole.tif")
    run(*base, "--neatline", "corners.txt", "--out", "cut.tif")
    with rasterio.open("whole.tif") as whole, rasterio.open("cut.tif") as cut:
        share = (cut.read(4) > 0).sum() / (whole.read(4) > 0).sum()
    assert share == pytest.approx(1 / 3, abs=0.01)


def test_the_mask_of_an_annotation_is_a_neatline(run, sheet):
    """Oracle: the same corners in a text file."""
    corners = [(50.0, 50.0), (250.0, 50.0), (250.0, 150.0), (50.0, 150.0)]
    points = maps.read_points("sheet.points")
    content = annotation_json(points, resource="https://example.org/sheet", size_px=(300, 200), mask=corners)
    (sheet / "mask.json").write_text(json.dumps(content))
    base = ("map", "warp", "sheet.png", "--points", "sheet.points", "--kind", "similarity")
    assert run(*base, "--neatline", "mask.json", "--out", "mask.tif").exit_code == 0
    run(*base, "--neatline", "corners.txt", "--out", "text.tif")
    with rasterio.open("mask.tif") as mask, rasterio.open("text.tif") as text:
        np.testing.assert_array_equal(mask.read(), text.read())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("map fit sheet.points --kind foo", "no transform is called 'foo'"),
        ("map fit nothing.points", "does not exist"),
        ("map fit sheet.points --crs EPSG:3857", "sheet.points"),
        ("map fit empty.csv", "empty.csv"),
        ("map warp sheet.png --points sheet.points --out sheet.png", "the scan itself"),
        ("map warp sheet.points --points sheet.points --out o.tif", "sheet.points"),
        ("map warp sheet.png --points sheet.points --resampling best --out o.tif", "best"),
        (
            "map warp sheet.png --points sheet.points --neatline broken.txt --out o.tif",
            "line 2 of broken.txt",
        ),
        ("map warp sheet.png --points sheet.points --neatline sheet.png --out o.tif", "is no text"),
        ("map warp sheet.png --points sheet.points --out missing/o.tif", "missing"),
        ("map warp small.png --points sheet.points --out o.tif", "off the scan of 100 by 100 px"),
    ],
)
def test_what_the_user_can_mend_has_status_2_and_a_sentence(run, sheet, arguments, sentence):
    (sheet / "empty.csv").touch()
    (sheet / "broken.txt").write_text("1 2\n3 x\n5 6\n")
    PIL.Image.new("RGB", (100, 100)).save(sheet / "small.png")
    result = run(*arguments.split())
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert not (sheet / "o.tif").exists()


def test_the_examples_of_the_help_run(run, sheet):
    group = whence.get_command(click.Context(whence), "map")
    quotes = [
        line.strip()
        for name in ("fit", "warp", "redo", "batch")
        for line in group.commands[name].help.splitlines()
        if line.strip().startswith("whence map")
    ]
    assert len(quotes) == 12
    (sheet / "scans").mkdir()
    for name in ("sheet.png", "sheet.points"):
        (sheet / "scans" / name).write_bytes((sheet / name).read_bytes())
    for quote in quotes:
        result = run(*shlex.split(quote)[1:])
        assert result.exit_code == 0, (quote, result.stderr)
    again, first = (sheet / "again.tif").read_bytes(), (sheet / "sheet.tif").read_bytes()
    assert again == first
    assert {path.name for path in (sheet / "done/sheets").iterdir()} == {
        f"sheet.{kind}" for kind in ("json", "tif", "html")
    }


def test_a_report_and_its_json(run, sheet):
    """Oracle: the fit that is written without a report."""
    result = run(
        "map",
        "fit",
        "sheet.points",
        "--kind",
        "affine",
        "--scan",
        "sheet.png",
        "--report",
        "r.html",
        "--out",
        "fit.json",
    )
    assert result.exit_code == 0
    assert "Amid its control points" in (sheet / "r.html").read_text("utf-8")
    alone, beside = (json.loads((sheet / name).read_text("utf-8")) for name in ("fit.json", "r.json"))
    assert {name: beside[name] for name in alone} == alone


def test_a_fit_is_made_again_and_compared(run, sheet):
    run(
        "map",
        "fit",
        "sheet.points",
        "--robust",
        "--scan",
        "sheet.png",
        "--check",
        "checkpoints.csv",
        "--out",
        "fit.json",
    )
    result = run("map", "redo", "fit.json", "--out", "again.json")
    assert result.exit_code == 0
    assert "comes out as recorded, to 0 px" in result.stderr
    assert (sheet / "again.json").read_bytes() == (sheet / "fit.json").read_bytes()


def test_redo_refuses_what_has_changed(run, sheet):
    base = ("map", "warp", "sheet.png", "--points", "sheet.points", "--neatline", "corners.txt")
    assert run(*base, "--out", "sheet.tif").exit_code == 0
    (sheet / "sheet.points").unlink()  # the record holds the points
    assert run("map", "redo", "sheet.tif", "--out", "one.tif").exit_code == 0
    with rasterio.open("sheet.tif") as first, rasterio.open("one.tif") as second:
        np.testing.assert_array_equal(first.read(), second.read())
    PIL.Image.new("RGB", (300, 200)).save(sheet / "sheet.png")
    result = run("map", "redo", "sheet.tif", "--out", "two.tif")
    assert result.exit_code == 2
    assert "is not the recorded scan" in result.stderr
    assert not (sheet / "two.tif").exists()
    assert run("map", "redo", "sheet.tif", "--out", "two.tif", "--force").exit_code == 0
    (sheet / "sheet.png").unlink()
    result = run("map", "redo", "sheet.tif", "--out", "three.tif")
    assert (result.exit_code, "name it with --scan" in result.stderr) == (2, True)
    assert run("map", "redo", "sheet.tif").exit_code == 0  # the fit alone needs no scan


def test_redo_makes_no_sheet_of_a_fit(run, sheet):
    run("map", "fit", "sheet.points", "--out", "fit.json")
    result = run("map", "redo", "fit.json", "--out", "sheet.tif")
    assert (result.exit_code, "records a fit and no sheet" in result.stderr) == (2, True)
    result = run("map", "redo", "checkpoints.csv")
    assert (result.exit_code, "broken JSON" in result.stderr) == (2, True)


def test_a_batch_with_failures_has_status_1(run, sheet):
    (sheet / "lonely.png").write_bytes((sheet / "sheet.png").read_bytes())
    result = run("map", "batch", ".", "--out", "done", "--kind", "affine")
    assert result.exit_code == 1
    assert "sheet                            affine       9 of 9 points" in result.stdout
    assert "lonely                           failed: no control points" in result.stdout
    assert "2 sheets: 1 done, 1 failed" in result.stdout
    (sheet / "lonely.png").unlink()
    result = run("map", "batch", ".", "--out", "done", "--kind", "affine", "--json")
    assert (result.exit_code, [row["status"] for row in json.loads(result.stdout)]) == (0, ["kept"])


@pytest.mark.slow
def test_a_batch_in_processes_is_the_same(run, sheet):
    for name in ("a", "b", "c"):
        (sheet / f"{name}.png").write_bytes((sheet / "sheet.png").read_bytes())
        (sheet / f"{name}.png.points").write_bytes((sheet / "sheet.points").read_bytes())
    base = ("map", "batch", ".", "--kind", "affine", "--warp")
    one = run(*base, "--out", "one", "--json")
    two = run(*base, "--out", "two", "--json", "--jobs", "2")
    assert two.exit_code == 0
    assert json.loads(one.stdout) == json.loads(two.stdout)
    for name in ("a", "b", "c", "sheet"):
        first, second = ((sheet / out / f"sheets/{name}.tif").read_bytes() for out in ("one", "two"))
        assert first == second


BAD_POINTS = {
    "two.csv": (
        "column,row,easting,northing\n0,0,500000,6000000\n10,0,500020,6000000\n",
        "needs at least 3 points",
    ),
    "nan.csv": (
        "column,row,easting,northing\n0,0,nan,6000000\n10,0,500020,6000000\n",
        "'nan' is not a position",
    ),
    "same.csv": ("column,row,easting,northing\n" + "5,5,500000,6000000\n" * 4, "at 3 different places"),
    "off.csv": (
        "column,row,easting,northing\n0,0,500000,6000000\n10,0,500020,6000000\n0,900,500000,5998200\n",
        "1 points lie off the scan of 300 by 200 px (3)",
    ),
    "crs.points": (
        "#CRS: EPSG:99999\nmapX,mapY,sourceX,sourceY,enable\n1,2,3,-4,1\n",
        "unknown coordinate system",
    ),
}


@pytest.mark.parametrize("name", BAD_POINTS)
def test_bad_points_are_refused_with_their_reason(run, sheet, name):
    content, reason = BAD_POINTS[name]
    (sheet / name).write_text(content)
    result = run(
        "map",
        "fit",
        name,
        "--kind",
        "affine",
        "--scan",
        "sheet.png",
        "--report",
        "page.html",
        "--out",
        "fit.json",
    )
    assert result.exit_code == 2
    assert reason in result.stderr
    assert not {path.name for path in sheet.iterdir()} & {"page.html", "page.json", "fit.json"}


def test_points_that_contradict_one_another(run, sheet):
    points = maps.read_points("sheet.points")
    world = np.vstack([points.world, points.world[:1] + np.array([300.0, 0.0])])
    pixels = np.vstack([points.pixels, points.pixels[:1]])
    maps.write_points(sheet / "twice.points", maps.ControlPoints(pixels, world, crs=points.crs))
    assert "the same pixel with another place" in run("map", "fit", "twice.points", "--kind", "affine").stdout
    scattered = np.random.default_rng(0).uniform(0, 1000, points.world.shape) + CORNER
    maps.write_points(sheet / "wild.points", maps.ControlPoints(points.pixels, scattered, crs=points.crs))
    result = run("map", "fit", "wild.points", "--robust")
    assert (result.exit_code, "no consensus" in result.stderr) == (2, True)
    run("map", "fit", "wild.points", "--kind", "affine", "--report", "wild.html")
    assert "The points contradict one another" in (sheet / "wild.html").read_text("utf-8")


def test_a_system_in_feet_is_told_in_metres(run, sheet):
    """Oracle: the same points in metres; the US survey foot is 1200 / 3937 m."""
    points = maps.read_points("sheet.points")
    feet = maps.ControlPoints(points.pixels, (points.world - CORNER) * 3937 / 1200 + [6.5e6, 2.1e6])
    maps.write_points(sheet / "feet.csv", feet.with_crs("EPSG:2230"))
    one, other = (
        json.loads(run("map", "fit", name, "--kind", "affine", "--json").stdout)["quality"]["rmse_m"]
        for name in ("sheet.points", "feet.csv")
    )
    assert other == pytest.approx(one, rel=2e-3)


def test_a_scan_of_one_pixel_and_a_truncated_one(run, sheet):
    PIL.Image.new("RGB", (1, 1)).save(sheet / "one.png")
    (sheet / "one.csv").write_text(
        "column,row,easting,northing\n0,0,500000,6000000\n1,0,500002,6000000\n0,1,500000,5999998\n1,1,500002,5999998\n"
    )
    base = ("map", "fit", "one.csv", "--kind", "affine", "--crs", "EPSG:32633")
    assert run(*base, "--scan", "one.png", "--report", "one.html").exit_code == 0
    cut = sheet / "cut.tif"
    PIL.Image.open(sheet / "sheet.png").save(cut)
    cut.write_bytes(cut.read_bytes()[:9000])
    result = run(
        "map", "fit", "sheet.points", "--kind", "affine", "--scan", "cut.tif", "--report", "cut.html"
    )
    assert (result.exit_code, "truncated or damaged" in result.stderr) == (2, True)
    assert not (sheet / "cut.html").exists()


@pytest.mark.parametrize("what", ["--out", "--report"])
def test_a_full_disk_leaves_the_old_file(run, sheet, monkeypatch, what):
    target = sheet / ("old.json" if what == "--out" else "old.html")
    target.write_text("old")

    def full(path, *_, **__):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("pathlib.Path.write_text", full)
    result = run("map", "fit", "sheet.points", "--kind", "affine", what, target.name)
    assert result.exit_code == 2
    assert "cannot be written (No space left on device); nothing was changed" in result.stderr
    assert target.read_bytes() == b"old"
    assert not [path for path in sheet.iterdir() if ".part" in path.name]


def test_the_help_lists_every_kind(run):
    words = set(re.findall(r"\w+", run("map", "fit", "--help").stdout))
    assert {*TRANSFORMS, "auto"} <= words


@pytest.mark.shared_data
def test_a_real_map_keeps_its_reference_figures(run, shared_data):
    """Oracle: the figures in the data's note, affine RMSE 0.67 m and leave-one-out 1.27 m."""
    points = shared_data / "maps/rautjarvi/rautjarvi_map.jpg.points"
    text = run("map", "fit", points, "--kind", "affine").stdout
    assert text.startswith("affine through 8 of 8 points: RMSE 0.67 m, 1.27 m at points left out.")


@pytest.mark.shared_data
def test_a_real_scan_is_warped(run, shared_data):
    """Oracle: the grid cross at 2558000, 6788000, a control point, lies within the sheet's bounds."""
    scan = shared_data / "maps/rautjarvi/rautjarvi_map.jpg"
    points = scan.with_name("rautjarvi_map.jpg.points")
    result = run(
        "map", "warp", scan, "--points", points, "--kind", "affine", "--resolution", "16", "--out", "o.tif"
    )
    assert result.exit_code == 0
    with rasterio.open("o.tif") as made:
        assert made.crs.to_epsg() == 2392
        row, column = made.index(2_558_000, 6_788_000)
        assert made.read(4)[row, column] > 0
