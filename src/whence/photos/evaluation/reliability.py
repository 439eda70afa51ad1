"""Whether promises are kept: radii against the truths inside them, probabilities against outcomes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.photos.evaluation.resampling import Resampling, part_intervals

if TYPE_CHECKING:
    from whence.photos.evaluation.answers import Answers
    from whence.typing import Bools, Floats

__all__ = [
    "Calibration",
    "Probabilities",
    "ProbabilityBin",
    "Radii",
    "probabilities",
    "radii",
]

_LEVEL_COLUMN = re.compile(r"radius_(\d+(?:\.\d+)?)_m")
_BINS = 10


@dataclass(frozen=True)
class Calibration:
    """Whether the radii keep their promise.

    Attributes
    ----------
    promised
        Share of the truths that the radii were said to hold.
    count
        Located photographs with a known position and a radius.
    inside
        Those whose truth lies within the radius.
    share
        inside / count.
    interval
        Exact 95 % binomial interval of the share (Clopper and Pearson 1934); of the bootstrap with clusters.
    median_radius_m
        Median of the radii, metres: a promise that is kept is worth the more the smaller they are.
    """

    promised: float
    count: int
    inside: int
    share: float
    interval: tuple[float, float]
    median_radius_m: float | None = None

    @property
    def kept(self) -> bool:
        """Whether the promise is compatible with what was seen."""
        low, high = self.interval
        return low <= self.promised <= high


@dataclass(frozen=True)
class Radii:
    """The radii of every confidence level.

    Attributes
    ----------
    levels
        Rising in what they promise; one when the table has a single column of radii.
    ece
        Expected calibration error: mean of |share − promised| over the levels.
    """

    levels: tuple[Calibration, ...]
    ece: float


@dataclass(frozen=True)
class ProbabilityBin:
    """Photographs whose probability lies in (low, high].

    Attributes
    ----------
    low, high
        Ends of the bin; 0 belongs to the first.
    count
        Photographs in it.
    mean_probability
        Mean of what was said.
    share
        Share of answers that were right.
    interval
        95 % interval of the share, as in `Calibration`.
    """

    low: float
    high: float
    count: int
    mean_probability: float
    share: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Probabilities:
    """Whether a probability of 0.7 is right seven times of ten.

    Attributes
    ----------
    right_within_m
        An answer this near the truth counts as right, metres.
    count
        Located photographs with a probability.
    bins
        Ten of equal width, without the empty ones.
    ece
        Expected calibration error: mean of |share right − mean probability| over the bins, weighted by their
        counts (Naeini et al. 2015; Guo et al. 2017, eq. 3).
    brier
        Mean squared difference of probability and outcome (Brier 1950); 0.25 for always saying one half.
    """

    right_within_m: float
    count: int
    bins: tuple[ProbabilityBin, ...]
    ece: float
    brier: float


def radii(answers: Answers, *, confidence: float, resampling: Resampling | None = None) -> Radii | None:
    """Hold the truths against the radii of every level; None when no photograph has a radius.

    Parameters
    ----------
    answers
        Photographs; columns such as ``radius_50_m`` hold the radii that promise 50 %.
    confidence
        What the column ``radius_m`` promises, 0 to 1.
    resampling
        How photographs are drawn for intervals; None draws them one by one.
    """
    columns = _levels(answers) | ({confidence: answers.radii_m} if _any(answers.radii_m) else {})
    drawing = resampling or Resampling(len(answers))
    levels = [_calibration(answers, columns[level], level, drawing=drawing) for level in sorted(columns)]
    found = tuple(level for level in levels if level is not None)
    if not found:
        return None
    return Radii(found, float(np.mean([abs(level.share - level.promised) for level in found])))


def _levels(answers: Answers) -> dict[float, Floats]:
    matches = {name: _LEVEL_COLUMN.fullmatch(name) for name in answers.columns}
    found = {float(match[1]) / 100.0: answers.numbers(name) for name, match in matches.items() if match}
    return {level: radii_m for level, radii_m in found.items() if 0.0 < level < 1.0 and _any(radii_m)}


def _any(values: Floats) -> bool:
    return bool(np.isfinite(values).any())


def _calibration(
    answers: Answers, radii_m: Floats, promised: float, *, drawing: Resampling
) -> Calibration | None:
    known = np.isfinite(radii_m) & answers.located
    count = int(known.sum())
    if count == 0:
        return None
    inside = known & (answers.errors_m <= radii_m)
    hits, (interval,) = int(inside.sum()), part_intervals([inside], [known], drawing)
    return Calibration(promised, count, hits, hits / count, interval, float(np.median(radii_m[known])))


def probabilities(
    answers: Answers, *, right_within_m: float, resampling: Resampling | None = None
) -> Probabilities | None:
    """Hold the column ``probability`` against outcomes; None when no photograph has one.

    Parameters
    ----------
    answers
        Photographs.
    right_within_m
        An answer this near the truth counts as right, metres.
    resampling
        How photographs are drawn for intervals; None draws them one by one.
    """
    known = np.isfinite(answers.probability) & answers.located
    if not known.any():
        return None
    right = known & answers.protocol.within(answers.errors_m, right_within_m)
    said = answers.probability
    bins = _bins(said, right, known=known, drawing=resampling or Resampling(len(answers)))
    count = int(known.sum())
    gaps = [one.count * abs(one.share - one.mean_probability) for one in bins]
    return Probabilities(
        right_within_m=right_within_m,
        count=count,
        bins=bins,
        ece=float(sum(gaps) / count),
        brier=float(np.mean((said[known] - right[known]) ** 2)),
    )


def _bins(said: Floats, right: Bools, *, known: Bools, drawing: Resampling) -> tuple[ProbabilityBin, ...]:
    number = np.full(len(said), -1)
    number[known] = np.clip(np.ceil(said[known] * _BINS) - 1.0, 0.0, _BINS - 1.0)
    numbers = np.unique(number[known])
    among = number == numbers[:, None]  # (bins, n)
    intervals = part_intervals(among & right, among, drawing)
    found = []
    for one, inside, interval in zip(numbers.tolist(), among, intervals, strict=True):
        mean, share = float(said[inside].mean()), float(right[inside].mean())
        low, high = one / _BINS, (one + 1) / _BINS
        found.append(ProbabilityBin(low, high, int(inside.sum()), mean, share, interval))
    return tuple(found)
