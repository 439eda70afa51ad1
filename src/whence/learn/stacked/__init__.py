"""Many small heads on the same features, trained together in one pass over the data.

Every head keeps its own loss, last layer, learning rate, early stopping and best weights; what they share is
the reading of the features and one wide product. `train_stacked` is the door.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.learn.stacked.training import train_stacked
    from whence.learn.stacked.values import (
        StackedData,
        StackedHead,
        StackedProgress,
        StackedSettings,
        TrainedHead,
    )

__all__ = [
    "StackedData",
    "StackedHead",
    "StackedProgress",
    "StackedSettings",
    "TrainedHead",
    "train_stacked",
]

_HOMES = {name: "training" if name == "train_stacked" else "values" for name in __all__}

__getattr__, __dir__ = exports(__name__, _HOMES)
