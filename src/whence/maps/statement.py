"""The accuracy of a sheet in sentences that can be printed under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.maps.fitting import MapFit
    from whence.maps.lattice import Lattice
    from whence.maps.quality import Checks

__all__ = ["accuracy", "metres"]

_NSSDA = 1.7308
"""95 % radius over the root mean square of both coordinates (FGDC-STD-007.3-1998, 3-A)."""

_NSSDA_POINTS = 20
_MISFIT = 0.05
_THROUGH = 1e-3  # residuals this small beside the errors elsewhere are those of a spline


def accuracy(fit: MapFit, lattice: Lattice) -> tuple[str, ...]:
    """Say how accurate a sheet is, on what grounds, and what the figures leave out.

    Parameters
    ----------
    fit
        The fit.
    lattice
        The same all over the scan.
    """
    return tuple(_sentences(fit, lattice))


def metres(value: float) -> str:
    """Write metres with the digits that an accuracy deserves.

    Examples
    --------
    >>> [metres(value) for value in (0.0004, 0.674, 12.74, 1274.6)]
    ['0.00 m', '0.67 m', '12.7 m', '1,275 m']
    """
    return f"{value:.2f} m" if value < 9.995 else f"{value:.1f} m" if value < 99.95 else f"{value:,.0f} m"


def _sentences(fit: MapFit, lattice: Lattice) -> Iterator[str]:
    yield from _expected(lattice)
    yield from _contradiction(fit)
    crs = fit.points.crs
    system = crs.label if crs else "a coordinate system that is not known, taken to count metres"
    used, count = int(fit.used.sum()), len(fit.points)
    chosen = "all" if used == count else f"{used} of"
    yield f"Georeferenced in {system} with the transform {fit.kind} through {chosen} {count} control points."
    yield _left_out(fit)
    if fit.checks is not None:
        yield _checked(fit.checks)
    share = fit.quality.coverage.share_of_scan
    if share is not None:
        beyond = _beyond(lattice)
        yield f"The control points enclose {100 * share:.0f} % of the scan; the rest is extrapolated{beyond}."
    yield (
        "These figures are of the drawing against its points: an error that all points share, such as a "
        "wrong datum, shows only at checkpoints from another source."
    )


def _expected(lattice: Lattice) -> Iterator[str]:
    if lattice.radii_m is None:
        yield "How accurate positions are is not known: no control point can be spared to check the fit."
        return
    typical, sure = (float(np.median(radius[lattice.amid])) for radius in lattice.radii_m)
    worst = float(lattice.radii_m[0][lattice.amid].max())
    yield (
        f"Amid its control points, a position read from this sheet lies within {metres(typical)} of its true "
        f"place with a probability of 80 %, and within {metres(sure)} with 95 %"
        + (
            f"; at the worst place among them within {metres(worst)} with 80 %"
            if worst > 1.2 * typical
            else ""
        )
        + "."
    )


def _contradiction(fit: MapFit) -> Iterator[str]:
    """Warn where residuals are so long that no paper explains them."""
    extent_px = float(np.hypot(*np.ptp(fit.points.pixels[fit.used], axis=0)))
    share = fit.quality.rmse_px / (extent_px or 1.0)
    if share > _MISFIT:
        yield (
            f"The points contradict one another: they are missed by {100 * share:.0f} % of their extent, "
            "which no shrinking of paper explains; find the wrong ones before the sheet is used."
        )


def _left_out(fit: MapFit) -> str:
    left_out = fit.quality.leave_one_out_rmse_m
    rmse_m = fit.quality.rmse_m
    own = f"It misses its control points by {metres(rmse_m)} (root mean square)"
    if rmse_m < _THROUGH * (left_out or 1.0):
        own = "It passes through its control points"
    if left_out is None:
        return f"{own}, and none can be left out to test the fit."
    others = "where each in turn is left out and predicted by the others"
    return f"{own}, and misses them by {metres(left_out)} {others}."


def _checked(checks: Checks) -> str:
    lengths_m = np.hypot(*checks.errors_m.T)
    count = len(lengths_m)
    points = "1 independent checkpoint is" if count == 1 else f"{count} independent checkpoints are"
    sentence = (
        f"{points} missed by {metres(checks.rmse_m)} (root mean square), {metres(lengths_m.max())} at most"
    )
    if count < _NSSDA_POINTS:
        return f"{sentence}."
    radius_m = _NSSDA * checks.rmse_m
    return f"{sentence}; tested to {metres(radius_m)} horizontal accuracy at 95 % confidence (NSSDA)."


def _beyond(lattice: Lattice) -> str:
    if lattice.radii_m is None or lattice.inside.all():
        return ""
    radius = lattice.radii_m[0][~lattice.inside]
    known = radius[np.isfinite(radius)]
    return f", where the 80 % radius grows to {metres(float(known.max()))}" if len(known) else ""
