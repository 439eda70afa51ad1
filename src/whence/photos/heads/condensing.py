"""Fewer patches that say nearly the same: the light ones become one wide patch, no mass is lost."""

from __future__ import annotations

import numpy as np
from scipy import special

from whence.earth import sphere
from whence.earth import von_mises_fisher as vmf
from whence.photos.heads.mixtures import Mixtures

__all__ = ["condensed"]

_NEGLIGIBLE = 1e-12  # of all the weight
_NOWHERE = 1e-9


def condensed(mixtures: Mixtures, patches: int) -> Mixtures:
    """Keep the heaviest patches of each photograph and make one of the others.

    The one patch has the weight and the mean vector Σ wᵢ A(κᵢ) μᵢ of those that it replaces, so the mean
    vector of the whole stays what it was.

    Parameters
    ----------
    mixtures
        Of n photographs, k patches each.
    patches
        How many are kept; with k no more than that they come back as they are.

    Returns
    -------
    Mixtures
        With `patches` + 1 patches, weights that sum to 1.
    """
    if mixtures.patches <= patches:
        return mixtures
    logs = special.log_softmax(mixtures.log_weights, axis=1)
    order = np.argpartition(-logs, patches - 1, axis=1)
    kept, light = order[:, :patches], order[:, patches:]
    shares = np.exp(np.take_along_axis(logs, light, axis=1))
    spread_m = np.take_along_axis(mixtures.spread_m, light, axis=1)
    vectors = sphere.to_unit_vectors(np.take_along_axis(mixtures.lonlat, light[:, :, None], axis=1))
    deficits = vmf.resultant_deficit(vmf.concentration(spread_m))
    mass = shares.sum(axis=1)
    relative = shares / np.maximum(mass, 1e-300)[:, None]
    mean = np.einsum("nk,nkc->nc", relative * (1.0 - deficits), vectors)
    # 1 − |mean| from differences: subtracting would lose the digits of a city.
    length = np.linalg.norm(mean, axis=1)
    nowhere = (mass < _NEGLIGIBLE) | (length < _NOWHERE)
    mean[nowhere], length[nowhere] = [1.0, 0.0, 0.0], 1.0
    direction = mean / length[:, None]
    off = ((vectors - direction[:, None]) ** 2).sum(axis=2) / 2.0
    lacking = (relative * (deficits + (1.0 - deficits) * off)).sum(axis=1)
    lacking[nowhere] = np.where(mass[nowhere] < _NEGLIGIBLE, 1e-6, 1.0)
    kappa = vmf.concentration_of_deficit(np.clip(lacking, 0.0, 1.0))
    with np.errstate(divide="ignore"):
        rest = np.where(mass < _NEGLIGIBLE, -np.inf, np.log(mass))
    centers = np.take_along_axis(mixtures.lonlat, kept[:, :, None], axis=1)
    return Mixtures(
        np.concatenate([centers, sphere.from_unit_vectors(direction)[:, None]], axis=1),
        np.concatenate([np.take_along_axis(logs, kept, axis=1), rest[:, None]], axis=1),
        np.concatenate(
            [np.take_along_axis(mixtures.spread_m, kept, axis=1), vmf.spread_m(kappa)[:, None]], axis=1
        ),
    )
