"""Writing safetensors: the library wraps what the disk answers, this unwraps it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from whence._optional import require

__all__ = ["disk_errors"]

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
