"""Writing safetensors: the library hides what the disk answers and what others may read; this shows both."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from whence._optional import require

__all__ = ["disk_errors", "usual_mode"]

_NUMBER = re.compile(r"\(os error (\d+)\)")


@contextmanager
def disk_errors() -> Iterator[None]:
    """Raise the OSError that safetensors met, so that a full disk is told as one.

    safetensors raises an exception of its own, with the system's number at the end of its text.

    Raises
    ------
    OSError
        With the number of the system's error.
    """
    safetensors = require("safetensors", extra="learn")
    try:
        yield
    except safetensors.SafetensorError as error:
        found = _NUMBER.search(str(error))
        if found is None:
            raise
        number = int(found[1])
        raise OSError(number, os.strerror(number)) from error


@contextmanager
def usual_mode(path: Path) -> Iterator[None]:
    """Give a new file that is written in the block the permissions of any other new file.

    safetensors lets nobody but the owner read what it writes, whatever the user's umask says.

    Parameters
    ----------
    path
        The file; it is not there yet.
    """
    path.touch()
    mode = path.stat().st_mode
    yield
    path.chmod(mode)
