"""Errors at the points, in metres on the ground and in pixels; coverage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from whence.earth import Crs, geodesic_distance_m
from whence.errors import InputError
from whence.maps import ControlPoints, fit, read_points
from whence.maps.coverage import Coverage
from whence.maps.ground import metres_per_unit

Sheet = Callable[..., ControlPoints]


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("kind", "rmse_m", "left_out_m"), [("similarity", 1.21, 1.73), ("affine", 0.67, 1.27)]
)
def test_rautjarvi(shared_data: Path, kind: str, rmse_m: float, left_out_m: float) -> None:
    """Oracle: the figures that came with the data."""
    points = read_points(shared_data / "maps/rautjarvi/rautjarvi_map.jpg.points")
    quality = fit(points, kind=kind).quality
    assert quality.rmse_m == pytest.approx(rmse_m, abs=0.005)
    assert quality.leave_one_out_rmse_m == pytest.approx(left_out_m, abs=0.005)
    assert quality.rmse_px == pytest.approx(rmse_m / 0.847, rel=0.01)


def test_pixels_and_metres_tell_the_same_residuals(sheet: Sheet) -> None:
    """Oracle: an affine carries residuals from the scan to the ground exactly."""
    points = sheet(8, noise_m=5.0)
    sheet_fit = fit(points, kind="affine")
    there = sheet_fit.to_pixels(points.world)
    np.testing.assert_allclose(sheet_fit.quality.residuals_px, points.pixels - there, atol=1e-6)


def test_the_mean_error_of_qgis_is_by_points_to_spare(sheet: Sheet) -> None:
    """Oracle: √(Σ d² / (n − 3)), with d of the affine fitted from the ground to the scan by least squares."""
    points = sheet(8, noise_m=5.0)
    ground = np.column_stack([np.ones(8), points.world - points.world.mean(axis=0)])
    found = ground @ np.linalg.lstsq(ground, points.pixels, rcond=None)[0]
    expected = np.sqrt(np.square(found - points.pixels).sum() / (8 - 3))
    assert fit(points, kind="polynomial1").quality.qgis_mean_error_px == pytest.approx(expected, rel=1e-6)
    assert fit(points.where(np.arange(3)), kind="affine").quality.qgis_mean_error_px is None


def test_an_interpolating_spline_has_no_residuals_but_errors(sheet: Sheet) -> None:
    quality = fit(sheet(12, noise_m=2.0), kind="tps").quality
    assert quality.rmse_m < 1e-6
    assert quality.leave_one_out_rmse_m is not None
    assert quality.leave_one_out_rmse_m > 2.0


def test_residuals_are_where_the_fit_puts_a_point_minus_where_it_was_given() -> None:
    pixels = np.array([[0, 0], [1000, 0], [1000, 1000], [0, 1000], [500, 500.0]])
    world = pixels * [1, -1]
    world[4] += [4.0, 0.0]  # given too far east
    quality = fit(ControlPoints(pixels, world), kind="affine").quality
    np.testing.assert_allclose(quality.leave_one_out_m[4], [-4.0, 0.0], atol=1e-9)


def test_degrees_are_reported_in_metres(sheet: Sheet) -> None:
    """Oracle: the WGS 84 geodesic between the fitted and the given places."""
    points = sheet(10, noise_m=20.0).in_crs("OGC:CRS84")
    sheet_fit = fit(points, kind="affine")
    apart = geodesic_distance_m(sheet_fit.to_world(points.pixels), points.world)
    np.testing.assert_allclose(np.linalg.norm(sheet_fit.quality.residuals_m, axis=1), apart, rtol=1e-4)


def test_metres_of_web_mercator_are_metres_on_the_ground() -> None:
    """Oracle: the WGS 84 geodesic at 60° north; PROJ counts this projection on a sphere, 0.3 % off."""
    mercator = Crs.parse("EPSG:3857")
    start = mercator.from_lonlat([25.0, 60.0])
    ends = mercator.to_lonlat(np.array([start, start + np.array([100.0, 0.0])]))
    scale = metres_per_unit(mercator, start[None])[0]
    assert scale[0] * 100 == pytest.approx(float(geodesic_distance_m(ends[0], ends[1])), rel=4e-3)


def test_feet_are_reported_in_metres(sheet: Sheet) -> None:
    """Oracle: the same points with coordinates in US survey feet; UTM's scale is the same in both."""
    points = sheet(8, noise_m=5.0)
    feet = Crs.parse("+proj=utm +zone=37 +units=us-ft +datum=WGS84")
    in_feet = ControlPoints(points.pixels, points.world / (1200 / 3937), crs=feet)
    assert fit(in_feet).quality.rmse_m == pytest.approx(fit(points).quality.rmse_m, rel=1e-6)


def test_checkpoints_are_compared_and_take_no_part(sheet: Sheet) -> None:
    points = sheet(8, noise_m=0.0)
    off = points.world + np.array([3.0, 4.0])
    checks = ControlPoints([*points.pixels[:1], [9000, 9000]], [off[0], [0, 0]], enabled=[True, False])
    found = fit(points, checkpoints=checks).checks
    assert found is not None
    assert found.rmse_m == pytest.approx(5.0, rel=1e-3)
    assert len(found.names) == 1


def test_checkpoints_in_another_system_are_refused(sheet: Sheet) -> None:
    points = sheet(8)
    with pytest.raises(InputError, match="the checkpoints"):
        fit(points, checkpoints=points.in_crs("EPSG:32638"))


def test_disabled_checkpoints_alone_are_refused(sheet: Sheet) -> None:
    points = sheet(8)
    checks = ControlPoints(points.pixels, points.world, enabled=np.zeros(8, dtype=bool))
    with pytest.raises(InputError, match="no enabled checkpoint"):
        fit(points, checkpoints=checks)


def test_coverage_of_points_on_a_line() -> None:
    line = Coverage.of(np.array([[0, 0], [100, 100], [200, 200.0]]))
    assert (line.area_px2, round(line.thinness, 9)) == (0.0, 0.0)
    assert not line.inside([[100, 100]]).any()


def test_a_scan_without_size_is_refused(sheet: Sheet) -> None:
    with pytest.raises(InputError, match="no area"):
        Coverage.of(sheet(5).pixels, size_px=(0, 100))
