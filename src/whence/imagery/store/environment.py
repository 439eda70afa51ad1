"""The database under a store: opened once a process, grown when full, its faults told in sentences."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from whence._optional import require
from whence.errors import FormatError, InputError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FIRST_KEY", "LONGEST_KEY_BYTES", "Records", "key_of", "lmdb_errors", "open_for_reading"]

LONGEST_KEY_BYTES = 511
FIRST_KEY = b"\x01"
"""Keys before it are marks of an unfinished import; no id begins with a zero character."""

_FIRST_MAP_BYTES = 2**28
# The library calls a write that was cut short EIO, and that is how a full disk usually begins.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def key_of(name: str) -> bytes:
    """Give the key of an id.

    Raises
    ------
    InputError
        When it is empty, longer than a key can be, begins with a zero character, or is no Unicode.
    """
    try:
        key = name.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"the id {name!a} is no Unicode text; rename the picture") from error
    if not key or len(key) > LONGEST_KEY_BYTES or key < FIRST_KEY:
        raise InputError(
            f"the id {name[:40]!r} cannot be a key: it has {len(key)} bytes, and 1 to "
            f"{LONGEST_KEY_BYTES} are allowed, without a zero character at the start"
        )
    return key


@contextmanager
def lmdb_errors(folder: Path) -> Iterator[None]:
    """Turn the database's errors into sentences.

    Raises
    ------
    InputError
        When the disk is full: what was committed stays, and the import can go on.
    FormatError
        When the database is damaged.
    """
    lmdb = require("lmdb", extra="learn")
    try:
        yield
    except lmdb.MapFullError:  # no fault: whoever writes makes the map larger
        raise
    except (lmdb.Error, OSError) as error:
        code = getattr(error, "code", None) or getattr(error, "errno", None)
        if code in _FULL:
            raise InputError(
                f"{folder} cannot grow, the disk is full or fails ({os.strerror(code)}); nothing is lost: "
                "make room and give the same command again, it goes on where it stopped"
            ) from error
        if isinstance(error, OSError):
            raise
        raise FormatError(f"the database {folder} cannot be used ({error})") from error


class _Opened:
    """A database open for reading; must not be opened twice in a process."""

    def __init__(self, folder: Path, pid: int) -> None:
        lmdb = require("lmdb", extra="learn")
        self.pid = pid
        with lmdb_errors(folder):
            self.environment = lmdb.open(str(folder), readonly=True, lock=False, create=False, map_size=1)

    def begin(self) -> Any:
        """Begin to read."""
        return self.environment.begin()

    def close(self) -> None:
        """Let go of it."""
        self.environment.close()


_open: WeakValueDictionary[tuple[int, int], _Opened] = WeakValueDictionary()
_locks: dict[int, Lock] = {}
"""By process: one that was forked while another thread held the lock has a free one of its own."""


def open_for_reading(folder: Path) -> _Opened:
    """Open a finished database, the same one for everybody in this process but not in its children.

    No lock is taken, so that any number of processes may read from a write-protected place.

    Raises
    ------
    FormatError
        When it is absent or damaged.
    """
    try:
        status = (folder / "data.mdb").stat()
    except OSError as error:
        raise FormatError(f"{folder} holds no database ({error.strerror}); make the store anew") from error
    identity, pid = (status.st_dev, status.st_ino), os.getpid()
    with _locks.setdefault(pid, Lock()):  # decoding threads come at once; a second opening is refused
        environment = _open.get(identity)
        if environment is not None and environment.pid != pid:
            environment.close()  # the parent's: this closes what the fork inherited, the parent keeps its own
            environment = None
        if environment is None:
            environment = _Opened(folder, pid)
            _open[identity] = environment
        return environment


class Records:
    """A database that is written: batches that are there as a whole or not at all."""

    def __init__(self, folder: Path) -> None:
        lmdb = require("lmdb", extra="learn")
        self._folder = folder
        folder.mkdir(exist_ok=True)
        size = (folder / "data.mdb").stat().st_size if (folder / "data.mdb").exists() else 0
        with lmdb_errors(folder):
            self._environment = lmdb.open(
                str(folder), map_size=max(_FIRST_MAP_BYTES, 2 * size), readahead=False
            )

    def close(self) -> None:
        """Let go of the file."""
        self._environment.close()

    def __contains__(self, key: bytes) -> bool:
        with self._environment.begin(buffers=True) as reading:
            return reading.get(key) is not None

    def get(self, key: bytes) -> bytes | None:
        """Give a value, None where there is none."""
        with self._environment.begin() as reading:
            value: bytes | None = reading.get(key)
            return value

    def write(self, puts: Sequence[tuple[bytes, bytes]], *, remove: Sequence[bytes] = ()) -> None:
        """Put and remove in one step; the map grows until it fits.

        Raises
        ------
        InputError
            When the disk is full; then nothing of the batch is there.
        """
        while not self._fits(puts, remove):
            self._environment.set_mapsize(2 * self._environment.info()["map_size"])

    def _fits(self, puts: Sequence[tuple[bytes, bytes]], remove: Sequence[bytes]) -> bool:
        """Try to write a batch; when the map is too small nothing has changed."""
        lmdb = require("lmdb", extra="learn")
        try:
            with lmdb_errors(self._folder), self._environment.begin(write=True) as writing:
                for key, value in puts:
                    writing.put(key, value)
                for key in remove:
                    writing.delete(key)
        except lmdb.MapFullError:
            return False
        return True

    def keys(self, start: bytes, stop: bytes | None = None) -> Iterator[bytes]:
        """Give the keys from `start` on, before `stop`, in their order."""
        with self._environment.begin() as reading, reading.cursor() as cursor:
            if not cursor.set_range(start):
                return
            for key in cursor.iternext(keys=True, values=False):
                if stop is not None and key >= stop:
                    return
                yield key
