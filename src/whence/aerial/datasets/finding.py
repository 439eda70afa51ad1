"""The files of a data set: folders that must be there, pictures in a natural order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from whence.errors import NotFoundError

if TYPE_CHECKING:
    from whence.typing import PathLike

__all__ = ["RASTER_SUFFIXES", "folder_of", "in_order", "only_pictures"]

RASTER_SUFFIXES = frozenset(
    {".tif", ".tiff", ".png", ".jpg", ".jpeg", ".jp2", ".bmp", ".webp", ".img", ".vrt", ".gif"}
)
"""Endings of files that are taken for images and masks."""


def folder_of(root: PathLike, what: str) -> Path:
    """Give a folder that is there, or say what it should hold."""
    folder = Path(root)
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder}; it should hold {what}")
    return folder


def only_pictures(folder: Path) -> list[Path]:
    """List images in a folder, not in folders below it; hidden files and others are passed over.

    Raises
    ------
    NotFoundError
        When there is no such folder, or an image in it is a link to nowhere.
    """
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder}")
    named = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in RASTER_SUFFIXES and not path.name.startswith(".")
    ]
    lost = [path for path in named if path.is_symlink() and not path.exists()]
    if lost:
        raise NotFoundError(
            f"{len(lost)} images in {folder} are links to what is not there, {lost[0].name} among them; "
            "mend or remove them"
        )
    return sorted(filter(Path.is_file, named), key=lambda path: in_order(path.name))


def in_order(name: str) -> tuple[tuple[int, str], ...]:
    """Give a key that sorts 2 before 10."""
    parts = re.findall(r"\d+|\D+", name)
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts)
