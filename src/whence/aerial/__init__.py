"""Aerial and satellite images: land cover, buildings, clean polygons in real coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.aerial.model import AerialModel, load_model
    from whence.aerial.prediction import Prediction, predict

__all__ = ["AerialModel", "Prediction", "load_model", "predict"]

# Imported when first used: torch, rasterio and shapely are slow to load.
_HOMES = {
    "AerialModel": "model",
    "Prediction": "prediction",
    "load_model": "model",
    "predict": "prediction",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
