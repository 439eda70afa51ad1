"""Fine grids of H3 over the globe and round a point: the brute-force oracle of beliefs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import h3.api.numpy_int as h3
import numpy as np
import pytest

from whence.earth.sphere import distance_m

if TYPE_CHECKING:
    from whence.typing import ArrayLike, Floats


@dataclass(frozen=True, eq=False)
class Grid:
    """Middles (n, 2) of cells, degrees, and their areas (n,), square kilometres."""

    lonlat: Floats
    areas_km2: Floats

    @classmethod
    def of(cls, cells: list[int]) -> Grid:
        middles = np.array([h3.cell_to_latlng(cell)[::-1] for cell in cells])
        return cls(middles, np.array([h3.cell_area(cell, unit="km^2") for cell in cells]))

    @classmethod
    def near(cls, lonlat: ArrayLike, *, resolution: int, rings: int) -> Grid:
        longitude, latitude = lonlat
        return cls.of(h3.grid_disk(h3.latlng_to_cell(latitude, longitude, resolution), rings).tolist())

    def integral(self, density: Floats) -> float:
        return float(density @ self.areas_km2)

    def mass_within(self, density: Floats, center: ArrayLike, radius_m: float) -> float:
        return self.integral(density * (distance_m(center, self.lonlat) <= radius_m))


@pytest.fixture(scope="session")
def globe() -> Grid:
    """All 41,162 cells of resolution 3, of 110 km."""
    return Grid.of([int(c) for cell in h3.get_res0_cells() for c in h3.cell_to_children(cell, 3)])


@pytest.fixture(scope="session")
def grid_near() -> type[Grid]:
    return Grid
