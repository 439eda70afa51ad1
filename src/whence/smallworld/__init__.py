"""A deterministic little town of about a square kilometre whose truth is known everywhere.

A test instrument, not a result: a figure measured on it says that the parts work together, never how good
they are on real photographs.

>>> from whence.smallworld import Town, write_photographs
>>> town = Town.build(seed=0)                                        # doctest: +SKIP
>>> write_photographs(town, "photos", count=200)                     # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whence.smallworld.photographs import write_photographs
    from whence.smallworld.town import Town

__all__ = ["Town", "write_photographs"]

_HOMES = {"Town": "whence.smallworld.town", "write_photographs": "whence.smallworld.photographs"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
