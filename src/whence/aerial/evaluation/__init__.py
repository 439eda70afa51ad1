"""How good a prediction is: the figures of classes, boundaries and footprints, each with its protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.aerial.evaluation.boundary import boundary_f1 as boundary_f1
    from whence.aerial.evaluation.confusion import Confusion as Confusion
    from whence.aerial.evaluation.erosion import erode_boundaries as erode_boundaries
    from whence.aerial.evaluation.footprints import FootprintMatch as FootprintMatch
    from whence.aerial.evaluation.footprints import match_footprints as match_footprints
    from whence.aerial.evaluation.pictures import Rules as Rules
    from whence.aerial.evaluation.pictures import evaluate_pictures as evaluate_pictures
    from whence.aerial.evaluation.pictures import pair_files as pair_files
    from whence.aerial.evaluation.protocol import Protocol as Protocol
    from whence.aerial.evaluation.scores import Scores as Scores

__all__ = [
    "Confusion",
    "FootprintMatch",
    "Protocol",
    "Rules",
    "Scores",
    "boundary_f1",
    "erode_boundaries",
    "evaluate_pictures",
    "match_footprints",
    "pair_files",
]

_HOMES = {
    "Confusion": "confusion",
    "FootprintMatch": "footprints",
    "Protocol": "protocol",
    "Rules": "pictures",
    "Scores": "scores",
    "boundary_f1": "boundary",
    "erode_boundaries": "erosion",
    "evaluate_pictures": "pictures",
    "match_footprints": "footprints",
    "pair_files": "pictures",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
