"""The place index: photographs of known position, as a folder that answers "where does this look like?".

>>> from whence.photos.index import PlaceIndex
>>> index = PlaceIndex.build("photos.csv", "city.index")              # doctest: +SKIP
>>> index.locate(["unknown.jpg"])[0].radius_m(0.8)                    # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
