"""Many pictures in one file: an LMDB of their bytes, with what is known about them beside it.

Names are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.imagery.store.exclusions import Excluded
    from whence.imagery.store.reading import ImageStore
    from whence.imagery.store.verification import Verification
    from whence.imagery.store.writing import StoreWriter

_HOMES = {
    "Excluded": "exclusions",
    "ImageStore": "reading",
    "StoreWriter": "writing",
    "Verification": "verification",
}

__all__ = ["Excluded", "ImageStore", "StoreWriter", "Verification"]

__getattr__, __dir__ = exports(__name__, _HOMES)
