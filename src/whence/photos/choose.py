"""Which of several models to take: by the rule of the thesis or by a named metric, with the reasons in words.

The rule of the thesis is not the mean error: first come the models whose cumulative curve stays on top
overall, then among them the one that is highest at short distances. Made precise:

* F(d) is the share of all photographs with an error up to d; those not located never count. The *top* at d
  is the highest F of all models there, d going in steps of 100 km to 20,100 km (in 201 steps to what holds
  98 % of the errors, for photographs of one city). The *shortfall* of a model is the largest distance of its
  curve below the top: the share of photographs that it may cost to take this model, wherever one looks.
* A model *stays on top* when its shortfall exceeds the smallest one by no more than a tolerance: one per cent
  of the photographs (what an eye sees in a plot), or what the paired bootstrap cannot tell from zero (97.5 %
  of the resamples), whichever is more.
* Among these the *start* decides: the mean height of the curve from 0 to 300 km (or to the median of the
  best model where that is nearer, for photographs of one city). Equal starts are decided by the shortfall,
  then by the area above the curve.

A model whose curve is nowhere above that of another one and somewhere below it has neither a smaller
shortfall nor a higher start, so it is never preferred.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError
from whence.photos.evaluation.comparison import in_common
from whence.photos.evaluation.distribution import cdf, span_m
from whence.photos.evaluation.headline import resampling_of
from whence.photos.evaluation.metrics import Metric, draws_of, metric_named, values_of
from whence.photos.summary import figure_text, length_text

if TYPE_CHECKING:
    from whence.photos.evaluation.answers import Answers
    from whence.photos.evaluation.resampling import Resampling
    from whence.typing import Floats

__all__ = ["Candidate", "Choice", "choose"]

_START_M = 300_000.0
_FARTHEST_M = 20_100_000.0
_STEPS = 201  # to 20,100 km: the bins of the thesis


@dataclass(frozen=True)
class Candidate:
    """How one model stands in the choice.

    Attributes
    ----------
    model
        Its name.
    kept
        Whether it came into the last round.
    value
        What decided: mean height of the start (0 to 1), or the metric; None when it is infinite.
    shortfall
        Largest distance of its curve below the top, as a share of the photographs; None by a metric.
    shortfall_at_m
        Where that is, metres.
    clear
        Whether it is distinguishable from the chosen model in what decided, at 95 %.
    """

    model: str
    kept: bool
    value: float | None
    shortfall: float | None = None
    shortfall_at_m: float | None = None
    clear: bool = False


@dataclass(frozen=True)
class Choice:
    """The model that was chosen, and why.

    Attributes
    ----------
    model
        Its name.
    by
        "thesis", or the name of a metric.
    common
        Photographs that the choice rests on.
    candidates
        All models, the chosen one first.
    sentences
        Why, for people.
    start_m
        Where the start ends, metres; None by a metric.
    """

    model: str
    by: str
    common: int
    candidates: tuple[Candidate, ...]
    sentences: tuple[str, ...]
    start_m: float | None = None


def choose(
    named: Mapping[str, Answers],
    *,
    by: str = "thesis",
    tolerance: float = 0.01,
    start_m: float | None = None,
    cluster: str | None = None,
    seed: int = 0,
) -> Choice:
    """Choose among models, on the photographs that all of them have.

    Parameters
    ----------
    named
        Name of a model -> its answers.
    by
        "thesis", or a metric: "median", "mean", "p90", "geoscore", "within_25km", ….
    tolerance
        Share of the photographs by which a curve may lie lower without mattering.
    start_m
        End of the short distances, metres; None for 300 km, or less in a city.
    cluster
        Column whose values are drawn as a whole by the bootstrap.
    seed
        Of the bootstrap.

    Raises
    ------
    NotEnoughDataError
        When there is no model or no common photograph.
    InputError
        When there is no such rule, the tolerance or the start makes no sense, or tables do not fit together.

    Examples
    --------
    >>> from whence.photos.evaluation.answers import Answers
    >>> truths = [(0.0, 0.0)] * 4
    >>> def model(*degrees):
    ...     return Answers.of_arrays(list("abcd"), truths=truths, predictions=[(d, 0.0) for d in degrees])
    >>> chosen = choose({"near": model(1, 2, 3, 9), "far": model(2, 4, 6, 18)})
    >>> chosen.model, [candidate.model for candidate in chosen.candidates]
    ('near', ['near', 'far'])
    """
    if not 0.0 <= tolerance < 1.0:
        raise InputError(f"the tolerance is {tolerance}; it is a share of the photographs, such as 0.01")
    if start_m is not None and not start_m > 0.0:
        raise InputError(f"the start ends at {start_m} m; it must be metres above zero")
    metric = None if by == "thesis" else metric_named(by)
    common = in_common(named)
    resampling = resampling_of(next(iter(common.values())), cluster=cluster, seed=seed)
    if metric is not None:
        return _by_metric(common, metric, resampling)
    return _by_curves(common, resampling, tolerance=tolerance, start_m=start_m)


# ---- by a metric


def _by_metric(common: Mapping[str, Answers], metric: Metric, resampling: Resampling) -> Choice:
    values = np.array([values_of(answers, [metric])[0] for answers in common.values()])
    draws = draws_of(common, [metric], resampling)[:, :, 0]
    order = np.argsort(-values if metric.more_is_better else values, kind="stable")
    models, best = list(common), int(order[0])
    clear = [_apart(draws[:, m], draws[:, best]) for m in range(len(models))]
    candidates = tuple(
        Candidate(models[m], kept=m == best, value=_finite(values[m]), clear=clear[m]) for m in order.tolist()
    )
    count = len(next(iter(common.values())))
    return Choice(models[best], metric.name, count, candidates, _metric_reasons(candidates, metric, count))


def _metric_reasons(candidates: Sequence[Candidate], metric: Metric, count: int) -> tuple[str, ...]:
    first, *others = candidates
    most = "highest" if metric.more_is_better else "lowest"
    value = figure_text(first.value, metric.unit)
    lines = [f"{first.model} has the {most} {metric.label} of the {count:,} common photographs: {value}."]
    if others:
        second = others[0]
        lines.append(
            f"Next is {second.model} with {figure_text(second.value, metric.unit)}, a difference that "
            f"{_verdict(second)}."
        )
        lines += _alike([other.model for other in others[1:] if not other.clear])
    return tuple(lines)


def _alike(names: Sequence[str]) -> list[str]:
    return [f"Not clearly worse either: {', '.join(names)}."] if names else []


def _verdict(candidate: Candidate) -> str:
    return (
        "is clear (95 % interval of the paired bootstrap)"
        if candidate.clear
        else "may be chance (the 95 % interval of the paired bootstrap holds zero)"
    )


# ---- by the curves


@dataclass(frozen=True, eq=False)
class _Curves:
    """Curves of m models on k distances, in fact or on one resample."""

    heights: Floats  # (m, k)
    starts: Floats  # (m,)

    @property
    def gaps(self) -> Floats:
        return np.asarray(self.heights.max(axis=0) - self.heights)  # (m, k)


def _by_curves(
    common: Mapping[str, Answers], resampling: Resampling, *, tolerance: float, start_m: float | None
) -> Choice:
    errors_m = [answers.scored_m for answers in common.values()]
    grid_m, end_m = _grid(errors_m), start_m or _start(errors_m)
    real = _curves(errors_m, grid_m, end_m)
    shortfalls = real.gaps.max(axis=1)
    least, models = int(np.argmin(shortfalls)), list(common)
    drawn_shortfalls, drawn_starts = _resampled(errors_m, grid_m, end_m=end_m, resampling=resampling)
    margin = np.quantile(drawn_shortfalls - drawn_shortfalls[:, [least]], 0.025, axis=0)
    allowed = shortfalls[(shortfalls <= shortfalls[least] + tolerance) | (margin <= 0.0)].max()
    kept = shortfalls <= allowed
    areas = [np.minimum(errors, _FARTHEST_M).mean() for errors in errors_m]
    order = np.lexsort((areas, shortfalls, -real.starts, ~kept)).tolist()  # the last key decides first
    best = order[0]
    candidates = tuple(
        Candidate(
            models[m],
            kept=bool(kept[m]),
            value=float(real.starts[m]),
            shortfall=float(shortfalls[m]),
            shortfall_at_m=float(grid_m[int(real.gaps[m].argmax())]),
            clear=_apart(drawn_starts[:, m], drawn_starts[:, best]),
        )
        for m in order
    )
    count = len(errors_m[0])
    reasons = _curve_reasons(candidates, count, end_m=end_m, tolerance=tolerance)
    return Choice(models[best], "thesis", count, candidates, reasons, end_m)


def _grid(errors_m: Sequence[Floats]) -> Floats:
    """Distances at which curves are compared: those of a plot, every 100 km unless it shows one city."""
    return np.linspace(0.0, span_m(errors_m), _STEPS + 1)[1:]


def _start(errors_m: Sequence[Floats]) -> float:
    medians = [float(np.quantile(errors, 0.5, method="inverted_cdf")) for errors in errors_m]
    return max(min(_START_M, *medians), 1.0)


def _curves(errors_m: Sequence[Floats], grid_m: Floats, end_m: float) -> _Curves:
    heights = np.array([cdf(errors, grid_m) for errors in errors_m])
    # The mean height of F from 0 to e is the mean of max(0, 1 − d/e).
    starts = np.array([np.clip(1.0 - errors / end_m, 0.0, 1.0).mean() for errors in errors_m])
    return _Curves(heights, starts)


def _resampled(
    errors_m: Sequence[Floats], grid_m: Floats, *, end_m: float, resampling: Resampling
) -> tuple[Floats, Floats]:
    """Shortfalls and starts of the models on every resample, each (resamples, m)."""
    bins = [np.searchsorted(grid_m, errors, side="left") for errors in errors_m]
    heads = np.array([np.clip(1.0 - errors / end_m, 0.0, 1.0) for errors in errors_m])
    shortfalls, starts = [], []
    for weights in resampling.weights():
        total = weights.sum()
        counts = [np.bincount(where, weights, minlength=len(grid_m) + 1)[:-1] for where in bins]
        curves = _Curves(np.cumsum(counts, axis=1) / total, heads @ weights / total)
        shortfalls.append(curves.gaps.max(axis=1))
        starts.append(curves.starts)
    return np.array(shortfalls), np.array(starts)


def _curve_reasons(
    candidates: Sequence[Candidate], count: int, *, end_m: float, tolerance: float
) -> tuple[str, ...]:
    first = candidates[0]
    kept = [one for one in candidates if one.kept]
    dropped = [one for one in candidates if not one.kept]
    lines = [_stays(first, count)]
    if dropped:
        lines += [_falls(one) for one in sorted(dropped, key=lambda one: one.shortfall or 0.0)[:3]]
        more = len(dropped) - 3
        lines += [f"{more} more models fall below the top by more than that."] if more > 0 else []
    if len(kept) > 1:
        lines.append(_wins(kept, end_m=end_m, tolerance=tolerance))
    if dropped:
        lines.append(_best_start(candidates, end_m))
    return tuple(lines)


def _stays(first: Candidate, count: int) -> str:
    if not first.shortfall:
        return (
            f"The curve of {first.model} is the highest at every distance, on {count:,} common photographs."
        )
    return (
        f"The curve of {first.model} stays on top overall: it is never more than {first.shortfall:.1%} of "
        f"the {count:,} common photographs below the highest one "
        f"(at {length_text(first.shortfall_at_m or 0.0)})."
    )


def _falls(one: Candidate) -> str:
    return (
        f"{one.model} falls {one.shortfall:.1%} below the top at {length_text(one.shortfall_at_m or 0.0)}, "
        "so it does not stay on top."
    )


def _wins(kept: Sequence[Candidate], *, end_m: float, tolerance: float) -> str:
    first, second = kept[0], kept[1]
    number = "two models" if len(kept) == 2 else f"{len(kept)} models"
    return (
        f"Of the {number} that stay on top (within {tolerance:.1%} or chance) it has the best start: up to "
        f"{length_text(end_m)} its curve is {first.value or 0.0:.2%} high on average, that of {second.model} "
        f"{second.value or 0.0:.2%}, a difference that {_verdict(second)}."
    )


def _best_start(candidates: Sequence[Candidate], end_m: float) -> str:
    starter = max(candidates, key=lambda one: one.value or 0.0)
    if starter is candidates[0]:
        return f"Up to {length_text(end_m)} no curve at all is higher on average."
    return (
        f"The best start has {starter.model} (up to {length_text(end_m)} its curve is {starter.value:.2%} "
        f"high on average, that of {candidates[0].model} {candidates[0].value:.2%}): take it where only near "
        "answers count."
    )


def _apart(draws: Floats, others: Floats) -> bool:
    with np.errstate(invalid="ignore"):  # infinity less infinity
        low, high = np.nanquantile(draws - others, [0.025, 0.975], method="inverted_cdf")
    return bool(low > 0.0 or high < 0.0)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
