"""The von Mises-Fisher density on the sphere, exact from a metre to the whole globe.

f(x; μ, κ) = κ / (2π (1 − e^{−2κ})) · exp(−κ c²/2), with c the chord |x − μ|. It is the Gaussian of the
sphere: κ = (R/σ)² for a spread of σ metres on the ground (Mardia & Jupp 2000, "Directional Statistics",
section 9.3.2). The exponent is taken from the chord, never from κ cos θ, which loses its digits.

All vectors are unit vectors (..., 3); densities are per steradian; angles are radians.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.earth.sphere import EARTH_RADIUS_M

if TYPE_CHECKING:
    from whence.typing import Floats

__all__ = [
    "cap_mass",
    "concentration",
    "concentration_of_deficit",
    "log_peak",
    "product",
    "resultant_deficit",
    "sample",
    "spread_m",
    "tail_angle",
]

_FLATTEST = 1e-12  # κ of a patch that is uniform to the last digit anybody could measure
_SERIES_BELOW = 0.05  # coth κ − 1/κ cancels here; three terms of its series are exact to 1e-12


def concentration(spread_m: Floats) -> Floats:
    """κ of patches (...) whose one-dimensional standard deviation on the ground is `spread_m`: (R/σ)²."""
    return np.maximum((EARTH_RADIUS_M / spread_m) ** 2, _FLATTEST)


def spread_m(concentration: Floats) -> Floats:
    """Spread in metres of patches (...) of that κ; the inverse of `concentration`, at every size."""
    return np.asarray(EARTH_RADIUS_M / np.sqrt(np.maximum(concentration, _FLATTEST)))


def log_peak(kappa: Floats) -> Floats:
    """Natural logarithm of the density (...) at the centre of the patch, per steradian."""
    return np.asarray(np.log(kappa) - np.log(2.0 * np.pi) - np.log(-np.expm1(-2.0 * kappa)))


def resultant_deficit(kappa: Floats) -> Floats:
    """1 − A(κ), by how much the mean vector is shorter than 1; A(κ) = coth κ − 1/κ (Mardia & Jupp, 9.3.7)."""
    with np.errstate(over="ignore"):
        exact = 1.0 / kappa - 2.0 / np.expm1(2.0 * kappa)
    series = 1.0 - kappa / 3.0 + kappa**3 / 45.0 - 2.0 * kappa**5 / 945.0
    return np.asarray(np.where(kappa < _SERIES_BELOW, series, exact))


def concentration_of_deficit(deficit: Floats) -> Floats:
    """κ whose mean vector has the length 1 − `deficit`; the inverse of `resultant_deficit`.

    Newton steps on A(κ) from the start R̄ (3 − R̄²) / (1 − R̄²) (Sra 2012, "A short note on parameter
    approximation for von Mises-Fisher distributions"), exact beyond κ = 20 where A(κ) = 1 − 1/κ.
    """
    deficit = np.clip(deficit, 1e-300, 1.0 - _FLATTEST / 3.0)
    kappa = 1.0 / deficit
    wide = deficit > 1.0 / 20.0
    if wide.any():
        target = deficit[wide]
        length = 1.0 - target
        guess = length * (3.0 - length**2) / (target * (1.0 + length))
        for _ in range(6):
            slope = -_slope(guess)
            guess = np.maximum(guess - (resultant_deficit(guess) - target) / slope, _FLATTEST)
        kappa[wide] = guess
    return np.asarray(kappa)


def _slope(kappa: Floats) -> Floats:
    """A'(κ) = 1/κ² − 1/sinh²κ."""
    safe = np.maximum(kappa, _SERIES_BELOW)
    exact = 1.0 / safe**2 - 1.0 / np.sinh(np.minimum(safe, 300.0)) ** 2
    return np.asarray(np.where(kappa < _SERIES_BELOW, 1.0 / 3.0 - kappa**2 / 15.0, exact))


def product(first_kappa: Floats, second_kappa: Floats, squared_chord: Floats) -> tuple[Floats, Floats]:
    """Multiply two patches: 4π f₁ f₂ = k · f₁₂, a patch again.

    Parameters
    ----------
    first_kappa, second_kappa
        (...) concentrations.
    squared_chord
        (...) |μ₁ − μ₂|².

    Returns
    -------
    log_factor, kappa
        (...) ln k, and κ₁₂ = |κ₁μ₁ + κ₂μ₂|. ln k > 0 where the two agree better than chance. The centre is
        κ₁μ₁ + κ₂μ₂, normalised.
    """
    both = first_kappa + second_kappa
    crossed = first_kappa * second_kappa
    # Beyond a right angle the other form of the same sum keeps the digits: |κ₁ − κ₂| may be 0.
    near = both**2 - crossed * squared_chord
    far = (first_kappa - second_kappa) ** 2 + crossed * np.maximum(4.0 - squared_chord, 0.0)
    kappa = np.maximum(np.sqrt(np.where(squared_chord < 2.0, near, far)), _FLATTEST)
    log_factor = np.log(4.0 * np.pi) + log_peak(first_kappa) + log_peak(second_kappa) - log_peak(kappa)
    return log_factor - crossed * squared_chord / (both + kappa), kappa


def cap_mass(kappa: Floats, angle: Floats) -> Floats:
    """Mass (...) within `angle` of the patch's own centre: (1 − e^{−κ(1−cos α)}) / (1 − e^{−2κ})."""
    height = 2.0 * np.sin(angle / 2.0) ** 2
    return np.asarray(np.expm1(-kappa * height) / np.expm1(-2.0 * kappa))


def tail_angle(kappa: Floats, outside: float) -> Floats:
    """Angle (...) from the centre beyond which at most a share `outside` of the patch lies."""
    return np.asarray(2.0 * np.arcsin(np.sqrt(np.minimum(-np.log(outside) / (2.0 * kappa), 1.0))))


def sample(centers: Floats, kappa: Floats, rng: np.random.Generator) -> Floats:
    """Draw one unit vector (n, 3) from each patch of centres (n, 3), by inverting `cap_mass`."""
    share = rng.random(len(centers))
    height = np.clip(-np.log1p(share * np.expm1(-2.0 * kappa)) / kappa, 0.0, 2.0)
    return around(centers, height, rng.uniform(0.0, 2.0 * np.pi, len(centers)))


def around(centers: Floats, height: Floats, turn: Floats) -> Floats:
    """Step from `centers` (..., 3) by angles with 1 − cos ψ = `height`, in the direction `turn`."""
    first, second = _tangents(centers)
    sideways = np.sqrt(np.maximum(height * (2.0 - height), 0.0))[..., np.newaxis]
    ahead = np.cos(turn)[..., np.newaxis] * first + np.sin(turn)[..., np.newaxis] * second
    return np.asarray((1.0 - height)[..., np.newaxis] * centers + sideways * ahead)


def _tangents(centers: Floats) -> tuple[Floats, Floats]:
    """Two directions at right angles to each unit vector (..., 3), without a pole (Duff et al. 2017)."""
    x, y, z = np.moveaxis(centers, -1, 0)
    sign = np.copysign(1.0, z)
    scale = -1.0 / (sign + z)
    shear = x * y * scale
    first = np.stack([1.0 + sign * x**2 * scale, sign * shear, -sign * x], axis=-1)
    second = np.stack([shear, sign + y**2 * scale, -y], axis=-1)
    return first, second
