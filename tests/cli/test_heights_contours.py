"""whence map heights contours: the way back from a height model, and what is refused."""

from __future__ import annotations

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


def test_a_scan_without_its_place_is_refused(run, tmp_path) -> None:
    PIL.Image.fromarray(np.full((100, 100, 3), 240, np.uint8)).save(tmp_path / "scan.png")
    for more in ((), ("--ink", "#b06834")):
        result = run("map", "heights", "contours", "scan.png", "--interval", "5", *more, "--out", "c.geojson")
        assert result.exit_code == 2
        assert "--points" in result.output + result.stderr
    assert not (tmp_path / "c.geojson").exists()
