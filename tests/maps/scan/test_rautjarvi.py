"""The grid crosses of a real sheet, against those that a person marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from whence import maps
from whence.imagery.photo import open_image
from whence.maps.scan import Grid, find_grid

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def grid(shared_data: Path) -> Grid:
    return find_grid(open_image(shared_data / "maps/rautjarvi/rautjarvi_map.jpg"))


@pytest.mark.shared_data
@pytest.mark.slow
def test_all_crosses_are_found_to_a_third_of_a_pixel(grid: Grid, shared_data: Path) -> None:
    marked = maps.read_points(shared_data / "maps/rautjarvi/rautjarvi_map.jpg.points").pixels
    away = np.hypot(*np.moveaxis(marked[:, None] - grid.pixels[None], 2, 0))
    assert len(grid) == 8
    assert away.min(axis=1).max() < 0.33
    assert grid.false_alarms < 1e-6


@pytest.mark.shared_data
@pytest.mark.slow
def test_the_affine_map_through_them_is_as_good_as_by_hand(grid: Grid) -> None:
    # North is to the right of this scan, east is down: 1 km a node.
    world = np.array([2557000.0, 6786000.0]) + 1000.0 * grid.nodes[:, ::-1]
    fitted = maps.fit(maps.ControlPoints(grid.pixels, world).with_crs("EPSG:2392"), kind="affine")
    assert fitted.quality.leave_one_out_rmse_m == pytest.approx(1.27, abs=0.1)
