"""Models written tile by tile: the same as at once, resumable, and never mixed."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from numpy.testing import assert_allclose

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.maps.heights import Lake, Spots, Terrain, method
from whence.maps.heights.cropping import SegmentIndex
from whence.maps.heights.model_file import ModelFile, read_model, write_model
from whence.maps.heights.streaming import stream_model, workshop_of
from whence.maps.heights.surface.biharmonic import grid_data
from whence.maps.heights.surface.doubt import Doubt, measure_doubt
from whence.maps.heights.surface.tiles import Tiles, Tiling

CUT = Tiling(side_cells=64, margin_cells=32, halvings=1)


def test_a_part_has_the_data_that_the_whole_has_there(hilly) -> None:
    lattice, _, terrain = hilly(150, 120)
    index = SegmentIndex.of(terrain, lattice)
    for row, column in ((0, 0), (40, 70), (90, 100)):
        part = lattice.window(row=row, column=column, rows=30, columns=50)
        scanned, indexed = grid_data(terrain, part), grid_data(index.crop(part), part)
        assert len(indexed) == len(scanned) > 100
        order, other = np.lexsort(scanned.nodes.T), np.lexsort(indexed.nodes.T)
        assert_allclose(indexed.nodes[other], scanned.nodes[order], atol=1e-6)
        assert_allclose(indexed.weights[other], scanned.weights[order], atol=1e-6)
    assert len(index.crop(replace(lattice, west=lattice.west + 1e6)).contours) == 0


def test_written_in_tiles_it_is_what_it_is_at_once(tmp_path, hilly) -> None:
    lattice, truth, terrain = hilly(150, 120)
    terrain = replace(terrain, spots=Spots(lattice.centres()[[5, 100], [7, 90]], truth[[5, 100], [7, 90]]))
    told = []
    path = tmp_path / "d.tif"
    doubt = stream_model(
        path,
        terrain,
        lattice,
        smoothing=0.005,
        tiling=CUT,
        file=ModelFile(Crs.parse("EPSG:32633"), vertical="EPSG:5773"),
        tell=lambda done, total: told.append((done, total)),
    )
    heights, its_lattice, crs = read_model(path)
    whole = method("biharmonic", smoothing=0.005).heights(terrain, lattice)
    assert its_lattice == lattice
    assert crs is not None
    assert crs.code == "EPSG:32633"
    assert np.abs(heights - whole).max() < terrain.interval_m / 100
    assert told == [(k, 6) for k in range(7)]
    assert not workshop_of(path).exists()
    its_doubt, sigma = measure_doubt(terrain, lattice, smoothing=0.005)
    assert doubt == its_doubt
    with rasterio.open(path) as file:
        assert file.descriptions == ("height_m", "standard_error_m")
        assert_allclose(file.read(2), sigma, rtol=0.05, atol=1e-3)


def test_the_file_is_cloud_optimised_in_a_compound_system(tmp_path, hilly) -> None:
    lattice, truth, _ = hilly()
    path = tmp_path / "d.tif"
    write_model(path, truth, lattice, file=ModelFile(Crs.parse("EPSG:32633"), vertical="EPSG:5773"))
    with rasterio.open(path) as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    if shutil.which("gdalinfo") is None:
        pytest.skip("gdalinfo is not installed")
    said = subprocess.run(["gdalinfo", str(path)], capture_output=True, text=True, check=True).stdout
    assert "COMPOUNDCRS" in said or "COMPD_CS" in said
    assert "EGM96 height" in said
    assert "UTM zone 33N" in said
    assert [one.name for one in tmp_path.iterdir()] == ["d.tif"]


def test_an_interrupted_model_goes_on_and_a_changed_one_does_not(tmp_path, hilly, monkeypatch) -> None:
    lattice, _, terrain = hilly(150, 120)
    path = tmp_path / "d.tif"
    solve, solved = Tiles.solve, []

    def interrupted(self, window):
        if len(solved) == 3:
            raise KeyboardInterrupt
        solved.append(window)
        return solve(self, window)

    monkeypatch.setattr(Tiles, "solve", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stream_model(path, terrain, lattice, smoothing=0.005, tiling=CUT)
    assert not path.exists()
    assert len(list(workshop_of(path).glob("*-*.npy"))) == 3
    moved = terrain.with_contours(terrain.contours.relabel(terrain.contours.heights_m + 1.0))
    for other, smoothing in ((moved, 0.005), (terrain, 0.006)):
        with pytest.raises(InputError, match="begun with other"):
            stream_model(path, other, lattice, smoothing=smoothing, tiling=CUT)
    solved.clear()
    monkeypatch.setattr(Tiles, "solve", lambda self, window: solved.append(window) or solve(self, window))
    stream_model(path, terrain, lattice, smoothing=0.005, tiling=CUT)
    assert len(solved) == 3
    stream_model(tmp_path / "whole.tif", terrain, lattice, smoothing=0.005, tiling=CUT)
    assert (read_model(path)[0] == read_model(tmp_path / "whole.tif")[0]).all()


def test_tiles_without_a_contour_follow_the_others_and_say_that_they_guess(tmp_path, hilly) -> None:
    lattice, _, terrain = hilly(150, 120)
    wide = replace(lattice, columns=400)
    shore = lattice.to_world(np.array([[380.0, 20], [390, 20], [390, 40], [380, 40]]))
    terrain = Terrain(terrain.contours, lakes=(Lake(shore, 50.0),))
    path = tmp_path / "d.tif"
    stream_model(path, terrain, wide, smoothing=0.005, tiling=CUT, file=ModelFile(format="gtiff"))
    with rasterio.open(path) as file:
        heights, sigma = file.read()
    assert np.isfinite(heights).all()
    assert (heights[21:39, 381:389] == 50.0).all()
    near, far = sigma[20:100, 20:130].max(), sigma[:, 260:270].min()
    assert far > 3 * near
    assert far > terrain.interval_m


def test_doubt_grows_in_a_gap() -> None:
    doubt = Doubt((0.5, 5.0, 10.0), (0.1, 1.0, 2.0), most_m=10.0)
    assert_allclose(doubt.sigma_m(np.array([0.0, 5.0, 20.0, 40.0])), [0.1, 1.0, 4.0, 8.0])
    assert_allclose(doubt.sigma_m(np.array([50.0, 400.0])), [12.5, 100.0])


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"vertical": "EPSG:32633", "crs": Crs.parse("EPSG:32633")}, "no vertical"),
        ({"vertical": "EPSG:5773"}, "horizontal"),
        ({"vertical": "EPSG:1", "crs": Crs.parse("EPSG:32633")}, "unknown vertical"),
        ({"format": "asc"}, "cog, gtiff"),
    ],
)
def test_impossible_files_are_refused(options, word) -> None:
    with pytest.raises(InputError, match=word):
        ModelFile(**options)
