"""Promises against what was held: the measurement of a calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.earth.sphere import distance_m
from whence.photos.index.calibration import Calibration, Reliability
from whence.photos.index.consensus import belief_from_neighbours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.photos.index.trials import Trial
    from whence.typing import Bools, Floats

__all__ = ["PROMISES", "calibration_error", "measured_reliability", "promise_masses"]

PROMISES = (0.5, 0.8, 0.9, 0.95)
_BINS = 10


def measured_reliability(
    trials: Sequence[Trial], calibrations: Sequence[Calibration], *, error_of_near: float
) -> Reliability:
    """Measure the promises of calibrations, one for each trial, in both cases.

    Parameters
    ----------
    trials
        Questions with answers; at least one of each case.
    calibrations
        What each is read with: fitted without its spatial fold, for an honest measurement.
    error_of_near
        The expected calibration error of the probability of "near", see `calibration_error`.
    """
    mass, error_m = promise_masses(trials, calibrations)
    covered = np.array([trial.covered for trial in trials])
    return Reliability(
        queries=int(min(covered.sum(), (~covered).sum())),
        promised=PROMISES,
        held_covered=_held(mass[covered]),
        held_uncovered=_held(mass[~covered]),
        calibration_error=error_of_near,
        median_covered_m=float(np.median(error_m[covered])),
        median_uncovered_m=float(np.median(error_m[~covered])),
    )


def promise_masses(trials: Sequence[Trial], calibrations: Sequence[Calibration]) -> tuple[Floats, Floats]:
    """Check promises by the mass of each belief that is nearer to its best point than the truth.

    A promise "within radius_m(q)" is held when that mass is at most q.

    Returns
    -------
    mass, error_m
        (t,) each.
    """
    masses, errors = [], []
    for trial, calibration in zip(trials, calibrations, strict=True):
        belief = belief_from_neighbours(trial.neighbours, calibration)
        best = belief.best()
        errors.append(float(distance_m(best, trial.truth)))
        masses.append(belief.mass_within(best, errors[-1]))
    return np.array(masses), np.array(errors)


def _held(mass: Floats) -> tuple[float, ...]:
    return tuple(float(np.mean(mass <= promise)) for promise in PROMISES)


def calibration_error(probability: Floats, outcome: Bools, *, weights: Floats) -> float:
    """ECE over ten groups of equal size, weighted."""
    groups = np.array_split(np.argsort(probability, kind="stable"), _BINS)
    gaps = [
        weights[group].sum()
        * abs(
            np.average(probability[group], weights=weights[group])
            - np.average(outcome[group], weights=weights[group])
        )
        for group in groups
        if len(group)
    ]
    return float(sum(gaps) / weights.sum())
