"""Heights as people write them: decimal commas, ``ca. 120``, ``120 m``."""

from __future__ import annotations

import re

from whence.errors import InputError
from whence.maps.points.numbers import as_number

__all__ = ["as_height"]

_ABOUT = re.compile(r"(?:ca\.?|circa|c\.|~|≈)\s*(?=\d)", re.IGNORECASE)
_METRES = re.compile(r"(?<=\d)\s*(?:m|м)\.?$", re.IGNORECASE)


def as_height(text: str, where: str) -> float:
    """Read a height, which may be written as an approximate one, or with its metres.

    Raises
    ------
    InputError
        When it is none; the message begins with `where`.

    Examples
    --------
    >>> as_height("ca. 183,4 m", "line 2")
    183.4
    """
    plain = _METRES.sub("", _ABOUT.sub("", text.strip(), count=1))
    try:
        return as_number(plain, where)
    except InputError as error:
        raise InputError(
            f"{where}: {text.strip()!r} is no height; write the number alone (its unit goes into --unit), or "
            "? where it cannot be read"
        ) from error
