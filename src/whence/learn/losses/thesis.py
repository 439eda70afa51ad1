"""The six losses of the thesis: five of the great-circle distance, and the squared error of the degrees.

The published formulae, d in kilometres. The scores are turned round, so that zero is best.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from whence.learn.losses.hermite import MonotoneHermite
from whence.learn.losses.protocol import CoordinateLoss, DistanceLoss

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "GEOSCORE",
    "HAVERSINE",
    "HERMITE",
    "HERMITE_KNOTS",
    "LINEAR_SCORE",
    "MODIFIED_GEOSCORE",
    "MSE",
]

HERMITE_KNOTS = (
    (0.0, 0.0),
    (30.0, 0.0),  # a city
    (100.0, 50.0),
    (218.615, 100.0),
    (437.23, 180.0),  # half a country: the radius of a circle of 600,584.81 km²
    (874.46, 400.0),
    (1748.92, 1000.0),
    (5000.0, 5000.0),
    (21000.0, 100000.0),  # beyond every distance on Earth; the curve goes on straight
)
"""Kilometres, points."""

_HALF_EQUATOR_KM = 20037.5
_FALL = 10.0 / _HALF_EQUATOR_KM
_STEEPER_FALL = 15.0 / _HALF_EQUATOR_KM
_POINTS_PER_KM = 1.1077
_CURVE = MonotoneHermite.through(HERMITE_KNOTS)


def _modified_slope(d: Tensor) -> Tensor:
    fading = torch.exp(-_STEEPER_FALL * d)
    return (1.0 - fading) / 3.0 + _STEEPER_FALL * (5000.0 + d / 3.0) * fading


MSE = CoordinateLoss(
    "mse",
    value=lambda difference: difference.square().mean(-1),
    derivative=lambda difference: difference.clone(),
)
"""Mean of the two squared differences in degrees; the date line is a cliff, as in the thesis."""

HAVERSINE = DistanceLoss("haversine", value=lambda d: d.clone(), derivative=torch.ones_like)
"""f = d"""

GEOSCORE = DistanceLoss(
    "geoscore",
    value=lambda d: -5000.0 * torch.expm1(-_FALL * d),
    derivative=lambda d: (5000.0 * _FALL) * torch.exp(-_FALL * d),
)
"""f = 5000 − 5000 exp(−10 d / 20037.5)"""

LINEAR_SCORE = DistanceLoss(
    "linear-score",
    value=lambda d: _POINTS_PER_KM * d,
    derivative=lambda d: torch.full_like(d, _POINTS_PER_KM),
)
"""f = 1.1077 d"""

HERMITE = DistanceLoss("hermite", value=_CURVE.value, derivative=_CURVE.derivative)
"""f = monotone cubic Hermite curve through `HERMITE_KNOTS`; level, so without a pull, within 30 km"""

MODIFIED_GEOSCORE = DistanceLoss(
    "modified-geoscore",
    value=lambda d: -(5000.0 + d / 3.0) * torch.expm1(-_STEEPER_FALL * d),
    derivative=_modified_slope,
)
"""f = (5000 + d/3)(1 − exp(−15 d / 20037.5))"""
