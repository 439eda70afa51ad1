"""The error to expect anywhere: closed forms, and bands that hold what they promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from whence.errors import InputError, NotEnoughDataError
from whence.maps import ControlPoints, fit
from whence.maps.error_model import ErrorModel
from whence.maps.leaving_out import fitter_of

if TYPE_CHECKING:
    from whence.typing import Floats

Sheet = Callable[..., ControlPoints]
SIZE_PX = np.array([5000.0, 3500.0])


def deformed(
    rng: np.random.Generator, pixels: Floats, share: float, reach_px: float
) -> tuple[Floats, Floats]:
    """True places of a sheet with a smooth deformation of 3 m in all, and the same with pointing noise."""
    apart = np.linalg.norm(pixels[:, None] - pixels, axis=2) / reach_px
    smooth = np.exp(-np.square(apart)) * share + 1e-9 * np.eye(len(pixels))
    true = pixels @ np.array([[0.85, 0.02], [0.01, -0.84]]) + [437_000.0, 6_180_000.0]
    true = true + 3.0 * np.linalg.cholesky(smooth) @ rng.normal(size=pixels.shape)
    return true, true + rng.normal(0, 3.0 * np.sqrt(1 - share), pixels.shape)


@pytest.mark.parametrize(
    ("kind", "n"), [("similarity", 12), ("affine", 8), ("affine", 20), ("projective", 15), ("tps", 20)]
)
@pytest.mark.parametrize(("share", "reach_px"), [(0.5, 1200.0), (0.95, 2500.0)])
def test_eighty_percent_of_true_errors_lie_within_the_promised_band(
    kind: str, n: int, share: float, reach_px: float
) -> None:
    """Oracle: sheets simulated with another covariance than the model's, checked in- and outside the hull."""
    rng = np.random.default_rng(n)
    hits = []
    for _ in range(25):
        pixels = rng.uniform(0, 1, (n + 20, 2)) * SIZE_PX
        true, given = deformed(rng, pixels, share, reach_px)
        sheet_fit = fit(ControlPoints(pixels[:n], given[:n]), kind=kind)
        error = np.linalg.norm(sheet_fit.to_world(pixels[n:]) - true[n:], axis=1)
        hits.append(error <= sheet_fit.predicted_radius_m(pixels[n:], q=0.8))
    assert 0.70 <= np.mean(hits) <= 0.92  # sheets vary; their errors hang together


def test_pure_noise_holds_for_new_points(sheet: Sheet) -> None:
    """Oracle: new points measured like the old ones, on sheets without deformation."""
    hits = []
    for seed in range(40):
        points, new = sheet(12, noise_m=2.0, seed=seed), sheet(20, noise_m=2.0, seed=seed + 1000)
        sheet_fit = fit(points)
        error = np.linalg.norm(sheet_fit.to_world(new.pixels) - new.world, axis=1)
        hits.append(error <= sheet_fit.predicted_radius_m(new.pixels, of="point"))
    assert np.mean(hits) == pytest.approx(0.8, abs=0.08)


def test_noise_alone_gives_the_covariance_of_least_squares(sheet: Sheet) -> None:
    """Oracle: σ² d (DᵀD)⁻¹ dᵀ, with D = 1, x, y."""
    points = sheet(10)
    transform = fitter_of("affine")(points.pixels, points.world, None)
    residuals = transform.to_world(points.pixels) - points.world
    model = ErrorModel.of_fit(transform, points.pixels, residuals)
    noise = ErrorModel(
        model.center_px, model.scale_px, model.points, np.zeros(3), 4.0, model.freedom, model._weights
    )
    columns = np.column_stack([np.ones(10), points.pixels])
    place = np.array([7000.0, -500.0])
    row = np.array([1.0, *place])
    expected = 2.0 * np.sqrt(row @ np.linalg.inv(columns.T @ columns) @ row)
    assert noise.error_m(place) == pytest.approx(expected, rel=1e-6)
    assert noise.error_m(place, of="point") == pytest.approx(np.hypot(expected, 2.0), rel=1e-6)


