"""Sheets: every pixel shows what the transform says, whatever the scan is made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scans import CRS, ORIGIN, read_sheet, smooth_scan, smooth_values, write_scan

from whence.maps.transforms import Transform, fit
from whence.maps.warping import warp


@pytest.mark.parametrize("resampling", ["bilinear", "cubic", "lanczos", "nearest"])
def test_every_pixel_shows_its_place(tmp_path: Path, spline: Transform, resampling: str) -> None:
    # Oracle: the closed form of the picture at the exact inverse of every pixel's centre.
    scan = write_scan(tmp_path / "scan.tif", smooth_scan(700, 600))
    sheet = warp(scan, spline, tmp_path / "sheet.tif", crs=CRS, resampling=resampling)
    values, inside, profile = read_sheet(sheet.path)
    rows, columns = np.mgrid[0 : sheet.frame.height : 7, 0 : sheet.frame.width : 7]
    world = np.stack(profile["transform"] @ (columns + 0.5, rows + 0.5), axis=-1)
    pixels = spline.to_pixels(world)
    on_scan = ((pixels > 0) & (pixels < [700, 600])).all(axis=-1)
    assert (inside[rows, columns] == on_scan).mean() > 0.999  # but for pixels cut by the border
    near = ((pixels > 4) & (pixels < [696, 596])).all(axis=-1)
    off = np.abs(values[rows, columns][near][:, :3] - smooth_values(pixels[near])).max()
    assert off < (2.5 if resampling == "nearest" else 1.2)  # at most 1.7 grey values a pixel, and rounding
    assert sheet.error_px <= 0.1


def test_a_north_up_sheet_is_the_scan_itself(tmp_path: Path, north_up: Transform) -> None:
    values = np.random.default_rng(0).integers(0, 256, (300, 520, 3), dtype=np.uint8)
    scan = write_scan(tmp_path / "scan.tif", values)
    sheet = warp(scan, north_up, tmp_path / "sheet.tif", crs=CRS)
    found, inside, profile = read_sheet(sheet.path)
    np.testing.assert_array_equal(found[..., :3], values)
    assert inside.all()
    assert sheet.covered_px == 300 * 520
    assert tuple(profile["transform"])[:6] == pytest.approx((2.0, 0.0, ORIGIN[0], 0.0, -2.0, ORIGIN[1]))
    assert profile["crs"].to_epsg() == 32635


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_scans_come_out_upright(tmp_path: Path, turns: int) -> None:
    # Oracle: numpy's rot90.
    values = np.random.default_rng(turns).integers(0, 256, (60, 80, 1), dtype=np.uint8)
    turned = np.rot90(values, turns)
    corners = np.array([[0, 0], [80, 0], [80, 60], [0, 60]], dtype=float)
    places, width = corners, 80
    for turn in range(turns):  # a quarter turn to the left: (column, row) goes to (row, width - column)
        places, width = np.column_stack([places[:, 1], width - places[:, 0]]), (60, 80)[turn % 2]
    transform = fit(places, ORIGIN + corners * [2.0, -2.0], kind="affine")
    sheet = warp(write_scan(tmp_path / "scan.tif", turned), transform, tmp_path / "sheet.tif", crs=CRS)
    np.testing.assert_array_equal(read_sheet(sheet.path)[0][..., :1], values)
