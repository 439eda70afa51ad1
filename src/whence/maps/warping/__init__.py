"""Warping: from a scan and its fit to a georeferenced raster, streamed, with a stated error."""

from __future__ import annotations

from whence.maps.warping.warp import Sheet, warp

__all__ = ["Sheet", "warp"]
