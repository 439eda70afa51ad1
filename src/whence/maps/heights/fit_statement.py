"""What a fit of heights says, in sentences that can be printed under a sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.maps.heights.units import UNITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.maps.heights.height_fit import HeightFit
    from whence.maps.heights.units import Unit

__all__ = ["remarks_on", "summary_of"]

_OFF = 3.0
_NAMED = 4


def summary_of(fit: HeightFit) -> str:
    """Say what turns heights of the sheet into modern ones, how well, and what is not known."""
    used, known = int(fit.used.sum()), int(fit.known.sum())
    which = f"all {known}" if used == known else f"{used} of {known}"
    parts = [f"{_equation(fit)}, from {which} heights", _accuracy(fit), *fit.remarks]
    parts += [one.sentence for one in fit.outliers]
    return ". ".join(part.rstrip(".") for part in parts) + "."


def remarks_on(fit: HeightFit, *, why_not_free: str = "", refused: Unit | None = None) -> tuple[str, ...]:
    """Say what the numbers alone do not: what is not known, and what contradicts the choice.

    `refused` is a unit that was named and that the heights do not have.
    """
    against = () if refused is None else (f"The heights are not in {refused.name} ({refused.metres:.6g} m)",)
    return (*against, *_remarks(fit, why_not_free))


def _equation(fit: HeightFit) -> str:
    target = f"height in {fit.vertical}" if fit.vertical else "modern height"
    slope = _with_error(fit.alpha, fit.alpha_error, digits=7 if fit.alpha_error is None else None)
    if fit.model == "unit" and fit.unit is not None:
        slope = f"{slope} (fixed: {fit.unit.name})"
    elif fit.model == "shift":
        slope = "1 (fixed)"
    beta = _with_error(fit.beta_m, fit.beta_error_m)
    return f"{target} = {slope} × height on the map + {beta} m"


def _with_error(value: float, error: float | None, digits: int | None = None) -> str:
    """Write a value to two digits of its error."""
    if digits is not None:
        return f"{value:.{digits}g}"
    if error is None or error == 0 or not np.isfinite(error):
        return f"{value:.3f}"
    decimals = int(np.clip(1 - np.floor(np.log10(error)), 0, 9))
    return f"{value:.{decimals}f} ± {error:.{decimals}f}"


def _accuracy(fit: HeightFit) -> str:
    if fit.sigma_m is None:
        return "No height is left over to check the fit: its errors are not known"
    left_out = fit.leave_one_out_rmse_m
    text = f"RMSE {fit.rmse_m:.2f} m"
    return text if left_out is None else f"{text}, {left_out:.2f} m at heights left out"


def _remarks(fit: HeightFit, why_not_free: str) -> Iterator[str]:
    yield from _not_known(fit)
    if why_not_free and fit.model != "full":
        yield f"{why_not_free[0].upper()}{why_not_free[1:]}: it was fixed to {fit.alpha:.7g}"
    if fit.model == "full" and fit.free_alpha is None:
        yield "Two heights determine α and β exactly, so nothing says how good they are"
    yield from _contradicted(fit)
    yield from _unit(fit)
    if fit.alpha < 0:
        yield "α is negative: the map's heights fall where the ground rises; are they depths?"
    if fit.tilt is not None and (fit.tilt.notable or fit.tilt_m_per_km is not None):
        applied = "applied" if fit.tilt_m_per_km is not None else "not applied; --tilt applies it"
        yield f"{fit.tilt.sentence[0].upper()}{fit.tilt.sentence[1:]}, {applied}"
    yield _zero(fit)


def _not_known(fit: HeightFit) -> Iterator[str]:
    for values, what in (
        (fit.labels.map_heights, "cannot be read on the map"),
        (fit.modern_m, "have no modern height (outside the model, or no data there)"),
    ):
        rows = np.flatnonzero(~np.isfinite(values))
        if len(rows):
            names = ", ".join(fit.labels.names[row] for row in rows[:_NAMED])
            more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
            yield f"{len(rows)} of {len(fit.labels)} heights {what}: {names}{more}"


def _contradicted(fit: HeightFit) -> Iterator[str]:
    if fit.model == "full" or fit.free_alpha is None:
        return
    alpha, error = fit.free_alpha
    if abs(alpha - fit.alpha) > _OFF * error:
        yield (
            f"The heights contradict α = {fit.alpha:.7g}: free, it is {_with_error(alpha, error)}"
            + (f", which {fit.units[0][0].name} would be" if fit.units else "")
        )


def _unit(fit: HeightFit) -> Iterator[str]:
    """Say which units α may be."""
    if fit.free_alpha is None:
        return
    alpha, error = fit.free_alpha
    found = [f"{one.name} ({one.metres:.6g} m, {z:+.1f} σ)" for one, z in fit.units[:_NAMED]]
    more = f" and {len(fit.units) - _NAMED} more" if len(fit.units) > _NAMED else ""
    free = _with_error(alpha, error)
    if found:
        yield f"α = {free} agrees with {', '.join(found)}{more}"
    else:
        yield f"α = {free} agrees with no unit of the table within 2 σ"
        yield from _modern_in_feet(alpha, error)


def _modern_in_feet(alpha: float, error: float) -> Iterator[str]:
    """Say that the modern heights may be in feet, where one unit of the map is so many of them."""
    foot = UNITS["foot"].metres
    for name in ("metre", "fathom", "sazhen"):
        if abs(alpha - UNITS[name].metres / foot) <= max(_OFF * error, 1e-3 * alpha):
            yield (
                f"It would agree with {name} if the modern heights were in feet: they must be metres; "
                "multiply them by 0.3048"
            )


def _zero(fit: HeightFit) -> str:
    system = fit.vertical or "the modern heights, whose system was not named,"
    return (
        f"The zero of the sheet is not known: β is its height in {system} as these heights have it, no "
        "published offset of a datum"
    )
