"""How good the positions are: errors, shares within distances, scores, and whether the radii hold.

Photographs that were not located are counted, never dropped: each share is given of all photographs with a
known position, where those not located count as wrong, and of the located ones.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from whence.errors import InputError, NotEnoughDataError
from whence.photos.protocols import Protocol, protocol_named
from whence.photos.results import ResultRow
from whence.photos.summary import summary_text

if TYPE_CHECKING:
    from whence.typing import Floats

__all__ = ["Calibration", "Evaluation", "Score", "Share", "evaluate"]

FAR_M = 500_000.0
_RESAMPLES = 1000
_RESAMPLE_BUDGET = 40_000_000  # draws in all: about a second


@dataclass(frozen=True)
class Share:
    """How many errors lie within a limit (or, for false alarms, beyond it).

    Attributes
    ----------
    limit_m
        The limit, metres.
    count
        Photographs that meet it.
    of_all
        Share of all photographs with a known position.
    of_located
        Share of those that were located; None when none was.
    """

    limit_m: float
    count: int
    of_all: float
    of_located: float | None


@dataclass(frozen=True)
class Score:
    """Mean GeoScore, 0 to 5000.

    Attributes
    ----------
    of_all
        Mean over all photographs with a known position; those not located score 0.
    of_located
        Mean over the located ones; None when none was.
    interval
        95 % bootstrap interval of `of_all`.
    """

    of_all: float
    of_located: float | None
    interval: tuple[float, float]


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
        Exact 95 % binomial interval of the share (Clopper and Pearson 1934).
    """

    promised: float
    count: int
    inside: int
    share: float
    interval: tuple[float, float]

    @property
    def kept(self) -> bool:
        """Whether the promise is compatible with what was seen."""
        low, high = self.interval
        return low <= self.promised <= high


@dataclass(frozen=True)
class Evaluation:
    """Figures of one table of results.

    Attributes
    ----------
    protocol
        How distances and scores were measured.
    rows
        Rows of the table.
    with_truth
        Those whose true position is known: "all" of the shares.
    located
        Those with a known and a predicted position.
    not_located
        Status -> number of rows without a predicted position; what follows a colon is left out.
    mean_m, median_m, p90_m
        Of the errors of the located, metres; None when there is none.
    median_interval_m
        95 % bootstrap interval of the median.
    median_of_all_m
        Median over all, photographs not located being infinitely far; None when it is infinite.
    within
        Shares within the protocol's limits, metres first, rising.
    score
        Mean GeoScore.
    far
        False alarms: answers more than 500 km off. A photograph not located raises no alarm.
    calibration
        None when no row has a radius.
    """

    protocol: Protocol
    rows: int
    with_truth: int
    located: int
    not_located: Mapping[str, int]
    mean_m: float | None
    median_m: float | None
    p90_m: float | None
    median_interval_m: tuple[float, float] | None
    median_of_all_m: float | None
    within: tuple[Share, ...]
    score: Score
    far: Share
    calibration: Calibration | None

    def to_json(self) -> dict[str, Any]:
        """Give the figures as values that JSON can hold; the protocol by its name."""
        values = dataclasses.asdict(dataclasses.replace(self, not_located=dict(self.not_located)))
        return values | {"protocol": self.protocol.name}

    def summary(self) -> str:
        """Give the figures as lines of text for a terminal."""
        return summary_text(self)


@dataclass(frozen=True)
class _Measured:
    """Distances of the located photographs with a known position, metres, and their radii (NaN: none)."""

    errors_m: Floats
    scored_m: Floats
    radii_m: Floats


def evaluate(
    rows: Iterable[ResultRow | Mapping[str, Any]],
    *,
    protocol: str | Protocol = "whence",
    within_m: Sequence[float] | None = None,
    confidence: float = 0.8,
    seed: int = 0,
) -> Evaluation:
    """Measure a table of results.

    Errors are computed from the positions; a column ``error_m`` is not relied on.

    Parameters
    ----------
    rows
        Of `read_results` or `Estimate.to_row()`, or mappings of named values.
    protocol
        A name of `PROTOCOLS`, or one's own.
    within_m
        Limits in metres to give shares for instead of the protocol's; measured as errors.
    confidence
        Share of the truths that the radii promise to hold.
    seed
        Seed of the bootstrap.

    Raises
    ------
    NotEnoughDataError
        When no row has a true position.
    InputError
        When the protocol, a limit or the confidence makes no sense.

    Examples
    --------
    Three photographs: one exact, one a degree of latitude off on the equator (110.574 km), one not located.

    >>> rows = [
    ...     {"img_path": "a.jpg", "gt_lat": 0, "gt_lon": 0, "pred_lat": 0, "pred_lon": 0, "radius_m": 5},
    ...     {"img_path": "b.jpg", "gt_lat": 0, "gt_lon": 0, "pred_lat": 1, "pred_lon": 0, "radius_m": 5},
    ...     {"img_path": "c.jpg", "gt_lat": 0, "gt_lon": 0, "pred_lat": None, "pred_lon": None},
    ... ]
    >>> figures = evaluate(rows, within_m=[200_000])
    >>> figures.located, dict(figures.not_located)
    (2, {'no position': 1})
    >>> round(figures.mean_m), round(figures.median_m)
    (55287, 55287)
    >>> share = figures.within[0]
    >>> share.count, round(share.of_all, 3), share.of_located
    (2, 0.667, 1.0)
    >>> figures.calibration.inside, figures.calibration.count
    (1, 2)
    """
    rules = protocol_named(protocol)
    if not 0.0 < confidence < 1.0:
        raise InputError(f"confidence is {confidence}; it must lie between 0 and 1, such as 0.8")
    table = [row if isinstance(row, ResultRow) else ResultRow.from_mapping(row) for row in rows]
    with_truth = sum(row.truth is not None for row in table)
    if with_truth == 0:
        raise NotEnoughDataError(
            f"none of the {len(table)} rows has a true position; give a table of them with --table"
        )
    measured = _measure(table, rules)
    located = len(measured.errors_m)
    return Evaluation(
        protocol=rules,
        rows=len(table),
        with_truth=with_truth,
        located=located,
        not_located=_reasons(table),
        mean_m=float(measured.errors_m.mean()) if located else None,
        median_m=float(np.median(measured.errors_m)) if located else None,
        p90_m=float(np.quantile(measured.errors_m, 0.9)) if located else None,
        median_interval_m=_bootstrap(measured.errors_m, np.median, seed=seed) if located else None,
        median_of_all_m=_median_of_all(measured.errors_m, with_truth),
        within=_shares(measured, with_truth, rules=rules, within_m=within_m),
        score=_score(measured, with_truth, rules=rules, seed=seed),
        far=_share(FAR_M, int((measured.scored_m > FAR_M).sum()), with_truth, located=located),
        calibration=_calibration(measured, confidence),
    )


