"""Metrics by name, so that models can be ranked by any of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError
from whence.photos.evaluation.resampling import Ordered, Resampling

if TYPE_CHECKING:
    from whence.photos.evaluation.answers import Answers
    from whence.typing import Floats

__all__ = ["DEFAULT_METRICS", "METRICS", "Metric", "draws_of", "metric_named", "values_of"]

_WITHIN = re.compile(r"within_(\d+(?:\.\d+)?)(km|m)")
_KILOMETRES_ON_SCORES_M = 1000.0


@dataclass(frozen=True)
class Metric:
    """A figure that models can be ranked by, over all photographs; those not located count as farthest.

    Attributes
    ----------
    name
        Such as "median" or "within_25km".
    label
        For a heading.
    unit
        "m", "points" or "share".
    more_is_better
        Whether the highest wins.
    quantile
        Of the errors; None for means.
    limit_m
        Of a share within a distance.
    """

    name: str
    label: str
    unit: str
    more_is_better: bool
    quantile: float | None = None
    limit_m: float | None = None


METRICS: dict[str, Metric] = {
    "median": Metric("median", "median error", "m", more_is_better=False, quantile=0.5),
    "mean": Metric("mean", "mean error", "m", more_is_better=False),
    "p90": Metric("p90", "90 % of errors within", "m", more_is_better=False, quantile=0.9),
    "geoscore": Metric("geoscore", "GeoScore", "points", more_is_better=True),
}
"""Name -> metric; shares are named by their distance: within_25km, within_100m."""

DEFAULT_METRICS = (
    "median", "mean", "geoscore",
    "within_1km", "within_25km", "within_200km", "within_750km", "within_2500km",
)  # fmt: skip
"""Metrics of a comparison unless told otherwise."""


def metric_named(name: str) -> Metric:
    """Look a metric up.

    Raises
    ------
    InputError
        When there is none of that name; the message lists those that there are.

    Examples
    --------
    >>> metric_named("within_25km").limit_m
    25000.0
    """
    if name in METRICS:
        return METRICS[name]
    match = _WITHIN.fullmatch(name)
    limit_m = float(match[1]) * (1000.0 if match[2] == "km" else 1.0) if match else 0.0
    if match is None or limit_m <= 0.0:
        raise InputError(
            f"there is no metric {name!r}; there are: {', '.join(METRICS)}, within_25km, within_100m …"
        )
    return Metric(name, f"within {match[1]} {match[2]}", "share", more_is_better=True, limit_m=limit_m)


def values_of(answers: Answers, metrics: Sequence[Metric]) -> Floats:
    """Give the value of each metric, (k,); infinite where too many were not located."""
    everyone = np.ones(len(answers))
    linear = _linear(answers, metrics)
    found = _ordered(metrics, everyone, Ordered(answers.errors_m, located_only=False))
    return np.where(np.isnan(found), linear.mean(axis=1), found)


def draws_of(named: Mapping[str, Answers], metrics: Sequence[Metric], resampling: Resampling) -> Floats:
    """Give the metrics of every model on the same resamples.

    Parameters
    ----------
    named
        Models with the same photographs in the same order.
    metrics
        k metrics.
    resampling
        How the photographs are drawn.

    Returns
    -------
    Floats
        (resamples, models, k).
    """
    models = [
        (Ordered(answers.errors_m, located_only=False), _linear(answers, metrics))
        for answers in named.values()
    ]
    found = []
    for weights in resampling.weights():
        total = weights.sum()
        rows = []
        for order, linear in models:
            ordered = _ordered(metrics, weights, order)
            rows.append(np.where(np.isnan(ordered), linear @ weights / total, ordered))
        found.append(rows)
    return np.array(found)


def _linear(answers: Answers, metrics: Sequence[Metric]) -> Floats:
    """Values (k, n) whose mean is the metric; zeros for those that are no plain mean."""
    rules, table = answers.protocol, np.zeros((len(metrics), len(answers)))
    for row, metric in enumerate(metrics):
        if metric.unit == "points":
            table[row] = rules.scores(answers.scored_m)
        elif metric.limit_m is not None:
            far = metric.limit_m >= _KILOMETRES_ON_SCORES_M
            distances_m = answers.scored_m if far else answers.errors_m
            table[row] = rules.within(distances_m, metric.limit_m) & answers.located
    return table


def _ordered(metrics: Sequence[Metric], weights: Floats, order: Ordered) -> Floats:
    """Values (k,) of the metrics in metres; NaN for the others."""
    found = np.full(len(metrics), np.nan)
    wanted = [metric for metric in metrics if metric.unit == "m"]
    if not wanted:
        return found
    mean, quantiles = order.figures(weights, [m.quantile for m in wanted if m.quantile is not None])
    rest = iter(quantiles)
    for row, metric in enumerate(metrics):
        if metric.unit == "m":
            found[row] = mean if metric.quantile is None else next(rest)
    return found
