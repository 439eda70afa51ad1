"""Contours out of a height model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError
from whence.maps.heights.terrain import Contours

if TYPE_CHECKING:
    from whence.maps.heights.lattice import Lattice
    from whence.typing import Floats

__all__ = ["MAX_LEVELS", "contours_of"]

MAX_LEVELS = 10_000
"""More levels than this are taken for a slip of the interval."""


def contours_of(heights_m: Floats, lattice: Lattice, *, interval_m: float, base_m: float = 0.0) -> Contours:
    """Draw the contours of a height model by marching squares between the centres of its cells.

    Parameters
    ----------
    heights_m
        (rows, columns); NaN where there is none, which no line enters.
    lattice
        Its grid.
    interval_m
        Between two lines.
    base_m
        One of the levels.

    Raises
    ------
    InputError
        When the interval is not positive, makes an absurd number of levels, or the shapes differ.
    """
    import contourpy

    if heights_m.shape != lattice.shape:
        raise InputError(f"the heights are {heights_m.shape}, the grid is {lattice.shape}")
    levels = _levels(heights_m, interval_m, base_m)
    generator = contourpy.contour_generator(z=np.ma.masked_invalid(heights_m), name="serial")
    lines: list[Floats] = []
    values: list[float] = []
    for level in levels:
        found = [np.asarray(line, dtype=float) for line in generator.lines(float(level))]
        whole = [line for line in found if len(line) > 1]
        lines += [lattice.to_world(line + 0.5) for line in whole]
        values += [float(level)] * len(whole)
    return Contours(tuple(lines), np.array(values))


def _levels(heights_m: Floats, interval_m: float, base_m: float) -> Floats:
    if not (interval_m > 0 and math.isfinite(interval_m)):
        raise InputError(f"an interval of {interval_m} draws no contours; give a positive one")
    known = heights_m[np.isfinite(heights_m)]
    if known.size == 0:
        raise InputError("the height model holds no height, so it has no contours")
    first = math.ceil((known.min() - base_m) / interval_m)
    last = math.floor((known.max() - base_m) / interval_m)
    if last - first > MAX_LEVELS:
        raise InputError(f"{last - first} levels of {interval_m:g} m are too many; give a larger interval")
    return np.asarray(base_m + interval_m * np.arange(first, last + 1))
