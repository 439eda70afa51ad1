"""Aerial and satellite images: land cover, buildings, clean polygons in real coordinates."""

from __future__ import annotations

from whence._lazy import exports

__all__: list[str] = []

# Imported when first used: torch, rasterio and shapely are slow to load.
_HOMES: dict[str, str] = {}

__getattr__, __dir__ = exports(__name__, _HOMES)
