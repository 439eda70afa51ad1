"""Text in pictures: readers that find words and say how sure they are, behind one Protocol.

>>> from whence.imagery.text import available_readers, read_words
>>> read_words(picture, available_readers())                       # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.imagery.text.readers import READERS, Reader, available_readers, read_words
    from whence.imagery.text.words import Word

__all__ = ["READERS", "Reader", "Word", "available_readers", "read_words"]

_HOMES = {
    "READERS": "readers",
    "Reader": "readers",
    "Word": "words",
    "available_readers": "readers",
    "read_words": "readers",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
