"""Published and own collections of photographs, brought into one kind of store.

Names are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.photos.datasets.folder import import_folder
    from whence.photos.datasets.osv5m import import_osv5m
    from whence.photos.datasets.sources import FolderSource, HubSource

_HOMES = {
    "FolderSource": "sources",
    "HubSource": "sources",
    "import_folder": "folder",
    "import_osv5m": "osv5m",
}

__all__ = ["FolderSource", "HubSource", "import_folder", "import_osv5m"]

__getattr__, __dir__ = exports(__name__, _HOMES)
