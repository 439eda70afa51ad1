"""Bootstrap intervals of every figure from the same resamples.

A resample is a vector of weights: how often each photograph was drawn (Efron 1979). Distances are sorted
once, so that a median of a resample is a look-up in a running sum. Photographs of one drive or one camera are
alike; drawn one by one they make intervals that are too narrow. Whole clusters can be drawn instead (Field &
Welsh 2007, "Bootstrapping clustered data").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import ArrayLike, Bools, Floats, Ints

__all__ = [
    "Interval",
    "Ordered",
    "Resampling",
    "binomial_interval",
    "codes_of",
    "interval_of",
    "part_intervals",
    "share_interval",
]

Interval = tuple[float, float]
"""Lower and upper end of a 95 % interval."""

_MOST, _LEAST = 1000, 200
_BUDGET = 40_000_000  # draws in all: about a second
_BLOCK = 4_000_000  # weights held at once: 32 MB


@dataclass(frozen=True, eq=False)
class Resampling:
    """How photographs are drawn again.

    Attributes
    ----------
    count
        Photographs.
    clusters
        (count,) number of the cluster of each, from 0; None draws them one by one.
    seed
        Of the generator: the same weights every time, so that models are compared on the same resamples.
    resamples
        How many; None decides by the length of the table, 200 to 1000.
    """

    count: int
    clusters: Ints | None = None
    seed: int = 0
    resamples: int | None = None

    @property
    def number(self) -> int:
        """Resamples that will be drawn."""
        return self.resamples or min(_MOST, max(_LEAST, _BUDGET // max(self.count, 1)))

    @property
    def units(self) -> int:
        """Things that are drawn: photographs or clusters."""
        return self.count if self.clusters is None else int(self.clusters.max(initial=-1)) + 1

    def weights(self) -> Iterator[Floats]:
        """Give the weights (count,) of one resample after another."""
        rng, units = np.random.default_rng(self.seed), self.units
        for _ in range(self.number):
            drawn = np.bincount(rng.integers(0, units, units), minlength=units).astype(np.float64)
            yield drawn if self.clusters is None else drawn[self.clusters]

    def blocks(self) -> Iterator[Floats]:
        """Give the weights of several resamples (b, count) at a time."""
        size, held = max(1, _BLOCK // max(self.count, 1)), []
        for weights in self.weights():
            held.append(weights)
            if len(held) == size:
                yield np.array(held)
                held = []
        if held:
            yield np.array(held)

    def means(self, values: ArrayLike, among: ArrayLike | None = None) -> Floats:
        """Compute weighted means of several columns on every resample at once.

        Parameters
        ----------
        values
            (k, count) one row for each figure.
        among
            (k, count) 1 where a photograph counts for the figure, else 0; None when all count.

        Returns
        -------
        Floats
            (resamples, k); NaN where nothing that counts was drawn.
        """
        table = np.asarray(values, dtype=np.float64)
        mask = None if among is None else np.asarray(among, dtype=np.float64)
        parts = []
        for weights in self.blocks():
            total = weights.sum(axis=1)[:, None] if mask is None else weights @ mask.T
            above = weights @ (table if mask is None else table * mask).T
            parts.append(np.divide(above, total, out=np.full(above.shape, np.nan), where=total > 0.0))
        return np.concatenate(parts)


class Ordered:
    """Distances sorted once, for quantiles of any resample.

    Parameters
    ----------
    distances_m
        (n,) metres; infinite where a photograph was not located.
    located_only
        Whether only finite distances count.
    """

    def __init__(self, distances_m: Floats, *, located_only: bool) -> None:
        order = np.argsort(distances_m, kind="stable")
        if located_only:
            order = order[np.isfinite(distances_m[order])]
        self._order = order
        self._sorted = distances_m[order]
        self._endless = bool(len(order)) and not np.isfinite(self._sorted[-1])

    def figures(self, weights: Floats, quantiles: Sequence[float]) -> tuple[float, list[float]]:
        """Give the weighted mean and quantiles, these as `numpy.quantile` of the repeated values.

        NaN when nothing was drawn.
        """
        drawn = weights[self._order]
        running = np.cumsum(drawn)
        total = float(running[-1]) if len(running) else 0.0
        if total == 0.0:
            return float("nan"), [float("nan")] * len(quantiles)
        some = drawn > 0.0 if self._endless else slice(None)  # zero times infinity is not a number
        mean = float(drawn[some] @ self._sorted[some]) / total
        return mean, [self._quantile(running, (total - 1.0) * q) for q in quantiles]

    def _quantile(self, running: Floats, position: float) -> float:
        low, high = np.searchsorted(running, [np.floor(position), np.ceil(position)], side="right")
        below, above = float(self._sorted[low]), float(self._sorted[high])
        if below == above or not np.isfinite(above):
            return above
        return below + (above - below) * float(position - np.floor(position))


def interval_of(draws: Floats) -> Interval:
    """Give the 95 % percentile interval of the figures of the resamples; draws of nothing are left out."""
    some = np.sort(draws[~np.isnan(draws)])
    if not len(some):
        return float("nan"), float("nan")
    low, high = np.quantile(some, [0.025, 0.975], method="inverted_cdf" if np.isinf(some[-1]) else "linear")
    return float(low), float(high)


def binomial_interval(hits: int, count: int) -> Interval:
    """Give the exact 95 % interval of a share (Clopper and Pearson 1934).

    Examples
    --------
    >>> [round(end, 4) for end in binomial_interval(7, 10)]
    [0.3475, 0.9333]
    """
    low = special.betaincinv(hits, count - hits + 1, 0.025) if hits else 0.0
    high = special.betaincinv(hits + 1, count - hits, 0.975) if hits < count else 1.0
    return float(low), float(high)


def share_interval(hits: int, draws: Floats, resampling: Resampling) -> Interval:
    """Give the 95 % interval of a share of all photographs.

    Drawn one by one the number of hits is binomial, and its interval is exact; the bootstrap would call
    zero of fifty certain. Clusters need the bootstrap; where all its draws are alike, the interval is the
    binomial one of as many clusters.
    """
    if resampling.clusters is None:
        return binomial_interval(hits, resampling.count)
    share = hits / max(resampling.count, 1)
    low, high = interval_of(draws)
    return (low, high) if low < high else binomial_interval(round(resampling.units * share), resampling.units)


def part_intervals(hits: ArrayLike, among: ArrayLike, resampling: Resampling) -> list[Interval]:
    """Give the 95 % intervals of shares of some of the photographs, as `share_interval`.

    Parameters
    ----------
    hits, among
        (k, n) for each share which photographs are right, and which count.
    resampling
        How photographs are drawn.
    """
    right, counted = np.asarray(hits, dtype=bool), np.asarray(among, dtype=bool)
    if resampling.clusters is None:
        pairs = zip((right & counted).sum(axis=1).tolist(), counted.sum(axis=1).tolist(), strict=True)
        return [binomial_interval(hit, count) for hit, count in pairs]
    draws = resampling.means(right, counted).T
    return [
        _clustered(right[row][counted[row]], draws[row], resampling.clusters[counted[row]])
        for row in range(len(right))
    ]


def _clustered(hits: Bools, draws: Floats, clusters: Ints) -> Interval:
    low, high = interval_of(draws)
    if low < high:
        return low, high
    units = len(np.unique(clusters))
    return binomial_interval(round(units * float(hits.mean())), units) if units else (0.0, 1.0)


def codes_of(labels: NDArray[np.object_]) -> Ints:
    """Give each label a number from 0; a photograph without a label is a cluster of its own."""
    names, codes = np.unique(labels.astype(str), return_inverse=True)
    alone = labels == ""
    codes[alone] = len(names) + np.arange(int(alone.sum()))
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)
