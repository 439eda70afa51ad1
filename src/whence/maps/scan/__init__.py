"""What a scan itself tells: its grid crosses, its frame, which way is up, and what is written at the crosses.

>>> from whence.maps import scan
>>> grid = scan.find_grid(picture)                                   # doctest: +SKIP
>>> grid.pixels, grid.nodes                                          # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.maps.scan.crosses import Crosses, find_crosses
    from whence.maps.scan.lattice import Grid, find_grid

__all__ = ["Crosses", "Grid", "find_crosses", "find_grid"]

_HOMES = {"Crosses": "crosses", "Grid": "lattice", "find_crosses": "crosses", "find_grid": "lattice"}

__getattr__, __dir__ = exports(__name__, _HOMES)
