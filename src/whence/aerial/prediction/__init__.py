"""Prediction of images of any size: tiles, blended seams, georeferenced files, and a way on after a stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.aerial.prediction.land_cover import Prediction, predict

__all__ = ["Prediction", "predict"]

_HOMES = {"Prediction": "land_cover", "predict": "land_cover"}

__getattr__, __dir__ = exports(__name__, _HOMES)
