"""The last word of a calibration: how the truths rank among what each belief thought possible.

The rank u of a truth is the mass of its belief that lies nearer to the best point. Honest beliefs give
ranks that are evenly spread over 0 to 1. Tempering and widening cannot always bring that about: a mixture of
cells can have no lighter tails than its cells are wide. What is left is put right as Kuleshov et al. 2018
("Accurate uncertainties for deep learning using calibrated regression") do: G, the distribution of the ranks,
here a Beta distribution, is applied to every belief, F(r) -> G(F(r)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special

from whence.earth import sphere
from whence.earth import von_mises_fisher as vmf
from whence.photos.calibration.circles import points_of
from whence.photos.heads.mixtures import Mixtures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.typing import Floats

__all__ = ["EVEN", "fitted_ranks", "levels", "reranked"]

EVEN = (1.0, 1.0)
"""Of ranks that are as they should be."""

_WORTH = 3.0  # nats that two more numbers must gain
_LOG_RANGE = (-1.6, 1.6)
_SPLIT = 40  # patches that are divided, the heaviest
_RING = 6
_INNER = 0.75  # spread of a part, of the whole's
_REACH = np.sqrt(2.0 * (1.0 - _INNER**2) * (_RING + 1) / _RING)  # parts together have the spread of the whole


def fitted_ranks(ranks: Floats) -> tuple[float, float]:
    """Fit a Beta distribution to ranks (n,); `EVEN` where that explains them hardly better."""
    inside = np.clip(ranks, 1e-4, 1.0 - 1e-4)
    logs = np.log(inside).sum(), np.log1p(-inside).sum()

    def cost(log_shape: Floats) -> float:
        first, second = np.exp(log_shape)
        return float(
            len(ranks) * special.betaln(first, second) - (first - 1) * logs[0] - (second - 1) * logs[1]
        )

    found = optimize.minimize(cost, np.zeros(2), bounds=[_LOG_RANGE] * 2, method="L-BFGS-B")
    if not found.fun < -_WORTH:  # that of EVEN is 0
        return EVEN
    first, second = np.exp(found.x).tolist()
    return first, second


def levels(confidence: Sequence[float], ranks: tuple[float, float]) -> list[float]:
    """Give the masses that circles must hold for these shares of the truths to be inside."""
    return [float(special.betaincinv(*ranks, share)) for share in confidence]


def reranked(
    mixtures: Mixtures, points: Floats, ranks: tuple[float, float], *, background: float
) -> tuple[Mixtures, Floats]:
    """Weigh what lies near the best points and what lies far from them as the ranks of truths say.

    Parameters
    ----------
    mixtures
        n of them.
    points
        (n, 2) their best points.
    ranks
        Of `fitted_ranks`.
    background
        Mass spread evenly over the globe beside each mixture.

    Returns
    -------
    mixtures, background
        The heaviest patches are divided into seven each, so that their tails can be weighed too; and (n,)
        what is left for the background.
    """
    parts = _divided(mixtures)
    angles, masses = points_of(parts, points)
    order = np.argsort(angles, axis=1)
    sorted_masses = np.take_along_axis(masses, order, 1)
    nearer = np.cumsum(sorted_masses, axis=1) - sorted_masses / 2.0
    even = np.sin(np.take_along_axis(angles, order, 1) / 2.0) ** 2
    rank = np.empty_like(nearer)
    np.put_along_axis(rank, order, (1.0 - background) * nearer + background * even, 1)
    wanted = _beta_density(np.clip(rank, 1e-4, 1.0 - 1e-4), ranks)
    factor = wanted.reshape(*parts.log_weights.shape, -1).mean(axis=2)
    weights = (1.0 - background) * parts.weights * factor
    left = np.clip(1.0 - weights.sum(axis=1), background / 10.0, 0.9)
    with np.errstate(divide="ignore"):
        return Mixtures(parts.lonlat, np.log(weights), parts.spread_m), left


def _beta_density(share: Floats, ranks: tuple[float, float]) -> Floats:
    first, second = ranks
    logs = (first - 1.0) * np.log(share) + (second - 1.0) * np.log1p(-share) - special.betaln(first, second)
    return np.asarray(np.exp(logs))


def _divided(mixtures: Mixtures) -> Mixtures:
    """Divide the heaviest patches into a middle and a ring round it, of the same spread together."""
    ordered = np.argsort(-mixtures.log_weights, axis=1)
    lonlat = np.take_along_axis(mixtures.lonlat, ordered[:, :, None], axis=1)
    log_weights = np.take_along_axis(mixtures.log_weights, ordered, axis=1)
    spread_m = np.take_along_axis(mixtures.spread_m, ordered, axis=1)
    count = min(_SPLIT, mixtures.patches)
    centers = sphere.to_unit_vectors(lonlat[:, :count])
    wide = (spread_m[:, :count] * _REACH / sphere.EARTH_RADIUS_M)[:, :, None]
    height = np.clip(2.0 * np.sin(np.minimum(wide, np.pi) / 2.0) ** 2, 0.0, 2.0)
    turns = np.broadcast_to(2.0 * np.pi * np.arange(_RING) / _RING, (*height.shape[:2], _RING))
    ring = vmf.around(centers[:, :, None, :], np.broadcast_to(height, turns.shape), turns)
    parts = np.concatenate([centers[:, :, None, :], ring], axis=2)  # (n, count, 7, 3)
    shape = (len(mixtures), count * (_RING + 1))
    return Mixtures(
        np.concatenate([sphere.from_unit_vectors(parts).reshape(*shape, 2), lonlat[:, count:]], axis=1),
        np.concatenate(
            [np.repeat(log_weights[:, :count], 7, axis=1) - np.log(7.0), log_weights[:, count:]], 1
        ),
        np.concatenate([np.repeat(_INNER * spread_m[:, :count], 7, axis=1), spread_m[:, count:]], axis=1),
    )
