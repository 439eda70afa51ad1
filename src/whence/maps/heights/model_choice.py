"""Which numbers the heights of a sheet need: a shift, a known unit and a shift, or a free slope too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.maps.heights.trimming import least_squares
from whence.maps.heights.units import UNITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.maps.heights.trimming import Regression
    from whence.maps.heights.units import Unit
    from whence.typing import Floats

__all__ = ["Candidate", "choose_model", "design_of"]

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Candidate:
    """One way to turn heights of the map into modern ones.

    Parameters
    ----------
    model
        ``"shift"`` (α = 1), ``"unit"`` (α = the unit) or ``"full"``.
    unit
        The unit, of ``"unit"``.
    leave_one_out_rmse_m
        Root mean square error at heights left out, over the same heights for all candidates.
    """

    model: str
    unit: Unit | None
    leave_one_out_rmse_m: float

    @property
    def name(self) -> str:
        """Model, and unit where there is one."""
        return f"{self.model} ({self.unit.name})" if self.unit else self.model

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return {
            "model": self.model,
            "unit": self.unit.name if self.unit else None,
            "leave_one_out_rmse_m": self.leave_one_out_rmse_m,
        }


def design_of(model: str, unit: Unit | None, map_heights: Floats, modern_m: Floats) -> tuple[Floats, Floats]:
    """Give (n, p) columns and (n,) observations of a model: α and β, or β alone."""
    ones = np.ones_like(map_heights)
    if model == "full":
        return np.stack([map_heights, ones], axis=1), modern_m
    alpha = unit.metres if unit is not None else 1.0
    return ones[:, None], modern_m - alpha * map_heights


def choose_model(
    map_heights: Floats, modern_m: Floats, full: Regression, *, units: Sequence[Unit]
) -> tuple[Candidate, tuple[Candidate, ...]]:
    """Choose the simplest model that predicts heights left out about as well as the best.

    Parameters
    ----------
    map_heights, modern_m
        (n,) heights.
    full
        The fit of α and β; the heights that it keeps judge all candidates.
    units
        Units to try.

    Returns
    -------
    chosen, candidates
        The choice, and all candidates.

    Notes
    -----
    A fixed slope is taken when its squared errors at heights left out exceed those of the free one by no more
    than one standard error of their mean difference (the rule of Breiman et al. 1984, 3.4.3, with paired
    differences); of several the one that predicts best.
    """
    fixed: list[tuple[str, Unit | None]] = [("shift", None)]
    fixed += [("unit", one) for one in units if one is not UNITS["metre"]]
    free = np.square(full.left_out[full.kept])
    known = np.isfinite(free)
    candidates, passed = [], []
    for model, unit in fixed:
        design, observed = design_of(model, unit, map_heights, modern_m)
        squares = np.square(least_squares(design, observed, kept=full.kept).left_out[full.kept])
        one = Candidate(model, unit, _root_mean(squares[known]))
        candidates.append(one)
        if _is_no_worse(squares[known] - free[known], scale=float(np.abs(modern_m).max())):
            passed.append(one)
    candidates.append(Candidate("full", None, _root_mean(free[known])))
    best = min(passed, key=lambda one: one.leave_one_out_rmse_m) if passed else candidates[-1]
    return best, tuple(candidates)


def _is_no_worse(differences: Floats, *, scale: float) -> bool:
    if len(differences) < 2:
        return False
    error = float(differences.std(ddof=1)) / np.sqrt(len(differences))
    return bool(differences.mean() <= error + (_ROUNDING * scale) ** 2)


def _root_mean(squares: Floats) -> float:
    return float(np.sqrt(squares.mean())) if len(squares) else float("nan")
