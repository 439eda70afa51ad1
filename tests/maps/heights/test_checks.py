"""What is wrong with contours is found, named, and mended with consent only."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from whence.earth.crs import Crs
from whence.errors import InputError, NotEnoughDataError
from whence.maps.heights import Contours, Lattice
from whence.maps.heights.contour_checks import (
    duplicate_lines,
    find_crossings,
    find_mixed_units,
    require_lengths,
    short_lines,
    without_crossings,
)
from whence.maps.heights.labels import spacing_m
from whence.maps.heights.surface import choose_method

PLACE = np.array([500_000.0, 6_000_000.0])


def straight(*ends: tuple[float, float, float, float]) -> list[np.ndarray]:
    along = np.linspace(0, 1, 300)[:, None]
    return [PLACE + np.array(one[:2]) * (1 - along) + np.array(one[2:]) * along for one in ends]


def test_lines_that_cross_are_found_where_they_cross() -> None:
    lines = straight((0, 0, 1000, 0), (0, 100, 1000, 100), (500, -50, 500, 250), (0, 200, 1000, 200))
    contours = Contours.of(lines, [10, 20, 30, 30])
    found = find_crossings(contours)
    assert [one.lines for one in found] == [(0, 2), (1, 2)]
    assert_allclose(
        [[one.easting, one.northing] for one in found], PLACE + np.array([[500, 0], [500, 100]]), atol=1e-6
    )
    assert "lines 1 (10 m) and 3 (30 m) cross at 500500, 6000000" in str(found[0])
    assert without_crossings(contours, found).heights_m.tolist() == [10, 20, 30]
    assert find_crossings(without_crossings(contours, found)) == ()


def test_contours_of_a_model_do_not_cross(hilly) -> None:
    _, _, terrain = hilly()
    assert find_crossings(terrain.contours) == ()


@pytest.mark.parametrize("feet_interval", [20 / 0.3048, 50.0])
def test_feet_among_metres_are_found_and_converted(feet_interval) -> None:
    # parallel lines up a slope of 1:5; the upper half was numbered in feet
    metres = 500.0 + 20.0 * np.arange(30)
    values = metres[:15].tolist()
    top = metres[15] / 0.3048
    first = np.ceil(top / feet_interval) * feet_interval
    feet = first + feet_interval * np.arange(10)
    distance = np.concatenate([metres[:15], feet * 0.3048]) * 5
    lines = straight(*[(0, one, 3000, one) for one in distance])
    contours = Contours.of(lines, values + feet.tolist())
    found = find_mixed_units(contours)
    assert found is not None
    assert found.in_feet.tolist() == [False] * 15 + [True] * 10
    assert_allclose(found.converted().heights_m, distance / 5)
    assert "10 of 25 lines" in str(found)


def test_feet_are_found_on_a_low_hill_of_few_lines() -> None:
    # rings whose interval is a large part of their height: 100 to 140 in metres, 160 to 220 in feet
    turn = np.append(np.linspace(0, 2 * np.pi, 60, endpoint=False), 0.0)
    rings = [np.column_stack([np.cos(turn), np.sin(turn)]) * radius for radius in np.arange(500, 100, -60)]
    metres = 100.0 + 20 * np.arange(7)
    found = find_mixed_units(Contours.of(rings, np.where(metres >= 160, metres / 0.3048, metres)))
    assert found is not None
    assert found.in_feet.tolist() == [False] * 3 + [True] * 4
    assert_allclose(found.converted().heights_m, metres)


def test_one_unit_is_not_taken_for_two(hilly) -> None:
    for seed in range(3):
        _, _, terrain = hilly(interval_m=5.0, seed=seed)
        assert find_mixed_units(terrain.contours) is None
        heights = terrain.contours.heights_m.copy()
        heights[3] += 50.0
        assert find_mixed_units(terrain.contours.relabel(heights)) is None


def test_twice_the_same_line_and_crumbs_are_counted() -> None:
    one, other, crumb = straight((0, 0, 100, 0), (0, 10, 100, 10), (0, 5, 3, 5))
    contours = Contours.of([one, other, one[::-1], one, crumb], [10, 20, 10, 20, 10])
    assert duplicate_lines(contours).tolist() == [2]
    assert short_lines(contours, 5.0).tolist() == [4]


def test_degrees_are_refused_with_the_way_out() -> None:
    with pytest.raises(InputError, match="ogr2ogr"):
        require_lengths(Crs.parse("EPSG:4326"))
    require_lengths(Crs.parse("EPSG:32633"))
    require_lengths(None)


def test_spacing_is_the_distance_of_neighbours() -> None:
    lines = straight(*[(0, 40.0 * k, 3000, 40.0 * k) for k in range(12)])
    assert spacing_m(Contours.of(lines, np.arange(12) * 10)) == pytest.approx(40, rel=0.05)
    with pytest.raises(NotEnoughDataError, match="one height"):
        spacing_m(Contours.of(lines, np.full(12, 10)))


def test_an_extent_makes_a_grid() -> None:
    made = Lattice.of_extent((100.0, 200.0, 150.0, 231.0), 10.0)
    assert made == Lattice(100.0, 231.0, 10.0, 5, 4)
    with pytest.raises(InputError, match="no extent"):
        Lattice.of_extent((100.0, 200.0, 50.0, 230.0), 10.0)


def test_the_method_that_is_best_at_held_out_pieces_is_taken(hilly) -> None:
    lattice, _, terrain = hilly(interval_m=15.0)
    names = ("idw", "tin", "biharmonic")
    choice = choose_method(terrain, lattice, methods=names)
    assert choice.name == "biharmonic"
    assert list(choice.rmse_m) == ["biharmonic", "tin", "idw"]
    with pytest.raises(InputError, match="no surface"):
        choose_method(terrain, lattice, methods=("guess",))


def test_spots_alone_choose_a_method(points_only) -> None:
    rng = np.random.default_rng(0)
    positions = PLACE + rng.uniform(0, 1000, (60, 2))
    lattice = Lattice(500_000.0, 6_001_000.0, 20.0, 50, 50)
    waves = 100 * np.sin((positions - PLACE)[:, 0] / 150)
    choice = choose_method(points_only(positions, waves), lattice, methods=("tps", "idw"))
    assert choice.name == "tps"
    few = choose_method(points_only(positions[:5], waves[:5]), lattice)
    assert (few.name, few.rmse_m) == ("biharmonic", {})
