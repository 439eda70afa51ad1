"""The place index: photographs of known position, as a folder that answers "where does this look like?".

>>> from whence.photos.index import PlaceIndex
>>> index = PlaceIndex.build("photos.csv", "city.index")              # doctest: +SKIP
>>> index.locate(["unknown.jpg"])[0].radius_m(0.8)                    # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.photos.index.calibration import Calibration
    from whence.photos.index.neighbours import Exclude, Neighbours
    from whence.photos.index.place_index import PlaceIndex
    from whence.photos.index.sources import IndexPhoto

__all__ = ["Calibration", "Exclude", "IndexPhoto", "Neighbours", "PlaceIndex"]

_HOMES = {
    "Calibration": "calibration",
    "Exclude": "neighbours",
    "IndexPhoto": "sources",
    "Neighbours": "neighbours",
    "PlaceIndex": "place_index",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
