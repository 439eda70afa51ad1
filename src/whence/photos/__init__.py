"""Photographs: evidence, the place index, estimates, evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

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
    "Contribution": "estimate",
    "Estimate": "estimate",
    "Evaluation": "evaluate",
    "Evidence": "evidence.evidence",
    "Locator": "locate",
    "PlaceIndex": "index.place_index",
    "ResultRow": "results",
    "gather": "locate",
    "locate_each": "locate",
    "locator": "locate",
    "read_results": "results",
    "write_results": "results",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
