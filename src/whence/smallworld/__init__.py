"""A deterministic little town of about a square kilometre whose truth is known everywhere.

A test instrument, not a result: a figure measured on it says that the parts work together, never how good
they are on real photographs.

>>> from whence.smallworld import Town, write_photographs
>>> town = Town.build(seed=0)                                        # doctest: +SKIP
>>> write_photographs(town, "photos", count=200)                     # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.smallworld.photographs import write_photographs
    from whence.smallworld.planet import Planet
    from whence.smallworld.town import Town

__all__ = ["Planet", "Town", "write_photographs"]

_HOMES = {"Planet": "planet", "Town": "town", "write_photographs": "photographs"}

__getattr__, __dir__ = exports(__name__, _HOMES)
