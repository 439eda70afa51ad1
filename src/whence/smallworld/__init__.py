"""A deterministic little town of about a square kilometre whose truth is known everywhere.

A test instrument, not a result: a figure measured on it says that the parts work together, never how good
they are on real photographs.

>>> from whence.smallworld import Town, draw_old_map, draw_orthophoto, write_photographs
>>> town = Town.build(seed=0)                                        # doctest: +SKIP
>>> write_photographs(town, "photos", count=200)                     # doctest: +SKIP
>>> draw_old_map(town, "map")                                        # doctest: +SKIP
>>> draw_orthophoto(town, "aerial")                                  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.smallworld.old_map import OldMap, draw_old_map
    from whence.smallworld.orthophoto import Orthophoto, draw_orthophoto
    from whence.smallworld.photographs import write_photographs
    from whence.smallworld.planet import Planet
    from whence.smallworld.town import Town

__all__ = ["OldMap", "Orthophoto", "Planet", "Town", "draw_old_map", "draw_orthophoto", "write_photographs"]

_HOMES = {
    "OldMap": "old_map",
    "Orthophoto": "orthophoto",
    "Planet": "planet",
    "Town": "town",
    "draw_old_map": "old_map",
    "draw_orthophoto": "orthophoto",
    "write_photographs": "photographs",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
