"""Palettes, 16 bits, many bands, transparency: what goes in comes out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp
from scans import CRS, ORIGIN, read_sheet, write_scan

from whence.errors import InputError
from whence.maps.transforms import Transform, fit
from whence.maps.warping import warp


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)


def test_a_palette_is_kept(tmp_path: Path, north_up: Transform, random: np.random.Generator) -> None:
    values = random.integers(0, 5, (90, 120, 1), dtype=np.uint8)
    colors = {0: (255, 255, 255, 255), 1: (200, 30, 30, 255), 2: (0, 90, 0, 255), 3: (9, 9, 250, 255)}
    scan = write_scan(tmp_path / "scan.tif", values, colormap=colors)
    sheet = warp(scan, north_up, tmp_path / "sheet.tif", crs=CRS, resampling="nearest")
    found, inside, profile = read_sheet(sheet.path)
    np.testing.assert_array_equal(found, values)
    assert inside.all()
    assert profile["colorinterp"] == (ColorInterp.palette,)
    with rasterio.open(sheet.path) as dataset:
        assert {key: dataset.colormap(1)[key] for key in colors} == colors


def test_a_palette_cannot_be_mixed(tmp_path: Path, north_up: Transform) -> None:
    scan = write_scan(tmp_path / "scan.tif", np.zeros((9, 9, 1), np.uint8), colormap={0: (1, 2, 3, 255)})
    with pytest.raises(InputError, match="palette"):
        warp(scan, north_up, tmp_path / "sheet.tif", crs=CRS, resampling="cubic")


@pytest.mark.parametrize(
    ("dtype", "bands"),
    [("uint8", 1), ("uint8", 6), ("uint16", 3), ("int16", 1), ("float32", 2), ("float64", 1), ("int32", 5)],
)
def test_types_and_bands_are_kept(
    tmp_path: Path, north_up: Transform, random: np.random.Generator, dtype: str, bands: int
) -> None:
    values = random.integers(0, 200, (40, 50, bands)).astype(dtype)
    values[0, 0] = {"uint8": 255, "uint16": 65_535, "int16": -32_768}.get(dtype, -100_000)
    scan = write_scan(tmp_path / "scan.tif", values)
    sheet = warp(scan, north_up, tmp_path / "sheet.tif", crs=CRS, layout="geotiff")
    found, inside, profile = read_sheet(sheet.path)
    np.testing.assert_array_equal(found[..., :bands], values)
    assert profile["dtype"] == dtype
    assert inside.all()


def turned(width: int, height: int) -> Transform:
    """By 30 degrees at 2 m a pixel, so that the corners of the sheet are empty."""
    pixels = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float)
    turn = 2.0 * np.array([[np.cos(0.5), np.sin(0.5)], [np.sin(0.5), -np.cos(0.5)]])
    return fit(pixels, ORIGIN + pixels @ turn.T, kind="affine")


@pytest.mark.parametrize("layout", ["cog", "geotiff"])
@pytest.mark.parametrize(("dtype", "bands"), [("uint8", 3), ("uint16", 1), ("float32", 1), ("uint8", 5)])
def test_what_is_not_on_the_scan_is_transparent(tmp_path: Path, layout: str, dtype: str, bands: int) -> None:
    # Oracle: the area of the scan, and the exact inverse at every pixel's centre.
    transform = turned(300, 200)
    scan = write_scan(tmp_path / "scan.tif", np.full((200, 300, bands), 7, dtype))
    sheet = warp(scan, transform, tmp_path / "sheet.tif", crs=CRS, layout=layout)
    found, inside, profile = read_sheet(sheet.path)
    rows, columns = np.indices(inside.shape)
    pixels = transform.to_pixels(np.stack(profile["transform"] @ (columns + 0.5, rows + 0.5), axis=-1))
    np.testing.assert_array_equal(inside, ((pixels >= 0) & (pixels <= [300, 200])).all(axis=-1))
    assert inside.sum() == sheet.covered_px == pytest.approx(300 * 200, rel=1e-2)
    assert (found[inside][:, :bands] == 7).all()
    assert (found[~inside] == 0).all()


def test_nodata_is_written_where_nothing_is(tmp_path: Path) -> None:
    scan = write_scan(tmp_path / "scan.tif", np.full((200, 300, 1), 7, np.float32))
    sheet = warp(scan, turned(300, 200), tmp_path / "sheet.tif", crs=CRS, nodata=-9999.0)
    found, inside, profile = read_sheet(sheet.path)
    assert profile["nodata"] == -9999.0
    assert set(np.unique(found)) == {-9999.0, 7.0}
    np.testing.assert_array_equal(found[..., 0] == 7.0, inside)


@pytest.mark.parametrize("how", ["nodata", "alpha", "mask"])
@pytest.mark.parametrize("resampling", ["nearest", "bilinear", "lanczos"])
def test_holes_stay_holes_and_do_not_bleed(tmp_path: Path, how: str, resampling: str) -> None:
    # The hole holds 255, the rest 100: a mean of the two would show at its edge.
    values = np.full((200, 300, 1), 100, np.uint8)
    values[80:120, 100:200] = 255
    hole = values[..., 0] == 255
    if how == "alpha":
        values = np.dstack([values, np.where(hole, 0, 255).astype(np.uint8)])
    options = {"nodata": {"nodata": 255}, "alpha": {"alpha": "YES"}, "mask": {"mask": ~hole}}[how]
    scan = write_scan(tmp_path / "scan.tif", values, **options)
    sheet = warp(scan, turned(300, 200), tmp_path / "sheet.tif", crs=CRS, resampling=resampling)
    found, inside, _ = read_sheet(sheet.path)
    assert set(np.unique(found[inside][:, 0])) == {100}
    assert inside.sum() == pytest.approx(300 * 200 - 40 * 100, rel=1e-2)


def test_a_coarse_sheet_is_an_average(tmp_path: Path, random: np.random.Generator) -> None:
    # Oracle: means of blocks by numpy.
    values = random.integers(0, 256, (64, 96, 3), dtype=np.uint8)
    pixels = np.array([[0, 0], [96, 0], [96, 64], [0, 64]], dtype=float)
    transform = fit(pixels, ORIGIN + pixels * [1.0, -1.0], kind="affine")
    scan = write_scan(tmp_path / "scan.tif", values)
    sheet = warp(scan, transform, tmp_path / "sheet.tif", crs=CRS, resolution_m=4.0)
    means = values.reshape(16, 4, 24, 4, 3).mean(axis=(1, 3))
    np.testing.assert_array_equal(read_sheet(sheet.path)[0][..., :3], np.rint(means))


def test_a_coarse_palette_picks_pixels(tmp_path: Path, random: np.random.Generator) -> None:
    values = random.integers(0, 4, (60, 90, 1), dtype=np.uint8)
    pixels = np.array([[0, 0], [90, 0], [90, 60], [0, 60]], dtype=float)
    transform = fit(pixels, ORIGIN + pixels * [1.0, -1.0], kind="affine")
    scan = write_scan(tmp_path / "scan.tif", values, colormap={i: (i, i, i, 255) for i in range(4)})
    options = {"resolution_m": 5.0, "resampling": "nearest"}
    sheet = warp(scan, transform, tmp_path / "sheet.tif", crs=CRS, **options)
    np.testing.assert_array_equal(read_sheet(sheet.path)[0], values[2::5, 2::5])
