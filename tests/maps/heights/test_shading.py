"""Hillshade: a plane in closed form, the formula as a slow loop, and GDAL's own."""

from __future__ import annotations

import math
import shutil
import subprocess

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.imagery.raster import Window, open_raster
from whence.maps.heights import write_model
from whence.maps.heights.shading import hillshade, write_hillshade


@pytest.mark.parametrize("azimuth", [0.0, 90.0, 200.0, 315.0])
def test_a_plane_is_as_bright_as_its_normal_says(azimuth: float) -> None:
    """Oracle: the cosine between normal and light, everywhere, the rim too."""
    rows, columns = np.mgrid[:20, :30]
    ground = 0.3 * 10 * columns - 0.2 * 10 * rows  # rises 0.3 eastward, 0.2 northward
    lit = hillshade(ground, 10.0, azimuth_deg=azimuth, altitude_deg=40.0)
    normal = np.array([-0.3, -0.2, 1.0]) / math.sqrt(1.13)
    a, h = math.radians(azimuth), math.radians(40)
    light = [math.sin(a) * math.cos(h), math.cos(a) * math.cos(h), math.sin(h)]
    assert_array_equal(lit, math.floor(1.5 + 254 * max(normal @ light, 0)))


def test_it_is_the_loop_over_eight_neighbours() -> None:
    """Oracle: Horn's formula, cell by cell."""
    z = np.random.default_rng(0).normal(0, 8, (9, 11)).cumsum(axis=1)
    lit = hillshade(z, 25.0, exaggeration=1.7)
    light = [-(math.cos(math.radians(45)) ** 2), math.cos(math.radians(45)) ** 2, math.sin(math.radians(45))]
    for row in range(1, 8):
        for column in range(1, 10):
            a, b, c = 1.7 * z[row - 1, column - 1 : column + 2]
            d, _, f = 1.7 * z[row, column - 1 : column + 2]
            g, h, i = 1.7 * z[row + 1, column - 1 : column + 2]
            east = (c + 2 * f + i - a - 2 * d - g) / 200
            north = (a + 2 * b + c - g - 2 * h - i) / 200
            bright = (light[2] - east * light[0] - north * light[1]) / math.sqrt(1 + east**2 + north**2)
            assert lit[row, column] == math.floor(1.5 + 254 * max(bright, 0))


@pytest.mark.skipif(shutil.which("gdaldem") is None, reason="gdaldem (Debian gdal-bin) is not installed")
@pytest.mark.parametrize(("azimuth", "altitude"), [(315.0, 45.0), (90.0, 20.0)])
def test_gdaldem_has_the_same_shade(tmp_path, hilly, monkeypatch, azimuth: float, altitude: float) -> None:
    """Oracle: gdaldem hillshade; its rounding may differ by one."""
    lattice, truth, _ = hilly(60, 50)
    truth = truth.copy()
    truth[20:24, 30:33] = np.nan
    write_model(tmp_path / "m.tif", truth, lattice, crs=Crs.parse("EPSG:32633"))
    monkeypatch.setattr("whence.maps.heights.alignment._ROWS", 16)
    write_hillshade(tmp_path / "s.tif", tmp_path / "m.tif", azimuth_deg=azimuth, altitude_deg=altitude)
    angles = ["-az", str(azimuth), "-alt", str(altitude)]
    command = ["gdaldem", "hillshade", *angles, "-q", str(tmp_path / "m.tif"), str(tmp_path / "g.tif")]
    subprocess.run(command, check=True, capture_output=True)
    ours, theirs = (read(tmp_path / name) for name in ("s.tif", "g.tif"))
    inner = theirs > 0
    assert inner[1:-1, 1:-1].mean() > 0.97
    assert np.abs(ours[inner].astype(int) - theirs[inner]).max() <= 1
    assert (ours[1:-1, 1:-1][~inner[1:-1, 1:-1]] == 0).all()


def read(path):
    with open_raster(path) as reader:
        return reader.read(Window(0, 0, reader.raster.width, reader.raster.height))[0][..., 0]


@pytest.mark.parametrize(
    "options", [{"altitude_deg": 0.0}, {"exaggeration": 0.0}, {"exaggeration": -1.0}, {"altitude_deg": 91.0}]
)
def test_light_from_nowhere_is_refused(options) -> None:
    with pytest.raises(InputError, match="give"):
        hillshade(np.zeros((4, 4)), 10.0, **options)
