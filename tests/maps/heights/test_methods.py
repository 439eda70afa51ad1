"""Every other surface against a slow loop, a closed form or an independent library."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.interpolate import RBFInterpolator

from whence.errors import InputError, NotEnoughDataError
from whence.maps.heights import SURFACES, Contours, Lattice, Surface, Terrain, method
from whence.maps.heights.surface.idw import inverse_distance
from whence.maps.heights.surface.kriging import PowerVariogram, krige
from whence.maps.heights.surface.tin import triangulate

PLACE = np.array([500_000.0, 6_000_000.0])


def scattered(count: int = 40) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    positions = PLACE + rng.uniform(0, 1000, (count, 2))
    return positions, 300 + 50 * np.sin((positions - PLACE)[:, 0] / 200) + rng.normal(size=count)


@pytest.mark.parametrize("power", [1.0, 2.0, 3.5])
def test_weighted_means_equal_a_slow_loop(power) -> None:
    positions, heights = scattered()
    at = PLACE + np.random.default_rng(1).uniform(-100, 1100, (30, 2))
    slow = []
    for place in at:
        distances = [float(np.hypot(*(place - other))) for other in positions]
        near = sorted(range(len(heights)), key=distances.__getitem__)[:7]
        weights = [distances[k] ** -power for k in near]
        slow.append(sum(w * heights[k] for w, k in zip(weights, near, strict=True)) / sum(weights))
    assert_allclose(inverse_distance(positions, heights, at, power=power, neighbours=7), slow)
    assert_allclose(inverse_distance(positions, heights, positions, neighbours=7), heights)


def test_twice_the_same_position_gives_the_mean_of_both() -> None:
    known = np.array([[0.0, 0.0], [0.0, 0.0], [9.0, 0.0]])
    assert inverse_distance(known, np.array([1.0, 3.0, 50.0]), known[:1]).tolist() == [2.0]


def test_kriging_equals_a_slow_loop() -> None:
    positions, heights = scattered()
    variogram = PowerVariogram(0.3, 1.4, nugget=2.0)
    at = PLACE + np.random.default_rng(2).uniform(0, 1000, (12, 2))
    found, variance = krige(positions, heights, at, variogram=variogram, neighbours=9)
    for number, place in enumerate(at):
        near = np.argsort(np.hypot(*(positions - place).T))[:9]
        system = np.zeros((10, 10))
        right = np.ones(10)
        for i, one in enumerate(near):
            for j, other in enumerate(near):
                gap = float(np.hypot(*(positions[one] - positions[other])))
                system[i, j] = 0.0 if i == j else 2.0 + 0.3 * gap**1.4
            system[i, 9] = system[9, i] = 1.0
            right[i] = 2.0 + 0.3 * float(np.hypot(*(positions[one] - place))) ** 1.4
        weights = np.linalg.inv(system) @ right
        assert_allclose(found[number], weights[:9] @ heights[near], rtol=1e-9)
        assert_allclose(variance[number], weights @ right, rtol=1e-6)


def test_kriging_gives_back_its_data_without_doubt() -> None:
    positions, heights = scattered()
    found, variance = krige(positions, heights, positions, variogram=PowerVariogram(1.0, 1.5), neighbours=9)
    assert_allclose(found, heights, rtol=1e-9)
    assert_allclose(variance, 0, atol=1e-6)


def test_the_variogram_of_a_plane_has_exponent_two() -> None:
    # ½ (a·h)² averaged over directions is |a|² h² / 4
    rng = np.random.default_rng(0)
    positions = PLACE + rng.uniform(0, 5000, (4000, 2))
    variogram = PowerVariogram.fit(positions, (positions - PLACE) @ [0.3, 0.4])
    assert variogram.exponent == pytest.approx(1.95)
    distance = np.array([300.0])
    assert_allclose(variogram(distance), 0.25 * distance**2 / 4, rtol=0.1)


def test_the_local_spline_with_all_heights_is_the_spline(points_only) -> None:
    positions, heights = scattered(30)
    lattice = Lattice(500_000.0, 6_001_000.0, 50.0, 20, 20)
    found = method("tps", neighbours=30, step_cells=0.01).heights(points_only(positions, heights), lattice)
    exact = RBFInterpolator(positions - PLACE, heights, kernel="thin_plate_spline")
    assert_allclose(found.ravel(), exact((lattice.centres() - PLACE).reshape(-1, 2)), atol=1e-6)


def test_triangles_reproduce_a_plane_and_know_their_hull(points_only) -> None:
    positions, _ = scattered(60)
    lattice = Lattice(500_000.0, 6_001_000.0, 50.0, 20, 20)
    heights = 10 + (positions - PLACE) @ [0.1, -0.2]
    found = method("tin").heights(points_only(positions, heights), lattice)
    known = np.isfinite(found)
    assert 0.5 < known.mean() < 1
    assert_allclose(found[known], 10 + (lattice.centres()[known] - PLACE) @ [0.1, -0.2])
    inside = triangulate(positions - PLACE).find_simplex(lattice.centres() - PLACE) >= 0
    assert (known == inside).mean() > 0.99


@pytest.mark.parametrize("name", SURFACES)
def test_every_method_is_a_surface_and_refuses_no_terrain(name, hilly, rmse) -> None:
    lattice, truth, terrain = hilly(40, 30)
    made = method(name)
    assert isinstance(made, Surface)
    assert made.name == name
    found = made.heights(terrain, lattice)
    assert found.shape == lattice.shape
    assert np.isfinite(found).mean() > 0.9
    assert rmse(found, truth) < terrain.interval_m / 2
    begin = np.array([lattice.west, lattice.north - 200])
    line = begin + np.array([[0.0, 0.0], [50.0, 10.0]])
    flat = Terrain(Contours.of([line, line + 30.0], [7, 7]))
    with pytest.raises(NotEnoughDataError, match="all heights are 7"):
        made.heights(flat, lattice)


@pytest.mark.parametrize(
    ("name", "option"),
    [("idw", {"power": -1}), ("kriging", {"neighbours": 1}), ("tps", {"neighbours": 3})],
)
def test_impossible_options_are_refused(name, option) -> None:
    with pytest.raises(InputError):
        method(name, **option)


def test_positions_on_one_line_make_no_triangle(points_only) -> None:
    along = np.stack([np.arange(9.0), 2 * np.arange(9.0)], axis=1)
    with pytest.raises(NotEnoughDataError, match="straight"):
        method("tin").heights(points_only(along, np.arange(9.0)), Lattice(0, 20, 1.0, 10, 10))


def test_summits_and_valleys_are_not_flat(hilly, rmse) -> None:
    lattice, truth, terrain = hilly(interval_m=40.0)
    flat, risen = (method(name).heights(terrain, lattice) for name in ("tin", "summit-tin"))
    assert rmse(risen, truth) < 0.8 * rmse(flat, truth)
    top = np.unravel_index(truth.argmax(), truth.shape)
    assert flat[top] == terrain.contours.heights_m.max() < risen[top]
