"""Volumes of change: solids in closed form; their errors against many simulated surveys."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from whence.earth.crs import Crs
from whence.errors import InputError, NotEnoughDataError
from whence.maps.heights import Lattice, write_model
from whence.maps.heights.compare import Comparison, compare_models
from whence.maps.heights.volume import correlated_area_m2, volume_of, within_areas

ZONE = Crs.parse("EPSG:32633")
LATTICE = Lattice(500_000.0, 6_000_000.0, 2.0, 200, 160)


def compared(tmp_path, change: np.ndarray, *, crs: Crs | None = None) -> Comparison:
    ground = 100 + 0.02 * LATTICE.centres()[..., 0] % 7
    write_model(tmp_path / "new.tif", ground + change, LATTICE, crs=crs)
    write_model(tmp_path / "old.tif", ground, LATTICE, crs=crs)
    return compare_models(tmp_path / "new.tif", tmp_path / "old.tif")


def solids() -> np.ndarray:
    """A pyramid 12 m high on 80 × 80 m, and a pit of a cone 6 m deep with a radius of 50 m."""
    x, y = np.moveaxis(LATTICE.centres(), -1, 0)
    pyramid = 12 * np.maximum(1 - np.maximum(np.abs(x - 500_100), np.abs(y - 5_999_900)) / 40, 0)
    cone = 6 * np.maximum(1 - np.hypot(x - 500_280, y - 5_999_800) / 50, 0)
    return pyramid - cone


def test_a_pyramid_and_a_cone(tmp_path) -> None:
    """Oracle: a third of base times height."""
    found = volume_of(compared(tmp_path, solids()))
    assert found.fill_m3 == pytest.approx(80**2 * 12 / 3, rel=2e-3)
    assert found.cut_m3 == pytest.approx(np.pi * 50**2 * 6 / 3, rel=2e-3)
    assert found.net_m3 == found.fill_m3 - found.cut_m3
    assert found.area_m2 == pytest.approx(400 * 320)


def test_stable_ground_takes_the_offset_away(tmp_path) -> None:
    """Oracle: the same solids after the whole survey was lifted by 0.4 m."""
    rng = np.random.default_rng(0)
    comparison = compared(tmp_path, solids() + 0.4 + rng.normal(0, 0.05, LATTICE.shape))
    stable = np.zeros(LATTICE.shape, bool)
    stable[:, :20] = True
    found = volume_of(comparison, stable=stable)
    assert found.offset_m == pytest.approx(0.4, abs=0.005)
    assert found.sigma_m == pytest.approx(0.05, abs=0.005)
    assert found.net_m3 == pytest.approx(25_600 - np.pi * 5000, abs=4 * found.net_error_m3)
    assert found.net_error_m3 < 250
    assert volume_of(comparison).net_m3 > 40_000  # without it the offset is taken for fill
    assert volume_of(comparison).net_error_m3 > 40_000  # and nothing excludes that it is none


def test_a_patch_of_correlated_errors_is_measured() -> None:
    """Oracle: white noise smoothed by a Gaussian of s cells hangs together over 4 π s² of them."""
    rng = np.random.default_rng(1)
    white = rng.normal(size=(400, 400))
    assert correlated_area_m2(white, 9.0) == pytest.approx(9.0, rel=0.2)
    smooth = gaussian_filter(white, 4.0, mode="wrap")
    assert correlated_area_m2(smooth, 1.0) == pytest.approx(4 * np.pi * 16, rel=0.3)
    assert correlated_area_m2(np.full((20, 20), 3.0), 25.0) == 25.0


def test_the_error_of_the_net_is_that_of_many_surveys(tmp_path) -> None:
    """Oracle: the scatter of the net over 40 surveys of unchanged ground, errors correlated."""
    nets, said = [], []
    stable = np.zeros(LATTICE.shape, bool)
    stable[:, :100] = True
    for seed in range(40):
        noise = gaussian_filter(np.random.default_rng(seed).normal(0, 2, LATTICE.shape), 3.0)
        found = volume_of(compared(tmp_path, noise), stable=stable)
        nets.append(found.net_m3)
        said.append(found.net_error_m3)
    assert np.median(said) == pytest.approx(np.std(nets), rel=0.25)


def test_stable_ground_from_a_file(tmp_path) -> None:
    """Oracle: an eastern half with a hole, named in longitude and latitude."""
    comparison = compared(tmp_path, solids(), crs=ZONE)
    outer = [(500_200, 5_999_600), (500_500, 5_999_600), (500_500, 6_000_100), (500_200, 6_000_100)]
    hole = [(500_240, 5_999_760), (500_280, 5_999_760), (500_280, 5_999_800), (500_240, 5_999_800)]
    rings = [ZONE.to_lonlat(np.array([*ring, ring[0]], float)).tolist() for ring in (outer, hole)]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": rings}}
    path = tmp_path / "stable.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    x, y = np.moveaxis(LATTICE.centres(), -1, 0)
    expected = (x > 500_200) & ~((x > 500_240) & (x < 500_280) & (y > 5_999_760) & (y < 5_999_800))
    assert (within_areas(comparison, path) != expected).sum() == 0
    path.write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(InputError, match="no areas"):
        within_areas(comparison, path)


@pytest.mark.parametrize(("rows", "message"), [(slice(0, 0), "0 cells"), (slice(None), "no cell is left")])
def test_too_little_ground_is_refused(tmp_path, rows: slice, message: str) -> None:
    stable = np.zeros(LATTICE.shape, bool)
    stable[rows] = True
    with pytest.raises(NotEnoughDataError, match=message):
        volume_of(compared(tmp_path, solids()), stable=stable)
