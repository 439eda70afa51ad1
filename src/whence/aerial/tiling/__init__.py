"""Scenes cut into tiles of one size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.aerial.tiling.cut import cut_tiles
    from whence.aerial.tiling.settings import Cut, Cutting

__all__ = ["Cut", "Cutting", "cut_tiles"]

_HOMES = {"Cut": "settings", "Cutting": "settings", "cut_tiles": "cut"}

__getattr__, __dir__ = exports(__name__, _HOMES)
