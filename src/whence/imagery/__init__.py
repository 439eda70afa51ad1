"""Pictures and what files and tables say about them: pixels, EXIF, tables, atomic writing.

Names are imported when first used, so that importing the package loads no image library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.imagery.atomic import atomic_path
    from whence.imagery.exif import Metadata, read_metadata, remove_metadata, write_metadata
    from whence.imagery.photo import Photo, find_images, open_image
    from whence.imagery.table import PhotoTable, TableRow, read_table, write_rows

_HOMES = {
    "Metadata": "exif",
    "Photo": "photo",
    "PhotoTable": "table",
    "TableRow": "table",
    "atomic_path": "atomic",
    "find_images": "photo",
    "open_image": "photo",
    "read_metadata": "exif",
    "read_table": "table",
    "remove_metadata": "exif",
    "write_metadata": "exif",
    "write_rows": "table",
}

__all__ = [
    "Metadata",
    "Photo",
    "PhotoTable",
    "TableRow",
    "atomic_path",
    "find_images",
    "open_image",
    "read_metadata",
    "read_table",
    "remove_metadata",
    "write_metadata",
    "write_rows",
]

__getattr__, __dir__ = exports(__name__, _HOMES)
