"""Trials with everything that a fit needs of each, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from whence.earth.sphere import distance_m
from whence.photos.index.consensus import Consensus, consensus_of
from whence.photos.index.trials import NEIGHBOURS, Trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.photos.index.calibration import Calibration
    from whence.typing import Bools, Floats

__all__ = ["FEWEST_TRIALS", "Questions", "padded"]

FEWEST_TRIALS = 50
"""With fewer questions in either case nothing is fitted and the wide defaults stand."""


@dataclass(frozen=True, eq=False)
class Questions:
    """Trials with what the fit needs of each.

    Attributes
    ----------
    trials
        t questions that found at least one neighbour.
    consensus
        What the neighbours of each agree on.
    features
        (t, 3) of the consensus.
    error_m
        (t,) distance of its point from the truth, metres.
    covered, folds
        (t,) the case and the spatial fold of each.
    weights
        (t,) that give both cases one half of the total t.
    """

    trials: tuple[Trial, ...]
    consensus: tuple[Consensus, ...]
    features: Floats
    error_m: Floats
    covered: Bools
    folds: Floats
    weights: Floats

    @classmethod
    def of(cls, trials: Sequence[Trial], frame: Calibration) -> Self:
        """Read the neighbours of trials with the bandwidth of `frame`."""
        asked = tuple(trial for trial in trials if len(trial.neighbours))
        found = tuple(
            consensus_of(trial.neighbours, bandwidth_m=frame.bandwidth_m, near_m=frame.near_m)
            for trial in asked
        )
        covered = np.array([trial.covered for trial in asked], np.bool_)
        shares = np.where(covered, 0.5 / max(covered.sum(), 1), 0.5 / max((~covered).sum(), 1))
        return cls(
            asked,
            found,
            np.array([one.features for one in found]).reshape(-1, 3),
            np.array([float(distance_m(f.point, t.truth)) for f, t in zip(found, asked, strict=True)]),
            covered,
            np.array([trial.fold for trial in asked]),
            shares * len(asked),
        )

    def is_enough(self) -> bool:
        """Whether both cases have been asked about often enough for a fit."""
        return min(int(self.covered.sum()), int((~self.covered).sum())) >= FEWEST_TRIALS

    def where(self, kept: Bools) -> Questions:
        """Keep some of them."""
        rows = np.flatnonzero(kept)
        return Questions(
            tuple(self.trials[i] for i in rows),
            tuple(self.consensus[i] for i in rows),
            self.features[rows],
            self.error_m[rows],
            self.covered[rows],
            self.folds[rows],
            self.weights[rows],
        )

    def apart_and_scores(self) -> tuple[Floats, Floats]:
        """(t, k) distances from the neighbours to the truth, metres, and scores; absent ones score -inf."""
        apart_m = [padded(distance_m(t.truth, t.neighbours.lonlat), 0.0) for t in self.trials]
        scores = [padded(t.neighbours.score, -np.inf) for t in self.trials]
        return np.array(apart_m), np.array(scores)


def padded(values: Floats, fill: float) -> Floats:
    """Lengthen the values of up to k neighbours to k."""
    return np.pad(values, (0, NEIGHBOURS - len(values)), constant_values=fill)
