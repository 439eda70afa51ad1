"""The relief of the town as a map shows it: contour lines and spot heights, in the old height system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from contourpy import contour_generator

from whence.smallworld.town import HALF_SIZE_M, RIVER_NORTH_M

if TYPE_CHECKING:
    from collections.abc import Callable

    from whence.smallworld.town import Terrain, Town
    from whence.typing import Floats

__all__ = ["INDEX_EVERY", "INTERVAL_M", "ZERO_M", "Contour", "Spot", "contours_of", "spots_of"]

ZERO_M = 63.0
"""Height on the map of what the town's terrain calls 0."""

INTERVAL_M = 1.0
INDEX_EVERY = 5
"""Every fifth contour line is thick and has its height beside it."""

_CELL_M = 4.0
_SHORTEST = 12  # vertices


@dataclass(frozen=True, eq=False)
class Contour:
    """A line of equal height.

    Attributes
    ----------
    height_m
        Of the map.
    line_m
        (n, 2) metres east and north of the middle of the town.
    """

    height_m: float
    line_m: Floats

    @property
    def is_index(self) -> bool:
        """Whether it is drawn thick."""
        return round(self.height_m / INTERVAL_M) % INDEX_EVERY == 0


@dataclass(frozen=True, eq=False)
class Spot:
    """A point with its height, (2,) metres east and north of the middle of the town; height of the map."""

    place_m: Floats
    height_m: float

    @property
    def text(self) -> str:
        """The height as lettered, to a decimetre."""
        return f"{self.height_m:.1f}"


def contours_of(terrain: Terrain, half_m: float) -> list[Contour]:
    """Trace the contour lines of a square about the middle of the town.

    On a lattice of four metres, on which the terrain is smooth: each vertex lies within a centimetre of its
    height.
    """
    axis = np.arange(-half_m, half_m + _CELL_M, _CELL_M)
    east, north = np.meshgrid(axis, axis)
    height_m = terrain.height_m(np.stack([east, north], axis=-1)) + ZERO_M
    low, high = np.ceil(height_m.min() / INTERVAL_M), np.floor(height_m.max() / INTERVAL_M)
    lines = contour_generator(axis, axis, height_m, line_type="Separate")
    return [
        Contour(float(level), np.asarray(line, dtype=np.float64))
        for level in np.arange(low, high + 1) * INTERVAL_M
        for line in lines.lines(float(level))
        if len(line) >= _SHORTEST
    ]


def spots_of(
    town: Town, rng: np.random.Generator, *, count: int = 36, error_m: Callable[[], float] | None = None
) -> list[Spot]:
    """Measure heights at street crossings, in the park and outside the town.

    Parameters
    ----------
    town
        Whose terrain.
    rng
        Chance.
    count
        Number of spots.
    error_m
        Draws the error of a height; none when None.
    """
    crossings = _crossings(town)
    chosen = crossings[rng.permutation(len(crossings))[: count // 2]]
    outside = rng.uniform(-1, 1, (count - len(chosen), 2)) * [HALF_SIZE_M, RIVER_NORTH_M - 20]
    outside[::3, 1] = rng.uniform(RIVER_NORTH_M + 75, HALF_SIZE_M + 60, len(outside[::3]))
    places = np.concatenate([chosen, outside])
    heights = town.terrain.height_m(places) + ZERO_M
    return [
        Spot(place, float(height) + (0.0 if error_m is None else error_m()))
        for place, height in zip(places, heights, strict=True)
    ]


def _crossings(town: Town) -> Floats:
    """Where the streets cross, (n, 2) metres."""
    upward = [street for street in town.streets if street.start_m[0] == street.end_m[0]]
    across = [street for street in town.streets if street.start_m[0] != street.end_m[0]]
    return np.array([[one.start_m[0], other.start_m[1]] for one in upward for other in across])
