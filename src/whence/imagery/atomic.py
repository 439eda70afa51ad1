"""Files and folders that appear whole or not at all: write beside, flush, rename."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from whence.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.typing import PathLike

__all__ = ["atomic_path", "check_target"]

# What a full or write-protected disk answers; any other OSError of the body is the body's own affair.
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
_LONGEST_NAME_BYTES = 255


@contextmanager
def atomic_path(path: PathLike, *, folder: bool = False) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the place of `path` when the block ends well.

    When the block raises (or is interrupted), what it wrote is removed and `path` is as it was. The
    temporary name is hidden and keeps the suffix, because many writers choose their format by it.

    Parameters
    ----------
    path
        The file (or folder) to make or replace. A symbolic link is followed: its target is replaced.
    folder
        Make a folder instead of a file: an empty folder is given. An existing folder is replaced; there
        is a moment without any folder then, but never one with a half-written folder.

    Yields
    ------
    Path
        Where to write.

    Raises
    ------
    NotFoundError
        When the folder that should hold `path` is not there.
    InputError
        When `path` is a folder where a file is wanted or the reverse, when the block wrote nothing, and
        when the disk is full or write-protected.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "note.txt"
    >>> with atomic_path(target) as beside:
    ...     _ = beside.write_text("whole")
    >>> target.read_text()
    'whole'
    """
    target = Path(os.path.realpath(path))
    check_target(target, folder=folder)
    beside = target.with_name(_beside_name(target))
    try:
        if folder:
            beside.mkdir()
        yield beside
        if not beside.exists():
            raise InputError(f"{path}: nothing was written to {beside.name}, so nothing was replaced")
        _flush(beside)
        _move_into_place(beside, target)
        if os.name == "posix":  # the rename too shall survive a power cut; elsewhere folders cannot be opened
            _sync(target.parent)
    except OSError as error:
        if error.errno in _DISK_ERRORS or _is_forbidden(error, beside):
            reason = os.strerror(error.errno or 0)
            raise InputError(
                f"{path} cannot be written ({reason}); nothing was changed, choose another place or make room"
            ) from error
        raise
    finally:
        _discard(beside)


def check_target(path: PathLike, *, folder: bool = False) -> None:
    """Refuse, before the work, a place where nothing can be put; see `atomic_path`.

    Raises
    ------
    NotFoundError
        When the folder around it is missing.
    InputError
        When a folder stands in the place of a file, a file in that of a folder, or a device.
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise NotFoundError(f"{target} cannot be written: there is no folder {target.parent}; make it first")
    if folder and target.exists() and not target.is_dir():
        raise InputError(f"{target} is a file where a folder is to be written; choose another name")
    if not folder and target.is_dir():
        raise InputError(f"{target} is a folder where a file is to be written; choose another name")
    if not folder and target.exists() and not target.is_file():  # a rename would replace /dev/stdout itself
        raise InputError(f"{target} is a device or pipe, which cannot be replaced; choose another name")


def _beside_name(target: Path) -> str:
    """Give a hidden name in the same folder that keeps the suffix and fits the file system."""
    ending = f".{secrets.token_hex(4)}.part{target.suffix}"
    room = _LONGEST_NAME_BYTES - 1 - len(os.fsencode(ending))
    stem = os.fsencode(target.stem)[: max(room, 0)].decode("utf-8", "ignore")
    return f".{stem}{ending}"


def _is_forbidden(error: OSError, beside: Path) -> bool:
    """Tell whether the place itself refuses writing, rather than a file that the block reads."""
    if not isinstance(error, PermissionError) or not isinstance(error.filename, str | os.PathLike):
        return False
    named = Path(error.filename)
    return named == beside or beside in named.parents


def _flush(beside: Path) -> None:
    """Bring everything below `beside` to the disk, so that the rename cannot overtake the content."""
    files = [beside] if beside.is_file() else [path for path in beside.rglob("*") if path.is_file()]
    for path in files:
        _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _move_into_place(beside: Path, target: Path) -> None:
    """Rename; a folder cannot replace a filled one, so the old one steps aside first."""
    if not target.is_dir():
        beside.replace(target)
        return
    old = target.with_name(_beside_name(target))
    target.rename(old)
    try:
        beside.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old)


def _discard(beside: Path) -> None:
    if beside.is_dir():
        shutil.rmtree(beside, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
