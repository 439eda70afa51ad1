"""The figures at the head: errors, shares within distances, score, each with a bootstrap interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError
from whence.photos.evaluation.resampling import Ordered, Resampling, codes_of, interval_of, share_interval

if TYPE_CHECKING:
    from whence.photos.evaluation.answers import Answers
    from whence.photos.evaluation.resampling import Interval
    from whence.typing import Bools, Floats

__all__ = ["FAR_M", "Headline", "Score", "Share", "headline", "resampling_of", "within_limits"]

FAR_M = (200_000.0, 500_000.0)
"""An answer beyond these is a false alarm, metres."""


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
    interval
        95 % interval of `of_all`: exact binomial, or of the bootstrap with clusters.
    """

    limit_m: float
    count: int
    of_all: float
    of_located: float | None
    interval: Interval = (0.0, 1.0)


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
    interval: Interval


@dataclass(frozen=True)
class Headline:
    """The figures at the head of an evaluation; see `Evaluation` for their meaning."""

    mean_m: float | None
    median_m: float | None
    p90_m: float | None
    mean_interval_m: Interval | None
    median_interval_m: Interval | None
    p90_interval_m: Interval | None
    median_of_all_m: float | None
    within: tuple[Share, ...]
    score: Score
    far_200: Share
    far: Share


def resampling_of(answers: Answers, *, cluster: str | None = None, seed: int = 0) -> Resampling:
    """Say how the photographs are drawn again: one by one, or by the values of a column."""
    clusters = None if cluster is None else codes_of(answers.texts(cluster))
    return Resampling(len(answers), clusters, seed)


def within_limits(answers: Answers, limits_m: Sequence[float] | None) -> list[tuple[float, Bools]]:
    """Give rising limits in metres and which photographs (n,) lie within each.

    The protocol's own limits in metres are held against the errors, those in kilometres against the distances
    that scores are taken of; limits of one's own against the errors.

    Raises
    ------
    InputError
        When a limit is not above zero.
    """
    rules = answers.protocol
    if limits_m is not None and any(not limit > 0.0 for limit in limits_m):
        raise InputError(f"limits must be metres above zero, not {list(limits_m)}")
    city = rules.limits_m if limits_m is None else limits_m
    globe = [1000.0 * limit for limit in (rules.limits_km if limits_m is None else ())]
    # A kilometre is counted once, as the protocol's scores count it.
    distances = dict.fromkeys(city, answers.errors_m) | dict.fromkeys(globe, answers.scored_m)
    return [
        (float(limit), rules.within(distances[limit], limit) & answers.located) for limit in sorted(distances)
    ]


def headline(answers: Answers, resampling: Resampling, *, within_m: Sequence[float] | None) -> Headline:
    """Compute the figures and, from one set of resamples, their intervals."""
    limits = within_limits(answers, within_m)
    far = [(limit, (answers.scored_m > limit) & answers.located) for limit in FAR_M]
    scores = answers.protocol.scores(answers.scored_m)
    table = np.array([*(mask for _, mask in limits), *(mask for _, mask in far), scores], dtype=np.float64)
    *drawn, drawn_scores = resampling.means(table).T
    located = answers.located
    shares = [
        _share(limit, mask, located, interval=share_interval(int(mask.sum()), draws, resampling))
        for (limit, mask), draws in zip([*limits, *far], drawn, strict=True)
    ]
    return Headline(
        *_errors(answers, resampling),
        median_of_all_m=_median_of_all(answers.errors_m),
        within=tuple(shares[: len(limits)]),
        score=Score(
            of_all=float(scores.mean()),
            of_located=float(scores[located].mean()) if located.any() else None,
            interval=interval_of(drawn_scores),
        ),
        far_200=shares[-2],
        far=shares[-1],
    )


def _errors(
    answers: Answers, resampling: Resampling
) -> tuple[float | None, float | None, float | None, Interval | None, Interval | None, Interval | None]:
    errors_m = answers.errors_m[answers.located]
    if not len(errors_m):
        return None, None, None, None, None, None
    order = Ordered(answers.errors_m, located_only=True)
    draws = [order.figures(weights, [0.5, 0.9]) for weights in resampling.weights()]
    mean, median, p90 = map(interval_of, np.array([(mean, *rest) for mean, rest in draws]).T)
    middle, ninety = np.quantile(errors_m, [0.5, 0.9]).tolist()
    return float(errors_m.mean()), middle, ninety, mean, median, p90


def _median_of_all(errors_m: Floats) -> float | None:
    ordered = np.sort(errors_m)
    middle = float(ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1].mean())
    return middle if np.isfinite(middle) else None


def _share(limit_m: float, mask: Bools, located: Bools, *, interval: Interval) -> Share:
    count, answered = int(mask.sum()), int(located.sum())
    return Share(limit_m, count, count / len(mask), count / answered if answered else None, interval)
