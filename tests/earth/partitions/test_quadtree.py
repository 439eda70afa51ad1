"""The quadtree against a slow recursive one, on made and on real positions."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.earth.partitions import Quadtree
from whence.earth.points import from_lat_lon
from whence.errors import InputError


class Leaf(NamedTuple):
    """A leaf as the recursion finds it: its path in digits, its box and the rows inside."""

    path: str
    box: tuple[float, float, float, float]
    rows: list[int]


def grow(
    points: np.ndarray, rows: list[int], box: tuple[float, ...], path: str, limits: tuple[int, int]
) -> list[Leaf]:
    """Split at the middle: south-west, south-east, north-west, north-east; leave out the empty ones."""
    max_points, max_depth = limits
    if len(rows) <= max_points or len(path) == max_depth:
        return [Leaf(path, box, rows)]
    west, south, east, north = box
    x, y = (west + east) / 2, (south + north) / 2
    leaves = []
    for digit in range(4):
        right, up = digit % 2, digit // 2
        inside = [row for row in rows if (points[row][0] >= x) == right and (points[row][1] >= y) == up]
        part = (x if right else west, y if up else south, east if right else x, north if up else y)
        if inside:
            leaves += grow(points, inside, part, path + str(digit), limits)
    return leaves


def slow(points: np.ndarray, max_points: int, max_depth: int) -> list[Leaf]:
    box = (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())
    return grow(points, list(range(len(points))), box, "", (max_points, max_depth))


def check_against_slow(points: np.ndarray, max_points: int, max_depth: int) -> None:
    tree, leaves = (
        Quadtree.fit(points, max_points=max_points, max_depth=max_depth),
        slow(points, max_points, max_depth),
    )
    assert len(tree) == len(leaves)
    np.testing.assert_array_equal(tree.boxes(), [leaf.box for leaf in leaves])
    np.testing.assert_array_equal(tree.counts, [len(leaf.rows) for leaf in leaves])
    np.testing.assert_array_equal(tree.depths, [len(leaf.path) for leaf in leaves])
    cell = tree.assign(points)
    for number, leaf in enumerate(leaves):
        assert (cell[leaf.rows] == number).all()
    for level in range(max_depth + 1):
        prefixes = [leaf.path[:level] for leaf in leaves]
        order = list(dict.fromkeys(prefixes))
        assert tree.ancestors(level).tolist() == [order.index(prefix) for prefix in prefixes]


corner = st.sampled_from([-180.0, -90.0, -45.0, 0.0, 1.0, 45.0, 90.0])
coordinate = st.one_of(corner, st.floats(-90.0, 90.0))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(coordinate, coordinate.filter(lambda x: x >= -90)), min_size=1, max_size=40),
    st.integers(1, 5),
)
def test_equals_the_recursion(points: list[tuple[float, float]], max_points: int) -> None:
    check_against_slow(np.array(points), max_points, 6)


@pytest.mark.parametrize(("max_points", "max_depth"), [(1000, 10), (10, 10), (1, 3), (5, 0)])
def test_equals_the_recursion_on_clusters(max_points: int, max_depth: int) -> None:
    rng = np.random.default_rng(0)
    clusters = rng.uniform([-170, -80], [170, 80], (20, 2))[rng.integers(0, 20, 3000)] + rng.normal(
        0, 1.0, (3000, 2)
    )
    check_against_slow(clusters, max_points, max_depth)


@pytest.mark.shared_data
def test_real_positions(shared_data: Path) -> None:
    """128,597 positions of real photographs."""
    folder = shared_data / "photos" / "coordinates"
    files = ("coordinates_100K.csv", "yfcc25600.csv", "im2gps3k.csv")
    tables = [np.loadtxt(folder / name, delimiter=",", skiprows=1) for name in files]
    positions = from_lat_lon(*np.concatenate(tables).T)
    tree = Quadtree.fit(positions)
    assert tree.counts.sum() == len(positions) == 128_597
    assert ((tree.counts <= 1000) | (tree.depths == 10)).all()
    np.testing.assert_array_equal(np.bincount(tree.assign(positions)), tree.counts)
    west, south, east, north = tree.boxes()[tree.assign(positions)].T
    assert ((positions[:, 0] >= west) & (positions[:, 0] <= east)).all()
    assert ((positions[:, 1] >= south) & (positions[:, 1] <= north)).all()
    check_against_slow(positions[::4], 200, 10)


def test_positions_that_coincide_end_at_the_depth() -> None:
    points = np.concatenate([np.tile([10.0, 20.0], (50, 1)), [[0.0, 0.0], [40.0, 40.0]]])
    tree = Quadtree.fit(points, max_points=3, max_depth=30)
    assert tree.depths.max() == 30
    assert sorted(tree.counts.tolist()) == [1, 1, 50]
    assert len(Quadtree.fit(points[:50], max_points=3, max_depth=30)) == 1


def test_ancestors_nest() -> None:
    points = np.random.default_rng(0).normal(0, 20, (5000, 2)).clip(-80, 80)
    tree = Quadtree.fit(points, max_points=50, max_depth=7)
    assert (tree.ancestors(0) == 0).all()
    np.testing.assert_array_equal(tree.ancestors(7), np.arange(len(tree)))
    for level in range(7):
        child, parent = tree.ancestors(level + 1), tree.ancestors(level)
        assert len({(int(c), int(p)) for c, p in zip(child, parent, strict=True)}) == child.max() + 1


def test_empty_quadrants_belong_to_the_nearest_leaf() -> None:
    tree = Quadtree.fit([[0.0, 0.0], [1.0, 1.0], [9.0, 9.0], [10.0, 10.0]], max_points=2)
    assert tree.assign([[1.0, 8.0], [9.0, 2.0], [8.0, 1.0]]).tolist() == [0, 1, 0]
    assert tree.assign([[-160.0, 0.0], [170.0, 0.0]]).tolist() == [0, 1]


def test_neighbours_touch_over_the_date_line() -> None:
    lon, lat = np.meshgrid(np.linspace(-180.0, 180.0, 33), np.linspace(-80.0, 80.0, 17))
    tree = Quadtree.fit(np.column_stack([lon.ravel(), lat.ravel()]), max_points=12, max_depth=3)
    assert len(tree) == 64
    west, east = (int(tree.assign([side, 1.0])) for side in (-179.0, 179.0))
    assert east in tree.neighbours(west)
    assert len(tree.neighbours(west)) == 8
    assert len(tree.neighbours(west, 2)) == 24


@pytest.mark.parametrize(("max_points", "max_depth"), [(0, 10), (10, -1), (10, 31)])
def test_limits_out_of_range(max_points: int, max_depth: int) -> None:
    with pytest.raises(InputError, match="max_points must be"):
        Quadtree.fit([[0.0, 0.0]], max_points=max_points, max_depth=max_depth)


def test_levels_out_of_range() -> None:
    with pytest.raises(InputError, match="no level"):
        Quadtree.fit([[0.0, 0.0]]).ancestors(11)
