"""Data sets of images and masks: where their files are, what the masks mean, which scenes belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.aerial.datasets.scene import Pair, Scene
    from whence.aerial.datasets.scene_set import SceneSet
    from whence.aerial.datasets.table import DATASETS, open_dataset

__all__ = ["DATASETS", "Pair", "Scene", "SceneSet", "open_dataset"]

_HOMES = {
    "DATASETS": "table",
    "Pair": "scene",
    "Scene": "scene",
    "SceneSet": "scene_set",
    "open_dataset": "table",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
