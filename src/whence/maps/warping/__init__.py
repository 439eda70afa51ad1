"""Warping: from a scan and its fit to a georeferenced raster, streamed, with a stated error."""

from __future__ import annotations

from whence.maps.warping.links import write_gcp_vrt, write_world_file
from whence.maps.warping.sheet import Sheet, warp

__all__ = ["Sheet", "warp", "write_gcp_vrt", "write_world_file"]
