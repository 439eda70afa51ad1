"""How good a fit is: at its own points, at points it has not seen, and where it says nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError
from whence.maps.coverage import Coverage
from whence.maps.ground import metres_per_unit
from whence.maps.leaving_out import Fitter, k_fold_by_area, leave_one_out

if TYPE_CHECKING:
    from whence.earth.crs import Crs
    from whence.maps.points import ControlPoints
    from whence.maps.transforms import Transform
    from whence.typing import Bools, Floats

__all__ = [
    "Checks",
    "Quality",
    "check",
    "measure",
    "qgis_mean_error_px",
    "residuals_px",
    "rms",
    "rms_of_known",
]

AREAS = 5
"""Areas of the sheet that are left out in turn."""


@dataclass(frozen=True, eq=False)
class Checks:
    """Errors at independent points, which took no part in the fit.

    Parameters
    ----------
    names
        Their names.
    errors_m
        (n, 2) east and north, metres: where the fit puts the point minus where it is.
    inside
        (n,) whether the point lies in the hull of the control points.
    """

    names: tuple[str, ...]
    errors_m: Floats
    inside: Bools

    @property
    def rmse_m(self) -> float:
        """Root mean square of the lengths, metres."""
        return rms(self.errors_m)

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON types."""
        return {
            "names": list(self.names),
            "errors_m": self.errors_m.tolist(),
            "inside_hull": self.inside.tolist(),
            "rmse_m": self.rmse_m,
        }


