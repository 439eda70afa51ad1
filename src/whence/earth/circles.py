"""How much of a belief lies within a circle, and how large a circle must be.

In polar coordinates (ψ, φ) about the circle's centre a patch at the angle θ integrates over φ to
2πC exp(−κ(1 − cos(ψ − θ))) i0e(κ sin ψ sin θ) sin ψ, i0e the scaled Bessel function: one smooth bump at
ψ = θ, integrated by Gauss-Legendre over the part of it that matters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import i0e

from whence.earth import von_mises_fisher as vmf

if TYPE_CHECKING:
    from whence.earth.patches import Patches
    from whence.typing import Floats

__all__ = ["angle_holding", "angles_to", "mass_within"]

_NODES, _SHARES = np.polynomial.legendre.leggauss(40)
_OUTSIDE = 1e-12  # share of a patch that may lie outside the interval of integration
_CENTRED = 1e-3  # a patch whose centre is nearer than this many spreads is taken as centred (error 1e-6)


def angles_to(center: Floats, vectors: Floats) -> Floats:
    """Angles (n,) between a unit vector (3,) and others (n, 3), from the chord and so exact to the metre."""
    half = np.linalg.norm(vectors - center, axis=1) / 2.0
    other_half = np.linalg.norm(vectors + center, axis=1) / 2.0
    return np.asarray(2.0 * np.arctan2(half, other_half))


def mass_within(patches: Patches, background: float, angles: Floats, circle: float) -> float:
    """Mass within `circle` radians of a point at `angles` (n,) from the patches; background included."""
    shares = _shares(patches.kappas, angles, circle)
    return float(background * np.sin(circle / 2.0) ** 2 + patches.weights @ shares)


def angle_holding(patches: Patches, background: float, angles: Floats, mass: float) -> float:
    """Radius in radians of the circle that holds `mass`; the inverse of `mass_within`."""
    low, high = 0.0, np.pi
    guess = _first_guess(patches, background, angles, mass)
    for _ in range(80):
        missing = mass - mass_within(patches, background, angles, guess)
        low, high = (guess, high) if missing > 0.0 else (low, guess)
        slope = background * np.sin(guess) / 2.0 + _rim(patches, angles, guess)
        step = guess + missing / slope if slope > 0.0 else low
        if abs(missing) < 1e-12 or high - low < 1e-15 * high:
            break
        guess = step if low < step < high else (low + high) / 2.0
    return float(guess)


def _shares(kappas: Floats, angles: Floats, circle: float) -> Floats:
    """Share (n,) of each patch within the circle."""
    reach = vmf.tail_angle(kappas, _OUTSIDE)
    shares = np.where(angles + reach <= circle, 1.0, 0.0)
    centred = angles * np.sqrt(kappas) < _CENTRED
    shares[centred] = vmf.cap_mass(kappas[centred], np.asarray(circle))
    cut = np.flatnonzero((angles + reach > circle) & (angles - reach < circle) & ~centred)
    low = np.maximum(angles[cut] - reach[cut], 0.0)
    high = np.minimum(np.minimum(angles[cut] + reach[cut], circle), np.pi)
    half = (high - low) / 2.0
    nodes = low[:, np.newaxis] + half[:, np.newaxis] * (1.0 + _NODES)
    bumps = _bump(kappas[cut, np.newaxis], angles[cut, np.newaxis], nodes)
    shares[cut] = np.minimum(half * (bumps @ _SHARES), 1.0)
    return shares


def _bump(kappas: Floats, angles: Floats, polar: Floats) -> Floats:
    """Density per radian of the polar angle; arguments broadcast."""
    exponent = -2.0 * kappas * np.sin((polar - angles) / 2.0) ** 2
    ring = i0e(kappas * np.sin(polar) * np.sin(angles)) * np.sin(polar)
    return np.asarray(2.0 * np.pi * np.exp(vmf.log_peak(kappas) + exponent) * ring)


def _rim(patches: Patches, angles: Floats, circle: float) -> float:
    """Mass per radian at the edge of the circle."""
    return float(patches.weights @ _bump(patches.kappas, angles, np.asarray(circle)))


def _first_guess(patches: Patches, background: float, angles: Floats, mass: float) -> float:
    """Weighted quantile over a few polar angles of every patch; the background added in closed form."""
    spread = 1.0 / np.sqrt(patches.kappas)
    polar = np.abs(angles[:, np.newaxis] + spread[:, np.newaxis] * np.linspace(-2.0, 2.0, 9))
    polar = np.minimum(polar, np.pi).ravel()
    weights = np.repeat(patches.weights, 9) / 9.0
    order = np.argsort(polar)
    held = np.cumsum(weights[order]) + background * np.sin(polar[order] / 2.0) ** 2
    place = int(np.searchsorted(held, mass))
    if place < len(order):
        return float(max(polar[order][place], 1e-9))
    missing = (mass - float(patches.weights.sum())) / background
    return float(2.0 * np.arcsin(np.sqrt(np.clip(missing, 0.0, 1.0))))
