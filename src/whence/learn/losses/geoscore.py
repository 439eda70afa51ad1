"""The GeoScore of OpenStreetView-5M as a loss."""

from __future__ import annotations

import torch

from whence.learn.losses.protocol import DistanceLoss

__all__ = ["GEOSCORE_1492"]

_SCALE_KM = 1492.7

GEOSCORE_1492 = DistanceLoss(
    "geoscore-1492",
    value=lambda d: -torch.expm1(d / -_SCALE_KM),
    derivative=lambda d: torch.exp(d / -_SCALE_KM) / _SCALE_KM,
)
"""f = 1 − exp(−d / 1492.7), the share of the 5000 points that is lost (Astruc et al. 2024)"""
