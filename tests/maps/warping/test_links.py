"""VRT and world file; the oracle is GDAL, which reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from scans import CRS, control_points, smooth_scan, write_scan

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.maps.points import ControlPoints
from whence.maps.transforms import Transform, fit
from whence.maps.warping import write_gcp_vrt, write_world_file


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    return write_scan(tmp_path / "scan.tif", smooth_scan(120, 100))


@pytest.mark.parametrize("crs", [CRS, "EPSG:4326", "EPSG:31467"])
def test_gdal_reads_the_points(tmp_path: Path, scan: Path, crs: str) -> None:
    pixels, world = control_points(7, 120, 100)
    enabled = np.arange(7) != 3
    points = ControlPoints(pixels, world / (1 if crs == CRS else 1e5), crs=Crs.parse(crs), enabled=enabled)
    with rasterio.open(write_gcp_vrt(scan, points, tmp_path / "points.vrt")) as dataset:
        gcps, system = dataset.gcps
        assert dataset.read().shape == (3, 100, 120)
    assert system == rasterio.CRS.from_user_input(crs)
    found = np.array([[gcp.col, gcp.row, gcp.x, gcp.y] for gcp in gcps])
    np.testing.assert_array_equal(found, np.hstack([points.pixels, points.world])[enabled])


def test_a_vrt_needs_a_system_and_points(tmp_path: Path, scan: Path) -> None:
    pixels, world = control_points(7, 120, 100)
    with pytest.raises(InputError, match="coordinate system"):
        write_gcp_vrt(scan, ControlPoints(pixels, world), tmp_path / "points.vrt")
    none = ControlPoints(pixels, world, crs=Crs.parse(CRS), enabled=np.zeros(7, bool))
    with pytest.raises(InputError, match="no control point"):
        write_gcp_vrt(scan, none, tmp_path / "points.vrt")


def test_gdal_reads_the_world_file(scan: Path) -> None:
    transform = fit(*control_points(9, 120, 100), kind="affine")
    assert write_world_file(scan, transform).name == "scan.tfw"
    with rasterio.open(scan) as dataset:
        for pixel in ([0.0, 0.0], [120.0, 100.0], [33.0, 71.0]):
            assert dataset.transform @ tuple(pixel) == pytest.approx(transform.to_world(pixel), abs=1e-6)


def test_a_spline_is_no_world_file(scan: Path, spline: Transform) -> None:
    with pytest.raises(InputError, match="only hold an affine"):
        write_world_file(scan, spline)
