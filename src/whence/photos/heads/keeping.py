"""From probabilities over many fixed patches to a mixture of a few, with the rest kept honest.

Of twelve thousand cells a photograph keeps the best; what the others weigh together is not thrown away but
becomes one wide patch with their mean and their spread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from whence.earth import sphere
from whence.earth import von_mises_fisher as vmf
from whence.photos.heads.mixtures import Mixtures

if TYPE_CHECKING:
    from whence.typing import Floats, Ints

__all__ = ["best_columns", "kept_mixture", "rest_patch", "with_rest"]

_NEGLIGIBLE = 1e-9  # of all the weight


def best_columns(log_weights: Floats, most: int) -> Ints:
    """Columns (n, k) of the k ≤ `most` largest of each row (n, m), in no order."""
    if most >= log_weights.shape[1]:
        return np.broadcast_to(np.arange(log_weights.shape[1]), log_weights.shape)
    return np.asarray(np.argpartition(-log_weights, most - 1, axis=1)[:, :most])


def kept_mixture(log_weights: Floats, lonlat: Floats, spread_m: Floats, *, most: int) -> Mixtures:
    """Keep the heaviest patches of each photograph, and make one of the rest.

    Parameters
    ----------
    log_weights
        (n, m) logarithms of weights, in any scale.
    lonlat, spread_m
        (m, 2) centres, degrees, and (m,) spreads, metres, of the patches.
    most
        How many are kept.

    Returns
    -------
    Mixtures
        With `most` + 1 patches, or all m where there are no more.
    """
    log_shares = special.log_softmax(log_weights, axis=1)
    kept = best_columns(log_shares, most)
    mixtures = Mixtures(lonlat[kept], np.take_along_axis(log_shares, kept, axis=1), spread_m[kept])
    return with_rest(mixtures, kept, log_shares, patches=(lonlat, spread_m))


def with_rest(
    mixtures: Mixtures, kept: Ints, log_shares: Floats, *, patches: tuple[Floats, Floats]
) -> Mixtures:
    """Append one patch for what was not kept.

    Parameters
    ----------
    mixtures
        k patches for each of n photographs, whose weights are those of the columns kept.
    kept
        (n, k) columns.
    log_shares
        (n, m) logarithms of weights that sum to 1.
    patches
        Centres (m, 2) and spreads (m,) of all columns.
    """
    if kept.shape[1] == log_shares.shape[1]:
        return mixtures
    shares = np.exp(log_shares)
    np.put_along_axis(shares, kept, 0.0, axis=1)
    center, log_weight, spread = rest_patch(shares, *patches)
    return Mixtures(
        np.concatenate([mixtures.lonlat, center[:, None]], axis=1),
        np.concatenate([mixtures.log_weights, log_weight[:, None]], axis=1),
        np.concatenate([mixtures.spread_m, spread[:, None]], axis=1),
    )


def rest_patch(shares: Floats, lonlat: Floats, spread_m: Floats) -> tuple[Floats, Floats, Floats]:
    """Make one patch of many: the von Mises-Fisher patch with the same mean vector.

    Parameters
    ----------
    shares
        (n, m) weights of m patches for n photographs.
    lonlat, spread_m
        (m, 2) and (m,) of the patches.

    Returns
    -------
    tuple of Floats
        Centre (n, 2), logarithm of the weight (n,), spread (n,) metres. A weight under a billionth is none.
    """
    mass = shares.sum(axis=1)
    lengths = 1.0 - vmf.resultant_deficit(vmf.concentration(spread_m))
    means = shares @ (lengths[:, None] * sphere.to_unit_vectors(lonlat)) / np.maximum(mass, 1e-300)[:, None]
    length = np.linalg.norm(means, axis=1)
    nowhere = (mass < _NEGLIGIBLE) | (length < _NEGLIGIBLE)
    means[nowhere] = [1.0, 0.0, 0.0]  # of no weight, or so wide that its centre does not matter
    kappa = vmf.concentration_of_deficit(np.clip(1.0 - length, 0.0, 1.0))
    with np.errstate(divide="ignore"):
        log_weight = np.where(mass < _NEGLIGIBLE, -np.inf, np.log(mass))
    return sphere.from_unit_vectors(means), log_weight, vmf.spread_m(kappa)
