"""Training of segmentation networks from a configuration.

>>> from whence.aerial.training import AerialConfig
>>> AerialConfig.of({"data": {"root": "city"}}).training.batch
8
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.aerial.training.config import AerialConfig, example_config
    from whence.aerial.training.loop import Watch
    from whence.aerial.training.run import AerialRun, train

__all__ = ["AerialConfig", "AerialRun", "Watch", "example_config", "train"]

_HOMES = {
    "AerialConfig": "config",
    "AerialRun": "run",
    "Watch": "loop",
    "example_config": "config",
    "train": "run",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
