"""Heights: what an old map says about the terrain.

>>> from whence.maps import heights
>>> lines = heights.contours_of(model, lattice, interval_m=20)             # doctest: +SKIP
>>> heights.method("biharmonic").heights(heights.Terrain(lines), lattice) # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence._lazy import exports

if TYPE_CHECKING:
    from whence.maps.heights.calibration import fit_heights
    from whence.maps.heights.contours import contours_of
    from whence.maps.heights.fit_files import calibrate
    from whence.maps.heights.height_fit import HeightFit
    from whence.maps.heights.labelled import HeightLabels
    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.surface import SURFACES, Surface, method
    from whence.maps.heights.terrain import Contours, Lake, Spots, Terrain

__all__ = [
    "SURFACES",
    "Contours",
    "HeightFit",
    "HeightLabels",
    "Lake",
    "Lattice",
    "Spots",
    "Surface",
    "Terrain",
    "calibrate",
    "contours_of",
    "fit_heights",
    "method",
]

_HOMES = {
    "SURFACES": "surface",
    "Contours": "terrain",
    "HeightFit": "height_fit",
    "HeightLabels": "labelled",
    "Lake": "terrain",
    "Lattice": "lattice",
    "Spots": "terrain",
    "Surface": "surface",
    "Terrain": "terrain",
    "calibrate": "fit_files",
    "contours_of": "contours",
    "fit_heights": "calibration",
    "method": "surface",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
