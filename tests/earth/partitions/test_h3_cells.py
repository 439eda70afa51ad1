"""H3 cells at any resolution."""

from __future__ import annotations

import h3
import numpy as np
import pytest

from whence.earth.partitions import H3Partition
from whence.earth.sphere import EARTH_AREA_KM2, distance_m, from_unit_vectors
from whence.errors import FormatError, InputError


@pytest.mark.parametrize("resolution", range(16))
def test_every_resolution_agrees_with_h3_one_by_one(resolution: int) -> None:
    points = from_unit_vectors(np.random.default_rng(resolution).normal(size=(200, 3)))
    cells = H3Partition.fit(points, resolution=resolution)
    assert cells.resolution == resolution
    found = [h3.int_to_str(cell) for cell in cells.h3_ids[cells.assign(points)].tolist()]
    assert found == [h3.latlng_to_cell(lat, lon, resolution) for lon, lat in points]


def test_size_is_that_of_the_hexagon() -> None:
    """Moscow, resolution 8: side 516 m; a circle as large as the hexagon has 0.909 of the side for radius."""
    size = H3Partition.fit([[37.6173, 55.7558]], resolution=8).size_m()[0]
    assert size == pytest.approx(0.909 * 516.0, rel=0.01)


def whole_earth(resolution: int) -> H3Partition:
    cells = [cell for base in h3.get_res0_cells() for cell in h3.cell_to_children(base, resolution)]
    return H3Partition.fit([h3.cell_to_latlng(cell)[::-1] for cell in cells], resolution=resolution)


def test_all_cells_together_are_the_earth() -> None:
    earth = whole_earth(1)
    assert len(earth) == 842
    assert (np.pi * earth.size_m() ** 2).sum() / 1e6 == pytest.approx(EARTH_AREA_KM2, rel=1e-5)


def test_rings_of_hexagons_and_pentagons() -> None:
    """A k-ring has 3k(k+1) cells round a hexagon and 5k(k+1)/2 round a pentagon."""
    earth = whole_earth(2)
    pentagons = np.searchsorted(earth.h3_ids, sorted(h3.str_to_int(cell) for cell in h3.get_pentagons(2)))
    assert len(pentagons) == 12
    for pentagon in pentagons.tolist():
        assert len(earth.neighbours(pentagon)) == 5
        assert len(earth.neighbours(pentagon, 2)) == 15
    far = distance_m(earth.middles()[:, None], earth.middles()[pentagons][None]).min(axis=1).argmax()
    assert len(earth.neighbours(int(far))) == 6
    assert len(earth.neighbours(int(far), 2)) == 18


def test_only_occupied_cells_are_neighbours() -> None:
    middle = h3.latlng_to_cell(55.7558, 37.6173, 9)
    ring = h3.grid_ring(middle, 1)
    points = [h3.cell_to_latlng(cell)[::-1] for cell in (middle, ring[0], ring[3])]
    cells = H3Partition.fit(points, resolution=9)
    assert len(cells.neighbours(int(cells.assign(points[0])))) == 2


def test_middles_are_those_of_the_cells_not_of_the_data() -> None:
    cells = H3Partition.fit([[37.6173, 55.7558]], resolution=5)
    lat, lon = h3.cell_to_latlng(h3.latlng_to_cell(55.7558, 37.6173, 5))
    np.testing.assert_allclose(cells.middles(), [[lon, lat]])
    assert float(distance_m(cells.centers()[0], [37.6173, 55.7558])) < 1e-6


@pytest.mark.parametrize("resolution", [-1, 16, 8.5])
def test_resolutions_that_h3_lacks(resolution: object) -> None:
    with pytest.raises(InputError, match="0 to 15"):
        H3Partition.fit([[0.0, 0.0]], resolution=resolution)


def test_files_with_other_cells_are_refused() -> None:
    record = H3Partition.fit([[0.0, 0.0]]).to_json()
    with pytest.raises(FormatError, match="no H3 cell"):
        H3Partition.from_json({**record, "h3": ["not a cell"]})
