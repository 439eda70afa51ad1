"""Training of models: from a configuration to a folder with a model, its history and its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.photos.training.config import TrainConfig
    from whence.photos.training.example import example_config
    from whence.photos.training.run import Run, Watcher, train
    from whence.photos.training.settings import TrainingSettings
    from whence.photos.training.zero_shot import zero_shot_model

__all__ = ["Run", "TrainConfig", "TrainingSettings", "Watcher", "example_config", "train", "zero_shot_model"]

_HOMES = {
    "Run": "run",
    "TrainConfig": "config",
    "TrainingSettings": "settings",
    "Watcher": "run",
    "example_config": "example",
    "train": "run",
    "zero_shot_model": "zero_shot",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
