"""Two height models: statistics, resampling, shift, vertical systems; oracles are closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from numpy.testing import assert_allclose
from rasterio.transform import Affine
from scipy.stats import norm

from whence.earth.crs import Crs
from whence.errors import InputError
from whence.maps.heights import Lattice, write_model
from whence.maps.heights.compare import ASPECTS, Difference, compare_models
from whence.maps.heights.model_file import ModelFile, read_model

ZONE = Crs.parse("EPSG:32633")
LATTICE = Lattice(500_000.0, 6_000_000.0, 20.0, 80, 60)


def plane(lattice: Lattice, *, east: float = 0.1, north: float = -0.05) -> np.ndarray:
    """Heights that rise so much per metre, about 200 m in the first lattice."""
    return 200 + (lattice.centres() - [500_800.0, 5_999_400.0]) @ [east, north]


def written(path, heights, lattice=LATTICE, crs: Crs | None = ZONE, **file: object):
    write_model(path, heights, lattice, file=ModelFile(crs, format="gtiff", **file))
    return path


def test_statistics_of_normal_differences() -> None:
    """Oracle: the quantiles of the normal distribution."""
    rng = np.random.default_rng(0)
    base = plane(LATTICE)
    off = rng.normal(1.5, 2.0, (300, 400))
    wide = np.resize(base, off.shape)
    found = Difference.of(wide + off, wide, cell_m=20.0)
    for share, value in found.quantiles_m.items():
        assert value == pytest.approx(norm.ppf(share, 1.5, 2.0), abs=0.03)
    assert found.nmad_m == pytest.approx(2.0, abs=0.02)
    assert found.within_m[0.95] == pytest.approx(np.quantile(np.abs(off), 0.95), abs=1e-9)
    assert sum(count for count, *_ in found.by_slope.values()) == off.size


@pytest.mark.parametrize(("east", "north", "name"), [(0.2, 0, "W"), (0, 0.2, "S"), (-0.2, -0.2, "NE")])
def test_a_plane_faces_where_it_falls(east: float, north: float, name: str) -> None:
    ground = plane(LATTICE, east=east, north=north)
    found = Difference.of(ground + 1.0, ground, cell_m=20.0)
    assert list(found.by_aspect) == [name]
    assert name in ASPECTS
    assert found.shift_m is None  # on a plane a shift is an offset
    ((low, high),) = found.by_slope
    assert low <= np.degrees(np.arctan(np.hypot(east, north))) < high


def test_a_shifted_model_shows_its_shift(tmp_path, hilly) -> None:
    """Oracle: the same hills, laid down 6 m further east and 9 m further south."""
    lattice, truth, _ = hilly(120, 100)
    moved = Lattice(lattice.west + 6, lattice.north - 9, lattice.cell_m, *truth.shape[::-1])
    found = compare_models(
        written(tmp_path / "m.tif", truth, moved), written(tmp_path / "r.tif", truth, lattice)
    )
    assert found.difference.shift_m == pytest.approx((6, -9), abs=0.6)
    assert "resampled" in found.facts[-1]
    directly = Difference.of(truth, truth, cell_m=lattice.cell_m)
    assert directly.shift_m == pytest.approx((0, 0), abs=1e-9)


@pytest.mark.parametrize("cell_m", [7.0, 20.0, 45.0])
@pytest.mark.parametrize("code", ["EPSG:32633", "EPSG:3035", "EPSG:4326"])
def test_another_grid_and_system_is_resampled(tmp_path, cell_m: float, code: str) -> None:
    """Oracle: a plane, which bilinear interpolation gives exactly wherever its cells lie."""
    crs = Crs.parse(code)
    model = written(tmp_path / "m.tif", plane(LATTICE) + 2.5)
    corners = np.array(
        [[499_000.0, 6_001_000], [502_600, 6_001_000], [499_000, 5_997_800], [502_600, 5_997_800]]
    )
    there = crs.from_lonlat(ZONE.to_lonlat(corners))
    (west, south), (east, north) = there.min(axis=0), there.max(axis=0)
    cell = cell_m / 111_000 if crs.is_geographic else cell_m
    grid = Lattice.of_extent((west, south, east, north), cell)
    world = ZONE.from_lonlat(crs.to_lonlat(grid.centres().reshape(-1, 2))).reshape(*grid.shape, 2)
    heights = 200 + (world - [500_800.0, 5_999_400.0]) @ [0.1, -0.05]
    found = compare_models(model, written(tmp_path / "r.tif", heights, grid, crs))
    assert found.difference.cells == LATTICE.cells
    assert_allclose(found.off_m, 2.5, atol=0.02)
    assert len(found.facts) >= 1


def test_a_turned_reference_is_resampled(tmp_path) -> None:
    model = written(tmp_path / "m.tif", plane(LATTICE))
    turned = Affine(12, 9, 499_500, 9, -12, 5_999_700)
    rows, columns = np.mgrid[:200, :200] + 0.5
    world = np.stack([499_500 + 12 * columns + 9 * rows, 5_999_700 + 9 * columns - 12 * rows], axis=-1)
    heights = 200 + (world - [500_800.0, 5_999_400.0]) @ [0.1, -0.05]
    with rasterio.open(
        tmp_path / "r.tif", "w", driver="GTiff", width=200, height=200, count=1, dtype="float32",
        crs="EPSG:32633", transform=turned,
    ) as file:  # fmt: skip
        file.write(heights.astype(np.float32), 1)
    found = compare_models(model, tmp_path / "r.tif")
    assert found.difference.cells > 2000
    assert found.difference.within_m[0.95] < 1e-4  # within half a cell of its rim the rim goes on


def test_strips_make_no_difference(tmp_path, hilly, monkeypatch) -> None:
    """Oracle: all rows at once."""
    lattice, truth, _ = hilly(70, 90)
    rng = np.random.default_rng(1)
    model = written(tmp_path / "m.tif", truth + rng.normal(0, 1, truth.shape), lattice)
    other = Lattice(lattice.west - 13, lattice.north + 7, 17.0, 110, 130)
    reference = written(tmp_path / "r.tif", np.resize(truth, other.shape), other)
    whole = compare_models(model, reference)
    monkeypatch.setattr("whence.maps.heights.alignment._ROWS", 17)
    parts = compare_models(model, reference)
    assert_allclose(parts.off_m, whole.off_m, atol=1e-3)
    for key, (count, bias, rmse) in whole.difference.by_slope.items():
        assert parts.difference.by_slope[key] == pytest.approx((count, bias, rmse), rel=1e-3, abs=1e-3)


def test_the_difference_raster_is_what_was_measured(tmp_path) -> None:
    heights = plane(LATTICE)
    heights[5:9, 7:12] = np.nan
    found = compare_models(
        written(tmp_path / "m.tif", heights), written(tmp_path / "r.tif", plane(LATTICE) - 1.25)
    )
    found.write(tmp_path / "off.tif")
    off, lattice, crs = read_model(tmp_path / "off.tif")
    assert lattice == LATTICE
    assert crs is not None
    assert crs.code == "EPSG:32633"
    assert np.isnan(off).sum() == 20
    assert_allclose(off[np.isfinite(off)], 1.25, atol=1e-4)
    assert len(found.facts) == 1
    assert "names its vertical system" in found.facts[0]


def test_degrees_are_measured_on_the_ground(tmp_path) -> None:
    """Oracle: a slope of one in ten northward at 60°, and the area of a cell, from the ellipsoid."""
    lattice = Lattice(25.0, 60.01, 0.0002, 50, 100)
    north_m = (lattice.centres()[..., 1] - 60.0) * 111_412.0
    crs = Crs.parse("EPSG:4326")
    reference = written(tmp_path / "r.tif", 50 + 0.1 * north_m, lattice, crs)
    model = written(tmp_path / "m.tif", 51 + 0.1 * north_m, lattice, crs)
    found = compare_models(model, reference).difference
    assert list(found.by_aspect) == ["S"]
    assert list(found.by_slope) == [(5.0, 10.0)]
    area = (0.0002 * 55_800) * (0.0002 * 111_412) * lattice.cells
    assert found.volume_m3 == pytest.approx(area, rel=2e-3)


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ({"vertical": "EPSG:5773"}, {"vertical": "EPSG:5621"}, "two vertical systems"),
        ({}, {"far": True}, "no cell with a height in common"),
        ({}, {"mark": -9999.0}, "-a_nodata -9999"),
        ({}, {"mark": -32767.0, "shifted": True}, "-a_nodata -32767"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path, one, other, message: str) -> None:
    lattice = LATTICE
    if other.pop("far", False):
        lattice = Lattice(700_000.0, 6_000_000.0, 20.0, 80, 60)
    if other.pop("shifted", False):
        lattice = Lattice(500_003.0, 6_000_000.0, 20.0, 80, 60)
    heights = plane(LATTICE)
    mark = other.pop("mark", None)
    model = written(tmp_path / "m.tif", plane(LATTICE), **one)
    reference = written(tmp_path / "r.tif", heights, lattice, **other)
    if mark is not None:
        heights[3, 3] = mark
        with rasterio.open(
            reference, "w", driver="GTiff", width=80, height=60, count=1, dtype="float32", crs="EPSG:32633",
            transform=Affine(*lattice.geotransform),
        ) as file:  # fmt: skip
            file.write(heights.astype(np.float32), 1)
    with pytest.raises(InputError, match=message):
        compare_models(model, reference)
