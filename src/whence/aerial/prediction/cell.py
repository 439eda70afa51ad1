"""How large the pixels of a raster are on the ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.earth.crs import Crs
from whence.errors import InputError

if TYPE_CHECKING:
    from whence.aerial.georeference import Georeference

__all__ = ["true_cell_m"]

_HALF_PX = 32.0


def true_cell_m(place: Georeference, middle: tuple[float, float]) -> float | None:
    """Side of a pixel in true metres, also for degrees and for Web Mercator; None where it is not known.

    The root of the product of the geodesics (WGS 84) along both of its sides.

    Parameters
    ----------
    place
        Where the raster lies.
    middle
        Column and row at which to measure.
    """
    from pyproj import Geod

    if place.transform is None or not place.crs:
        return None
    column, row = middle
    ends = [
        (column - _HALF_PX, row),
        (column + _HALF_PX, row),
        (column, row - _HALF_PX),
        (column, row + _HALF_PX),
    ]
    try:
        lonlat = Crs.parse(place.crs.to_wkt()).to_lonlat([place.transform @ end for end in ends])
    except InputError:  # a local system, or a place outside of what its system can express
        return None
    _, _, lengths = Geod(ellps="WGS84").inv(*lonlat[::2].T, *lonlat[1::2].T)
    cell_m = float(np.sqrt(lengths[0] * lengths[1])) / (2 * _HALF_PX)
    return cell_m if np.isfinite(cell_m) and cell_m > 0 else None
