"""Losses: one table of names, each loaded when asked for.

>>> "haversine" in LOSSES
True
"""

from __future__ import annotations

from typing import Any

from whence._lazy import part
from whence._optional import require

__all__ = ["LOSSES", "loss_named"]

LOSSES = {
    "mse": "whence.learn.losses.thesis:MSE",
    "haversine": "whence.learn.losses.thesis:HAVERSINE",
    "geoscore": "whence.learn.losses.thesis:GEOSCORE",
    "linear-score": "whence.learn.losses.thesis:LINEAR_SCORE",
    "hermite": "whence.learn.losses.thesis:HERMITE",
    "modified-geoscore": "whence.learn.losses.thesis:MODIFIED_GEOSCORE",
    "geoscore-1492": "whence.learn.losses.geoscore:GEOSCORE_1492",
    "image-position": "whence.learn.losses.contrastive:image_position_loss",
    "region-contrastive": "whence.learn.losses.contrastive:region_contrastive_loss",
}
"""Name -> "module:object". The first seven meet `whence.learn.losses.protocol.PositionLoss`."""


def loss_named(name: str) -> Any:
    """Import the loss behind a name of `LOSSES`.

    Raises
    ------
    InputError
        For an unknown name; the message lists the known ones.
    MissingExtraError
        Without torch.
    """
    if name in LOSSES:
        require("torch", extra="learn")
    return part(LOSSES, name, "loss")
