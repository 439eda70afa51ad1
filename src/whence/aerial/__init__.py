"""Aerial and satellite images: land cover, buildings, clean polygons in real coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.aerial.model import AerialModel, load_model
    from whence.aerial.prediction import Prediction, predict
    from whence.aerial.training import AerialConfig, AerialRun, train

__all__ = ["AerialConfig", "AerialModel", "AerialRun", "Prediction", "load_model", "predict", "train"]

# Imported when first used: torch, rasterio and shapely are slow to load.
_HOMES = {
    "AerialConfig": "training",
    "AerialModel": "model",
    "AerialRun": "training",
    "Prediction": "prediction",
    "load_model": "model",
    "predict": "prediction",
    "train": "training",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