@dataclass(frozen=True, eq=False)
class Quality:
    """Errors of a fit at its control points.

    All differences are the place that the fit gives minus the place that was given. Metres are metres on the
    ground (`ground.metres_per_unit`); without a known coordinate system they are its unit.

    Parameters
    ----------
    residuals_m, residuals_px
        (n, 2) at the points of the fit itself: east and north, metres; column and row, px, to first order.
    leave_one_out_m
        (n, 2) of the fit to all other points; NaN where these do not suffice.
    by_area_m
        (n, 2) of the fit to the points of all other areas of the sheet; NaN where these do not suffice, None
        with too few points to split.
    qgis_mean_error_px
        The figure that QGIS shows as mean error, px; None without points to spare. It is not an RMSE.
    coverage
        Hull of the points.
    """

    residuals_m: Floats
    residuals_px: Floats
    leave_one_out_m: Floats
    by_area_m: Floats | None
    qgis_mean_error_px: float | None
    coverage: Coverage

    @property
    def rmse_m(self) -> float:
        """Root mean square residual, √ mean(ΔX² + ΔY²), metres. An interpolating spline has 0."""
        return rms(self.residuals_m)

    @property
    def rmse_px(self) -> float:
        """Root mean square residual, px."""
        return rms(self.residuals_px)

    @property
    def leave_one_out_rmse_m(self) -> float | None:
        """Root mean square error at points left out, metres; None where no point can be spared."""
        return rms_of_known(self.leave_one_out_m)

    @property
    def by_area_rmse_m(self) -> float | None:
        """Root mean square error in areas left out, metres; None where no area can be spared."""
        return None if self.by_area_m is None else rms_of_known(self.by_area_m)

    @property
    def indispensable(self) -> int:
        """Number of points without which there would be no fit, so that nothing checks them."""
        return int(np.isnan(self.leave_one_out_m[:, 0]).sum())

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON types; null where an error is not known."""
        return {
            "rmse_m": self.rmse_m,
            "rmse_px": self.rmse_px,
            "qgis_mean_error_px": self.qgis_mean_error_px,
            "leave_one_out_rmse_m": self.leave_one_out_rmse_m,
            "by_area_rmse_m": self.by_area_rmse_m,
            "indispensable_points": self.indispensable,
            "residuals_m": self.residuals_m.tolist(),
            "residuals_px": self.residuals_px.tolist(),
            "leave_one_out_m": _known(self.leave_one_out_m),
            "by_area_m": None if self.by_area_m is None else _known(self.by_area_m),
            "coverage": self.coverage.to_json(),
        }


def measure(
    fitter: Fitter,
    points: ControlPoints,
    *,
    weights: Floats | None = None,
    size_px: tuple[int, int] | None = None,
) -> Quality:
    """Measure a fit at its control points.

    Parameters
    ----------
    fitter
        How to fit.
    points
        The points of the fit, all of them in use.
    weights
        (n,) weights of the points, or None for equal ones.
    size_px
        Width and height of the scan, px, for the share of it that the points cover.
    """
    pixels, world = points.pixels, points.world
    transform = fitter(pixels, world, weights)
    scale_m = metres_per_unit(points.crs, world)
    by_area = None
    if len(pixels) >= 2 * AREAS:
        by_area = k_fold_by_area(fitter, pixels, world, folds=AREAS, weights=weights) * scale_m
    return Quality(
        residuals_m=(transform.to_world(pixels) - world) * scale_m,
        residuals_px=residuals_px(transform, pixels, world),
        leave_one_out_m=leave_one_out(fitter, pixels, world, weights=weights) * scale_m,
        by_area_m=by_area,
        qgis_mean_error_px=qgis_mean_error_px(transform, pixels, world),
        coverage=Coverage.of(pixels, size_px=size_px),
    )


def residuals_px(transform: Transform, pixels: Floats, world: Floats) -> Floats:
    """Return the residuals carried back to the scan by the local slope of the transform, (n, 2) px."""
    residuals = transform.to_world(pixels) - world
    return np.asarray(np.linalg.solve(transform.jacobian(pixels), residuals[..., None])[..., 0])


def qgis_mean_error_px(transform: Transform, pixels: Floats, world: Floats) -> float | None:
    """Return what QGIS' georeferencer shows as mean error, px.

    √(Σ(dx² + dy²) / (n − minimum)), with differences on the scan; for polynomials QGIS takes them from a
    polynomial fitted the other way, from the world to the scan. None without points to spare, as in QGIS.
    """
    spare = len(pixels) - transform.min_points
    if spare <= 0:
        return None
    if transform.kind in _FITTED_BACKWARDS:
        found = type(transform).fit(world, pixels).to_world(world)
    else:
        found = transform.to_pixels(world)
    return float(np.sqrt(np.square(found - pixels).sum() / spare))


def check(transform: Transform, coverage: Coverage, checkpoints: ControlPoints, *, crs: Crs | None) -> Checks:
    """Compare a fit with independent points.

    Parameters
    ----------
    transform, coverage
        The fit and the hull of its points.
    checkpoints
        Points that took no part in it; disabled ones do not count.
    crs
        The system of the fit.

    Raises
    ------
    InputError
        When no checkpoint is enabled.
    """
    active = checkpoints.active
    if len(active) == 0:
        raise InputError("there is no enabled checkpoint; give at least one or leave checkpoints out")
    errors = transform.to_world(active.pixels) - active.world
    errors_m = errors * metres_per_unit(crs, active.world)
    return Checks(active.names, errors_m, coverage.inside(active.pixels))


def rms(differences: Floats) -> float:
    """Return the root mean square length of (n, 2) differences."""
    return float(np.sqrt(np.square(differences).sum(axis=1).mean()))


def rms_of_known(differences: Floats) -> float | None:
    """Return the root mean square length of those of (n, 2) differences that are not NaN, or None."""
    there = ~np.isnan(differences[:, 0])
    return rms(differences[there]) if there.any() else None


def _known(differences: Floats) -> list[list[float] | None]:
    """Write (n, 2) differences as JSON, null for NaN."""
    return [None if np.isnan(row[0]) else row.tolist() for row in differences]


_FITTED_BACKWARDS = frozenset({"affine", "polynomial1", "polynomial2", "polynomial3"})
