"""Aerial and satellite images: land cover, buildings, clean polygons in real coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.aerial.crops import RandomCrops
    from whence.aerial.datasets import open_dataset
    from whence.aerial.evaluation import Confusion, evaluate_pictures, match_footprints
    from whence.aerial.model import AerialModel, load_model
    from whence.aerial.polygons import Cleaning, Extraction, Separation, polygonise
    from whence.aerial.prediction import Prediction, predict
    from whence.aerial.tiling import Cut, cut_tiles
    from whence.aerial.training import AerialConfig, AerialRun, train

__all__ = [
    "AerialConfig",
    "AerialModel",
    "AerialRun",
    "Cleaning",
    "Confusion",
    "Cut",
    "Extraction",
    "Prediction",
    "RandomCrops",
    "Separation",
    "cut_tiles",
    "evaluate_pictures",
    "load_model",
    "match_footprints",
    "open_dataset",
    "polygonise",
    "predict",
    "train",
]

# Imported when first used: torch, rasterio and shapely are slow to load.
_HOMES = {
    "AerialConfig": "training",
    "AerialModel": "model",
    "AerialRun": "training",
    "Cleaning": "polygons",
    "Confusion": "evaluation",
    "Cut": "tiling",
    "Extraction": "polygons",
    "Prediction": "prediction",
    "RandomCrops": "crops",
    "Separation": "polygons",
    "cut_tiles": "tiling",
    "evaluate_pictures": "evaluation",
    "load_model": "model",
    "match_footprints": "evaluation",
    "open_dataset": "datasets",
    "polygonise": "polygons",
    "predict": "prediction",
    "train": "training",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
