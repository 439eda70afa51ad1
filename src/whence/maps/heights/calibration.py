"""Heights of a sheet fitted to modern ones, robustly, with the unit and the model found where not given."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from scipy.stats import t as student

from whence.errors import InputError, NotEnoughDataError
from whence.maps.heights.fit_statement import remarks_on
from whence.maps.heights.height_fit import HeightFit, Outlier
from whence.maps.heights.misreading import find_misreading
from whence.maps.heights.model_choice import choose_model, design_of
from whence.maps.heights.tilting import find_tilt, lever_arms
from whence.maps.heights.trimming import REFUSED, least_squares, trimmed
from whence.maps.heights.units import UNITS, consistent_units
from whence.maps.heights.units import unit as unit_of

if TYPE_CHECKING:
    from whence.maps.heights.labelled import HeightLabels
    from whence.maps.heights.model_choice import Candidate
    from whence.maps.heights.trimming import Regression
    from whence.maps.heights.units import Unit
    from whence.typing import Bools, Floats

__all__ = ["MODELS", "Model", "fit_heights"]

Model: TypeAlias = Literal["auto", "full", "shift", "unit"]

MODELS: tuple[Model, ...] = ("auto", "full", "shift", "unit")

OFF = 3.0
"""A fixed slope that the heights contradict by more standard errors than this does not name outliers."""

_NO_DIFFERENCE = 1e-4  # of lengths: the feet of Britain and America

_MIXED = ("metre", "foot", "fathom", "sazhen")  # units in which single heights of a sheet may stand


def fit_heights(
    labels: HeightLabels,
    modern_m: Floats,
    *,
    model: Model = "auto",
    unit: str | None = None,
    tilt: bool = False,
    vertical: str | None = None,
    seed: int = 0,
) -> HeightFit:
    """Fit heights of a sheet to modern ones.

    Parameters
    ----------
    labels
        The sheet's heights.
    modern_m
        (n,) modern ones; NaN where there is none.
    model
        ``"full"`` for α and β; ``"shift"`` for β alone; ``"unit"`` for β with α fixed to `unit`; ``"auto"``
        for the simplest that predicts heights left out about as well as the best
        (`model_choice.choose_model`).
    unit
        Name of the unit of the sheet (`units.UNITS`). With ``"shift"`` the same as ``"unit"``.
    tilt
        Apply the plane that is otherwise only tested for.
    vertical
        Name of the system of the modern heights, for the statement.
    seed
        Of the samples of the robust start.

    Raises
    ------
    InputError
        When the model or the unit is not known, or ``"unit"`` comes without one.
    NotEnoughDataError
        When no height is known both on the map and today, or the heights do not determine the model: all
        equal on the map, or too few.

    Examples
    --------
    >>> from whence.maps.heights.labelled import HeightLabels
    >>> read = np.array([10.0, 20, 30, 40, 50, 60, 70, 80])
    >>> modern = 2.1336 * read + 4 + np.array([0.1, -0.2, 0.1, 0.2, -0.1, -0.2, 0, 0.1])
    >>> labels = HeightLabels(np.arange(16.0).reshape(8, 2), None, read)
    >>> found = fit_heights(labels, modern, model="full")
    >>> round(found.alpha, 3), round(found.beta_m, 1), [one.name for one, _ in found.units]
    (2.133, 4.0, ['sazhen'])
    """
    wanted, named = _checked(model, unit)
    data = _Data.of(labels, modern_m, seed=seed)
    if wanted == "full":
        data.require_slope()
    chosen, its_unit, candidates = _chosen(wanted, named, data)
    found = data.regression(chosen, its_unit, tilt=tilt)
    design, observed = design_of(chosen, its_unit, data.map_heights, data.modern_m)
    alpha, beta, covariance = _numbers(chosen, its_unit, found)
    free = data.free_alpha
    fit = HeightFit(
        labels=labels,
        modern_m=np.asarray(modern_m, dtype=np.float64),
        model=chosen,
        unit=its_unit,
        alpha=alpha,
        beta_m=beta,
        covariance=covariance,
        tilt_m_per_km=(float(found.coefficients[-2]), float(found.coefficients[-1])) if tilt else None,
        sigma_m=found.sigma,
        known=data.known,
        used=data.where(found.kept),
        residuals_m=data.spread(found.residuals),
        leave_one_out_m=data.spread(found.left_out),
        tilt=find_tilt(design, observed, data.arms, kept=found.kept, per=data.per),
        outliers=_outliers(data, found, alpha),
        candidates=candidates,
        free_alpha=free,
        units=() if free is None else consistent_units(*free),
        vertical=vertical,
    )
    refused = named if chosen == "full" else None
    return fit.remarking(remarks_on(fit, why_not_free=data.why_not_free, refused=refused))


def _checked(model: str, unit: str | None) -> tuple[str, Unit | None]:
    """Return the model and the unit, the first one settled by the second where that decides."""
    if model not in MODELS:
        raise InputError(f"the model {model!r} is not known; give one of {', '.join(MODELS)}")
    named = None if unit is None else unit_of(unit)
    if model == "unit" and named is None:
        raise InputError("the model 'unit' fixes α to a unit; name it (--unit sazhen)")
    if model == "shift" and named is not None:
        model = "unit"
    return model, named


@dataclass(frozen=True, eq=False)
class _Data:
    """The heights that are known on the map and today, m of the n labels."""

    labels: HeightLabels
    known: Bools  # (n,)
    map_heights: Floats  # (m,)
    modern_m: Floats  # (m,)
    arms: Floats  # (m, 2)
    per: str
    seed: int

    @classmethod
    def of(cls, labels: HeightLabels, modern_m: Floats, *, seed: int) -> _Data:
        modern = np.asarray(modern_m, dtype=np.float64)
        if modern.shape != labels.map_heights.shape:
            raise InputError(f"{len(labels)} labels come with modern heights of shape {modern.shape}")
        known = np.isfinite(labels.map_heights) & np.isfinite(modern)
        if not known.any():
            raise NotEnoughDataError(
                f"none of {len(labels)} heights is known both on the map and today; give modern heights in a "
                "column modern_height, or a height model that covers the places (--dem)"
            )
        read = labels.map_heights[known]
        if known.sum() > 2 and np.ptp(modern[known]) == 0 and np.ptp(read) > 0:
            raise InputError(
                f"the modern heights of all {int(known.sum())} places are {modern[known][0]:g}, and those of "
                "the map are not: the modern ones are filled in rather than measured; take other ones"
            )
        arms, per = lever_arms(labels, known)
        return cls(labels, known, labels.map_heights[known], modern[known], arms[known], per, seed)

    def spread(self, values: Floats) -> Floats:
        """Give (n,) values of all labels from (m,) of the known ones; NaN for the others."""
        out = np.full(len(self.known), np.nan)
        out[self.known] = values
        return out

    def where(self, kept: Bools) -> Bools:
        """Tell of (n,) labels which belong to (m,) of the known ones."""
        out = np.zeros(len(self.known), dtype=bool)
        out[self.known] = kept
        return out

    @property
    def free(self) -> Regression | None:
        """The fit of α and β, or None where the heights do not determine α."""
        return self._free[0]

    @property
    def why_not_free(self) -> str:
        """Why α is not determined, or nothing."""
        return self._free[1]

    @cached_property
    def _free(self) -> tuple[Regression | None, str]:
        if len(self.map_heights) == 1:
            return None, "one height cannot tell α, the metres in a unit of the map"
        if np.ptp(self.map_heights) <= 1e-9 * np.abs(self.map_heights).max():
            return None, f"all heights on the map are {self.map_heights[0]:g}, so they cannot tell α"
        design, observed = design_of("full", None, self.map_heights, self.modern_m)
        alike = "the heights that agree are all equal but for one, so nothing would check α"
        try:
            found = trimmed(design, observed, seed=self.seed)
        except NotEnoughDataError:
            return None, alike
        hangs = found.freedom > 0 and float(found.leverage[found.kept].max()) > 1 - 1e-9
        return (None, alike) if hangs else (found, "")

    @property
    def free_alpha(self) -> tuple[float, float] | None:
        if self.free is None or self.free.covariance is None:
            return None
        return float(self.free.coefficients[0]), float(np.sqrt(self.free.covariance[0, 0]))

    def require_slope(self) -> None:
        if self.free is None:
            raise NotEnoughDataError(
                f"{self.why_not_free}; fit the shift alone (--model shift), name the unit (--unit), or add "
                "heights"
            )

    def regression(self, model: str, unit: Unit | None, *, tilt: bool) -> Regression:
        """Fit a model; where the heights contradict its slope, to those that agree on another one."""
        design, observed = design_of(model, unit, self.map_heights, self.modern_m)
        if tilt:
            if self.per != "km":
                raise InputError("a tilt is applied in kilometres; place the heights by the fit of the sheet")
            design = np.hstack([design, self.arms])
        if model != "full" and self.contradicts(unit.metres if unit else 1.0) and self.free is not None:
            return least_squares(design, observed, kept=self.free.kept)
        try:
            return trimmed(design, observed, seed=self.seed)
        except NotEnoughDataError as error:
            raise NotEnoughDataError(
                f"{len(observed)} heights do not determine {design.shape[1]} numbers ({model}"
                f"{' with a tilt' if tilt else ''}); add heights, or fit fewer numbers"
            ) from error

    def contradicts(self, alpha: float) -> bool:
        """Tell whether the heights contradict a slope."""
        free = self.free_alpha
        return free is not None and abs(free[0] - alpha) > OFF * free[1]


def _chosen(model: str, named: Unit | None, data: _Data) -> tuple[str, Unit | None, tuple[Candidate, ...]]:
    """Settle the model and its unit."""
    if model != "auto":
        return model, named if model == "unit" else None, ()
    fixed = "unit" if named is not None else "shift"
    if data.free is None:
        return fixed, named, ()
    if data.free_alpha is None:  # two heights: nothing to compare
        return ("unit", named, ()) if named is not None else ("full", None, ())
    units = [named] if named is not None else _unit_to_try(*data.free_alpha)
    best, candidates = choose_model(data.map_heights, data.modern_m, data.free, units=units)
    return best.model, best.unit, candidates


def _unit_to_try(alpha: float, error: float) -> list[Unit]:
    """Give the one unit that a slope does not contradict; of feet that differ by nothing, the first.

    Where units of different lengths fit, naming one of them would be a guess.
    """
    near = [one for one, _ in consistent_units(alpha, error, within=OFF)]
    lengths = [one.metres for one in near]
    if not near or max(lengths) - min(lengths) > _NO_DIFFERENCE * max(lengths):
        return []
    return [next(one for one in UNITS.values() if one in near)]


def _numbers(model: str, unit: Unit | None, found: Regression) -> tuple[float, float, Floats | None]:
    """Give α, β and their (2, 2) covariance."""
    if model == "full":
        covariance = None if found.covariance is None else found.covariance[:2, :2]
        return float(found.coefficients[0]), float(found.coefficients[1]), covariance
    alpha = unit.metres if unit is not None else UNITS["metre"].metres
    if found.covariance is None:
        return alpha, float(found.coefficients[0]), None
    return alpha, float(found.coefficients[0]), np.diag([0.0, float(found.covariance[0, 0])])


def _outliers(data: _Data, found: Regression, alpha: float) -> tuple[Outlier, ...]:
    """Name the heights that were not kept, the worst first, with what they may have been."""
    if data.free is not None and data.contradicts(alpha):  # the sheet's own slope tells what it should say
        return _refused(data, data.free, found.residuals, float(data.free.coefficients[0]))
    return _refused(data, found, found.residuals, alpha)


def _refused(data: _Data, found: Regression, errors: Floats, alpha: float) -> tuple[Outlier, ...]:
    rows = np.flatnonzero(data.known)
    refused = np.flatnonzero(~found.kept)
    order = refused[np.argsort(-np.abs(found.residuals[refused]), kind="stable")]
    if len(order) == 0 or found.sigma is None or alpha == 0:
        return ()
    bound = float(student.isf(REFUSED / (2 * len(rows)), found.freedom))
    finest = 0.5 * _resolution(data.map_heights)
    named = []
    for place in order:
        read = float(data.map_heights[place])
        expected = read + float(found.residuals[place]) / alpha
        tolerance = bound * found.sigma * float(np.sqrt(1 + found.leverage[place])) / abs(alpha)
        named.append(
            Outlier(
                int(rows[place]),
                data.labels.names[rows[place]],
                read,
                float(errors[place]),
                expected,
                find_misreading(
                    read,
                    expected,
                    tolerance=max(tolerance, finest),
                    unit_m=abs(alpha),
                    units=tuple(UNITS[name] for name in _MIXED),
                ),
            )
        )
    return tuple(named)


def _resolution(heights: Floats) -> float:
    """Give the last decimal that heights are written with."""
    decimals = [len(f"{value:.10g}".partition(".")[2]) for value in heights.tolist()]
    return float(10.0 ** -max(decimals))
