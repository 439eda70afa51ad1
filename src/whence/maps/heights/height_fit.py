"""What a fit of heights says: Z = α z + β, its errors, the heights that contradict it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.maps.heights.fit_statement import summary_of

if TYPE_CHECKING:
    from whence.maps.heights.labelled import HeightLabels
    from whence.maps.heights.misreading import Misreading
    from whence.maps.heights.model_choice import Candidate
    from whence.maps.heights.tilting import TiltTest
    from whence.maps.heights.units import Unit
    from whence.typing import Bools, Floats

__all__ = ["HeightFit", "Outlier"]


@dataclass(frozen=True)
class Outlier:
    """A height that the others contradict.

    Parameters
    ----------
    row, name, map_height
        Which one, and what was read.
    error_m
        Modern height minus that of the fit.
    expected
        What the sheet should say, in its unit.
    misreading
        The likeliest mistake that explains it, if one does.
    """

    row: int
    name: str
    map_height: float
    error_m: float
    expected: float
    misreading: Misreading | None

    @property
    def sentence(self) -> str:
        """The finding in words."""
        found = (
            f"{self.name}: {self.map_height:.10g} is {self.error_m:+.2f} m off (about {self.expected:.4g} "
        )
        found += "would agree)"
        return (
            f"{found}; {self.misreading.story}" if self.misreading else f"{found}; no misreading explains it"
        )

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return {
            "row": self.row,
            "name": self.name,
            "map_height": self.map_height,
            "error_m": self.error_m,
            "expected": self.expected,
            "cause": self.misreading.cause if self.misreading else "unknown",
            "reads_as": self.misreading.height if self.misreading else None,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, eq=False)
class HeightFit:
    """How heights of a sheet become modern ones.

    Parameters
    ----------
    labels, modern_m
        What was fitted: labelled heights, and (n,) modern ones.
    model
        ``"full"``, ``"shift"`` or ``"unit"``.
    unit
        The unit that α was fixed to, of ``"unit"``.
    alpha, beta_m
        Z = α z + β.
    covariance
        (2, 2) of α and β, s² (XᵀX)⁻¹, zero for a fixed α; None where no height is left over to tell it from.
    tilt_m_per_km
        Slope that is applied, eastward and northward, about the middle of the heights; None without one.
    sigma_m
        Standard deviation of one height, or None.
    known, used
        (n,) heights known on the map and today; those among them that agree.
    residuals_m, leave_one_out_m
        (n,) modern height minus that of the fit, and of a fit without it; NaN where not known.
    tilt
        The test for a plane, where there are heights enough.
    outliers
        Heights that the others contradict, worst first.
    candidates
        The models that were compared, of ``"auto"``.
    free_alpha
        α and its standard error where it is free, if the heights determine them: what `units` is judged by.
    units
        Units that the free α does not contradict, with z, nearest first.
    vertical
        Name of the system of the modern heights, if known.
    remarks
        What else must be said.
    """

    labels: HeightLabels
    modern_m: Floats
    model: str
    unit: Unit | None
    alpha: float
    beta_m: float
    covariance: Floats | None
    tilt_m_per_km: tuple[float, float] | None
    sigma_m: float | None
    known: Bools
    used: Bools
    residuals_m: Floats
    leave_one_out_m: Floats
    tilt: TiltTest | None
    outliers: tuple[Outlier, ...]
    candidates: tuple[Candidate, ...]
    free_alpha: tuple[float, float] | None
    units: tuple[tuple[Unit, float], ...]
    vertical: str | None
    remarks: tuple[str, ...] = ()

    @property
    def alpha_error(self) -> float | None:
        """Standard error of α; None where α is fixed or its error is not known."""
        if self.model != "full" or self.covariance is None:
            return None
        return float(np.sqrt(self.covariance[0, 0]))

    @property
    def beta_error_m(self) -> float | None:
        """Standard error of β, or None where it is not known."""
        return None if self.covariance is None else float(np.sqrt(self.covariance[1, 1]))

    def remarking(self, remarks: tuple[str, ...]) -> HeightFit:
        """Return the same with remarks."""
        return replace(self, remarks=remarks)

    @property
    def rmse_m(self) -> float:
        """Root mean square of the residuals of the heights used."""
        return float(np.sqrt(np.mean(np.square(self.residuals_m[self.used]))))

    @property
    def leave_one_out_rmse_m(self) -> float | None:
        """Root mean square error at heights used that were left out in turn; None if none can be spared."""
        errors = self.leave_one_out_m[self.used]
        known = errors[np.isfinite(errors)]
        return float(np.sqrt(np.mean(np.square(known)))) if len(known) else None

    @property
    def summary(self) -> str:
        """The fit in a few sentences."""
        return summary_of(self)

    def heights_m(self, map_heights: Floats) -> Floats:
        """Turn heights of the map into modern ones, without the tilt."""
        return np.asarray(self.alpha * np.asarray(map_heights, dtype=np.float64) + self.beta_m)

    def errors_m(self, map_heights: Floats) -> Floats | None:
        """Give the standard errors of `heights_m`, as far as α and β go: (x C xᵀ)^½ with x = (z, 1)."""
        if self.covariance is None:
            return None
        heights = np.asarray(map_heights, dtype=np.float64)
        rows = np.stack([heights, np.ones_like(heights)], axis=-1)
        return np.asarray(np.sqrt(np.einsum("...i,ij,...j->...", rows, self.covariance, rows)))

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return {
            "model": self.model,
            "unit": self.unit.name if self.unit else None,
            "alpha": self.alpha,
            "alpha_error": self.alpha_error,
            "beta_m": self.beta_m,
            "beta_error_m": self.beta_error_m,
            "covariance": None if self.covariance is None else self.covariance.tolist(),
            "free_alpha": self.free_alpha,
            "tilt_m_per_km": self.tilt_m_per_km,
            "sigma_m": self.sigma_m,
            "rmse_m": self.rmse_m,
            "leave_one_out_rmse_m": self.leave_one_out_rmse_m,
            "tilt": self.tilt.to_json() if self.tilt else None,
            "vertical": self.vertical,
            "heights": [self._row_json(row) for row in range(len(self.labels))],
            "outliers": [one.to_json() for one in self.outliers],
            "candidates": [one.to_json() for one in self.candidates],
            "units": [{"unit": one.name, "metres": one.metres, "z": z} for one, z in self.units],
            "remarks": list(self.remarks),
            "summary": self.summary,
        }

    def _row_json(self, row: int) -> dict[str, Any]:
        def number(values: Floats) -> float | None:
            return float(values[row]) if np.isfinite(values[row]) else None

        return {
            "name": self.labels.names[row],
            "map_height": number(self.labels.map_heights),
            "modern_m": number(self.modern_m),
            "used": bool(self.used[row]),
            "residual_m": number(self.residuals_m),
            "leave_one_out_m": number(self.leave_one_out_m),
        }
