"""Averages over a belief without chance: a few points stand for each patch, an even lattice for the globe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.earth import von_mises_fisher as vmf
from whence.earth.patches import Patches, density_ratio

if TYPE_CHECKING:
    from whence.typing import Floats

__all__ = ["even_nodes", "globe", "information_bits", "nodes"]

_RADIAL, _AZIMUTHS = 4, 6
_NARROW = 20.0  # from this κ on the squared radius is exponential to 1e-17, and Laguerre's nodes fit it
_GOLDEN = np.pi * (3.0 - np.sqrt(5.0))
_GLOBE_POINTS = 2000

_LAGUERRE = np.polynomial.laguerre.laggauss(_RADIAL)
_LEGENDRE = np.polynomial.legendre.leggauss(_RADIAL)


def nodes(patches: Patches) -> tuple[Floats, Floats]:
    """Points (n, m, 3) and shares (n, m) that average smooth functions over each patch; shares sum to 1."""
    kappas = patches.kappas[:, np.newaxis]
    share = (1.0 + _LEGENDRE[0]) / 2.0
    wide_height = -np.log1p(share * np.expm1(-2.0 * kappas)) / kappas
    narrow = kappas >= _NARROW
    height = np.where(narrow, np.minimum(_LAGUERRE[0] / kappas, 2.0), wide_height)
    shares = np.where(narrow, _LAGUERRE[1], _LEGENDRE[1] / 2.0) / _AZIMUTHS
    # Every other circle is turned by half a step, so that the points do not line up.
    turn = (np.arange(_AZIMUTHS) + 0.5 * (np.arange(_RADIAL)[:, np.newaxis] % 2)) * (2.0 * np.pi / _AZIMUTHS)
    points = vmf.around(patches.vectors[:, np.newaxis, np.newaxis], height[:, :, np.newaxis], turn)
    return points.reshape(len(patches), _RADIAL * _AZIMUTHS, 3), np.repeat(shares, _AZIMUTHS, axis=1)


def even_nodes(patches: Patches, count: int) -> Floats:
    """Return points (n, count, 3) of equal mass in each patch, on a sunflower; for functions that jump."""
    share = (np.arange(count) + 0.5) / count
    kappas = patches.kappas[:, np.newaxis]
    height = np.clip(-np.log1p(share * np.expm1(-2.0 * kappas)) / kappas, 0.0, 2.0)
    return vmf.around(patches.vectors[:, np.newaxis], height, np.arange(count) * _GOLDEN)


def globe(count: int = _GLOBE_POINTS) -> Floats:
    """Return unit vectors (count, 3) spread evenly over the sphere (Fibonacci lattice)."""
    height = 1.0 - (2.0 * np.arange(count) + 1.0) / count
    level, turn = np.sqrt(1.0 - height**2), np.arange(count) * _GOLDEN
    return np.stack([level * np.cos(turn), level * np.sin(turn), height], axis=-1)


def information_bits(belief: tuple[Patches, float], prior: tuple[Patches, float] | None = None) -> float:
    """Kullback-Leibler divergence of a belief from a prior, both as patches and background; bits.

    Without a prior, from the uniform belief: how many times the search area was halved.
    """
    patches, background = belief
    points, shares = nodes(patches)
    lattice = globe()
    vectors = np.concatenate([points.reshape(-1, 3), lattice])
    masses = np.concatenate(
        [(patches.weights[:, np.newaxis] * shares).ravel(), np.full(len(lattice), background / len(lattice))]
    )
    gained = np.log2(density_ratio(vectors, *belief))
    if prior is not None:
        gained -= np.log2(density_ratio(vectors, *prior))
    return max(float(masses @ gained), 0.0)
