"""Ways from heights on a map to a surface: each a small frozen value with the same method.

>>> from whence.maps.heights.surface import SURFACES, method
>>> method("idw", neighbours=8).heights(terrain, lattice)                 # doctest: +SKIP
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from whence._lazy import exports, named
from whence.errors import InputError

if TYPE_CHECKING:
    from whence.maps.heights.surface.biharmonic import Biharmonic
    from whence.maps.heights.surface.comparison import MethodChoice, choose_method
    from whence.maps.heights.surface.idw import Idw
    from whence.maps.heights.surface.protocol import Surface
    from whence.maps.heights.surface.smoothing import SmoothingChoice, choose_smoothing
    from whence.maps.heights.surface.tin import Tin

__all__ = [
    "SURFACES",
    "Biharmonic",
    "Idw",
    "MethodChoice",
    "SmoothingChoice",
    "Surface",
    "Tin",
    "choose_method",
    "choose_smoothing",
    "method",
]

SURFACES = {
    "biharmonic": "whence.maps.heights.surface.biharmonic:Biharmonic",
    "tin": "whence.maps.heights.surface.tin:Tin",
    "summit-tin": "whence.maps.heights.surface.summits:SummitTin",
    "natural-neighbour": "whence.maps.heights.surface.natural:NaturalNeighbour",
    "b-spline": "whence.maps.heights.surface.bspline:BSpline",
    "idw": "whence.maps.heights.surface.idw:Idw",
    "kriging": "whence.maps.heights.surface.kriging:Kriging",
    "tps": "whence.maps.heights.surface.spline:ThinPlateSurface",
}
"""Name of a method -> where its class is, loaded when asked for. The first is the default."""


def method(name: str = "biharmonic", **options: Any) -> Surface:
    """Make the method of a name.

    Parameters
    ----------
    name
        A key of `SURFACES`.
    **options
        Those of its class.

    Raises
    ------
    InputError
        When there is no such method or option.
    """
    if name not in SURFACES:
        raise InputError(f"no surface is called {name!r}; there are {', '.join(SURFACES)}")
    chosen = named(SURFACES[name])
    known = [one.name for one in fields(chosen)]
    stray = sorted(set(options) - set(known))
    if stray:
        offer = f"its options are {', '.join(known)}" if known else "it has no options"
        raise InputError(f"{name} has no option {', '.join(stray)}; {offer}")
    made: Surface = chosen(**options)
    return made


_HOMES = {
    "Biharmonic": "biharmonic",
    "Idw": "idw",
    "MethodChoice": "comparison",
    "SmoothingChoice": "smoothing",
    "Surface": "protocol",
    "Tin": "tin",
    "choose_method": "comparison",
    "choose_smoothing": "smoothing",
}

__getattr__, __dir__ = exports(__name__, _HOMES)
