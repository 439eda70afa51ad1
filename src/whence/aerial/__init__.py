"""Aerial and satellite images: land cover, buildings, clean polygons in real coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.aerial.crops import RandomCrops
    from whence.aerial.datasets import open_dataset
    from whence.aerial.model import AerialModel, load_model
    from whence.aerial.prediction import Prediction, predict
    from whence.aerial.tiling import Cut, cut_tiles
    from whence.aerial.training import AerialConfig, AerialRun, train

__all__ = [
    "AerialConfig",
    "AerialModel",
    "AerialRun",
    "Cut",
    "Prediction",
    "RandomCrops",
    "cut_tiles",
    "load_model",
    "open_dataset",
    "predict",
    "train",
]

# Imported when first used: torch, rasterio and shapely are slow to load.
_HOMES = {
    "AerialConfig": "training",
    "AerialModel": "model",
    "AerialRun": "training",
    "Cut": "tiling",
    "Prediction": "prediction",
    "RandomCrops": "crops",
    "cut_tiles": "tiling",
    "load_model": "model",
    "open_dataset": "datasets",
    "predict": "prediction",
    "train": "training",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
