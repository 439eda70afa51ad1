"""What a scan itself tells: its grid crosses, its frame, which way is up, and what is written at the crosses.

>>> from whence.maps import scan
>>> grid = scan.find_grid(picture)                                   # doctest: +SKIP
>>> grid.pixels, grid.nodes                                          # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.maps.scan.assignment import GridPoints, place_grid
    from whence.maps.scan.attitude import Attitude
    from whence.maps.scan.crosses import Crosses, find_crosses
    from whence.maps.scan.labels import GridLabel, read_labels
    from whence.maps.scan.lattice import Grid, find_grid
    from whence.maps.scan.orientation import Orientation, find_orientation

__all__ = [
    "Attitude",
    "Crosses",
    "Grid",
    "GridLabel",
    "GridPoints",
    "Orientation",
    "find_crosses",
    "find_grid",
    "find_orientation",
    "place_grid",
    "read_labels",
]

_HOMES = {
    "Attitude": "attitude",
    "Crosses": "crosses",
    "Grid": "lattice",
    "GridLabel": "labels",
    "GridPoints": "assignment",
    "Orientation": "orientation",
    "find_crosses": "crosses",
    "find_grid": "lattice",
    "find_orientation": "orientation",
    "place_grid": "assignment",
    "read_labels": "labels",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
