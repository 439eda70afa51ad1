"""Projective, polynomials, splines, mesh, moving similarity; oracles: known sheets, scipy, slow loops."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.interpolate import LinearNDInterpolator, RBFInterpolator
from scipy.optimize import least_squares

from whence.errors import InputError
from whence.maps.transforms import fit, mesh
from whence.typing import Floats

Sheet = Callable[[Floats], Floats]
Spread = Callable[..., Floats]

HOMOGRAPHY = np.array([[0.8, 0.02, 500_000.0], [0.01, -0.85, 6_000_000.0], [4e-6, -7e-6, 1.0]])


def projected(pixels: Floats) -> Floats:
    """(n, 2) ground of a photographed sheet; only the numerators are local, so that the shift stays exact."""
    local = HOMOGRAPHY.copy()
    local[:2, 2] = 0.0
    above = np.column_stack([pixels, np.ones(len(pixels))]) @ local.T
    return above[:, :2] / above[:, 2:] + [500_000.0, 6_000_000.0]


@pytest.mark.parametrize("count", [4, 5, 30])
def test_projective_recovers_a_photographed_sheet(spread: Spread, count: int) -> None:
    pixels, probes = spread(count, 1), spread(60, 2)
    np.testing.assert_allclose(
        fit(pixels, projected(pixels), kind="projective").to_world(probes), projected(probes), atol=1e-5
    )


def test_projective_has_the_smallest_residuals_on_the_ground(spread: Spread) -> None:
    rng = np.random.default_rng(3)
    pixels, weights = spread(12, 3), rng.uniform(0.3, 3, 12)
    world = projected(pixels) + rng.normal(0, 30, (12, 2))
    sheet = fit(pixels, world, kind="projective", weights=weights)
    scan, ground = pixels / 4000 - 1, (world - world.mean(axis=0)) / 4000

    def residuals(entries: Floats) -> Floats:
        above = np.column_stack([scan, np.ones(12)]) @ np.append(entries, 1.0).reshape(3, 3).T
        return ((above[:, :2] / above[:, 2:] - ground) * np.sqrt(weights)[:, None]).ravel()

    best = least_squares(residuals, [0.8, 0, 0, 0, -0.8, 0, 0, 0], xtol=1e-15, ftol=1e-15, gtol=1e-15)
    own = (sheet.to_world(pixels) - world) / 4000 * np.sqrt(weights)[:, None]
    assert np.sum(own**2) == pytest.approx(2 * best.cost, rel=1e-9)


def test_projective_sees_no_ground_beyond_the_horizon() -> None:
    pixels = np.array([[0.0, 0.0], [1000.0, 0.0], [1000.0, 1000.0], [0.0, 1000.0]])
    world = np.column_stack([pixels[:, 0], -pixels[:, 1]]) / (1 - 5e-4 * pixels[:, 1:])  # horizon at row 2000
    sheet = fit(pixels, world, kind="projective")
    assert np.isfinite(sheet.to_world([500.0, 1999.0])).all()
    assert np.isnan(sheet.to_world([500.0, 2001.0])).all()
    assert np.isnan(sheet.jacobian([500.0, 2001.0])).all()
    # Y = −row / (1 − 5e-4 row) stays below 2000 for all rows before the horizon
    assert np.isnan(sheet.to_pixels([0.0, 2001.0])).all()


@pytest.mark.parametrize("order", [1, 2, 3])
def test_polynomial_recovers_a_polynomial(spread: Spread, flat: Sheet, order: int) -> None:
    def ground(pixels: Floats) -> Floats:
        x, y = (pixels.T - 3500.0) / 4000.0
        easting = 20.0 * x**order - 7.0 * x * y ** (order - 1)
        return flat(pixels) + np.column_stack([easting, 13.0 * y**order])

    pixels, probes = spread(24, order), spread(60, 9)
    sheet = fit(pixels, ground(pixels), kind=f"polynomial{order}")
    np.testing.assert_allclose(sheet.to_world(probes), ground(probes), atol=2e-7)


def test_polynomial_parameters_are_its_coefficients(spread: Spread, bent: Sheet) -> None:
    pixels = spread(24, 4)
    sheet = fit(pixels, bent(pixels), kind="polynomial2")
    numbers = sheet.parameters
    x, y = ((pixels - numbers["center_px"]) / numbers["step_px"]).T
    easting = sum(
        value * x ** int(name[7]) * y ** int(name[13]) for name, value in numbers["easting"].items()
    )
    np.testing.assert_allclose(easting, sheet.to_world(pixels)[:, 0], atol=1e-6)


def test_a_folded_polynomial_has_no_pixel_for_places_behind_the_fold() -> None:
    """X = column² / 1000 never falls below 0."""
    pixels = np.stack(np.meshgrid(np.linspace(200, 1000, 4), np.linspace(0, 1000, 4)), axis=-1).reshape(-1, 2)
    world = np.column_stack([pixels[:, 0] ** 2 / 1000, -pixels[:, 1]])
    sheet = fit(pixels, world, kind="polynomial2")
    assert np.isnan(sheet.to_pixels([-50.0, -500.0])).all()
    np.testing.assert_allclose(sheet.to_pixels([250.0, -500.0]), [500.0, 500.0], atol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.01, 1.0])
def test_thin_plate_is_that_of_scipy(spread: Spread, bent: Sheet, smoothing: float) -> None:
    pixels, probes = spread(40, 5), spread(60, 6)
    world = bent(pixels) + np.random.default_rng(5).normal(0, 3, (40, 2))
    middle = pixels.mean(axis=0)
    scale = np.sqrt(np.mean(np.sum((pixels - middle) ** 2, axis=1)))
    peer = RBFInterpolator(  # its kernel is r² log r, ours the same
        (pixels - middle) / scale, world - world.mean(axis=0), kernel="thin_plate_spline", smoothing=smoothing
    )
    expected = peer((probes - middle) / scale) + world.mean(axis=0)
    sheet = fit(pixels, world, kind="tps", smoothing=smoothing)
    np.testing.assert_allclose(sheet.to_world(probes), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("kernel", "theirs"),
    [
        ("linear", "linear"),
        ("cubic", "cubic"),
        ("multiquadric", "multiquadric"),
        ("inverse-multiquadric", "inverse_multiquadric"),
        ("gaussian", "gaussian"),
    ],
)
def test_radial_functions_are_those_of_scipy(spread: Spread, bent: Sheet, kernel: str, theirs: str) -> None:
    pixels, probes = spread(30, 7), spread(60, 8)
    world, reach = bent(pixels), 1500.0
    middle = pixels.mean(axis=0)
    peer = RBFInterpolator(
        (pixels - middle) / reach, world - world.mean(axis=0), kernel=theirs, epsilon=1.0, degree=1
    )
    expected = peer((probes - middle) / reach) + world.mean(axis=0)
    sheet = fit(pixels, world, kind="rbf", kernel=kernel, reach_px=reach)
    np.testing.assert_allclose(sheet.to_world(probes), expected, atol=1e-5)


def test_much_smoothing_leaves_the_affine(spread: Spread, bent: Sheet) -> None:
    pixels = spread(20, 9)
    world, weights = bent(pixels), np.random.default_rng(9).uniform(0.2, 5, 20)
    stiff = fit(pixels, world, kind="tps", smoothing=1e9, weights=weights)
    plane = fit(pixels, world, kind="affine", weights=weights)
    np.testing.assert_allclose(stiff.to_world(pixels), plane.to_world(pixels), atol=1e-4)


def test_a_smoothed_spline_comes_nearer_to_heavier_points(spread: Spread, bent: Sheet) -> None:
    pixels = spread(20, 10)
    world = bent(pixels)
    world[4] += 50.0
    misses = [
        np.abs(
            fit(pixels, world, kind="tps", smoothing=0.1, weights=weights).to_world(pixels[4]) - world[4]
        ).max()
        for weights in (
            np.ones(20),
            np.where(np.arange(20) == 4, 20.0, 1.0),
            np.where(np.arange(20) == 4, 0.05, 1.0),
        )
    ]
    assert misses[1] < misses[0] < misses[2]


def test_thin_plate_at_utm_size_keeps_its_points_to_a_micrometre(spread: Spread, bent: Sheet) -> None:
    pixels = spread(500, 11)
    world = bent(pixels) + np.random.default_rng(11).normal(0, 2, (500, 2))
    sheet = fit(pixels, world, kind="tps")
    assert np.abs(sheet.to_world(pixels) - world).max() < 1e-6


def test_mesh_is_linear_interpolation_inside_the_points(spread: Spread, bent: Sheet) -> None:
    pixels, probes = spread(60, 12), spread(400, 13)
    world = bent(pixels)
    expected = LinearNDInterpolator(pixels, world)(probes)
    inner = np.abs(probes - [4000, 3000]).max(axis=1) < 2000  # both triangulations agree away from the hull
    np.testing.assert_allclose(
        fit(pixels, world, kind="mesh").to_world(probes)[inner], expected[inner], atol=1e-6
    )


def test_mesh_on_a_regular_grid(bent: Sheet) -> None:
    """Four corners on one circle, the arrangement that a triangulation has to break ties for."""
    pixels = np.stack(np.meshgrid(np.arange(9) * 1000.0, np.arange(7) * 1000.0), axis=-1).reshape(-1, 2)
    sheet = fit(pixels, bent(pixels), kind="mesh")
    np.testing.assert_allclose(sheet.to_world(pixels), bent(pixels), atol=1e-6)
    assert sheet.parameters == {"points": 63, "triangles": 96}


def test_mesh_becomes_the_affine_far_away(spread: Spread, bent: Sheet) -> None:
    pixels = spread(30, 14)
    world = bent(pixels)
    far = np.array([[1e6, 2e6], [-3e6, 5e5]])
    np.testing.assert_allclose(
        fit(pixels, world, kind="mesh").to_world(far),
        fit(pixels, world, kind="affine").to_world(far),
        rtol=1e-12,
    )


@pytest.mark.parametrize("steps", [16, 0])
def test_mesh_is_inverted_by_walking_and_by_search(
    spread: Spread, flat: Sheet, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """A sheet turned by up to 70° in its middle: every pixel comes back, without any step of the walk too."""
    monkeypatch.setattr(mesh, "_WALK", steps)

    def swirled(pixels: Floats) -> Floats:
        away = pixels - [4000.0, 3000.0]
        turn = 1.2 * np.exp(-np.sum(away**2, axis=1) / 1500.0**2)
        turned = np.column_stack(
            [
                np.cos(turn) * away[:, 0] - np.sin(turn) * away[:, 1],
                np.sin(turn) * away[:, 0] + np.cos(turn) * away[:, 1],
            ]
        )
        return flat(turned + np.array([4000.0, 3000.0]))

    pixels, probes = spread(400, 15), spread(1000, 16)
    sheet = fit(pixels, swirled(pixels), kind="mesh")
    np.testing.assert_allclose(sheet.to_pixels(sheet.to_world(probes)), probes, atol=1e-6)


def test_moving_similarity_is_a_weighted_fit_at_every_pixel(spread: Spread, bent: Sheet) -> None:
    pixels, probes = spread(9, 17), spread(30, 18)
    world, weights = bent(pixels), np.random.default_rng(17).uniform(0.3, 3, 9)
    sheet = fit(pixels, world, kind="moving", weights=weights, falloff=1.5)
    for probe in probes:
        near = weights / np.sum((pixels - probe) ** 2, axis=1) ** 1.5
        slow = fit(pixels, world, kind="similarity", weights=near).to_world(probe)
        np.testing.assert_allclose(sheet.to_world(probe), slow, atol=1e-6)


def test_moving_similarity_of_a_mirrored_scan(spread: Spread, bent: Sheet) -> None:
    pixels = spread(9, 19)
    mirrored = pixels * [1.0, -1.0]
    sheet = fit(mirrored, bent(pixels), kind="moving", handedness="mirrored")
    np.testing.assert_allclose(
        sheet.to_world(mirrored + np.array([3, -4])),
        fit(pixels, bent(pixels), kind="moving").to_world(pixels + np.array([3, 4])),
        atol=1e-6,
    )


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("tps", {"smoothing": -1.0}, "smoothing must be"),
        ("tps", {"smoothing": np.nan}, "smoothing must be"),
        ("rbf", {"kernel": "spline"}, "no kernel is called 'spline'; there are thin-plate"),
        ("rbf", {"reach_px": 0.0}, "reach_px must be a positive"),
        ("moving", {"falloff": 9.0}, "falloff must lie between"),
    ],
)
def test_bad_options(spread: Spread, bent: Sheet, kind: str, options: dict, message: str) -> None:
    pixels = spread(9, 20)
    with pytest.raises(InputError, match=message):
        fit(pixels, bent(pixels), kind=kind, **options)
