"""What holds for every partition of the table."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from whence.earth.partitions import PARTITIONS, Partition, kind, load
from whence.earth.sphere import destination, distance_m, from_unit_vectors, mean_point
from whence.errors import FormatError, InputError, NotEnoughDataError

FITS: dict[str, dict[str, Any]] = {
    "grid": {"step_deg": 0.5},
    "h3": {"resolution": 4},
    "quadtree": {"max_points": 20, "max_depth": 8},
}


def photos(seed: int = 0) -> np.ndarray:
    """Clusters of photos: in cities, over the date line, at both poles."""
    rng = np.random.default_rng(seed)
    places = [[37.6, 55.75], [-0.1, 51.5], [180.0, -17.0], [12.0, 90.0], [0.0, -90.0], [-122.4, 37.8]]
    clouds = [destination(place, rng.uniform(0, 360, 150), rng.exponential(5e4, 150)) for place in places]
    return np.concatenate([*clouds, np.tile([2.35, 48.85], (40, 1))])


@pytest.fixture(params=sorted(PARTITIONS))
def fitted(request: pytest.FixtureRequest) -> Partition:
    return kind(request.param).fit(photos(), **FITS[request.param])


def test_meets_the_protocol_under_its_name(fitted: Partition) -> None:
    assert isinstance(fitted, Partition)
    assert type(fitted) is kind(fitted.name)
    assert len(fitted) > 10


def test_every_training_position_is_in_the_cell_that_counted_it(fitted: Partition) -> None:
    cell = fitted.assign(photos())
    assert cell.dtype == np.int64
    np.testing.assert_array_equal(np.bincount(cell, minlength=len(fitted)), fitted.counts)
    assert fitted.counts.min() >= 1


def test_centers_are_the_mean_points_of_the_cells(fitted: Partition) -> None:
    """Oracle: `mean_point` of each cell's positions in a loop."""
    cell = fitted.assign(photos())
    for number, center in enumerate(fitted.centers()):
        assert float(distance_m(center, mean_point(photos()[cell == number]))) < 1e-5


def test_positions_outside_go_to_the_nearest_center(fitted: Partition) -> None:
    """Oracle: all distances. The middle of nowhere is in no cell."""
    lost = np.array([[-30.0, -40.0], [-179.9, 30.0], [100.0, 1.0], [179.9, 60.0]])
    nearest = distance_m(lost[:, None], fitted.centers()[None]).argmin(axis=1)
    np.testing.assert_array_equal(fitted.assign(lost), nearest)


def test_shapes(fitted: Partition) -> None:
    assert fitted.assign([37.6, 55.75]).shape == ()
    assert fitted.assign(np.zeros((2, 3, 2))).shape == (2, 3)
    assert fitted.assign(np.empty((0, 2))).shape == (0,)
    assert fitted.centers().shape == (len(fitted), 2)
    sizes = fitted.size_m()
    assert sizes.shape == (len(fitted),)
    assert sizes.min() >= 1.0


def test_json_round_trip(fitted: Partition) -> None:
    again = load(json.loads(json.dumps(fitted.to_json())))
    points = from_unit_vectors(np.random.default_rng(1).normal(size=(2000, 3)))
    np.testing.assert_array_equal(again.assign(points), fitted.assign(points))
    np.testing.assert_array_equal(again.centers(), fitted.centers())
    np.testing.assert_array_equal(again.size_m(), fitted.size_m())
    np.testing.assert_array_equal(again.counts, fitted.counts)
    np.testing.assert_array_equal(again.neighbours(3, 2), fitted.neighbours(3, 2))


def test_neighbours_are_mutual_and_grow(fitted: Partition) -> None:
    for cell in range(0, len(fitted), 7):
        one, two = fitted.neighbours(cell), fitted.neighbours(cell, 2)
        assert cell not in two
        assert set(one) <= set(two)
        assert (np.diff(two) > 0).all()
        assert all(cell in fitted.neighbours(int(other)) for other in one)
    assert len(fitted.neighbours(0, 0)) == 0
    with pytest.raises(InputError, match="numbered 0 to"):
        fitted.neighbours(len(fitted))
    with pytest.raises(InputError, match="rings"):
        fitted.neighbours(0, -1)


def test_broken_files_are_refused(fitted: Partition) -> None:
    good = fitted.to_json()
    for broken, words in (
        ({**good, "version": 2}, "fit it anew"),
        ({key: value for key, value in good.items() if key != "counts"}, "lacks counts"),
        ({**good, "counts": good["counts"][:-1]}, "lengths"),
        ({**good, "counts": [0.5] * len(fitted)}, "whole numbers"),
        ({**good, "partition": "voronoi"}, "'voronoi'"),
        ({}, "None"),
    ):
        with pytest.raises(FormatError, match=words):
            load(broken)
    with pytest.raises(FormatError, match="not a"):
        type(fitted).from_json({**good, "partition": "other"})


@pytest.mark.parametrize("name", sorted(PARTITIONS))
def test_nothing_to_fit_to(name: str) -> None:
    with pytest.raises(NotEnoughDataError, match="at least one"):
        kind(name).fit([])
    with pytest.raises(InputError, match="row 1 "):
        kind(name).fit([[0.0, 0.0], [np.nan, 0.0]])


@pytest.mark.parametrize("name", sorted(PARTITIONS))
def test_one_position_is_one_cell(name: str) -> None:
    partition = kind(name).fit([[180.0, -90.0]])
    assert len(partition) == 1
    assert partition.assign([[0.0, 0.0], [-180.0, 90.0]]).tolist() == [0, 0]
    assert partition.size_m()[0] >= 1.0


def test_unknown_kinds() -> None:
    with pytest.raises(InputError, match="grid, h3, quadtree"):
        kind("voronoi")
