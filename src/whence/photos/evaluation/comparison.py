"""Several models side by side: each by itself, and all on the photographs that they share.

Differences are bootstrapped in pairs: the same photographs are drawn for both models, so that what makes a
photograph hard for all of them cancels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError, NotEnoughDataError
from whence.photos.evaluate import Evaluation, Plan, evaluate_answers
from whence.photos.evaluation.answers import Answers
from whence.photos.evaluation.headline import resampling_of
from whence.photos.evaluation.metrics import DEFAULT_METRICS, Metric, draws_of, metric_named, values_of
from whence.photos.evaluation.resampling import Interval, interval_of, share_interval

if TYPE_CHECKING:
    from whence.photos.evaluation.resampling import Resampling
    from whence.photos.protocols import Protocol
    from whence.photos.results import ResultRow
    from whence.typing import Floats, Ints

__all__ = ["Comparison", "Contrast", "Standing", "compare", "evaluate_many", "in_common"]

_SAME_PLACE_DEG = 1e-4  # about ten metres: tables round their positions differently


@dataclass(frozen=True)
class Standing:
    """A model's value of one metric on the common photographs.

    Attributes
    ----------
    model, metric
        Their names.
    value
        None when it is infinite: too many photographs were not located.
    interval
        95 % interval: exact binomial for shares, else of the bootstrap; None when an end is infinite.
    """

    model: str
    metric: str
    value: float | None
    interval: Interval | None


@dataclass(frozen=True)
class Contrast:
    """How far a model is behind the best one in a metric.

    Attributes
    ----------
    best, model, metric
        Names.
    difference
        Value of the model less that of the best; None when one is infinite.
    interval
        95 % interval of the difference from paired resamples.
    clear
        Whether the interval leaves zero out.
    """

    best: str
    model: str
    metric: str
    difference: float | None
    interval: Interval | None
    clear: bool


@dataclass(frozen=True)
class Comparison:
    """Models on the photographs that all of them have.

    Attributes
    ----------
    protocol
        Name of the rules.
    models
        Names in the order given.
    common
        Photographs with a known position that all models have a row for.
    left_out
        Model -> its photographs that others lack.
    metrics
        What was compared.
    standings
        Every model in every metric.
    contrasts
        Every other model against the best, in every metric.
    resamples, clusters
        Behind the intervals, as in `Evaluation`.
    evaluations
        Model -> its own evaluation, on all its photographs.
    """

    protocol: str
    models: tuple[str, ...]
    common: int
    left_out: Mapping[str, int]
    metrics: tuple[Metric, ...]
    standings: tuple[Standing, ...]
    contrasts: tuple[Contrast, ...]
    resamples: int
    clusters: int | None
    evaluations: Mapping[str, Evaluation]

    def standing(self, model: str, metric: str) -> Standing:
        """Give the value of a model in a metric."""
        return next(one for one in self.standings if (one.model, one.metric) == (model, metric))

    def best(self, metric: str) -> str:
        """Name the best model in a metric."""
        behind = next((one.best for one in self.contrasts if one.metric == metric), None)
        return behind or self.models[0]

    def to_json(self) -> dict[str, Any]:
        """Give everything as values that JSON can hold."""
        plain = dataclasses.replace(self, evaluations={}, left_out=dict(self.left_out))
        own = {name: evaluation.to_json() for name, evaluation in self.evaluations.items()}
        return dataclasses.asdict(plain) | {"evaluations": own}


def evaluate_many(
    named: Mapping[str, Sequence[ResultRow] | Answers],
    *,
    protocol: str | Protocol = "whence",
    plan: Plan | None = None,
    metrics: Sequence[str] = DEFAULT_METRICS,
) -> Comparison:
    """Measure several models and compare them on the photographs that they share.

    Parameters
    ----------
    named
        Name of a model -> rows of `read_results`, or `Answers`.
    protocol
        A name of `PROTOCOLS`, or one's own; answers bring theirs.
    plan
        What to measure for each model, how to resample.
    metrics
        Names of metrics to compare by: of `METRICS`, or such as "within_25km".

    Raises
    ------
    NotEnoughDataError
        When there is no model, a table has no true position, or no photograph is in all tables.
    InputError
        When a photograph is in a table twice, two tables disagree about the truth of a photograph, the
        protocols differ, or a metric or column is unknown.

    Examples
    --------
    >>> def rows(error_deg):
    ...     return [
    ...         {"img_path": f"{n}.jpg", "gt_lat": 0, "gt_lon": 0, "pred_lat": 0, "pred_lon": n * error_deg}
    ...         for n in range(1, 9)
    ...     ]
    >>> found = evaluate_many({"coarse": rows(0.2), "fine": rows(0.1)}, metrics=["median"])
    >>> found.common, found.best("median"), round(found.standing("fine", "median").value)
    (8, 'fine', 50094)
    """
    agreed, chosen = plan or Plan(), [metric_named(name) for name in metrics]
    tables = {name: _answers(rows, protocol) for name, rows in named.items()}
    evaluations = {name: evaluate_answers(answers, agreed) for name, answers in tables.items()}
    return compare(in_common(tables), chosen, tables=tables, evaluations=evaluations, plan=agreed)


def _answers(rows: Sequence[ResultRow] | Answers, protocol: str | Protocol) -> Answers:
    return rows if isinstance(rows, Answers) else Answers.of_rows(rows, protocol=protocol)


def in_common(tables: Mapping[str, Answers]) -> dict[str, Answers]:
    """Give every model's answers on the photographs that all of them have, in one order.

    Raises
    ------
    NotEnoughDataError
        When there is no model, or no photograph is in all tables.
    InputError
        When a photograph is in a table twice, the truths or the protocols differ.
    """
    if not tables:
        raise NotEnoughDataError("there is no model to compare; give at least one table of results")
    if len({answers.protocol for answers in tables.values()}) > 1:
        raise InputError("the models were measured under different protocols; use one for all")
    first = next(iter(tables.values()))
    if len(tables) == 1:
        return dict(tables)
    places = {model: _places(model, answers) for model, answers in tables.items()}
    shared = [name for name in first.names.tolist() if all(name in place for place in places.values())]
    if not shared:
        raise NotEnoughDataError(
            f"no photograph is in all of {', '.join(tables)}; the names must be the same in every table"
        )
    found = {}
    for model, answers in tables.items():
        rows: Ints = np.array([places[model][name] for name in shared])
        found[model] = answers.take(rows)
    _same_truth(found)
    return found


def _places(model: str, answers: Answers) -> dict[str, int]:
    names = answers.names.tolist()
    places = {name: row for row, name in enumerate(names)}
    if len(places) < len(names):
        twice = next(name for row, name in enumerate(names) if places[name] != row)
        raise InputError(f"{model}: {twice!r} is in the table more than once; comparing needs one row each")
    return places


def _same_truth(found: Mapping[str, Answers]) -> None:
    (first, answers), *others = found.items()
    for model, other in others:
        off = np.abs(other.truths - answers.truths)
        off[:, 0] = np.minimum(off[:, 0], 360.0 - off[:, 0])
        wrong = np.flatnonzero((off > _SAME_PLACE_DEG).any(axis=1))
        if len(wrong):
            name = answers.names[wrong[0]]
            raise InputError(
                f"{first} and {model} disagree about the true position of {name!r} "
                f"({len(wrong)} photographs in all); they must be tables of the same photographs"
            )


def compare(
    common: Mapping[str, Answers],
    metrics: Sequence[Metric],
    *,
    tables: Mapping[str, Answers],
    evaluations: Mapping[str, Evaluation],
    plan: Plan,
) -> Comparison:
    """Compare models on common photographs; `evaluate_many` prepares what this takes."""
    first = next(iter(common.values()))
    resampling = resampling_of(first, cluster=plan.cluster, seed=plan.seed)
    measured = _Measured(
        models=tuple(common),
        metrics=tuple(metrics),
        values=np.array([values_of(answers, metrics) for answers in common.values()]),
        draws=draws_of(common, metrics, resampling),
    )
    return Comparison(
        protocol=first.protocol.name,
        models=measured.models,
        common=len(first),
        left_out={name: len(tables[name]) - len(first) for name in common},
        metrics=measured.metrics,
        standings=_standings(measured, resampling),
        contrasts=_contrasts(measured),
        resamples=resampling.number,
        clusters=None if plan.cluster is None else resampling.units,
        evaluations=evaluations,
    )


@dataclass(frozen=True, eq=False)
class _Measured:
    """Values of every model in every metric, in fact and on every resample."""

    models: tuple[str, ...]
    metrics: tuple[Metric, ...]
    values: Floats  # (models, metrics)
    draws: Floats  # (resamples, models, metrics)


def _standings(measured: _Measured, resampling: Resampling) -> tuple[Standing, ...]:
    found = []
    for m, model in enumerate(measured.models):
        for k, metric in enumerate(measured.metrics):
            value, drawn = float(measured.values[m, k]), measured.draws[:, m, k]
            if metric.unit == "share":
                ends: Interval | None = share_interval(round(value * resampling.count), drawn, resampling)
            else:
                ends = _finite_ends(drawn)
            found.append(Standing(model, metric.name, _finite(value), ends))
    return tuple(found)


def _contrasts(measured: _Measured) -> tuple[Contrast, ...]:
    found = []
    for k, metric in enumerate(measured.metrics):
        values, draws = measured.values[:, k], measured.draws[:, :, k]
        best = int(np.argmax(values) if metric.more_is_better else np.argmin(values))
        for m, model in enumerate(measured.models):
            if m != best:
                with np.errstate(invalid="ignore"):  # infinity less infinity
                    apart, difference = draws[:, m] - draws[:, best], _finite(values[m] - values[best])
                low, high = interval_of(apart)
                clear = bool(low > 0.0 or high < 0.0)
                ends = _finite_ends(apart)
                found.append(Contrast(measured.models[best], model, metric.name, difference, ends, clear))
    return tuple(found)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _finite_ends(draws: Floats) -> Interval | None:
    ends = interval_of(draws)
    return ends if np.isfinite(ends).all() else None
