"""A fit of a map in words and a table, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.cli.escaping import visible
from whence.errors import NotEnoughDataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.maps import MapFit

__all__ = ["report"]

_NAME_LENGTH = 24


def report(fit: MapFit) -> str:
    """Return the accuracy of a fit, every point's share in it, and what the points recommend."""
    blocks = [
        visible(fit.summary),
        "\n".join(f"{name:26} {value}" for name, value in _figures(fit)),
        "\n".join(_table(fit)),
    ]
    if fit.checks is not None:
        blocks.append("\n".join(_checkpoints(fit)))
    blocks.append(visible(_recommended(fit)))
    return "\n\n".join(blocks)


def _figures(fit: MapFit) -> Iterator[tuple[str, str]]:
    quality = fit.quality
    crs = fit.points.crs
    yield (
        "coordinate system",
        visible(crs.label) if crs else "not known: metres below are its units; give --crs",
    )
    yield "RMSE at its own points", f"{quality.rmse_m:.2f} m, {quality.rmse_px:.2f} px"
    yield "RMSE at points left out", _metres(quality.leave_one_out_rmse_m)
    yield "RMSE in areas left out", _metres(quality.by_area_rmse_m)
    if quality.qgis_mean_error_px is not None:
        yield "mean error as in QGIS", f"{quality.qgis_mean_error_px:.2f} px"
    if fit.checks is not None:
        yield "RMSE at checkpoints", _metres(fit.checks.rmse_m)
    yield "amid the points", _expected(fit)
    if quality.coverage.share_of_scan is not None:
        yield "of the scan enclosed", f"{quality.coverage.share_of_scan:.0%} by the points"


def _metres(value: float | None) -> str:
    return "not known: too few points" if value is None else f"{value:.2f} m"


def _expected(fit: MapFit) -> str:
    """Say what to expect of a place in the middle of the points."""
    middle = fit.points.pixels[fit.used].mean(axis=0)
    try:
        radius_m = float(fit.predicted_radius_m(middle, q=0.8))
    except NotEnoughDataError:
        return "not known: no point can be spared"
    return f"a place lies within {radius_m:.2f} m of its position with 80 %"


def _table(fit: MapFit) -> Iterator[str]:
    """List the points: residuals, the error when the point is left out, and what is the matter with it."""
    quality, points = fit.quality, fit.points
    lengths_m = np.hypot(*quality.residuals_m.T)
    lengths_px = np.hypot(*quality.residuals_px.T)
    left_out_m = np.hypot(*quality.leave_one_out_m.T)
    names = _shortened(points.names)
    width = max(len("point"), *(len(name) for name in names))
    yield (
        f"{'point':{width}} {'column':>9} {'row':>9} {'east m':>9} {'north m':>9} {'length m':>9} "
        f"{'px':>7} {'left out m':>11}"
    )
    rows = np.cumsum(fit.used) - 1
    for place, name in enumerate(names):
        column, row = points.pixels[place]
        line = f"{name:{width}} {column:9.1f} {row:9.1f}"
        if fit.used[place]:
            at = rows[place]
            east, north = quality.residuals_m[at]
            left_out = "–" if np.isnan(left_out_m[at]) else f"{left_out_m[at]:.2f}"
            line += f" {east:9.2f} {north:9.2f} {lengths_m[at]:9.2f} {lengths_px[at]:7.2f} {left_out:>11}"
        else:
            line += f" {'–':>9} {'–':>9} {'–':>9} {'–':>7} {'–':>11}"
        yield f"{line}  {_remark(fit, place)}".rstrip()


def _remark(fit: MapFit, place: int) -> str:
    weight = float(fit.weights[place])
    remarks = ["not used"] if not fit.used[place] else [f"weight {weight:.2f}"] if weight < 0.995 else []
    remarks += [f"suspect: {one.cause}" for one in fit.suspects if one.row == place]
    return "; ".join(remarks)


def _checkpoints(fit: MapFit) -> Iterator[str]:
    checks = fit.checks
    if checks is None:
        return
    names = _shortened(checks.names)
    width = max(len("checkpoint"), *(len(name) for name in names))
    yield f"{'checkpoint':{width}} {'east m':>9} {'north m':>9} {'length m':>9}"
    for name, (east, north), inside in zip(names, checks.errors_m, checks.inside, strict=True):
        where = "" if inside else "  outside the control points"
        yield f"{name:{width}} {east:9.2f} {north:9.2f} {np.hypot(east, north):9.2f}{where}"


def _recommended(fit: MapFit) -> str:
    from whence.maps import recommend

    found = fit.recommendation
    if found is not None:
        return f"Chosen: {found.reason}"
    try:
        found = recommend(fit.points.where(fit.used))
    except NotEnoughDataError as error:
        return f"No recommendation: {error}."
    return f"Recommended: {found.reason}"


def _shortened(names: tuple[str, ...]) -> list[str]:
    shown = [visible(name) for name in names]
    return [name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…" for name in shown]
