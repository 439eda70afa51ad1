"""Tables of a sheet's report, as texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import NotEnoughDataError
from whence.maps.recipe import digest_of
from whence.maps.recommendation import CANDIDATES, Candidate, Recommendation, recommend
from whence.maps.statement import metres
from whence.maps.transforms import TRANSFORMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.maps.fitting import MapFit
    from whence.maps.lattice import Lattice
    from whence.maps.points.control import ControlPoints
    from whence.maps.recipe import Recipe

__all__ = ["compared", "for_page"]

_MOST_COMPARED = 150
"""More points are not left out one by one for the kinds that have no closed form."""

_NONE = "–"


def for_page(
    recipe: Recipe, fit: MapFit, lattice: Lattice, *, comparison: Recommendation | None
) -> dict[str, Any]:
    """Give the values of the template that are tables and words."""
    return {
        "headline": list(_headline(fit, lattice)),
        "points": list(_points(fit)),
        "off": [name for name, on in zip(recipe.points.names, recipe.points.enabled, strict=True) if not on],
        "suspects": [suspect.sentence for suspect in fit.suspects],
        "remarks": list(fit.remarks),
        "checks": list(_checks(fit, recipe.checkpoints)),
        "kinds": [] if comparison is None else [_kind(one, fit.kind) for one in comparison.candidates],
        "reason": _reason(fit, comparison),
        "distortion": list(_distortion(lattice)),
        "recorded": list(_recorded(recipe, fit)),
    }


def compared(fit: MapFit) -> Recommendation | None:
    """Compare all kinds on the points of a fit; None where no point can be spared.

    The recommendation is made among the kinds of `CANDIDATES`, as always; the others follow for comparison.
    """
    points = fit.points.where(fit.used)
    found = fit.recommendation
    try:
        found = found or recommend(points)
    except NotEnoughDataError:
        return None
    rest = [kind for kind in TRANSFORMS if kind not in CANDIDATES]
    others = [_measured(points, kind) for kind in rest]
    return Recommendation(found.kind, found.reason, (*found.candidates, *others))


def _measured(points: ControlPoints, kind: str) -> Candidate:
    if len(points) > _MOST_COMPARED:
        return Candidate(kind, None, None, None, f"not compared with more than {_MOST_COMPARED} points")
    try:
        one = recommend(points, kinds=[kind]).candidates[0]
    except NotEnoughDataError:
        return Candidate(kind, None, None, None, "cannot be checked with these points")
    return Candidate(kind, one.rmse_m, one.leave_one_out_rmse_m, one.by_area_rmse_m, "for comparison only")


def _headline(fit: MapFit, lattice: Lattice) -> Iterator[dict[str, str]]:
    quality = fit.quality
    if lattice.radii_m is not None:
        radius = float(np.nanmedian(lattice.radii_m[0][lattice.amid]))
        yield {"term": "80 % radius", "value": metres(radius), "note": "expected, amid the points"}
    yield {"term": "Left out", "value": _length(quality.leave_one_out_rmse_m), "note": "root mean square"}
    if quality.by_area_rmse_m is not None:
        yield {"term": "Areas left out", "value": _length(quality.by_area_rmse_m), "note": "root mean square"}
    if fit.checks is not None:
        note = f"{len(fit.checks.names)} points, root mean square"
        yield {"term": "Checkpoints", "value": metres(fit.checks.rmse_m), "note": note}
    yield {
        "term": "Residual",
        "value": metres(quality.rmse_m),
        "note": f"root mean square; {quality.rmse_px:.2f} px",
    }
    scale_m = float(np.nanmedian(lattice.scale_m[lattice.amid]))
    yield {"term": "One pixel", "value": f"{scale_m:.3g} m", "note": "of the ground"}


def _points(fit: MapFit) -> Iterator[dict[str, Any]]:
    quality, points = fit.quality, fit.points
    expected = _expected(fit)
    suspected = {suspect.row: suspect.cause for suspect in fit.suspects}
    at = np.cumsum(fit.used) - 1
    for row, name in enumerate(points.names):
        used = bool(fit.used[row])
        residual, left_out = quality.residuals_m[at[row]], quality.leave_one_out_m[at[row]]
        yield {
            "name": name,
            "pixel": [f"{value:,.1f}" for value in points.pixels[row]],
            "world": [_coordinate(value, fit) for value in points.world[row]],
            "residual": [f"{value:+.2f}" for value in residual] if used else [_NONE, _NONE],
            "length": f"{np.hypot(*residual):.2f}" if used else _NONE,
            "length_px": f"{np.hypot(*quality.residuals_px[at[row]]):.2f}" if used else _NONE,
            "left_out": f"{np.hypot(*left_out):.2f}" if used and np.isfinite(left_out).all() else _NONE,
            "expected": _NONE if expected is None else f"{expected[row]:.2f}",
            "weight": f"{fit.weights[row]:.2f}",
            "state": "used" if used else "not used",
            "suspect": suspected.get(row, ""),
        }


def _expected(fit: MapFit) -> Any:
    try:
        return fit.predicted_radius_m(fit.points.pixels)
    except NotEnoughDataError:
        return None


def _checks(fit: MapFit, checkpoints: ControlPoints | None) -> Iterator[dict[str, Any]]:
    if fit.checks is None or checkpoints is None:
        return
    pixels = checkpoints.active.pixels
    try:
        radii = fit.predicted_radius_m(pixels)
    except NotEnoughDataError:
        radii = np.full(len(pixels), np.nan)
    rows = zip(fit.checks.names, pixels, fit.checks.errors_m, fit.checks.inside, radii, strict=True)
    for name, pixel, error, inside, radius in rows:
        length = float(np.hypot(*error))
        yield {
            "name": name,
            "pixel": [f"{value:,.1f}" for value in pixel],
            "error": [f"{value:+.2f}" for value in error],
            "length": f"{length:.2f}",
            "radius": _NONE if np.isnan(radius) else f"{radius:.2f}",
            "within": "" if np.isnan(radius) else "within" if length <= radius else "beyond",
            "place": "amid the points" if inside else "outside the points",
        }


def _kind(one: Candidate, chosen: str) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "rmse": _figure(one.rmse_m),
        "left_out": _figure(one.leave_one_out_rmse_m),
        "by_area": _figure(one.by_area_rmse_m),
        "verdict": "recommended" if one.verdict == "chosen" else one.verdict,
        "used": one.kind == chosen,
    }


def _reason(fit: MapFit, comparison: Recommendation | None) -> str:
    if comparison is None:
        return "No point can be spared, so that no kind can be told from another."
    if comparison.kind == fit.kind:
        return f"Used and recommended: {comparison.reason}"
    return f"Used is {fit.kind}. Recommended: {comparison.reason}"


def _distortion(lattice: Lattice) -> Iterator[dict[str, str]]:
    """List the smallest, middle and largest values amid the points and on the whole scan."""
    quantities = (
        ("Ground under one pixel, m (root of its area)", lattice.scale_m, "{:.5g}"),
        ("Ground under one pixel, m²", np.square(lattice.scale_m), "{:.5g}"),
        ("Turn against the middle, °", lattice.turn_deg, "{:+.3f}"),
        ("Largest change of an angle, °", lattice.angular_deg, "{:.3f}"),
    )
    for name, values, form in quantities:
        amid = values[lattice.amid]
        yield {
            "name": name,
            "low": form.format(np.nanmin(amid)),
            "middle": form.format(np.nanmedian(amid)),
            "high": form.format(np.nanmax(amid)),
            "all": f"{form.format(np.nanmin(values))} to {form.format(np.nanmax(values))}",
        }


def _recorded(recipe: Recipe, fit: MapFit) -> Iterator[tuple[str, str]]:
    """List what the sheet can be made again from."""
    points, crs = recipe.points, recipe.points.crs
    source = f"{points.source.name}, " if points.source else ""
    yield "Control points", f"{source}{len(points)} of them, SHA-256 {digest_of(points)}"
    yield "Coordinate system", crs.label if crs else "not known"
    if recipe.scan is not None:
        width, height = recipe.scan.size_px
        yield "Scan", f"{recipe.scan.name}, {width:,} × {height:,} px, SHA-256 {recipe.scan.sha256}"
    if recipe.checkpoints is not None:
        checks = recipe.checkpoints
        source = f"{checks.source.name}, " if checks.source else ""
        yield "Checkpoints", f"{source}{len(checks)} of them, SHA-256 {digest_of(checks)}"
    asked = "" if recipe.kind == fit.kind else f" (asked for: {recipe.kind})"
    yield "Transform", f"{fit.kind}{asked}"
    for name, value in {**recipe.options, "tolerance_px": recipe.tolerance_px}.items():
        if value is not None:
            yield f"Option {name}", str(value)
    robust = "only points that agree, weighted" if recipe.robust else "all enabled points, weight 1"
    if fit.consensus is not None:
        agreed, count = int(fit.consensus.agree.sum()), len(fit.points)
        robust += f"; {agreed} of {count} agree to {fit.consensus.tolerance_px:.2f} px"
    yield "Choice of points", robust
    yield "Made with", ", ".join(f"{name} {one}" for name, one in recipe.to_json()["made_with"].items())


def _coordinate(value: float, fit: MapFit) -> str:
    crs = fit.points.crs
    return f"{value:.6f}" if crs is not None and crs.is_geographic else f"{value:,.2f}".replace(",", "\u2009")


def _length(value: float | None) -> str:
    return "not known" if value is None else metres(value)


def _figure(value: float | None) -> str:
    return _NONE if value is None else f"{value:.2f}"
