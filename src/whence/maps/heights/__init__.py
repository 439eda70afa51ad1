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
    from whence.maps.heights.compare import Comparison, compare_models
    from whence.maps.heights.contour_files import read_contours, write_contours
    from whence.maps.heights.contours import contours_of
    from whence.maps.heights.fit_files import calibrate
    from whence.maps.heights.height_fit import HeightFit
    from whence.maps.heights.labelled import HeightLabels
    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.making import check, make_model
    from whence.maps.heights.model_file import read_model, write_model
    from whence.maps.heights.profile import Profile, profile_along, write_profile
    from whence.maps.heights.raising import raised
    from whence.maps.heights.shading import hillshade, write_hillshade
    from whence.maps.heights.streaming import stream_model
    from whence.maps.heights.surface import SURFACES, Surface, choose_method, method
    from whence.maps.heights.terrain import Contours, Lake, Spots, Terrain
    from whence.maps.heights.tracing import Traced, trace_contours
    from whence.maps.heights.volume import Volume, volume_of

__all__ = [
    "SURFACES",
    "Comparison",
    "Contours",
    "HeightFit",
    "HeightLabels",
    "Lake",
    "Lattice",
    "Profile",
    "Spots",
    "Surface",
    "Terrain",
    "Traced",
    "Volume",
    "calibrate",
    "check",
    "choose_method",
    "compare_models",
    "contours_of",
    "fit_heights",
    "hillshade",
    "make_model",
    "method",
    "profile_along",
    "raised",
    "read_contours",
    "read_model",
    "stream_model",
    "trace_contours",
    "volume_of",
    "write_contours",
    "write_hillshade",
    "write_model",
    "write_profile",
]

_HOMES = {
    "SURFACES": "surface",
    "Comparison": "compare",
    "Contours": "terrain",
    "HeightFit": "height_fit",
    "HeightLabels": "labelled",
    "Lake": "terrain",
    "Lattice": "lattice",
    "Profile": "profile",
    "Spots": "terrain",
    "Surface": "surface",
    "Terrain": "terrain",
    "Volume": "volume",
    "Traced": "tracing",
    "calibrate": "fit_files",
    "check": "making",
    "choose_method": "surface.comparison",
    "compare_models": "compare",
    "contours_of": "contours",
    "fit_heights": "calibration",
    "hillshade": "shading",
    "make_model": "making",
    "method": "surface",
    "profile_along": "profile",
    "raised": "raising",
    "read_contours": "contour_files",
    "read_model": "model_file",
    "stream_model": "streaming",
    "trace_contours": "tracing",
    "volume_of": "volume",
    "write_contours": "contour_files",
    "write_hillshade": "shading",
    "write_model": "model_file",
    "write_profile": "profile",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
