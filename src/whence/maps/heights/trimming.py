"""Least squares that up to half of the observations cannot pull away, with the textbook's errors.

A start that half of the observations agree on (least trimmed squares, Rousseeuw 1984) is extended,
observation by observation, with whatever the t distribution does not refuse; the ordinary least squares of
what was kept then give the coefficients, their covariance and the errors at observations left out. On data
without a wrong observation that is ordinary least squares itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from whence.errors import NotEnoughDataError

if TYPE_CHECKING:
    from whence.typing import Bools, Floats, Ints

__all__ = ["REFUSED", "Regression", "least_squares", "trimmed"]

REFUSED = 0.01
"""Share of sets of good observations that may lose one."""

_SAMPLES = 3000
_POLISHED = 20  # samples that are refined
_REACH = 2.5  # of the robust scale, in the first set (Rousseeuw & Leroy 1987, 5.1)
_ROUNDING = 1e-9  # errors this small beside the observations are those of the arithmetic
_RANK = 1e-9


@dataclass(frozen=True, eq=False)
class Regression:
    """A fit of y = X b, linear in b.

    Parameters
    ----------
    coefficients
        (p,) b.
    covariance
        (p, p) s² (XᵀX)⁻¹ over the observations kept; None where none is left over to tell errors from.
    kept
        (n,) observations that determine the fit.
    residuals
        (n,) y − X b.
    leverage
        (n,) x (XᵀX)⁻¹ xᵀ, over the observations kept.
    """

    coefficients: Floats
    covariance: Floats | None
    kept: Bools
    residuals: Floats
    leverage: Floats

    @property
    def freedom(self) -> int:
        """Observations kept beyond those that the coefficients need."""
        return int(self.kept.sum()) - len(self.coefficients)

    @property
    def sum_of_squares(self) -> float:
        """Of the residuals of the observations kept."""
        return float(np.square(self.residuals[self.kept]).sum())

    @property
    def sigma(self) -> float | None:
        """Standard deviation of one observation, or None where none is left over."""
        return float(np.sqrt(self.sum_of_squares / self.freedom)) if self.freedom > 0 else None

    @property
    def left_out(self) -> Floats:
        """Give (n,) errors of a fit without the observation, y − X b₍ᵢ₎ = e / (1 − h).

        Those that are not kept are left out anyway; NaN where the others do not determine the fit (Cook &
        Weisberg 1982, Residuals and Influence, 2.2).
        """
        free = np.where(self.kept, 1.0 - self.leverage, 1.0)
        alone = free <= _RANK
        return np.where(alone, np.nan, self.residuals / np.where(alone, 1.0, free))


def least_squares(design: Floats, observed: Floats, *, kept: Bools | None = None) -> Regression:
    """Fit by ordinary least squares.

    Parameters
    ----------
    design
        (n, p) X.
    observed
        (n,) y.
    kept
        (n,) observations to use; all when None.

    Raises
    ------
    NotEnoughDataError
        When they do not determine the coefficients.
    """
    use = np.ones(len(observed), dtype=bool) if kept is None else kept
    chosen = design[use]
    if len(chosen) < design.shape[1] or _is_degenerate(chosen):
        raise NotEnoughDataError(f"{len(chosen)} observations do not determine {design.shape[1]} numbers")
    q, r = np.linalg.qr(chosen)
    coefficients = np.linalg.solve(r, q.T @ observed[use])
    root = np.linalg.inv(r)  # (XᵀX)⁻¹ = R⁻¹ R⁻ᵀ
    residuals = observed - design @ coefficients
    freedom = len(chosen) - design.shape[1]
    variance = float(np.square(residuals[use]).sum()) / freedom if freedom > 0 else None
    return Regression(
        coefficients=coefficients,
        covariance=None if variance is None else variance * (root @ root.T),
        kept=use.copy(),
        residuals=residuals,
        leverage=np.square(design @ root).sum(axis=1),
    )


def trimmed(design: Floats, observed: Floats, *, seed: int = 0) -> Regression:
    """Fit to the observations that agree; a minority, however wrong, does not move the fit.

    Parameters
    ----------
    design
        (n, p) X.
    observed
        (n,) y.
    seed
        Of the samples, where there are too many to try all.

    Returns
    -------
    Regression
        With n ≤ p + 2 observations nobody can be outvoted, and it is ordinary least squares.

    Raises
    ------
    NotEnoughDataError
        When the observations, or those that agree, do not determine the coefficients.

    Notes
    -----
    The start withstands ⌊(n − p) / 2⌋ wrong observations of n (its breakdown point, Rousseeuw & Leroy 1987,
    3.4). An observation is refused when its error, over the standard deviation of the others and the leverage
    it has there, is beyond the t distribution at `REFUSED` / n.

    Examples
    --------
    >>> x = np.arange(8.0)
    >>> y = 2 * x + 1 + [0.1, -0.1, 0.1, -0.1, -0.1, 0.1, -0.1, 50.0]
    >>> found = trimmed(np.stack([x, np.ones(8)], axis=1), y)
    >>> found.coefficients.round(2).tolist(), found.kept.tolist()[-2:]
    ([1.99, 1.03], [True, False])
    """
    count, parameters = design.shape
    everything = least_squares(design, observed)
    if count <= parameters + 2:
        return everything
    half = (count + parameters + 1) // 2
    start = _start(design, observed, half=half, seed=seed)
    if start is None:
        return everything
    smallest = _ROUNDING * max(float(np.abs(observed).max()), 1e-300)
    errors = np.abs(observed - design @ start)
    scale = 1.4826 * (1 + 5 / (count - parameters)) * float(np.median(errors))
    kept = errors <= max(_REACH * scale, smallest, float(np.sort(errors)[half - 1]))
    return _extended(design, observed, kept, smallest=smallest)


def _start(design: Floats, observed: Floats, *, half: int, seed: int) -> Floats | None:
    """Find coefficients with the least sum of the `half` smallest squares."""
    samples = _samples(len(observed), design.shape[1], seed=seed)
    systems = design[samples]
    scale = np.abs(design).max(axis=0)
    sound = np.abs(np.linalg.det(systems / scale)) > _RANK
    if not sound.any():
        return None
    proposed = np.linalg.solve(systems[sound], observed[samples[sound]][..., None])[..., 0]
    squares = np.sort(np.square(observed - proposed @ design.T), axis=1)[:, :half].sum(axis=1)
    best, cost = None, np.inf
    for row in np.argsort(squares, kind="stable")[:_POLISHED]:
        polished, reached = _concentrated(design, observed, proposed[row], half=half)
        if reached < cost:
            best, cost = polished, reached
    return best


def _concentrated(design: Floats, observed: Floats, start: Floats, *, half: int) -> tuple[Floats, float]:
    """Refit to the `half` nearest for as long as that helps (C-steps, Rousseeuw & Van Driessen 2006)."""
    best, cost = start, np.inf
    current = start
    while True:
        squares = np.square(observed - design @ current)
        nearest = np.argsort(squares, kind="stable")[:half]
        reached = float(squares[nearest].sum())
        if not reached < cost:
            return best, cost
        best, cost = current, reached
        kept = np.zeros(len(observed), dtype=bool)
        kept[nearest] = True
        if _is_degenerate(design[kept]):
            return best, cost
        current = least_squares(design, observed, kept=kept).coefficients


def _extended(design: Floats, observed: Floats, kept: Bools, *, smallest: float) -> Regression:
    """Add the nearest observation that the others do not refuse, for as long as there is one."""
    while True:
        found = least_squares(design, observed, kept=kept)
        outside = np.flatnonzero(~kept)
        if len(outside) == 0 or found.sigma is None:
            return found
        spread = max(found.sigma, smallest) * np.sqrt(1 + found.leverage[outside])
        ratio = np.abs(found.residuals[outside]) / spread
        bound = float(student.isf(REFUSED / (2 * len(observed)), found.freedom))
        if ratio.min() > bound:
            return found
        kept = kept.copy()
        kept[outside[int(ratio.argmin())]] = True


def _samples(count: int, size: int, *, seed: int) -> Ints:
    """(s, size) rows of all samples, or of as many random ones as are tried."""
    if comb(count, size) <= _SAMPLES:
        return np.array(list(combinations(range(count), size)), dtype=np.int64)
    order = np.random.default_rng(seed).random((_SAMPLES, count))
    return np.asarray(np.argpartition(order, size, axis=1)[:, :size], dtype=np.int64)


def _is_degenerate(design: Floats) -> bool:
    """Tell whether columns repeat one another, whatever their units."""
    lengths = np.linalg.norm(design, axis=0)
    if (lengths == 0).any():
        return True
    values = np.linalg.svd(design / lengths, compute_uv=False)
    return bool(values[-1] <= _RANK * values[0])
