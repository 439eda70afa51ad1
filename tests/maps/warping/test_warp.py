"""Sheets: every pixel shows what the transform says, whatever the scan is made of."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from affine import Affine
from rasterio.enums import Resampling
from rasterio.warp import reproject
from scans import CRS, ORIGIN, control_points, read_sheet, smooth_scan, smooth_values, write_scan

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.maps.fitting import fit as fit_map
from whence.maps.points import ControlPoints
from whence.maps.transforms import Transform, fit, load
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


@pytest.mark.parametrize("resampling", ["nearest", "bilinear", "cubic", "lanczos"])
def test_gdal_makes_the_same_sheet(tmp_path: Path, resampling: str) -> None:
    # GDAL rounds its weights otherwise: one grey value, and now and then another neighbour.
    values = smooth_scan(300, 200)
    transform = fit(*control_points(20, 300, 200), kind="affine")
    scan = write_scan(tmp_path / "scan.tif", values)
    sheet = warp(scan, transform, tmp_path / "sheet.tif", crs=CRS, resampling=resampling)
    found, inside, profile = read_sheet(sheet.path)
    corner, right, down = transform.to_world([[0, 0], [1, 0], [0, 1.0]])
    theirs, _ = reproject(
        values.transpose(2, 0, 1),
        np.zeros((3, *inside.shape), np.uint8),
        src_transform=Affine(
            right[0] - corner[0], down[0] - corner[0], corner[0],
            right[1] - corner[1], down[1] - corner[1], corner[1],
        ),
        src_crs=CRS,
        dst_transform=profile["transform"],
        dst_crs=CRS,
        resampling=Resampling[resampling],
    )  # fmt: skip
    off = np.abs(theirs.transpose(1, 2, 0).astype(int) - found[..., :3])[inside]
    assert off.max() <= (3 if resampling == "nearest" else 1)
    assert off.mean() < 0.05


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


def test_a_neatline_cuts_the_margins(tmp_path: Path, spline: Transform) -> None:
    # Oracle: shapely, on the exact inverse of every pixel's centre.
    corners = np.array([[60, 50], [640, 40], [500, 300], [650, 560], [50, 540]], dtype=float)
    scan = write_scan(tmp_path / "scan.tif", smooth_scan(700, 600))
    sheet = warp(scan, spline, tmp_path / "sheet.tif", crs=CRS, neatline=corners)
    _, inside, profile = read_sheet(sheet.path)
    rows, columns = np.mgrid[0 : sheet.frame.height : 5, 0 : sheet.frame.width : 5]
    pixels = spline.to_pixels(np.stack(profile["transform"] @ (columns + 0.5, rows + 0.5), axis=-1))
    polygon = shapely.Polygon(corners)
    clear = shapely.distance(polygon.exterior, shapely.points(pixels)) > 0.1
    within = shapely.contains_xy(polygon, pixels[..., 0], pixels[..., 1])
    np.testing.assert_array_equal(inside[rows, columns][clear], within[clear])
    for axis in (0, 1):  # the frame is drawn around the neatline, not the scan
        filled = np.flatnonzero(inside.any(axis=axis))
        assert filled[0] <= 1
        assert filled[-1] >= inside.shape[1 - axis] - 2


def test_another_coordinate_system(tmp_path: Path, north_up: Transform) -> None:
    # Oracle: pyproj, from the centre of a bright pixel to the pixel that it becomes.
    values = np.zeros((400, 500, 1), np.uint8)
    values[123, 321] = 255
    scan = write_scan(tmp_path / "scan.tif", values)
    options = {"crs": "EPSG:3067", "world_crs": CRS, "resampling": "nearest", "resolution_m": 1.0}
    sheet = warp(scan, north_up, tmp_path / "sheet.tif", **options)
    found, _, profile = read_sheet(sheet.path)
    row, column = (int(places.mean()) for places in np.nonzero(found[..., 0]))
    place = profile["transform"] @ (column + 0.5, row + 0.5)
    expected = pyproj.Transformer.from_crs(CRS, "EPSG:3067", always_xy=True).transform(
        *north_up.to_world([321.5, 123.5])
    )
    assert place == pytest.approx(expected, abs=1.0)
    assert profile["crs"].to_epsg() == 3067


def test_degrees_have_square_pixels_on_the_ground(tmp_path: Path, north_up: Transform) -> None:
    scan = write_scan(tmp_path / "scan.tif", np.full((100, 100, 1), 9, np.uint8))
    options = {"crs": "EPSG:4326", "world_crs": CRS, "resolution_m": 4.0}
    sheet = warp(scan, north_up, tmp_path / "sheet.tif", **options)
    assert sheet.frame.step[0] / sheet.frame.step[1] == pytest.approx(1 / np.cos(np.radians(60.43)), rel=1e-3)
    assert sheet.covered_px == pytest.approx(50 * 50, rel=0.06)


def test_feet_are_turned_into_metres(tmp_path: Path) -> None:
    # EPSG:2263 counts US survey feet: 2 m are 6.5617 of them.
    pixels = np.array([[0, 0], [100, 0], [100, 100], [0, 100]], dtype=float)
    transform = fit(pixels, [980_000.0, 200_000.0] + pixels * [6.0, -6.0], kind="affine")
    scan = write_scan(tmp_path / "scan.tif", np.full((100, 100, 1), 9, np.uint8))
    sheet = warp(scan, transform, tmp_path / "sheet.tif", crs="EPSG:2263", resolution_m=2.0)
    assert sheet.frame.step[0] == pytest.approx(2.0 / (1200 / 3937))


def test_the_fit_is_kept_in_the_file(tmp_path: Path, spline: Transform) -> None:
    scan = write_scan(tmp_path / "scan.tif", smooth_scan(300, 200))
    sheet = warp(scan, spline, tmp_path / "sheet.tif", crs=CRS)
    tags = read_sheet(sheet.path)[2]["tags"]
    again = load(json.loads(tags["TRANSFORM"]))
    np.testing.assert_allclose(again.to_world([[10, 20.0]]), spline.to_world([[10, 20.0]]), atol=1e-6)
    assert tags["SCAN"] == "scan.tif"
    assert float(tags["POSITION_ERROR_PX"]) == pytest.approx(sheet.error_px, abs=1e-4)


def test_a_whole_fit_is_described_and_brings_its_system(tmp_path: Path) -> None:
    points = ControlPoints(*control_points(20, 300, 200), crs=Crs.parse(CRS))
    scan = write_scan(tmp_path / "scan.tif", smooth_scan(300, 200))
    sheet = warp(scan, fit_map(points, kind="affine"), tmp_path / "sheet.tif")
    profile = read_sheet(sheet.path)[2]
    assert profile["crs"].to_epsg() == 32635
    assert "affine through 20 of 20 points" in profile["tags"]["ACCURACY"]
    assert json.loads(profile["tags"]["FIT"])
    with pytest.raises(InputError, match="two coordinate systems"):
        warp(scan, fit_map(points), tmp_path / "other.tif", world_crs="EPSG:32636")


def test_the_layouts(tmp_path: Path, north_up: Transform) -> None:
    scan = write_scan(tmp_path / "scan.tif", smooth_scan(1300, 1100))
    cog = warp(scan, north_up, tmp_path / "cog.tif", crs=CRS)
    plain = warp(scan, north_up, tmp_path / "plain.tif", crs=CRS, layout="geotiff", compression="lzw")
    with rasterio.open(cog.path) as one, rasterio.open(plain.path) as other:
        assert one.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert one.overviews(1) == [2, 4]
        assert other.overviews(1) == []
        assert (one.compression.name, other.compression.name) == ("deflate", "lzw")
        assert one.block_shapes[0] == other.block_shapes[0] == (512, 512)
        np.testing.assert_array_equal(one.read(), other.read())


def test_progress_counts_tiles(tmp_path: Path, north_up: Transform) -> None:
    scan = write_scan(tmp_path / "scan.tif", np.zeros((1100, 1200, 1), np.uint8))
    calls: list[tuple[int, int]] = []
    warp(scan, north_up, tmp_path / "sheet.tif", crs=CRS, progress=lambda *call: calls.append(call))
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("options", [{}, {"tiled": True, "blockxsize": 256, "blockysize": 256}])
def test_little_memory_gives_the_same_sheet(
    tmp_path: Path, spline: Transform, monkeypatch: pytest.MonkeyPatch, options: dict[str, object]
) -> None:
    # Strips are copied into tiles first, tiles are read in windows; with memory enough all is held.
    scan = write_scan(tmp_path / "scan.tif", smooth_scan(700, 600), **options)
    held = warp(scan, spline, tmp_path / "held.tif", crs=CRS)
    monkeypatch.setattr("whence.maps.warping.sheet._SCAN_SHARE", 1e-6)
    streamed = warp(scan, spline, tmp_path / "streamed.tif", crs=CRS)
    np.testing.assert_array_equal(read_sheet(held.path)[0], read_sheet(streamed.path)[0])


def test_a_tile_from_all_over_the_scan_is_made_of_pieces(
    tmp_path: Path, spline: Transform, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = write_scan(tmp_path / "scan.tif", smooth_scan(700, 600))
    whole = warp(scan, spline, tmp_path / "whole.tif", crs=CRS)
    monkeypatch.setattr("whence.maps.warping.tiles._WIDEST_PX", 400)
    pieced = warp(scan, spline, tmp_path / "pieced.tif", crs=CRS)
    one, other = read_sheet(whole.path)[0].astype(int), read_sheet(pieced.path)[0].astype(int)
    np.testing.assert_array_equal(one[..., 3], other[..., 3])
    assert np.abs(one - other).max() <= 1  # positions are counted from another corner in float32
