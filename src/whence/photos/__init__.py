"""Photographs: evidence, the place index, estimates, evaluation."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whence.photos.estimate import Contribution, Estimate
    from whence.photos.evaluate import Evaluation
    from whence.photos.evidence.evidence import Evidence
    from whence.photos.index.place_index import PlaceIndex
    from whence.photos.locate import Locator, gather, locate_each, locator
    from whence.photos.results import ResultRow, read_results, write_results

__all__ = [
    "Contribution",
    "Estimate",
    "Evaluation",
    "Evidence",
    "Locator",
    "PlaceIndex",
    "ResultRow",
    "gather",
    "locate_each",
    "locator",
    "read_results",
    "write_results",
]

# Imported when first used: the command line's help and the lower floors stay quick.
_HOMES = {
    "Contribution": "whence.photos.estimate",
    "Estimate": "whence.photos.estimate",
    "Evaluation": "whence.photos.evaluate",
    "Evidence": "whence.photos.evidence.evidence",
    "Locator": "whence.photos.locate",
    "PlaceIndex": "whence.photos.index.place_index",
    "ResultRow": "whence.photos.results",
    "gather": "whence.photos.locate",
    "locate_each": "whence.photos.locate",
    "locator": "whence.photos.locate",
    "read_results": "whence.photos.results",
    "write_results": "whence.photos.results",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
