"""Pictures in a zip archive, read one by one without unpacking."""

from __future__ import annotations

import errno
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from whence.errors import InputError
from whence.imagery.store.structure import picture_fault

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Archive", "Member", "is_readable"]

_PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
# What the library answers to damage: no less than this many kinds, for numbers that cannot be, too.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error,
    EOFError, NotImplementedError, RuntimeError, ValueError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """A picture in an archive.

    Attributes
    ----------
    id
        Name of its file, without folders and ending.
    info
        What the archive's directory says of it.
    """

    id: str
    info: zipfile.ZipInfo


class Archive:
    """An open zip archive; used in a ``with`` block.

    Raises
    ------
    InputError
        When it is no whole zip archive: the directory stands at its end, so that a cut one has none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with _damage_only():
                self._zip = zipfile.ZipFile(path)
        except _DAMAGE as error:
            raise InputError(f"{path} cannot be read as a zip archive ({error}); fetch it again") from error
        self.members = tuple(
            Member(PurePosixPath(info.filename).stem, info)
            for info in self._zip.infolist()
            if _is_picture(info)
        )

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def read(self, member: Member) -> tuple[bytes, str]:
        """Give the bytes of a picture, and why it cannot be used (empty when it can)."""
        try:
            with _damage_only():
                data = self._zip.read(member.info)
        except _DAMAGE as error:
            return b"", f"damaged in its archive: {self.where(member)}, {error}"
        fault = picture_fault(data)
        if not fault:
            return data, ""
        kind, colon, detail = fault.partition(": ")
        return data, f"{kind}: {detail}{' in ' if colon else ''}{self.where(member)}"

    def where(self, member: Member) -> str:
        """Name the archive and the place in it."""
        return f"{self.path.name}/{member.info.filename}"


def is_readable(path: Path) -> bool:
    """Tell quickly whether a file ends as a zip archive does."""
    return zipfile.is_zipfile(path)


@contextmanager
def _damage_only() -> Iterator[None]:
    """Count a place before the file's beginning as damage; other errors of the system pass."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise zipfile.BadZipFile("it points to a place outside of itself") from error
        raise


def _is_picture(info: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(info.filename)
    hidden = path.name.startswith(".") or path.parts[0] == "__MACOSX"
    return not info.is_dir() and not hidden and path.suffix.lower() in _PICTURES
