"""How many placements as good as one would be expected by accident.

The null hypothesis is that the landmarks' pixels lie anywhere on the scan, each for itself. Under it
landmark i, of whose candidates a map puts kᵢ onto the scan, has one of them within rᵢ of its pixel with a
probability of at most pᵢ = min(1, kᵢ π rᵢ² / A). That m or more landmarks agree, m above the mean, is then no
likelier than for a binomial number with the mean of the pᵢ (Hoeffding 1956, "On the distribution of the
number of successes in independent trials"). The expected number of accidents is that tail times the number of
maps that were tried: the number of false alarms of Desolneux, Moisan & Morel (2000, "Meaningful alignments").
A name with twenty candidates all over the world costs its tries, and gains nothing where only one of them is
in sight.

Names crowd, though, and a crowd lies on a crowd by accident more easily than even spread tells. So pᵢ is at
least the share of the other landmarks' pixels that are as near to a candidate of i: what exchanging the names
would do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import betainc, gammaln

if TYPE_CHECKING:
    from whence.typing import ArrayLike, Floats

__all__ = ["LARGEST", "log10_tail", "log10_tail_bound", "log10_tries"]

LARGEST = 1e-3
"""Largest expected number of accidental placements that is still taken for a placement."""


def log10_tail(m: ArrayLike, n: ArrayLike, p: ArrayLike) -> Floats:
    """Return log10 of the probability that a binomial number of n trials is m or more.

    Parameters
    ----------
    m, n, p
        Successes, trials and probability of each, broadcast together.

    Examples
    --------
    >>> float(log10_tail(2, 2, 0.1).round(6)), float(log10_tail(0, 5, 0.1))
    (-2.0, 0.0)
    """
    m, n, p = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (m, n, p)))
    exact = np.where(m <= 0, 1.0, betainc(np.maximum(m, 1), np.maximum(n - m, 0) + 1, p))
    with np.errstate(divide="ignore"):
        logs = np.log10(exact)
    return np.asarray(np.where(exact > 1e-250, logs, log10_tail_bound(m, n, p)))


def log10_tail_bound(m: Any, n: Any, p: Any) -> Floats:
    """Return Chernoff's upper bound of `log10_tail`: −n KL(m/n ‖ p), quick and far into the tail.

    Examples
    --------
    >>> float(log10_tail_bound(2.0, 2.0, 0.1).round(6))
    -2.0
    """
    p = np.clip(p, 1e-300, 1.0)
    share = np.clip(np.asarray(m) / np.maximum(n, 1), 0.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        hits = np.where(share > 0, share * np.log(share / p), 0.0)
        misses = np.where(share < 1, (1 - share) * np.log((1 - share) / (1 - np.minimum(p, 1 - 1e-16))), 0.0)
    bound = -np.maximum(n, 0) * (hits + misses) / np.log(10)
    return np.asarray(np.where(share > p, np.minimum(bound, 0.0), 0.0), dtype=np.float64)


def log10_tries(n: int, size: int) -> float:
    """Return log10 of the number of samples of some size among n landmarks.

    Examples
    --------
    >>> round(10 ** log10_tries(5, 2))
    10
    """
    return float((gammaln(n + 1) - gammaln(size + 1) - gammaln(n - size + 1)) / np.log(10))
