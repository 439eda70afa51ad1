"""Bad input is refused in a sentence, and nothing half-made is left."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from scans import CRS, ORIGIN, smooth_scan, write_scan

from whence.errors import InputError, NotAnImageError, NotFoundError
from whence.maps.transforms import Transform, fit
from whence.maps.warping import warp


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    return write_scan(tmp_path / "scan.tif", smooth_scan(120, 100))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"crs": "EPSG:999999"}, "unknown coordinate system"),
        ({"crs": None}, "not known; give world_crs"),
        ({"resolution_m": 1e-6}, "times as coarse"),
        ({"resolution_m": -2.0}, "metres above 0"),
        ({"resolution_m": float("nan")}, "metres above 0"),
        ({"resampling": "sharp"}, "nearest, bilinear, cubic, lanczos"),
        ({"layout": "png"}, "cog, geotiff"),
        ({"compression": "zip"}, "none, deflate, lzw, zstd"),
        ({"nodata": 300}, "no value of uint8"),
        ({"memory_mb": 1.0}, "at least 128"),
        ({"max_error_px": 0.01}, "rounding alone takes 0.016"),
        ({"max_error_px": float("nan")}, "rounding alone"),
        ({"landmarks": [1.0, 2.0, 3.0]}, "landmarks must be finite"),
        ({"neatline": [[0, 0], [9, 9]]}, "at least three corners"),
        ({"neatline": [[0, 0], [9, 9], [9, 0], [0, 9]]}, "no simple polygon"),
        ({"neatline": [[0, 0], [9, np.nan], [9, 0]]}, "corner 1 of the neatline is not finite"),
        ({"neatline": [[500, 500], [600, 500], [600, 600]]}, "beside the scan"),
    ],
)
def test_settings_that_make_no_sense(
    tmp_path: Path, north_up: Transform, scan: Path, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        warp(scan, north_up, tmp_path / "sheet.tif", **{"crs": CRS, **options})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scan.tif"]


def test_a_sheet_does_not_replace_its_scan(north_up: Transform, scan: Path) -> None:
    with pytest.raises(InputError, match="is the scan itself"):
        warp(scan, north_up, scan, crs=CRS)


def test_files_that_are_no_scans(tmp_path: Path, north_up: Transform) -> None:
    with pytest.raises(NotFoundError):
        warp(tmp_path / "none.tif", north_up, tmp_path / "sheet.tif", crs=CRS)
    text = tmp_path / "text.tif"
    text.write_text("not a picture")
    with pytest.raises(NotAnImageError, match="not a raster"):
        warp(text, north_up, tmp_path / "sheet.tif", crs=CRS)


@pytest.mark.parametrize("options", [{}, {"tiled": True, "blockxsize": 64, "blockysize": 64}])
def test_a_truncated_scan(tmp_path: Path, north_up: Transform, options: dict[str, Any]) -> None:
    values = np.random.default_rng(0).integers(0, 256, (400, 300, 3), dtype=np.uint8)
    scan = write_scan(tmp_path / "scan.tif", values, compress="deflate", **options)
    scan.write_bytes(scan.read_bytes()[: scan.stat().st_size // 2])
    with pytest.raises(NotAnImageError, match=r"truncated|not a raster"):
        warp(scan, north_up, tmp_path / "sheet.tif", crs=CRS)
    assert not (tmp_path / "sheet.tif").exists()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_truncated_picture(tmp_path: Path, north_up: Transform, suffix: str) -> None:
    scan = tmp_path / f"scan{suffix}"
    values = np.random.default_rng(0).integers(0, 256, (400, 300, 3), dtype=np.uint8)
    PIL.Image.fromarray(values).save(scan)
    warp(scan, north_up, tmp_path / "whole.tif", crs=CRS)
    scan.write_bytes(scan.read_bytes()[: scan.stat().st_size // 2])
    with pytest.raises(NotAnImageError, match=r"truncated|not a raster"):
        warp(scan, north_up, tmp_path / "sheet.tif", crs=CRS)
    assert not (tmp_path / "sheet.tif").exists()


def test_a_scan_of_one_pixel_is_a_sheet_of_one_pixel(tmp_path: Path, north_up: Transform) -> None:
    scan = write_scan(tmp_path / "scan.tif", np.full((1, 1, 3), 9, np.uint8))
    sheet = warp(scan, north_up, tmp_path / "sheet.tif", crs=CRS)
    assert (sheet.frame.width, sheet.frame.height, sheet.covered_px) == (1, 1, 1)


def test_a_transform_with_a_horizon(tmp_path: Path, scan: Path) -> None:
    # A strong perspective: row 30 is at infinity.
    pixels = np.array([[0, 60], [120, 60], [120, 100], [0, 100]], dtype=float)
    depth = 1e4 / (pixels[:, 1] - 30)
    world = ORIGIN + np.column_stack([(pixels[:, 0] - 60) * depth, depth])
    transform = fit(pixels, world, kind="projective")
    with pytest.raises(InputError, match="beyond its horizon"):
        warp(scan, transform, tmp_path / "sheet.tif", crs=CRS)
    sheet = warp(scan, transform, tmp_path / "sheet.tif", crs=CRS, neatline=pixels)
    assert sheet.covered_px > 0


FULL_DISK = """
import resource, sys
import numpy as np
from whence.maps.transforms import fit
from whence.maps.warping import warp
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
pixels = np.array([[0, 0], [100, 0], [100, 100], [0, 100]], dtype=float)
transform = fit(pixels, 5e5 + pixels * [2.0, -2.0], kind="affine")
try:
    warp(sys.argv[1], transform, sys.argv[2], crs="EPSG:32635", layout=sys.argv[3])
except ValueError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit on the size of files here")
@pytest.mark.parametrize("layout", ["cog", "geotiff"])
def test_a_full_disk(tmp_path: Path, layout: str) -> None:
    # The process may write files of 200 kB, which GDAL meets as it meets a full disk.
    values = np.random.default_rng(0).integers(0, 256, (600, 600, 3), dtype=np.uint8)
    scan = write_scan(tmp_path / "scan.tif", values)
    command = [sys.executable, "-c", FULL_DISK, str(scan), str(tmp_path / "sheet.tif"), layout]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "InputError" in done.stdout
    assert "cannot be written" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scan.tif"]


def test_an_interrupt_leaves_the_old_sheet(tmp_path: Path, north_up: Transform, scan: Path) -> None:
    out = tmp_path / "sheet.tif"
    out.write_text("the old one")

    def stop(done: int, count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        warp(scan, north_up, out, crs=CRS, progress=stop)
    assert out.read_text() == "the old one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scan.tif", "sheet.tif"]
