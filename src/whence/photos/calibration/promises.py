"""Whether radii hold what they promise, on photographs that the calibration has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from whence.earth import sphere
from whence.photos.calibration.calibration import Calibration, Promise
from whence.photos.calibration.circles import mass_nearer

if TYPE_CHECKING:
    from whence.photos.heads.mixtures import Mixtures
    from whence.typing import Floats, Ints

__all__ = ["CONFIDENCES", "masses_to_truth", "measured", "plain_ranks"]

CONFIDENCES = (0.5, 0.8, 0.9, 0.95)


def measured(mixtures: Mixtures, truth: Floats, pairs: Sequence[tuple[Calibration, Ints]]) -> Promise:
    """Measure promises.

    Parameters
    ----------
    mixtures
        What the head says about n photographs.
    truth
        (n, 2) where they were taken.
    pairs
        Calibrations, each with the rows of the photographs to measure it on.
    """
    masses = np.concatenate(
        [masses_to_truth(calibration, mixtures.take(rows), truth[rows]) for calibration, rows in pairs]
    )
    held = tuple(float(np.mean(masses <= confidence)) for confidence in CONFIDENCES)
    return Promise(CONFIDENCES, held, len(masses))


def masses_to_truth(calibration: Calibration, mixtures: Mixtures, truth: Floats) -> Floats:
    """(n,) mass of each belief nearer to its best point than the truth; uniform where all is honest."""
    return np.asarray(special.betainc(*calibration.ranks, plain_ranks(calibration, mixtures, truth)))


def plain_ranks(calibration: Calibration, mixtures: Mixtures, truth: Floats) -> Floats:
    """(n,) the same before the ranks of the calibration are applied."""
    points = calibration.points(mixtures)
    distance_m = np.asarray(sphere.distance_m(points, truth))
    return mass_nearer(calibration.apply(mixtures), points, distance_m, background=calibration.background)
