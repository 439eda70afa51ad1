"""What results call a photograph."""

from __future__ import annotations

__all__ = ["legible"]


def legible(name: str) -> str:
    r"""Spell out what of a file name is no Unicode (``\udce9``), so that any file of results can hold it.

    Examples
    --------
    >>> print(legible("caf\udce9.jpg"))
    caf\udce9.jpg
    """
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