def _measure(table: list[ResultRow], rules: Protocol) -> _Measured:
    known = [row for row in table if row.truth is not None and row.prediction is not None]
    if not known:
        return _Measured(np.empty(0), np.empty(0), np.empty(0))
    truths = np.array([row.truth for row in known], dtype=np.float64)  # (n, 2) longitude, latitude
    predictions = np.array([row.prediction for row in known], dtype=np.float64)
    radii = [np.nan if row.radius_m is None else row.radius_m for row in known]
    errors_m = rules.errors_m(predictions, truths)
    return _Measured(errors_m, rules.scored_m(predictions, truths), np.asarray(radii, dtype=np.float64))


def _reasons(table: list[ResultRow]) -> dict[str, int]:
    reasons = Counter(row.status.partition(":")[0] for row in table if row.prediction is None)
    return dict(reasons.most_common())


def _shares(
    measured: _Measured, with_truth: int, *, rules: Protocol, within_m: Sequence[float] | None
) -> tuple[Share, ...]:
    if within_m is not None and any(not limit > 0.0 for limit in within_m):
        raise InputError(f"limits must be metres above zero, not {list(within_m)}")
    city = [(limit, measured.errors_m) for limit in (rules.limits_m if within_m is None else within_m)]
    globe = [(1000.0 * limit, measured.scored_m) for limit in (rules.limits_km if within_m is None else ())]
    taken = {limit for limit, _ in globe}  # a kilometre is counted once, as the protocol's scores count it
    limits = sorted([pair for pair in city if pair[0] not in taken] + globe, key=lambda pair: pair[0])
    located = len(measured.errors_m)
    return tuple(
        _share(limit, int(rules.within(distances, limit).sum()), with_truth, located=located)
        for limit, distances in limits
    )


def _share(limit_m: float, count: int, with_truth: int, *, located: int) -> Share:
    return Share(float(limit_m), count, count / with_truth, count / located if located else None)


def _score(measured: _Measured, with_truth: int, *, rules: Protocol, seed: int) -> Score:
    scores = rules.scores(measured.scored_m)
    everyone = np.concatenate([scores, np.zeros(with_truth - len(scores))])
    return Score(
        of_all=float(everyone.mean()),
        of_located=float(scores.mean()) if len(scores) else None,
        interval=_bootstrap(everyone, np.mean, seed=seed),
    )


def _median_of_all(errors_m: Floats, with_truth: int) -> float | None:
    missing = np.full(with_truth - len(errors_m), np.inf)
    ordered = np.sort(np.concatenate([errors_m, missing]))
    middle = float(ordered[(with_truth - 1) // 2 : with_truth // 2 + 1].mean())
    return middle if np.isfinite(middle) else None


def _bootstrap(values: Floats, statistic: Callable[[Floats], Any], *, seed: int) -> tuple[float, float]:
    """95 % percentile interval of a statistic (Efron 1979); fewer resamples for very long tables."""
    rng = np.random.default_rng(seed)
    resamples = min(_RESAMPLES, max(200, _RESAMPLE_BUDGET // len(values)))
    drawn = [float(statistic(values[rng.integers(0, len(values), len(values))])) for _ in range(resamples)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def _calibration(measured: _Measured, promised: float) -> Calibration | None:
    known = np.isfinite(measured.radii_m)
    count = int(known.sum())
    if count == 0:
        return None
    inside = int((measured.errors_m[known] <= measured.radii_m[known]).sum())
    low = special.betaincinv(inside, count - inside + 1, 0.025) if inside else 0.0
    high = special.betaincinv(inside + 1, count - inside, 0.975) if inside < count else 1.0
    return Calibration(promised, count, inside, inside / count, (float(low), float(high)))
