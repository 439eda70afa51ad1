"""Contours and models through files, the command line, and the comparison of models."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.testing import assert_allclose

from whence.cli import whence
from whence.earth.crs import Crs
from whence.errors import InputError, NotFoundError
from whence.maps.heights import Lattice, Terrain
from whence.maps.heights.compare import Difference, slope_deg
from whence.maps.heights.contour_files import read_contours, write_contours
from whence.maps.heights.model_file import read_model, write_model


def test_contours_come_back_from_geojson(tmp_path, hilly) -> None:
    _, _, terrain = hilly()
    write_contours(tmp_path / "c.geojson", Terrain(terrain.contours, crs=Crs.parse("EPSG:32633")))
    back = read_contours(tmp_path / "c.geojson")
    assert back.crs is not None
    assert back.crs.code == "EPSG:32633"
    assert_allclose(back.contours.heights_m, terrain.contours.heights_m)
    for one, other in zip(back.contours.lines, terrain.contours.lines, strict=True):
        assert_allclose(one, other)


def feature(properties: dict, geometry: dict | None = None) -> dict:
    line = {"type": "LineString", "coordinates": [[0, 0], [1, 1, 7]]}
    return {"type": "Feature", "properties": properties, "geometry": geometry or line}


@pytest.mark.parametrize(
    ("content", "field", "word"),
    [
        ("{", None, "not GeoJSON"),
        ([], None, "FeatureCollection"),
        ({"features": []}, None, "no line"),
        ({"features": [feature({"name": "x"})]}, None, "there are name"),
        ({"features": [feature({"ELEV": "high"})]}, None, "'high'"),
        ({"features": [feature({"ELEV": 5})]}, "depth", "depth"),
        (
            {"features": [feature({"ELEV": 5}, {"type": "LineString", "coordinates": [[4e6, 0], [4e6, 9]]})]},
            None,
            "coordinate system",
        ),
    ],
)
def test_broken_files_say_what_is_wrong(tmp_path, content, field, word) -> None:
    path = tmp_path / "c.geojson"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(InputError, match=word):
        read_contours(path, field=field)
    with pytest.raises(NotFoundError):
        read_contours(tmp_path / "none.geojson")


def test_outlines_of_areas_and_many_lines_count(tmp_path) -> None:
    area = {"type": "MultiPolygon", "coordinates": [[[[0, 0], [4, 0], [4, 4], [0, 0]]]]}
    many = {"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]], [[2, 2], [3, 3]]]}
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"features": [feature({"Z": 1}, area), feature({"z": "2"}, many)]}))
    found = read_contours(path, crs="EPSG:3035").contours
    assert found.heights_m.tolist() == [1, 2, 2]
    assert found.closed.tolist() == [True, False, False]


def test_a_model_comes_back_from_its_file(tmp_path, hilly) -> None:
    lattice, truth, _ = hilly()
    truth = truth.copy()
    truth[3, 4] = np.nan
    write_model(tmp_path / "d.tif", truth, lattice, crs=Crs.parse("EPSG:32633"), sigma_m=truth * 0 + 2)
    heights, its_lattice, crs = read_model(tmp_path / "d.tif")
    assert its_lattice == lattice
    assert crs is not None
    assert crs.code == "EPSG:32633"
    assert_allclose(heights, truth, rtol=1e-6)


def test_a_shift_is_bias_and_noise_is_nmad() -> None:
    rng = np.random.default_rng(0)
    reference = np.add.outer(np.arange(200.0), np.zeros(150)) * 10 * np.tan(np.radians(15))
    found = Difference.of(reference + 3 + rng.normal(scale=2.0, size=(200, 150)), reference, cell_m=10.0)
    assert found.bias_m == pytest.approx(3, abs=0.05)
    assert found.nmad_m == pytest.approx(2, rel=0.03)
    assert found.rmse_m == pytest.approx(13**0.5, rel=0.02)
    assert found.volume_m3 == pytest.approx(3 * 200 * 150 * 100, rel=0.02)
    assert list(found.by_slope) == [(10.0, 20.0)]
    assert_allclose(slope_deg(reference, 10.0), 15)
    with pytest.raises(InputError, match="two grids"):
        Difference.of(reference, reference[1:], cell_m=10.0)
    with pytest.raises(InputError, match="no cell"):
        Difference.of(reference * np.nan, reference, cell_m=10.0)


def test_the_command_makes_a_model_names_a_wrong_label_and_compares(tmp_path, hilly) -> None:
    lattice, truth, terrain = hilly()
    heights = terrain.contours.heights_m.copy()
    longest = max(range(len(heights)), key=lambda k: len(terrain.contours.lines[k]))
    heights[longest] += 300.0
    crs = Crs.parse("EPSG:32633")
    for name, labels in (("good", terrain.contours.heights_m), ("bad", heights)):
        write_contours(tmp_path / f"{name}.geojson", Terrain(terrain.contours.relabel(labels), crs=crs))
        made = tmp_path / f"{name}.tif"
        arguments = ["map", "heights", "dem", str(tmp_path / f"{name}.geojson"), "--cell", "20"]
        result = CliRunner().invoke(whence, [*arguments, "--out", str(made)])
        assert result.exit_code == 0, result.output
        assert (f"line {longest + 1}:" in result.stderr) == (name == "bad")
    found, its_lattice, _ = read_model(tmp_path / "good.tif")
    assert isinstance(its_lattice, Lattice)
    corner = np.rint(lattice.to_cells(np.array([its_lattice.west, its_lattice.north]))).astype(int)
    part = truth[corner[1] :, corner[0] :][: its_lattice.rows, : its_lattice.columns]
    write_model(tmp_path / "truth.tif", part, its_lattice, crs=crs)
    assert found.shape == part.shape
    files = [str(tmp_path / name) for name in ("good.tif", "truth.tif")]
    result = CliRunner().invoke(whence, ["map", "heights", "compare", *files, "--json"])
    assert json.loads(result.stdout)["rmse_m"] < 1.0


def test_few_contours_make_a_model_without_uncertainty(tmp_path, hilly) -> None:
    _, _, terrain = hilly()
    few = terrain.contours.choose(np.searchsorted(terrain.contours.heights_m, [50.0, 150.0]))
    write_contours(tmp_path / "c.geojson", Terrain(few, crs=Crs.parse("EPSG:32633")))
    arguments = [str(tmp_path / "c.geojson"), "--cell", "20", "--out", str(tmp_path / "d.tif")]
    result = CliRunner().invoke(whence, ["map", "heights", "dem", *arguments])
    assert result.exit_code == 0, result.output
    assert "two heights" in result.stderr
    assert "too few contours" in result.stderr
    assert np.isfinite(read_model(tmp_path / "d.tif")[0]).all()
