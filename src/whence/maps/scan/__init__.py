"""What a scan itself tells: its grid crosses, its frame, which way is up, and what is written at the crosses.

>>> from whence.maps import scan
>>> with scan.open_scan("sheet.tif") as sheet:                       # doctest: +SKIP
...     way = scan.find_orientation(sheet).attitude
...     grid = scan.find_grid(sheet)
...     labels = scan.read_labels(sheet, grid, mirrored=way.mirrored)
>>> scan.place_grid(grid, labels, "EPSG:2392", attitude=way).points  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.maps.scan.assignment import GridPoints, place_grid
    from whence.maps.scan.attitude import Attitude
    from whence.maps.scan.crosses import Crosses, find_crosses
    from whence.maps.scan.frame import Frame, FrameScale, find_frame, frame_points, frame_scale
    from whence.maps.scan.labels import GridLabel, read_labels
    from whence.maps.scan.lattice import Grid, find_grid
    from whence.maps.scan.orientation import Orientation, find_orientation
    from whence.maps.scan.source import Scan, open_scan

__all__ = [
    "Attitude",
    "Crosses",
    "Frame",
    "FrameScale",
    "Grid",
    "GridLabel",
    "GridPoints",
    "Orientation",
    "Scan",
    "find_crosses",
    "find_frame",
    "find_grid",
    "find_orientation",
    "frame_points",
    "frame_scale",
    "open_scan",
    "place_grid",
    "read_labels",
]

_HOMES = {
    "Attitude": "attitude",
    "Crosses": "crosses",
    "Frame": "frame",
    "FrameScale": "frame",
    "Grid": "lattice",
    "GridLabel": "labels",
    "GridPoints": "assignment",
    "Orientation": "orientation",
    "Scan": "source",
    "find_crosses": "crosses",
    "find_frame": "frame",
    "find_grid": "lattice",
    "find_orientation": "orientation",
    "frame_points": "frame",
    "frame_scale": "frame",
    "open_scan": "source",
    "place_grid": "assignment",
    "read_labels": "labels",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
