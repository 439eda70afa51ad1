"""Text in a photograph as evidence: read, understood as hints, combined.

The readers of `whence.imagery.text` find words; each kind of hint has a module: `names`, `phones`, `domains`,
`currency`, `distances`, `language`, `nations`. `source` puts them together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.photos.evidence.text.source import evidence_from_words, read_text_evidence, text_source

__all__ = ["evidence_from_words", "read_text_evidence", "text_source"]

_HOMES = {
    "evidence_from_words": "source",
    "read_text_evidence": "source",
    "text_source": "source",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
