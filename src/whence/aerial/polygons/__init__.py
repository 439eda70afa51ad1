"""Clean polygons of a raster of classes: sieved, with common walls, right angles, true areas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.aerial.polygons.extraction import Cleaning as Cleaning
    from whence.aerial.polygons.extraction import Extraction as Extraction
    from whence.aerial.polygons.extraction import extract as extract
    from whence.aerial.polygons.extraction import polygonise as polygonise
    from whence.aerial.polygons.separation import Separation as Separation

__all__ = ["Cleaning", "Extraction", "Separation", "extract", "polygonise"]

_HOMES = {
    "Cleaning": "extraction",
    "Extraction": "extraction",
    "Separation": "separation",
    "extract": "extraction",
    "polygonise": "extraction",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
