"""Contour lines traced from the scan of a map, and the heights they have.

>>> from whence.maps.heights import tracing
>>> traced = tracing.trace_contours("sheet.tif", labels=labels, interval_m=20)   # doctest: +SKIP
>>> traced.to_world(map_fit)                                                     # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.maps.heights.tracing.drawing import draw_traced, write_preview
    from whence.maps.heights.tracing.from_scan import trace_contours
    from whence.maps.heights.tracing.traced import Contradiction, OpenEnd, Traced

__all__ = ["Contradiction", "OpenEnd", "Traced", "draw_traced", "trace_contours", "write_preview"]

_HOMES = {
    "Contradiction": "traced",
    "OpenEnd": "traced",
    "Traced": "traced",
    "draw_traced": "drawing",
    "trace_contours": "from_scan",
    "write_preview": "drawing",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
