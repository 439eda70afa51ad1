"""A store of pictures: any of them by its id, or all in order, from any number of processes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.errors import FormatError, InputError, NotFoundError
from whence.imagery.catalogue import Catalogue
from whence.imagery.photo import Photo, open_image
from whence.imagery.store.environment import FIRST_KEY, key_of, lmdb_errors, open_for_reading
from whence.imagery.store.exclusions import Excluded, read_excluded
from whence.imagery.store.header import EXCLUDED, IMAGES, METADATA, StoreHeader, read_header
from whence.imagery.store.verification import Verification, verified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from whence.typing import Image, PathLike

__all__ = ["ImageStore"]


@dataclass(frozen=True, eq=False)
class ImageStore:
    """A finished store. Nothing is read until asked for; it may be pickled and sent to other processes.

    Attributes
    ----------
    folder
        With ``store.json``, ``images.lmdb``, ``metadata.parquet`` and ``excluded.csv``.
    header
        What ``store.json`` says.

    Examples
    --------
    >>> import tempfile
    >>> from whence.imagery.store import StoreWriter
    >>> known = Catalogue.of_arrays([[13.2, 55.7]], ids=["a"])
    >>> with StoreWriter.open(Path(tempfile.mkdtemp()) / "store") as writer:
    ...     _ = writer.add("a", b"bytes of a picture")
    ...     store = writer.finish(known)
    >>> len(store), store.read("a")
    (1, b'bytes of a picture')
    """

    folder: Path
    header: StoreHeader
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def open(cls, folder: PathLike) -> ImageStore:
        """Open a store.

        Raises
        ------
        NotFoundError
            When there is none.
        FormatError
            When it is incomplete (the message tells the command to go on), broken or of another version.
        """
        header = read_header(Path(folder))
        if not header.complete:
            way = f"go on with: {header.command}" if header.command else "give its import once more"
            raise FormatError(f"{folder} is incomplete, its import was interrupted; {way}")
        return cls(Path(folder), header)

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": self.folder, "header": self.header, "_kept": {}}

    def __len__(self) -> int:
        return self.header.count

    @property
    def ids(self) -> list[str]:
        """The ids, sorted as the database sorts them (by their bytes in UTF-8)."""
        return self.metadata.ids

    @cached_property
    def metadata(self) -> Catalogue:
        """What is known about the pictures; row i is about ``ids[i]``.

        Raises
        ------
        FormatError
            When it is not as long as the store.
        """
        known = Catalogue.read(self.folder / METADATA)
        if len(known) != len(self):
            raise FormatError(
                f"{self.folder} holds {len(self)} pictures but metadata of {len(known)}; make the store anew"
            )
        return known

    @cached_property
    def excluded(self) -> tuple[Excluded, ...]:
        """What was left out when the store was made, and why."""
        return read_excluded(self.folder / EXCLUDED)

    def read(self, name: str) -> bytes:
        """Give the bytes of one picture, as they were in its file.

        Raises
        ------
        NotFoundError
            When there is no such picture; the message says if it was left out, and why.
        """
        value = self._value(name)
        if value is None:
            reason = next((item.reason for item in self.excluded if item.id == name), "")
            raise NotFoundError(
                f"{self.folder} has no picture {name!r}" + (f"; it was left out: {reason}" if reason else "")
            )
        return value

    def __contains__(self, name: str) -> bool:
        return self._value(name) is not None

    def image(self, name: str, *, size_hint_px: int | None = None) -> Image:
        """Give the pixels of one picture, (h, w, 3) uint8, upright; see `open_image` for the errors."""
        return open_image(self.read(name), size_hint_px=size_hint_px)

    def photo(self, name: str) -> Photo:
        """Give one picture as the value that `whence.locate` takes; it carries no EXIF data."""
        return Photo.of_pixels(self.image(name), name=name)

    def items(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[str, bytes]]:
        """Give id and bytes of the pictures from row `start` on, before row `stop`, in the order of `ids`.

        Several processes that share the work take different rows.
        """
        rows = range(len(self))[start:stop]
        if not rows:
            return
        first = key_of(self.ids[rows[0]]) if rows[0] else FIRST_KEY
        for _, item in zip(rows, self._from(first), strict=False):
            yield item

    def verify(
        self, *, decode: bool = False, progress: Callable[[int, int], None] | None = None
    ) -> Verification:
        """Look at every picture: its row must be there, and it must be whole.

        Parameters
        ----------
        decode
            Decode each, which also finds damage inside, and takes as long as that takes.
        progress
            Called with (pictures done, pictures in all).
        """
        return verified(self._from(FIRST_KEY), self.metadata, decode=decode, progress=progress)

    def _from(self, first: bytes) -> Iterator[tuple[str, bytes]]:
        """Give everything that the database holds from a key on."""
        with lmdb_errors(self.folder), self._environment().begin() as reading, reading.cursor() as cursor:
            if cursor.set_range(first):
                for key, value in cursor.iternext():
                    yield key.decode(), value

    def _value(self, name: str) -> bytes | None:
        try:
            key = key_of(name)
        except InputError:  # no id of this store
            return None
        with lmdb_errors(self.folder), self._environment().begin() as reading:
            value: bytes | None = reading.get(key)
            return value

    def _environment(self) -> Any:
        """Open the database once a process: a child of this process must not use its parent's."""
        kept = self._kept.get("opened")
        if kept is None or kept.pid != os.getpid():
            kept = self._kept["opened"] = open_for_reading(self.folder / IMAGES)
        return kept
