"""Which files are pictures: folders are searched, named files are taken at their word."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whence.errors import NotFoundError
from whence.imagery.opening import image_suffixes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whence.typing import PathLike

__all__ = ["FoundImages", "PassedOver", "find_images", "search_images"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PassedOver:
    """Something in a searched folder that was passed over.

    Attributes
    ----------
    path
        What was passed over.
    reason
        Why, for people.
    """

    path: Path
    reason: str


@dataclass(frozen=True)
class FoundImages:
    """The answer of `search_images`.

    Attributes
    ----------
    images
        Picture files, sorted, each once.
    skipped
        What was passed over, sorted by path.
    """

    images: tuple[Path, ...]
    skipped: tuple[PassedOver, ...]


def find_images(paths: PathLike | Iterable[PathLike], *, recursive: bool = True) -> list[Path]:
    """List the picture files among files and folders; what is passed over goes to the log.

    Parameters
    ----------
    paths
        Files are kept whatever their ending; folders are searched for picture endings. Hidden files and
        folders inside are passed over. A folder that contains itself by a symbolic link is read once.
    recursive
        Search folders inside folders.

    Returns
    -------
    Sorted paths, each once.

    Raises
    ------
    NotFoundError
        When one of `paths` does not exist.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "b.JPG").touch(), (folder / "a.png").touch(), (folder / "notes.txt").touch()
    (None, None, None)
    >>> [path.name for path in find_images(folder)]
    ['a.png', 'b.JPG']
    """
    found = search_images(paths, recursive=recursive)
    for skipped in found.skipped:
        _logger.info("passed over %s: %s", skipped.path, skipped.reason)
    if found.skipped:
        _logger.warning(
            "%d pictures found; %d files or folders passed over (the first: %s, %s)",
            len(found.images), len(found.skipped), found.skipped[0].path, found.skipped[0].reason,
        )  # fmt: skip
    return list(found.images)


def search_images(paths: PathLike | Iterable[PathLike], *, recursive: bool = True) -> FoundImages:
    """List the picture files among files and folders, with what was passed over and why.

    See `find_images` for the parameters and errors.
    """
    named = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    images: dict[Path, None] = {}
    skipped: list[PassedOver] = []
    visited: set[tuple[int, int]] = set()
    for path in map(Path, named):
        if not path.exists() and not path.is_symlink():
            raise NotFoundError(f"{path} does not exist; name a picture or a folder of pictures")
        if path.is_dir():
            images.update(dict.fromkeys(_search(path, visited, skipped, recursive=recursive)))
        else:
            images[path] = None
    return FoundImages(tuple(sorted(images)), tuple(sorted(skipped, key=lambda item: item.path)))


def _search(
    folder: Path, visited: set[tuple[int, int]], skipped: list[PassedOver], *, recursive: bool
) -> Iterator[Path]:
    """Walk one folder without a stack of calls, so that depth does not matter."""
    suffixes = image_suffixes()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        folders = []
        for entry in _entries(here, visited, skipped):
            path = here / entry.name
            if entry.name.startswith("."):
                skipped.append(PassedOver(path, "hidden"))
            elif _is_folder(entry):
                folders.append((entry.is_symlink(), path))
            elif path.suffix.lower() in suffixes:
                yield path
            else:
                skipped.append(PassedOver(path, "not a picture by its ending"))
        if recursive:
            # Real folders are visited before links to them, so that the plain path is the one listed.
            waiting.extend(path for _, path in sorted(folders, reverse=True))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _entries(
    folder: Path, visited: set[tuple[int, int]], skipped: list[PassedOver]
) -> list[os.DirEntry[str]]:
    try:
        status = folder.stat()
        identity = (status.st_dev, status.st_ino)
        if identity in visited:
            skipped.append(PassedOver(folder, "the same folder was searched already under another name"))
            return []
        visited.add(identity)
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        skipped.append(PassedOver(folder, f"cannot be read ({error.strerror})"))
        return []
