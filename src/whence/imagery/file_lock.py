"""One process at a time: a lock that the system takes away when its process ends, however it ends."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from whence.errors import InputError

if TYPE_CHECKING:
    from typing import Self

    from whence.typing import PathLike

__all__ = ["FileLock"]

_HELD_BY_ANOTHER = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}
_FAR_BYTE = 1 << 20  # locked on Windows, where nobody can read a byte that another process has locked


class FileLock:
    """A file that is locked while something is made, and removed when it is made.

    The file of a process that was killed stays, but is locked no more: the next one takes it over. On file
    systems without locks nothing is kept apart.

    Parameters
    ----------
    path
        The file; its folder must be there.
    makes
        What is made, for the message.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with FileLock(folder / ".lock", folder):
    ...     (folder / ".lock").exists()
    True
    >>> (folder / ".lock").exists()
    False
    """

    def __init__(self, path: PathLike, makes: PathLike) -> None:
        self.path, self.makes = Path(path), makes
        self._handle: int | None = None
        self._owner = 0

    def take(self) -> None:
        """Lock it, or refuse.

        Raises
        ------
        InputError
            When another process has it (the message names it), or the folder cannot be written to.
        """
        while self._handle is None:
            handle = self._opened()
            if not _locked(handle):
                holder = _read(handle)
                os.close(handle)
                raise InputError(
                    f"{self.makes} is being made by {holder}; wait until it has ended, or choose another name"
                )
            if self._is_there(handle):
                self._handle, self._owner = handle, os.getpid()
            else:  # the one before removed it between opening and locking
                os.close(handle)
        os.ftruncate(self._handle, 0)
        os.write(self._handle, f"process {os.getpid()} on {socket.gethostname()}".encode())

    def release(self) -> None:
        """Remove it, if this process holds it."""
        if self._handle is None or self._owner != os.getpid():  # a child that was forked holds nothing
            return
        handle, self._handle = self._handle, None
        if os.name == "nt":  # where open files cannot be removed
            os.close(handle)
        with contextlib.suppress(OSError):
            self.path.unlink()
        if os.name != "nt":
            os.close(handle)

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _opened(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise InputError(
                f"{self.path.parent} cannot be written to ({error.strerror}); choose another place"
            ) from error

    def _is_there(self, handle: int) -> bool:
        try:
            return os.path.samestat(os.fstat(handle), self.path.stat())
        except FileNotFoundError:
            return False


def _locked(handle: int) -> bool:
    """Lock a file; tell whether no other process has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, _FAR_BYTE, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            os.lseek(handle, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _HELD_BY_ANOTHER
    return True


def _read(handle: int) -> str:
    """Tell who has written the file."""
    os.lseek(handle, 0, os.SEEK_SET)
    return os.read(handle, 300).decode("utf-8", "replace") or "another process"
