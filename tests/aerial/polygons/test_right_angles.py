"""Outlines squared; the oracles are shapes whose corners are known, drawn at known angles."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import affinity

from whence.aerial.polygons.arcs import find_arcs
from whence.aerial.polygons.faces import faces_of
from whence.aerial.polygons.right_angles import squared
from whence.aerial.polygons.rows import Rows

L_SHAPE = shapely.Polygon([(50, 60), (150, 60), (150, 100), (100, 100), (100, 150), (50, 150)])
U_SHAPE = shapely.Polygon(
    [(50, 60), (150, 60), (150, 150), (120, 150), (120, 90), (80, 90), (80, 150), (50, 150)]
)
CHAMFERED = shapely.Polygon([(50, 60), (150, 60), (150, 120), (120, 150), (50, 150)])
SHAPES = {
    "rectangle": shapely.box(60, 80, 140, 125),
    "small": shapely.box(90, 92, 103, 101),
    "L": L_SHAPE,
    "U": U_SHAPE,
    "chamfered": CHAMFERED,
}


def drawn(shape, *, wobble: float = 0.0, size: int = 200) -> shapely.Polygon:
    """The outline of a shape as pixels show it; `wobble` lets a share of the boundary pixels flip."""
    rows, columns = np.mgrid[:size, :size] + 0.5
    mask = shapely.contains_xy(shape, columns.ravel(), rows.ravel()).reshape(size, size)
    if wobble:
        away = shapely.distance(shapely.points(columns.ravel(), rows.ravel()), shape.boundary).reshape(
            size, size
        )
        mask ^= (away < 1.0) & (np.random.default_rng(0).random(mask.shape) < wobble)
    found = faces_of(find_arcs(Rows.of_array(np.where(mask, 1, 255).astype(np.uint8)))).polygons
    return max(found, key=shapely.area)


def corners_away(found, shape) -> float:
    """How far the worst corner is from the nearest true one; both must be as many."""
    ours, true = (shapely.get_coordinates(ring)[:-1] for ring in (found.exterior, shape.exterior))
    assert len(ours) == len(true)
    apart = np.hypot(*(ours[:, None] - true[None]).transpose(2, 0, 1))
    return float(max(apart.min(axis=0).max(), apart.min(axis=1).max()))


def angles_deg(ring) -> np.ndarray:
    steps = np.diff(shapely.get_coordinates(ring), axis=0)
    return np.degrees(np.arctan2(steps[:, 1], steps[:, 0]))


@pytest.mark.parametrize("angle", [0.0, 7.0, 23.0, 45.0, 61.3])
@pytest.mark.parametrize("name", SHAPES)
def test_corners_are_found_within_a_pixel(name, angle):
    shape = affinity.rotate(SHAPES[name], angle, origin=(100, 100))
    found, iou = squared(drawn(shape), cell=1.0)
    assert corners_away(found, shape) < 1.0
    assert iou > 0.9


@pytest.mark.parametrize("angle", [0.0, 18.0, 40.0])
def test_walls_are_square_to_each_other(angle):
    found, _ = squared(drawn(affinity.rotate(U_SHAPE, angle, origin=(100, 100)), wobble=0.2), cell=1.0)
    off = (angles_deg(found.exterior) - angles_deg(found.exterior)[0] + 45.0) % 90.0 - 45.0
    assert np.abs(off).max() < 1e-6
    assert abs((angles_deg(found.exterior)[0] - angle + 45.0) % 90.0 - 45.0) < 1.0


def test_a_courtyard_is_kept():
    yard = shapely.box(80, 85, 120, 115)
    shape = affinity.rotate(shapely.box(50, 50, 150, 150).difference(yard), 23.0, origin=(100, 100))
    found, _ = squared(drawn(shape), cell=1.0)
    assert len(found.interiors) == 1
    assert corners_away(shapely.Polygon(found.interiors[0]), shapely.Polygon(shape.interiors[0])) < 1.0


def test_a_house_with_two_directions_keeps_both():
    wing = affinity.rotate(shapely.box(90, 70, 170, 100), 35.0, origin=(95, 95))
    found, iou = squared(drawn(shapely.box(40, 80, 110, 110).union(wing)), cell=1.0)
    away = {round(float(angle)) for angle in angles_deg(found.exterior) % 90.0}
    assert iou > 0.95
    assert all(min(abs(one - true) for true in (0, 35, 90)) <= 1 for one in away)


@pytest.mark.parametrize("radius", [15.0, 40.0])
def test_a_round_roof_survives(radius):
    assert squared(drawn(shapely.Point(100, 100).buffer(radius, 64)), cell=1.0) is None


def test_a_triangle_survives():
    """An equilateral one has walls in three directions, of which no two are square to each other."""
    shape = shapely.Polygon([(30, 150), (170, 150), (100, 150 - 70 * np.sqrt(3))])
    assert squared(drawn(shape), cell=1.0) is None


def test_the_guard_refuses_what_overlaps_too_little():
    outline = drawn(affinity.rotate(SHAPES["small"], 30.0, origin=(100, 100)))
    _, iou = squared(outline, cell=1.0)
    assert squared(outline, cell=1.0, guard_iou=iou + 1e-6) is None
    assert squared(outline, cell=1.0, guard_iou=iou - 1e-6) is not None
