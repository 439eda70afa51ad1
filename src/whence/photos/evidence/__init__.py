"""Evidence: each source looks at a photograph and says, as a belief with its reason, where it may be."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whence.photos.evidence.evidence import Evidence
    from whence.photos.evidence.sources import SOURCES, Source, Sources, SourceSettings, prepare

__all__ = ["SOURCES", "Evidence", "Source", "SourceSettings", "Sources", "prepare"]

# Imported when first used: the command line's help and the lower floors stay quick.
_HOMES = {
    "Evidence": "whence.photos.evidence.evidence",
    "SOURCES": "whence.photos.evidence.sources",
    "Source": "whence.photos.evidence.sources",
    "SourceSettings": "whence.photos.evidence.sources",
    "Sources": "whence.photos.evidence.sources",
    "prepare": "whence.photos.evidence.sources",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
