"""Evidence: each source looks at a photograph and says, as a belief with its reason, where it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.photos.evidence.evidence import Evidence
    from whence.photos.evidence.sources import SOURCES, Source, Sources, SourceSettings, prepare

__all__ = ["SOURCES", "Evidence", "Source", "SourceSettings", "Sources", "prepare"]

# Imported when first used: the command line's help and the lower floors stay quick.
_HOMES = {
    "Evidence": "evidence",
    "SOURCES": "sources",
    "Source": "sources",
    "SourceSettings": "sources",
    "Sources": "sources",
    "prepare": "sources",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
