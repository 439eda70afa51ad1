"""How good a prediction is: the figures of classes, boundaries and footprints, each with its protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.aerial.evaluation.confusion import Confusion as Confusion

__all__ = ["Confusion"]

_HOMES = {"Confusion": "confusion"}

__getattr__, __dir__ = exports(__name__, _HOMES)
