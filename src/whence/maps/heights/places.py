"""Places of a vector file in the system of a height model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.earth.crs import Crs, same

if TYPE_CHECKING:
    from whence.typing import Floats

__all__ = ["in_crs"]

_WGS84 = "OGC:CRS84"


def in_crs(places: Floats, said: str | None, crs: Crs | None) -> Floats:
    """Bring (n, 2) places to a system.

    Parameters
    ----------
    places
        x, y.
    said
        Their system; None is longitude, latitude, as GeoJSON has it.
    crs
        The system wanted; None leaves them as they are.

    Raises
    ------
    InputError
        When a system is not known, or places lie outside of it.
    """
    flat = np.asarray(places, dtype=np.float64)[:, :2]
    source = Crs.parse(said or _WGS84)
    if crs is None or same(source, crs):
        return flat
    return crs.from_lonlat(source.to_lonlat(flat))
