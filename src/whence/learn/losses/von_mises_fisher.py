"""Likelihood of mixtures of von Mises-Fisher patches on the sphere, stable from ten metres to the globe.

ln f(x; μ, κ) = ln κ − ln 2π − ln(1 − e^{−2κ}) − κ c²/2 with c the chord |x − μ|, the same as
ln κ − ln 4π − ln sinh κ + κ μ·x (Mardia & Jupp 2000, section 9.3.2) without the difference of huge numbers
that the latter is for a narrow patch: at ten metres κ is 4·10¹¹ and κ μ·x has lost every digit.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["bounded", "log_density", "log_peak", "mixture_loss"]

_LOG_TWO_PI = math.log(2.0 * math.pi)
_FLATTEST = math.log(1e-6)  # ln κ of a patch that is uniform to a millionth


def log_peak(log_kappa: Tensor) -> Tensor:
    """Logarithm of the density at the centre of the patch, per steradian (...), from ln κ (...)."""
    log_kappa = log_kappa.clamp(min=_FLATTEST)
    return log_kappa - _LOG_TWO_PI - torch.log(-torch.expm1(-2.0 * torch.exp(log_kappa)))


def log_density(log_kappa: Tensor, squared_chord: Tensor) -> Tensor:
    """Logarithm of the density (...), per steradian, at squared chords |x − μ|² (...) from the centre."""
    return log_peak(log_kappa) - torch.exp(log_kappa) * squared_chord / 2.0


def mixture_loss(means: Tensor, log_kappa: Tensor, *, logits: Tensor, truth: Tensor) -> Tensor:
    """Negative log likelihood of positions under mixtures.

    Bishop (1994, "Mixture density networks") with patches of the sphere; with means and κ that all
    photographs share it is that of Izbicki et al. (2019, "Exploiting the Earth's spherical geometry to
    geolocate images", equation 3).

    Parameters
    ----------
    means
        (..., m, 3) centres, unit vectors.
    log_kappa
        (..., m) ln κ.
    logits
        (b, m) logarithms of the weights, in any scale.
    truth
        (b, 3) true positions, unit vectors. Chords come from differences, so in float32 they are good to half
        a metre; give float64 where patches are narrower than about a hundred metres.

    Returns
    -------
    Tensor
        (b,) −ln Σ w_k f(x; μ_k, κ_k), per steradian.
    """
    squared_chord = (means - truth.unsqueeze(-2)).square().sum(-1)  # (b, m)
    log_weights = torch.log_softmax(logits, dim=-1)
    return -torch.logsumexp(log_weights + log_density(log_kappa, squared_chord), dim=-1)


def bounded(values: Tensor, low: float, high: float) -> Tensor:
    """Bring values (...) smoothly between two bounds; well inside they stay, and the slope is never zero."""
    raised = low + torch.nn.functional.softplus(values - low)
    return high - torch.nn.functional.softplus(high - raised)
