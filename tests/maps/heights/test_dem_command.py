"""whence map heights dem: every option through the real entry point."""

from __future__ import annotations

import json
import shutil
import subprocess

import click
import numpy as np
import pyogrio
import pytest
import shapely
from click.testing import CliRunner, Result
from numpy.testing import assert_allclose

from whence.cli import main
from whence.earth.crs import Crs
from whence.maps.heights import Contours, Terrain
from whence.maps.heights.contour_files import write_contours
from whence.maps.heights.model_file import read_model, write_model

ZONE = Crs.parse("EPSG:32633")


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.pass_context
def entry(context: click.Context) -> None:
    """The entry point, with the exit statuses that a user sees."""
    main(["map", "heights", "dem", *context.args])


def dem(*arguments: object) -> Result:
    return CliRunner().invoke(entry, [str(one) for one in arguments])


@pytest.fixture
def file(tmp_path, hilly):
    _, _, terrain = hilly(40, 30)
    write_contours(tmp_path / "c.gpkg", terrain.contours, ZONE)
    return tmp_path / "c.gpkg"


def test_auto_tries_the_methods_and_chooses_the_cell(file, tmp_path, monkeypatch) -> None:
    few = {name: value for name, value in _surfaces().items() if name in ("biharmonic", "idw", "tin")}
    monkeypatch.setattr("whence.maps.heights.surface.comparison.SURFACES", few)
    result = dem(file, "--cell", "auto", "--method", "auto", "--out", tmp_path / "d.tif", "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["method"] == "biharmonic"
    assert set(said["rmse_m"]) == set(few)
    assert "idw" in result.stderr
    assert said["cell_m"] == read_model(tmp_path / "d.tif")[1].cell_m
    assert 2 < said["cell_m"] < 20


def _surfaces() -> dict[str, str]:
    from whence.maps.heights import SURFACES

    return SURFACES


def test_kriging_shows_its_variogram(file, tmp_path) -> None:
    result = dem(file, "--cell", 40, "--method", "kriging", "--out", tmp_path / "d.tif", "--json")
    assert result.exit_code == 0, result.output
    assert "power variogram" in result.stderr
    assert len(json.loads(result.stdout)["options"]["variogram"]["bins"]) >= 3


def test_the_grid_of_a_raster_or_an_extent_is_taken(file, tmp_path, hilly) -> None:
    lattice, truth, _ = hilly(40, 30)
    write_model(tmp_path / "like.tif", truth, lattice, crs=ZONE)
    result = dem(file, "--like", tmp_path / "like.tif", "--method", "tin", "--out", tmp_path / "d.tif")
    assert result.exit_code == 0, result.output
    assert read_model(tmp_path / "d.tif")[1] == lattice
    corners = [500_100, 5_999_700, 500_400, 5_999_900]
    result = dem(file, "--cell", 20, "--extent", *corners, "--method", "tin", "--out", tmp_path / "e.tif")
    assert result.exit_code == 0, result.output
    assert read_model(tmp_path / "e.tif")[1].shape == (10, 15)
    write_model(tmp_path / "other.tif", truth, lattice, crs=Crs.parse("EPSG:32634"))
    result = dem(file, "--like", tmp_path / "other.tif", "--out", tmp_path / "d.tif")
    assert result.exit_code == 2
    assert "two coordinate systems" in result.stderr


def test_a_vertical_system_makes_a_compound_one(file, tmp_path) -> None:
    out = tmp_path / "d.tif"
    result = dem(file, "--cell", 20, "--method", "tin", "--vertical", "EPSG:5773", "--out", out)
    assert result.exit_code == 0, result.output
    if shutil.which("gdalinfo") is None:
        pytest.skip("gdalinfo is not installed")
    said = subprocess.run(["gdalinfo", str(out)], capture_output=True, text=True, check=True).stdout
    assert "EGM96 height" in said
    assert "LAYOUT=COG" in said


def test_lakes_spots_and_breaklines_come_from_files(file, tmp_path, hilly) -> None:
    lattice, _, _ = hilly(40, 30)
    places = {
        "spots": [shapely.Point(*lattice.to_world(np.array([30.5, 20.5])), 77.0)],
        "lakes": [shapely.Polygon(lattice.to_world(np.array([[5.0, 5], [12, 5], [12, 12], [5, 12]])))],
        "breaklines": [shapely.LineString(lattice.to_world(np.array([[20.0, 2], [20, 28]])))],
    }
    arguments: list[object] = [file, "--cell", 20]
    for name, shapes in places.items():
        wkb = np.array(shapely.to_wkb(shapes, output_dimension=3), dtype=object)
        pyogrio.raw.write(
            tmp_path / f"{name}.gpkg",
            wkb,
            field_data=[np.array([55.0])],
            fields=np.array(["id" if name == "spots" else "level"], dtype=object),
            geometry_type="Unknown",
            crs="EPSG:32633",
        )
        arguments += [f"--{name}", tmp_path / f"{name}.gpkg"]
    result = dem(*arguments, "--out", tmp_path / "d.tif")
    assert result.exit_code == 0, result.output
    heights, made, _ = read_model(tmp_path / "d.tif")
    dem(file, "--cell", 20, "--out", tmp_path / "bare.tif")
    bare = read_model(tmp_path / "bare.tif")[0]
    column, row = made.to_cells(lattice.to_world(np.array([8.5, 8.5]))).astype(int)
    assert heights[row, column] == 55.0
    column, row = made.to_cells(lattice.to_world(np.array([30.5, 20.5]))).astype(int)
    assert abs(heights[row, column] - 77.0) < 0.7 * abs(bare[row, column] - 77.0)


def test_heights_are_changed_and_lines_left_out_with_consent_only(tmp_path, hilly) -> None:
    _, _, terrain = hilly(40, 30)
    contours = terrain.contours
    wrong = contours.heights_m.copy()
    longest = max(range(len(contours)), key=lambda k: len(contours.lines[k]))
    wrong[longest] += 300.0
    write_contours(tmp_path / "wrong.gpkg", contours.relabel(wrong), ZONE)
    base = ["--cell", 20, "--method", "tin", "--out", tmp_path / "d.tif"]
    told = dem(tmp_path / "wrong.gpkg", *base)
    assert f"line {longest + 1}:" in told.stderr
    assert np.nanmax(read_model(tmp_path / "d.tif")[0]) > 300
    assert "changed to agree" in dem(tmp_path / "wrong.gpkg", *base, "--repair").stderr
    assert np.nanmax(read_model(tmp_path / "d.tif")[0]) < 300
    middle = contours.lines[longest].mean(axis=0)
    across = np.array([middle - 300, middle + 300])
    more = Contours((*contours.lines, across), np.append(contours.heights_m, 100.0))
    write_contours(tmp_path / "cross.gpkg", more, ZONE)
    told = dem(tmp_path / "cross.gpkg", *base)
    assert told.exit_code == 0
    assert f"and {len(more)} (100 m) cross at" in told.stderr
    assert (
        "1 lines that cross others were left out"
        in dem(tmp_path / "cross.gpkg", *base, "--drop-crossing").stderr
    )


def lines(levels: list[float]) -> Contours:
    along = np.linspace(0, 1000, 60)
    place = np.array([500_000.0, 6_000_000.0])
    return Contours.of(
        [place + np.stack([along, np.full(60, 50.0 * k)], axis=1) for k in range(len(levels))], levels
    )


@pytest.mark.parametrize(
    ("levels", "crs", "options", "word"),
    [
        ([7.0] * 6, "EPSG:32633", ["--cell", 20], "all heights are 7"),
        ([7.0], "EPSG:32633", ["--cell", 20], "all heights are 7"),
        ([7.0] * 6, "EPSG:32633", ["--cell", "auto"], "all heights are 7"),
        ([10, 20, 30], "EPSG:4326", ["--cell", 20], "degrees"),
        ([500, 520, 540, 560, 1903, 1968, 2034, 2100], "EPSG:32633", ["--cell", 20], "--repair"),
        ([10, 20, 30], "EPSG:32633", ["--cell", "wide"], "no number"),
        ([10, 20, 30], "EPSG:32633", [], "--like"),
        ([10, 20, 30], "EPSG:32633", ["--cell", 0], "no size"),
        ([10, 20, 30], "EPSG:32633", ["--cell", 20, "--vertical", "EPSG:32633"], "no vertical"),
        ([0, 520, 540], "EPSG:32633", ["--cell", 20], "--missing drop"),
        ([10, 20, 30], "EPSG:32633", ["--cell", 20, "--method", "guess"], "no surface"),
    ],
)
def test_what_cannot_be_a_model_has_status_2_and_the_way_out(tmp_path, levels, crs, options, word) -> None:
    write_contours(tmp_path / "c.geojson", Terrain(lines(levels), crs=Crs.parse(crs)))
    result = dem(tmp_path / "c.geojson", *options, "--out", tmp_path / "d.tif")
    assert result.exit_code == 2, result.output
    assert word in result.stderr
    assert not (tmp_path / "d.tif").exists()


def test_feet_are_turned_into_metres_with_consent(tmp_path) -> None:
    levels = [500.0, 520, 540, 560, 1903, 1968, 2034, 2100]
    write_contours(tmp_path / "c.gpkg", lines(levels), ZONE)
    result = dem(
        tmp_path / "c.gpkg", "--cell", 10, "--repair", "--method", "tin", "--out", tmp_path / "d.tif"
    )
    assert result.exit_code == 0, result.output
    assert "turned into metres" in result.stderr
    heights = read_model(tmp_path / "d.tif")[0]
    assert_allclose([np.nanmin(heights), np.nanmax(heights)], [500, 640], atol=5)


def test_a_large_grid_is_made_in_tiles(file, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("whence.maps.heights.making.STREAMED_CELLS", 500)
    result = dem(file, "--cell", 20, "--out", tmp_path / "d.tif", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["streamed"]
    result = dem(file, "--cell", 20, "--method", "tin", "--out", tmp_path / "d.tif")
    assert result.exit_code == 2
    assert "too many for tin" in result.stderr
