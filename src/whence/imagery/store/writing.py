"""Filling a store: in batches that an interruption cannot tear, and whole at the end or not at all."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from whence.errors import InputError, NotEnoughDataError
from whence.imagery.store.environment import FIRST_KEY, Records, key_of
from whence.imagery.store.exclusions import Excluded, write_excluded
from whence.imagery.store.header import (
    EXCLUDED,
    HEADER,
    IMAGES,
    METADATA,
    StoreHeader,
    read_header,
    write_header,
)
from whence.imagery.store.reading import ImageStore

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from whence.imagery.catalogue import Catalogue
    from whence.typing import PathLike

__all__ = ["StoreWriter"]

# Keys that begin with a zero character sort before every id and go when the store is finished. They lie in
# the same database, so that a batch of pictures and the note of how far the import came are one step.
_PROGRESS = b"\x00progress"
_EXCLUDED = b"\x00excluded"
_BATCH_BYTES = 2**26
_LOCK = "writing.lock"


@dataclass
class _Progress:
    """How far an import has come: of each part of the source, and in all."""

    parts: dict[str, int] = field(default_factory=dict)
    images: int = 0
    bytes_in_all: int = 0
    excluded: int = 0


class StoreWriter:
    """A store that grows; one writer at a time. Made by `StoreWriter.open`, used in a ``with`` block.

    What was committed survives anything, also the end of the process in the middle of a batch; what came
    after is given again by whoever imports, who asks `done` how far the store has come.
    """

    def __init__(self, folder: Path, header: StoreHeader, *, batch_bytes: int = _BATCH_BYTES) -> None:
        self.folder = folder
        self.header = header
        self._lock = _locked(folder)
        self._records = Records(folder / IMAGES)
        self._batch_bytes = batch_bytes
        self._pending: dict[bytes, bytes] = {}
        self._pending_bytes = 0
        self._progress = _Progress(**json.loads(self._records.get(_PROGRESS) or b"{}"))

    @classmethod
    def open(
        cls,
        folder: PathLike,
        *,
        source: Mapping[str, Any] | None = None,
        command: str = "",
        restart: bool = False,
        batch_bytes: int = _BATCH_BYTES,
    ) -> StoreWriter:
        """Begin a store, or go on with one that was interrupted.

        Parameters
        ----------
        folder
            A new or empty folder, or an unfinished store.
        source
            What is imported; to go on it must be the same.
        command
            What a user types to go on; shown when an unfinished store is opened.
        restart
            Remove what an earlier import left, finished or not.
        batch_bytes
            After so many bytes of pictures they are committed; an interruption costs no more.

        Raises
        ------
        InputError
            When the folder holds something else, a finished store, or the beginning of another import, and
            when another process is writing to it.
        """
        folder = Path(folder)
        source = json.loads(json.dumps(dict(source or {})))
        header = _begun(folder, restart=restart)
        if header is None:
            header = StoreHeader(source=source, command=command)
            write_header(folder, header)
        elif header.source != source:
            told = ", ".join(
                sorted(key for key in {*header.source, *source} if _differs(header, source, key))
            )
            raise InputError(
                f"{folder} is the beginning of another import (it differs in: {told}); go on with: "
                f"{header.command or 'the same source'}, or begin anew with --restart"
            )
        return cls(folder, header, batch_bytes=batch_bytes)

    @staticmethod
    def check(folder: PathLike, *, restart: bool = False) -> None:
        """See that a store can be begun or continued here, before hours are spent on its source.

        Raises
        ------
        InputError
            When the folder is a file, holds something else, or a finished store (without `restart`).
        """
        folder = Path(folder)
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder} is a file; a store is a folder: choose another name")
        if not (folder / HEADER).is_file():
            if folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir()):
                raise InputError(f"{folder} holds something else than a store; choose an empty or new folder")
            return
        if not restart and (header := read_header(folder)).complete:
            raise InputError(
                f"{folder} already holds a finished store of {header.count} pictures; choose another folder, "
                "or make it anew with --restart"
            )

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store; what is not committed is forgotten."""
        self._records.close()
        self._lock.close()

    def __contains__(self, name: str) -> bool:
        key = key_of(name)
        return key in self._pending or key in self._records

    def __len__(self) -> int:
        """Pictures so far, those on their way included."""
        return self._progress.images

    def done(self, part: str) -> int:
        """Tell how far `part` of the source had come when the last batch was committed."""
        return self._progress.parts.get(part, 0)

    def add(self, name: str, data: bytes) -> bool:
        """Take a picture; False, and nothing changed, when one of this id is there already.

        Raises
        ------
        InputError
            When the id cannot be a key, or the disk is full.
        """
        if name in self:
            return False
        self._put(key_of(name), data)
        self._progress.images += 1
        self._progress.bytes_in_all += len(data)
        return True

    def exclude(self, name: str, reason: str) -> None:
        """Note that a picture is left out."""
        self._put(_EXCLUDED + b"%012d" % self._progress.excluded, json.dumps([name, reason]).encode())
        self._progress.excluded += 1

    def ids(self) -> list[str]:
        """Commit, and give the ids of all pictures so far, sorted."""
        self.commit()
        return [key.decode() for key in self._records.keys(FIRST_KEY)]

    def excluded(self) -> list[Excluded]:
        """Commit, and give what `exclude` was told so far."""
        self.commit()
        keys = list(self._records.keys(_EXCLUDED, _PROGRESS))
        return [Excluded(*json.loads(self._records.get(key) or b"[]")) for key in keys]

    def mark(self, part: str, done: int) -> None:
        """Note that the first `done` pictures of `part` are dealt with; commit when there is enough."""
        self._progress.parts[part] = done
        if self._pending_bytes >= self._batch_bytes:
            self.commit()

    def commit(self) -> None:
        """Bring everything to the disk, with the note of how far each part has come.

        Raises
        ------
        InputError
            When the disk is full; then the store is as it was at the last commit.
        """
        progress = json.dumps(asdict(self._progress)).encode()
        self._records.write([*self._pending.items(), (_PROGRESS, progress)])
        self._pending.clear()
        self._pending_bytes = 0

    def finish(self, metadata: Catalogue, *, excluded: Iterable[Excluded] = ()) -> ImageStore:
        """Write metadata and exclusions, and declare the store whole.

        Parameters
        ----------
        metadata
            A row for every picture, in any order; rows without a picture are passed over.
        excluded
            What was left out besides what `exclude` was told.

        Raises
        ------
        NotEnoughDataError
            When there is not a single picture.
        InputError
            When a picture has no row.
        """
        names = self.ids()
        if not names:
            raise NotEnoughDataError(f"not a single picture came into {self.folder}; look at the source")
        known = metadata.take(metadata.rows_of(names))
        everything = [*excluded, *self.excluded()]
        known.write(self.folder / METADATA)
        write_excluded(self.folder / EXCLUDED, everything)
        self.header = replace(
            self.header,
            sealing=True,
            count=len(names),
            bytes_in_all=self._progress.bytes_in_all,
            excluded=len(everything),
            digest=known.digest(),
        )
        write_header(self.folder, self.header)
        return self.seal()

    def seal(self) -> ImageStore:
        """Remove the marks of the import from a store whose metadata are written; may be done twice."""
        self._records.write([], remove=list(self._records.keys(b"\x00", FIRST_KEY)))
        self.close()
        self.header = replace(self.header, sealing=False, complete=True)
        write_header(self.folder, self.header)
        for name in (_LOCK, f"{IMAGES}/lock.mdb"):
            (self.folder / name).unlink(missing_ok=True)
        return ImageStore.open(self.folder)

    def _put(self, key: bytes, value: bytes) -> None:
        self._pending[key] = value
        self._pending_bytes += len(value)


def _begun(folder: Path, *, restart: bool) -> StoreHeader | None:
    """Give the header of an unfinished store; None when there is to be a new one, whose folder is made."""
    StoreWriter.check(folder, restart=restart)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / HEADER).is_file():
        return None
    if restart:
        _locked(folder).close()
        shutil.rmtree(folder)
        folder.mkdir()
        return None
    header = read_header(folder)
    if header.sealing:
        StoreWriter(folder, header).seal()
        StoreWriter.check(folder)
    return header


def _differs(header: StoreHeader, source: Mapping[str, Any], key: str) -> bool:
    return bool(header.source.get(key) != source.get(key))


def _locked(folder: Path) -> IO[str]:
    """Keep other writers away for as long as the file is open; the lock ends with the process."""
    file = (folder / _LOCK).open("w")
    if sys.platform == "win32":
        return file
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise InputError(f"another process is writing to {folder}; wait until it is done") from error
    return file
