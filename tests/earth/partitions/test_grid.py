"""The quarter-degree grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whence.earth.partitions import DegreeGrid
from whence.earth.sphere import EARTH_AREA_KM2
from whence.errors import InputError


@given(st.sampled_from([0.1, 0.25, 1.0, 7.5, 45.0]), st.floats(-180.0, 179.999), st.floats(-90.0, 90.0))
def test_cells_are_half_open(step: float, longitude: float, latitude: float) -> None:
    """A position lies on or right of the western edge of its box and left of the eastern one."""
    west, south, east, north = DegreeGrid.fit([[longitude, latitude]], step_deg=step).boxes()[0]
    assert west <= longitude < east
    assert south <= latitude < north or (latitude == north == 90.0)
    assert east - west == pytest.approx(step, abs=1e-9)


def test_edges_belong_to_the_east_and_north() -> None:
    grid = DegreeGrid.fit([[0.1, 0.1], [0.3, 0.1], [0.1, 0.3]])
    assert grid.assign([[0.25, 0.1], [0.1, 0.25], [0.0, 0.0]]).tolist() == [1, 2, 0]


def test_the_date_line_is_one_meridian() -> None:
    grid = DegreeGrid.fit([[-179.9, 0.1], [179.9, 0.1]])
    assert grid.assign([[180.0, 0.2], [-180.0, 0.2]]).tolist() == [0, 0]
    assert grid.neighbours(0).tolist() == [1]


def test_all_cells_together_are_the_earth() -> None:
    lon, lat = np.meshgrid(np.arange(-175.0, 180.0, 10.0), np.arange(-85.0, 90.0, 10.0))
    grid = DegreeGrid.fit(np.column_stack([lon.ravel(), lat.ravel()]), step_deg=10.0)
    assert len(grid) == 648
    assert (np.pi * grid.size_m() ** 2).sum() / 1e6 == pytest.approx(EARTH_AREA_KM2, rel=1e-12)
    assert len(grid.neighbours(300, 2)) == 24
    assert len(grid.neighbours(36 * 9, 1)) == 8


@pytest.mark.parametrize("step", [0.0, -1.0, 0.7, 200.0, np.nan])
def test_steps_that_do_not_fill_the_earth(step: float) -> None:
    with pytest.raises(InputError, match="fill 180"):
        DegreeGrid.fit([[0.0, 0.0]], step_deg=step)
