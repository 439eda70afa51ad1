"""Text from strangers on its way to a terminal."""

from __future__ import annotations

__all__ = ["visible"]

_JOINERS = "\u200c\u200d"  # invisible, but Persian and Indian words and some emoji are wrong without them


def visible(text: str) -> str:
    r"""Spell out what a terminal would obey or hide: file names and words in pictures can hold anything.

    Examples
    --------
    >>> print(visible("a\x1b[31m.jpg"))
    a\x1b[31m.jpg
    """
    return "".join(
        letter if letter.isprintable() or letter in _JOINERS else ascii(letter)[1:-1] for letter in text
    )
