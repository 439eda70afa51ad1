"""Natural neighbours against Voronoi areas, and B-splines against a slow loop."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from numpy.testing import assert_allclose

from whence.errors import InputError, NotEnoughDataError
from whence.maps.heights import Lattice, method
from whence.maps.heights.surface.bspline import basis, control_lattice
from whence.maps.heights.surface.natural import natural_neighbour

PLACE = np.array([500_000.0, 6_000_000.0])


def cell_of(place: np.ndarray, others: np.ndarray) -> shapely.Polygon:
    """What lies nearer to a place than to others: half planes cut off a large square, one by one."""
    cell = shapely.box(*(place - 1e4), *(place + 1e4))
    for other in others:
        middle, towards = (place + other) / 2, other - place
        length = np.hypot(*towards)
        along, out = np.array([-towards[1], towards[0]]) / length * 1e5, towards / length * 1e5
        beyond = [middle - along, middle + along, middle + along + out, middle - along + out]
        cell = cell.difference(shapely.Polygon(beyond))
    return cell


def slow(positions: np.ndarray, heights: np.ndarray, place: np.ndarray) -> float:
    mine = cell_of(place, positions)
    stolen = []
    for number, one in enumerate(positions):
        before = cell_of(one, np.delete(positions, number, axis=0))
        stolen.append(mine.intersection(before).area)
    return float(np.dot(stolen, heights) / np.sum(stolen))


def test_weights_are_the_areas_stolen_from_voronoi_cells() -> None:
    rng = np.random.default_rng(0)
    positions, heights = PLACE + rng.uniform(0, 100, (25, 2)), rng.normal(size=25)
    at = PLACE + rng.uniform(25, 75, (12, 2))
    exact = [slow(positions, heights, place) for place in at]
    assert_allclose(natural_neighbour(positions, heights, at), exact, atol=1e-7)


@pytest.mark.parametrize("regular", [False, True])
def test_planes_are_exact_even_where_heights_lie_on_circles_and_lines(regular) -> None:
    square = np.stack(np.meshgrid(np.arange(8.0), np.arange(6.0)), axis=-1).reshape(-1, 2)
    scattered = np.random.default_rng(0).uniform(0, [7, 5], (80, 2))
    positions = PLACE + (square if regular else np.concatenate([scattered, square[[0, 7, 40, 47]]]))
    at = PLACE + np.stack(np.meshgrid(np.arange(0, 7.01, 0.25), np.arange(0, 5.01, 0.25)), axis=-1).reshape(
        -1, 2
    )
    found = natural_neighbour(positions, (positions - PLACE) @ [3.0, -2.0], at)
    assert_allclose(found, (at - PLACE) @ [3.0, -2.0], atol=1e-6)


def test_given_heights_are_kept_and_outside_there_is_none() -> None:
    rng = np.random.default_rng(1)
    positions, heights = PLACE + rng.uniform(0, 1000, (200, 2)), rng.normal(size=200)
    assert_allclose(natural_neighbour(positions, heights, positions), heights, atol=1e-9)
    outside = PLACE + np.array([[-5.0, 500.0], [2000.0, 2000.0]])
    assert np.isnan(natural_neighbour(positions, heights, outside)).all()
    inside = PLACE + rng.uniform(0, 1000, (500, 2))
    found = natural_neighbour(positions, heights, inside)
    assert np.nanmin(found) >= heights.min()
    assert np.nanmax(found) <= heights.max()
    with pytest.raises(NotEnoughDataError, match="straight"):
        natural_neighbour(np.array([[0.0, 0], [1, 1], [2, 2]]), np.arange(3.0), inside)


def slow_basis(t: float) -> list[float]:
    return [(1 - t) ** 3 / 6, (3 * t**3 - 6 * t**2 + 4) / 6, (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6, t**3 / 6]


def test_a_control_lattice_equals_a_slow_loop() -> None:
    rng = np.random.default_rng(0)
    at, heights = rng.uniform(0, [9, 6], (30, 2)), rng.normal(size=30)
    found = control_lattice(basis(at[:, 0], 0, 9, 1.5), basis(at[:, 1], 0, 6, 1.5), heights)
    above, below = np.zeros((7, 9)), np.zeros((7, 9))
    for (x, y), height in zip(at / 1.5, heights, strict=True):
        column, row = int(x), int(y)
        weights = np.outer(slow_basis(y - row), slow_basis(x - column))
        for k in range(4):
            for m in range(4):
                wanted = weights[k, m] * height / (weights**2).sum()
                above[row + k, column + m] += weights[k, m] ** 2 * wanted
                below[row + k, column + m] += weights[k, m] ** 2
    assert found.shape == (7, 9)
    assert_allclose(found, np.where(below > 0, above / np.where(below > 0, below, 1), 0))


def test_finer_lattices_come_closer_to_the_heights(points_only, rmse) -> None:
    rng = np.random.default_rng(0)
    lattice = Lattice(*PLACE, 10.0, 40, 30)
    cells = np.stack([rng.integers(0, 40, 60), rng.integers(0, 30, 60)], axis=1)
    cells = np.unique(cells, axis=0)
    heights = rng.normal(size=len(cells)) * 30
    terrain = points_only(lattice.to_world(cells + 0.5), heights)
    errors = []
    for finest in (40.0, 8.0, 1.0, 0.1):
        found = method("b-spline", finest_cells=finest).heights(terrain, lattice)
        errors.append(rmse(found[cells[:, 1], cells[:, 0]], heights))
    assert sorted(errors, reverse=True) == errors
    assert errors[-1] < 0.05


@pytest.mark.parametrize(
    ("name", "option"), [("natural-neighbour", {"step_cells": 0}), ("b-spline", {"finest_cells": 0})]
)
def test_impossible_options_are_refused(name, option) -> None:
    with pytest.raises(InputError, match="positive"):
        method(name, **option)