@pytest.mark.parametrize("kind", ["similarity", "affine", "polynomial2", "tps", "mesh", "moving", "rbf"])
def test_errors_grow_away_from_the_points(sheet: Sheet, kind: str) -> None:
    sheet_fit = fit(sheet(15, noise_m=2.0), kind=kind)
    inside, beside, far = sheet_fit.predicted_error_m([[2500, 1750], [6500, 1750], [20_000, 1750]])
    assert 0 < inside < beside < far


def test_radii_grow_with_the_probability(sheet: Sheet) -> None:
    sheet_fit = fit(sheet(10, noise_m=2.0))
    radii = [float(sheet_fit.predicted_radius_m([100, 100], q=q)) for q in (0.1, 0.5, 0.8, 0.99)]
    assert radii == sorted(radii)
    for q in (0.0, 1.0):
        with pytest.raises(InputError, match="probability"):
            sheet_fit.predicted_radius_m([0, 0], q=q)


def test_shapes_are_kept_and_blocks_do_not_show(sheet: Sheet) -> None:
    sheet_fit = fit(sheet(10, noise_m=2.0))
    grid = np.stack(np.meshgrid(np.linspace(0, 5000, 50), np.linspace(0, 3500, 40)), axis=-1)
    errors = sheet_fit.predicted_error_m(grid)
    assert errors.shape == (40, 50)
    assert sheet_fit.predicted_error_m(grid[7, 9]) == pytest.approx(errors[7, 9], rel=1e-12)


def test_a_change_of_unit_or_a_shift_changes_nothing(sheet: Sheet) -> None:
    points = sheet(10, noise_m=2.0)
    place = [[100, 200], [4000, 3000]]
    moved = ControlPoints(points.pixels, points.world + np.array([5e6, -3e6]))
    plain = ControlPoints(points.pixels, points.world)
    np.testing.assert_allclose(
        fit(moved).predicted_error_m(place), fit(plain).predicted_error_m(place), rtol=1e-4
    )


def test_without_points_to_spare_the_error_is_not_known(sheet: Sheet) -> None:
    sheet_fit = fit(sheet(3))
    with pytest.raises(NotEnoughDataError, match="leave nothing over"):
        sheet_fit.predicted_error_m([0, 0])
    assert sheet_fit.to_json()["expected_error"] is None
    assert "nothing checks this fit" in sheet_fit.summary


def test_a_kind_that_is_too_stiff_is_known_to_be_wrong(sheet: Sheet) -> None:
    """Oracle: the true error, of the similarity of an exact affine, is nearly all offset."""
    points = sheet(12, noise_m=0.1)
    sheet_fit = fit(points, kind="similarity")
    corner = np.array([0.0, 0.0])
    truth = fit(points, kind="affine").to_world(corner)
    error = float(np.linalg.norm(sheet_fit.to_world(corner) - truth))
    assert float(sheet_fit.predicted_radius_m(corner)) == pytest.approx(error, rel=0.05)


def test_a_close_choice_of_the_kind_is_doubted_by_half_the_squared_distance(sheet: Sheet) -> None:
    """Oracle: the two fits, and the model of the chosen one alone."""
    for seed in range(30):
        drawn = sheet(14, noise_m=3.0, seed=seed)
        points = ControlPoints(drawn.pixels, drawn.world)  # its unit stands for the metre
        chosen = fit(points, kind="auto")
        rival = chosen.recommendation.rival if chosen.recommendation else None
        if rival is not None and not fit(points, kind=chosen.kind).error_model.is_centred:
            continue  # wrong in a known way already
        if rival is not None:
            break
    alone, other = fit(points, kind=chosen.kind), fit(points, kind=rival or "none")
    place = np.array([[9000.0, 200.0]])
    apart = np.linalg.norm(alone.to_world(place) - other.to_world(place))
    added = chosen.predicted_error_m(place) ** 2 - alone.predicted_error_m(place) ** 2
    assert added == pytest.approx(apart**2 / 4, rel=1e-6)  # of one coordinate
    assert chosen.predicted_radius_m(place) > alone.predicted_radius_m(place)
