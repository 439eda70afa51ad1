"""Figures of parts of the photographs: countries, continents, or the values of any column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from whence.photos.evaluation.answers import Answers
    from whence.typing import Floats, Ints

__all__ = ["Group", "Groups", "grouped"]

_LIMITS_KM = (1.0, 25.0, 200.0, 750.0, 2500.0)
UNKNOWN = "(none)"


@dataclass(frozen=True)
class Group:
    """One part of the photographs.

    Attributes
    ----------
    name
        Value of the column; "(none)" where it is empty.
    count
        Photographs with a known position.
    located
        Those that were located.
    median_m, mean_m
        Errors of the located, metres; None when there is none.
    median_interval_m
        Exact 95 % interval of the median by order statistics, metres; None below six photographs, which
        cannot give one.
    score
        Mean GeoScore of all, those not located at 0.
    within
        Share of all within each of `Groups.limits_m`.
    """

    name: str
    count: int
    located: int
    median_m: float | None
    mean_m: float | None
    median_interval_m: tuple[float, float] | None
    score: float
    within: tuple[float, ...]


@dataclass(frozen=True)
class Groups:
    """All parts of the photographs by one column.

    Attributes
    ----------
    by
        Name of the column, or "country" or "continent" of the truth.
    limits_m
        Distances of the shares, metres.
    groups
        Most photographs first.
    min_count
        Parts with fewer photographs than this are listed, and left out of charts and of `balanced_score`.
    balanced_score
        Mean over the parts of their mean GeoScores: every country counts alike, however many photographs it
        has; None when fewer than two parts are large enough.
    """

    by: str
    limits_m: tuple[float, ...]
    groups: tuple[Group, ...]
    min_count: int
    balanced_score: float | None

    @property
    def shown(self) -> tuple[Group, ...]:
        """Parts with at least `min_count` photographs."""
        return tuple(group for group in self.groups if group.count >= self.min_count)


def grouped(answers: Answers, labels: NDArray[np.object_], *, by: str, min_count: int = 10) -> Groups:
    """Compute the figures of each part.

    Parameters
    ----------
    answers
        n photographs.
    labels
        (n,) texts; "" where there is none.
    by
        What the labels are.
    min_count
        See `Groups`.

    Raises
    ------
    InputError
        When there are more or fewer labels than photographs.
    """
    if len(labels) != len(answers):
        raise InputError(f"{len(labels)} labels for {len(answers)} photographs")
    names, codes = np.unique(np.where(labels == "", UNKNOWN, labels).astype(str), return_inverse=True)
    scores = answers.protocol.scores(answers.scored_m)
    limits_m = tuple(sorted({*answers.protocol.limits_m, *(1000.0 * km for km in _LIMITS_KM)}))
    parts = _parts(codes, len(names))
    found = [
        _group(str(name), answers.errors_m[rows], scores[rows], within=_within(answers, rows, limits_m))
        for name, rows in zip(names, parts, strict=True)
    ]
    found.sort(key=lambda group: (-group.count, group.name))
    large = [group.score for group in found if group.count >= min_count and group.name != UNKNOWN]
    return Groups(by, limits_m, tuple(found), min_count, float(np.mean(large)) if len(large) > 1 else None)


def _parts(codes: Ints, count: int) -> Sequence[Ints]:
    """Rows of each part, from one sort."""
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=count))
    return np.split(order, ends[:-1])


def _within(answers: Answers, rows: Ints, limits_m: tuple[float, ...]) -> tuple[float, ...]:
    errors_m, scored_m = answers.errors_m[rows], answers.scored_m[rows]
    rules = answers.protocol
    return tuple(
        float(rules.within(scored_m if limit >= 1000.0 else errors_m, limit).mean()) for limit in limits_m
    )


def _group(name: str, errors_m: Floats, scores: Floats, *, within: tuple[float, ...]) -> Group:
    located = np.sort(errors_m[np.isfinite(errors_m)])
    return Group(
        name=name,
        count=len(errors_m),
        located=len(located),
        median_m=float(np.median(located)) if len(located) else None,
        mean_m=float(located.mean()) if len(located) else None,
        median_interval_m=_median_interval(located),
        score=float(scores.mean()),
        within=within,
    )


def _median_interval(ordered: Floats) -> tuple[float, float] | None:
    """Exact interval of the median from order statistics (Thompson 1936)."""
    rank = int(stats.binom.ppf(0.025, len(ordered), 0.5)) if len(ordered) else 0
    if rank < 1:
        return None
    return float(ordered[rank - 1]), float(ordered[-rank])
