"""Published values: QGIS' unit tests, GDAL's autotest, a real sheet; the oracle is those programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whence.maps.points import read_points
from whence.maps.transforms import fit

pytestmark = pytest.mark.shared_data

CASES = [
    f"test{name}{exact}{axis}"
    for name in ("Linear", "Helmert", "PolyOrder1", "PolyOrder2", "PolyOrder3", "TPS", "Projective")
    for exact in ("", "Exact")
    for axis in ("", "RasterYAxis")
]
KINDS = {
    "testLinear": "linear",
    "testHelmert": "similarity",
    "testPolyOrder1": "polynomial1",
    "testPolyOrder2": "polynomial2",
    "testPolyOrder3": "polynomial3",
    "testTPS": "tps",
    "testProjective": "projective",
}


@pytest.fixture(scope="module")
def qgis(shared_data: Path) -> dict[str, Any]:
    cases = json.loads((shared_data / "maps/qgis/qgis_gcp_expected.json").read_text("utf-8"))
    assert len(cases) == len(CASES)
    return {case["test"].replace("TPSReports", "TPS"): case for case in cases}


@pytest.mark.parametrize("name", CASES)
def test_qgis(qgis: dict[str, Any], name: str) -> None:
    """Values of QGIS 3.22's own tests, within their tolerance of one unit.

    With an inverted axis QGIS fits to −y, and still evaluates at y. Its linear transform is the exception: it
    fits to y and forgets the sign of the slope, so that it agrees where the slope is negative. Its inverse
    of polynomials and splines is one more fit, from world to pixels.
    """
    case = qgis[name]
    kind = KINDS[name.removesuffix("RasterYAxis").removesuffix("Exact")]
    lost_sign = kind == "linear" and "Exact" not in name
    flip = [1.0, -1.0 if case["invertYAxis"] and not lost_sign else 1.0]
    pixels, world = np.array(case["src"]) * flip, np.array(case["dst"])
    options = {"handedness": "map" if case["invertYAxis"] else "mirrored"} if kind == "similarity" else {}
    forward = fit(pixels, world, kind=kind, **options)
    backward = fit(world, pixels, kind=kind) if case["order"] else None
    reached = np.zeros(2)
    for check in case["checks"]:
        expected = [check["expect"]["x"], check["expect"]["y"]]
        if not check["inverse"]:
            reached = forward.to_world(check["in"])
            np.testing.assert_allclose(reached, expected, rtol=0, atol=check["tol"])
        else:
            back = backward.to_world(reached) if backward else forward.to_pixels(reached)
            np.testing.assert_allclose(back, expected, rtol=0, atol=check["tol"])


@pytest.mark.parametrize("kind", ["affine", "polynomial1", "tps", "projective", "mesh", "rbf"])
def test_gdal_gcps(shared_data: Path, kind: str) -> None:
    """GDAL's gcps.vrt: four points on a plane, for which every transform is the affine."""
    points = read_points(shared_data / "maps/gdal/gcps.vrt")
    sheet = fit(points.pixels, points.world, kind=kind)
    np.testing.assert_allclose(sheet.to_world([20, 10]), [441920, 3750720], rtol=0, atol=1e-3)


def test_gdal_spline_of_three_points_is_its_geotransform(shared_data: Path) -> None:
    case = json.loads((shared_data / "maps/gdal/expected.json").read_text("utf-8"))["byte_tps.vrt"]
    points = np.array(case["gcps"], dtype=float)
    sheet = fit(points[:, :2], points[:, 2:], kind="tps")
    x, by_column, by_row, y, y_by_column, y_by_row = case["expected_geotransform"]
    np.testing.assert_allclose(sheet.to_world([0, 0]), [x, y], atol=1e-6)
    np.testing.assert_allclose(
        sheet.jacobian([7, 3]), [[by_column, by_row], [y_by_column, y_by_row]], atol=1e-9
    )


def test_gdal_transform(shared_data: Path) -> None:
    """The line of gdaltransform whose points are known in full."""
    cases = json.loads((shared_data / "maps/gdal/expected.json").read_text("utf-8"))[
        "gdaltransform_by_allmaps"
    ]
    case = next(case for case in cases if "-gcp" in case["cmd"])
    words = case["cmd"].split("-gcp ")[1:]
    points = np.array([[float(number) for number in word.split()] for word in words])
    sheet = fit(points[:, :2], points[:, 2:], kind="affine")
    np.testing.assert_allclose(sheet.to_world(case["in"]), case["out"], rtol=0, atol=1e-12)


def test_gdal_refined_points(shared_data: Path) -> None:
    """Without the two outliers, and with every point given twice, x = pixel and y = 20 − line."""
    path = shared_data / "maps/gdal/refine_gcps_points.csv"
    points = read_points(path)
    inliers = ["inlier" in line for line in path.read_text("utf-8").splitlines()[1:]]
    sheet = fit(points.pixels, points.world, kind="affine", weights=np.array(inliers, dtype=float))
    np.testing.assert_allclose(sheet.to_world([[3, 5], [100, 200]]), [[3, 15], [100, -180]], atol=1e-9)


@pytest.mark.parametrize(
    ("kind", "rmse_m", "left_out_m"), [("similarity", 1.21, 1.73), ("affine", 0.67, 1.27)]
)
def test_rautjarvi(shared_data: Path, kind: str, rmse_m: float, left_out_m: float) -> None:
    """A forest map of 1994, turned by 90 degrees: the figures of its note."""
    points = read_points(shared_data / "maps/rautjarvi/rautjarvi_map.jpg.points").active
    sheet = fit(points.pixels, points.world, kind=kind)
    left_out = []
    for row in range(len(points)):
        rest = np.arange(len(points)) != row
        without = fit(points.pixels[rest], points.world[rest], kind=kind)
        left_out.append(without.to_world(points.pixels[row]) - points.world[row])
    assert root_mean_square(sheet.to_world(points.pixels) - points.world) == pytest.approx(rmse_m, abs=0.005)
    assert root_mean_square(np.array(left_out)) == pytest.approx(left_out_m, abs=0.006)
    local = sheet.distortion([2480, 1753])
    assert float(local.scale_x) == pytest.approx(0.847, abs=0.0005)
    assert int(local.handedness) == 1


def test_rautjarvi_mirrored_is_no_fit(shared_data: Path) -> None:
    points = read_points(shared_data / "maps/rautjarvi/rautjarvi_map.jpg.points")
    mirrored = fit(points.pixels, points.world, kind="similarity", handedness="mirrored")
    assert root_mean_square(mirrored.to_world(points.pixels) - points.world) == pytest.approx(1296, abs=1)
    found = fit(points.pixels, points.world, kind="similarity", handedness="auto")
    assert not found.parameters["mirrored"]


def root_mean_square(differences: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.sum(differences**2, axis=1))))
