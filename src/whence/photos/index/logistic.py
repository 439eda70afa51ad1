"""Logistic regression by iteratively reweighted least squares: small, exact, deterministic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from whence.typing import Bools, Floats

__all__ = ["Logistic"]

_ROUNDS = 50
_CONVERGED = 1e-10


@dataclass(frozen=True)
class Logistic:
    """P(true | features) = 1 / (1 + exp(-(intercept + coefficients · features))).

    Attributes
    ----------
    intercept
        Log-odds when every feature is zero.
    coefficients
        One for each feature, in units of the feature.
    """

    intercept: float
    coefficients: tuple[float, ...]

    @classmethod
    def fit(
        cls,
        features: Floats,
        outcomes: Bools,
        *,
        weights: Floats | None = None,
        offsets: Floats | None = None,
        ridge: float = 1.0,
    ) -> Self:
        """Maximise the weighted likelihood by Newton's method.

        Parameters
        ----------
        features
            (n, f). They are standardised inside, so the ridge does not depend on their units.
        outcomes
            (n,) what happened.
        weights
            (n,) not negative; all 1 by default.
        offsets
            (n,) log-odds known beforehand, added to what is fitted.
        ridge
            Penalty on the squared standardised coefficients, in units of one observation: it keeps them
            finite when the outcomes can be told apart perfectly. The intercept is not penalised, but counts
            half a success and half a failure beforehand.

        References
        ----------
        McCullagh and Nelder 1989, Generalized Linear Models, section 4.4.
        """
        mean, scale = features.mean(axis=0), features.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        design = np.column_stack([np.ones(len(features)), (features - mean) / scale])
        start = np.zeros(len(features)) if offsets is None else offsets
        mass = np.ones(len(features)) if weights is None else weights
        # Half a success and half a failure at the mean of the features.
        design = np.vstack([design, np.eye(1, design.shape[1]).repeat(2, axis=0)])
        truth = np.concatenate([outcomes.astype(np.float64), [1.0, 0.0]])
        mass, start = np.concatenate([mass, [0.5, 0.5]]), np.concatenate([start, [0.0, 0.0]])
        penalty = np.diag([0.0] + [ridge] * features.shape[1])
        solution = np.zeros(design.shape[1])
        for _ in range(_ROUNDS):
            p = _sigmoid(start + design @ solution)
            slope = design.T @ (mass * (truth - p)) - penalty @ solution
            curvature = (design * (mass * p * (1 - p))[:, None]).T @ design + penalty
            step = np.linalg.solve(curvature + 1e-12 * np.eye(len(solution)), slope)
            step *= min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-300))  # Newton overshoots from far away
            solution = solution + step
            if np.abs(step).max() < _CONVERGED:
                break
        coefficients = solution[1:] / scale
        return cls(float(solution[0] - coefficients @ mean), tuple(float(c) for c in coefficients))

    def log_odds(self, features: Floats) -> Floats:
        """(n,) log-odds for features (n, f)."""
        result: Floats = self.intercept + features @ np.asarray(self.coefficients)
        return result

    def probability(self, features: Floats) -> Floats:
        """(n,) probabilities for features (n, f)."""
        return _sigmoid(self.log_odds(features))


def _sigmoid(log_odds: Floats) -> Floats:
    result: Floats = 0.5 * (1.0 + np.tanh(0.5 * log_odds))
    return result
