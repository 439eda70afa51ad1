"""Outlines squared; the oracles are shapes whose corners are known, drawn at known angles."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity

from whence.aerial.polygons.arcs import find_arcs
from whence.aerial.polygons.faces import faces_of
from whence.aerial.polygons.replacing import replaced
from whence.aerial.polygons.right_angles import squared, squared_together
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


def iou_of(found, outline) -> float:
    return found.intersection(outline).area / found.union(outline).area


def angles_deg(ring) -> np.ndarray:
    steps = np.diff(shapely.get_coordinates(ring), axis=0)
    return np.degrees(np.arctan2(steps[:, 1], steps[:, 0]))


@pytest.mark.parametrize("angle", [0.0, 7.0, 23.0, 45.0, 61.3])
@pytest.mark.parametrize("name", SHAPES)
def test_corners_are_found_within_a_pixel(name, angle):
    shape = affinity.rotate(SHAPES[name], angle, origin=(100, 100))
    outline = drawn(shape)
    found = squared(outline)
    assert corners_away(found, shape) < 1.0
    assert iou_of(found, outline) > 0.9


@pytest.mark.parametrize("angle", [0.0, 18.0, 40.0])
def test_walls_are_square_to_each_other(angle):
    found = squared(drawn(affinity.rotate(U_SHAPE, angle, origin=(100, 100)), wobble=0.2))
    off = (angles_deg(found.exterior) - angles_deg(found.exterior)[0] + 45.0) % 90.0 - 45.0
    assert np.abs(off).max() < 1e-6
    assert abs((angles_deg(found.exterior)[0] - angle + 45.0) % 90.0 - 45.0) < 1.0


def test_a_courtyard_is_kept():
    yard = shapely.box(80, 85, 120, 115)
    shape = affinity.rotate(shapely.box(50, 50, 150, 150).difference(yard), 23.0, origin=(100, 100))
    found = squared(drawn(shape))
    assert len(found.interiors) == 1
    assert corners_away(shapely.Polygon(found.interiors[0]), shapely.Polygon(shape.interiors[0])) < 1.0


def test_a_house_with_two_directions_keeps_both():
    wing = affinity.rotate(shapely.box(90, 70, 170, 100), 35.0, origin=(95, 95))
    outline = drawn(shapely.box(40, 80, 110, 110).union(wing))
    found = squared(outline)
    away = {round(float(angle)) for angle in angles_deg(found.exterior) % 90.0}
    assert iou_of(found, outline) > 0.95
    assert all(min(abs(one - true) for true in (0, 35, 90)) <= 1 for one in away)


@pytest.mark.parametrize("radius", [15.0, 40.0])
def test_a_round_roof_survives(radius):
    assert squared(drawn(shapely.Point(100, 100).buffer(radius, 64))) is None


def test_a_triangle_survives():
    """An equilateral one has walls in three directions, of which no two are square to each other."""
    shape = shapely.Polygon([(30, 150), (170, 150), (100, 150 - 70 * np.sqrt(3))])
    assert squared(drawn(shape)) is None


def test_the_guard_refuses_what_overlaps_too_little():
    outline = drawn(affinity.rotate(SHAPES["small"], 30.0, origin=(100, 100)))
    iou = iou_of(squared(outline), outline)
    assert squared(outline, guard_iou=iou + 1e-6) is None
    assert squared(outline, guard_iou=iou - 1e-6) is not None


MIDDLE = (120, 120)


def objects(shapes, size: int = 240) -> np.ndarray:
    """Number the pixels of each shape from 256 on; 1 is the ground."""
    rows, columns = np.mgrid[:size, :size] + 0.5
    ids = np.ones((size, size), np.int32)
    for number, shape in enumerate(shapes):
        inside = shapely.contains_xy(shape, columns.ravel(), rows.ravel()).reshape(size, size)
        ids[inside & (ids == 1)] = 256 + number
    return ids


def together(ids: np.ndarray, **options):
    """Square all objects; give the outlines as traced, what came of them, and the whole coverage."""
    arcs = find_arcs(Rows.of_array(ids))
    raw, faces = faces_of(arcs), faces_of(arcs, tolerance=1.0)
    numbers = np.flatnonzero(faces.values > 255)
    order = np.argsort(raw.keys)
    outlines = raw.polygons[order[np.searchsorted(raw.keys[order], faces.keys[numbers])]]
    found = squared_together(outlines, **options)
    new = {int(numbers[k]): polygon for k, polygon in found.polygons.items()}
    coverage = replaced(faces.polygons, new, beside=np.setdiff1d(numbers, list(new)))
    return outlines, found, coverage


def overlaps(polygons) -> float:
    one, other = shapely.STRtree(polygons).query(polygons)
    apart = one < other
    shared = shapely.intersection(polygons[one[apart]], polygons[other[apart]])
    return float(shapely.area(shared).max(initial=0.0))


def slivers(polygons) -> float:
    """The area of what is narrower than 0.8 pixels between polygons, by closing with square corners."""
    union = shapely.union_all(polygons)
    widened = shapely.buffer(union, 0.4, join_style="mitre")
    return float(shapely.difference(shapely.buffer(widened, -0.4, join_style="mitre"), union).area)


def common_walls(polygons) -> np.ndarray:
    """(n, n) length of the common wall of any two; 0 of each with itself."""
    near = 1e-6
    shared = (
        shapely.area(shapely.intersection(shapely.buffer(polygons, near)[:, None], polygons[None])) / near
    )
    np.fill_diagonal(shared, 0.0)
    return shared


@st.composite
def streets(draw):
    """A row of houses with common walls, some set back or deeper, perhaps another row at their backs."""
    angle = draw(st.floats(0.0, 90.0))
    houses, east = [], 40.0
    for width in draw(st.lists(st.floats(14.0, 40.0), min_size=2, max_size=6)):
        if east + width > 200.0:
            break
        front, depth = draw(st.sampled_from([0, 0, 5, 9])), draw(st.sampled_from([30, 30, 38]))
        houses.append(shapely.box(east, 120 + front, east + width, 120 + front + depth))
        east += width
    if draw(st.booleans()):
        cut = draw(st.floats(60.0, east - 15.0)) if east > 80.0 else east
        houses += [shapely.box(40, 85, cut, 120), shapely.box(cut, 85, east, 120)][: 1 + (east > 80.0)]
    return [affinity.rotate(house, angle, origin=MIDDLE) for house in houses]


@settings(max_examples=40, deadline=None)
@given(streets())
def test_touching_houses_share_their_walls(houses):
    outlines, found, coverage = together(objects(houses))
    roofs = np.array([found.polygons[k] for k in range(len(outlines))])
    assert shapely.coverage_is_valid(roofs), "common walls have the same vertices, to the last digit"
    assert overlaps(roofs) < 1e-6
    assert slivers(roofs) < 1e-6
    before, after = common_walls(shapely.simplify(outlines, 0.0)), common_walls(roofs)
    straight = before / np.sqrt(2.0)  # of a staircase of pixels at 45°
    assert (after[before > 8.0] > straight[before > 8.0] - 3.0).all()
    assert all(iou_of(ours, outline) > 0.85 for ours, outline in zip(roofs, outlines, strict=True))
    assert shapely.area(coverage).sum() == pytest.approx(240 * 240, abs=1e-2)
    assert overlaps(coverage) < 1e-6


@settings(max_examples=25, deadline=None)
@given(st.floats(0.0, 90.0))
def test_corners_of_a_row_are_found(angle):
    """Three houses, the middle one set back by six pixels: all corners within a pixel, all angles right."""
    row = [shapely.box(50, 90, 90, 130), shapely.box(90, 96, 125, 136), shapely.box(125, 90, 170, 130)]
    houses = [affinity.rotate(house, angle, origin=MIDDLE) for house in row]
    _, found, _ = together(objects(houses))
    for house in houses:
        ours = max(found.polygons.values(), key=lambda one: one.intersection(house).area)
        bare = shapely.Polygon(shapely.simplify(ours.exterior, 1e-6))
        assert len(bare.exterior.coords) == 5
        assert corners_away(bare, house) < 1.0
        off = (angles_deg(bare.exterior) - angles_deg(bare.exterior)[0] + 45.0) % 90.0 - 45.0
        assert np.abs(off).max() < 1e-6


@pytest.mark.slow
def test_rows_at_many_angles_have_no_more_corners_than_houses_alone():
    """What the documentation tells: of 450 houses at most 1 % have a corner too many."""
    row = [shapely.box(50, 90, 90, 130), shapely.box(90, 96, 125, 136), shapely.box(125, 90, 170, 130)]
    corners = []
    for angle in np.random.default_rng(0).uniform(0.0, 90.0, 150):
        houses = [affinity.rotate(house, angle, origin=MIDDLE) for house in row]
        _, found, _ = together(objects(houses))
        assert len(found.polygons) == 3
        corners += [len(shapely.simplify(one.exterior, 1e-6).coords) - 1 for one in found.polygons.values()]
    assert sum(count != 4 for count in corners) <= 4


@pytest.mark.parametrize("angle", [0.0, 20.0, 45.0])
def test_a_round_tower_in_a_row_keeps_its_outline(angle):
    tower = shapely.Point(120, 120).buffer(22, 32)
    row = [shapely.box(50, 100, 100, 140), tower, shapely.box(140, 100, 190, 140)]
    houses = [affinity.rotate(house, angle, origin=MIDDLE) for house in row]
    ids = objects([houses[0], houses[2], houses[1]])
    outlines, found, coverage = together(ids)
    assert len(found.polygons) == 2
    assert found.yielding == ()
    assert overlaps(coverage) < 1e-6
    areas = shapely.area(shapely.intersection(coverage[:, None], outlines[None]))
    owners = areas.argmax(axis=0)
    walls = common_walls(coverage[owners])
    assert np.sort(walls.max(axis=1))[0] > 12.0, "what is left free along a wall is the tower's"


@pytest.mark.parametrize("angle", [0.0, 20.0, 45.0])
def test_a_yard_between_houses_and_a_house_in_a_yard_are_kept(angle):
    ring = shapely.box(40, 40, 130, 130).difference(shapely.box(65, 65, 110, 110))
    row = [ring, shapely.box(65, 65, 90, 110), shapely.box(130, 60, 170, 100)]
    outlines, found, coverage = together(
        objects([affinity.rotate(house, angle, origin=MIDDLE) for house in row])
    )
    roofs = np.array([found.polygons[k] for k in range(len(outlines))])
    assert overlaps(roofs) < 1e-6
    assert slivers(roofs) < 1e-6
    assert sorted(len(roof.interiors) for roof in roofs) == [0, 0, 1]
    yard = shapely.union_all(roofs).interiors[0]
    assert shapely.Polygon(yard).area == pytest.approx(20 * 45, rel=0.06)
    assert overlaps(coverage) < 1e-6


def test_diagonal_walls_between_houses_stay():
    """A lot cut at 30° in two: the wall is that of both, and lies where it was drawn."""
    cut = shapely.Polygon([(40, 60), (103, 60), (140, 124), (40, 124)])
    rest = shapely.Polygon([(103, 60), (200, 60), (200, 124), (140, 124)])
    outlines, found, _ = together(objects([cut, rest]))
    roofs = [found.polygons[k] for k in range(len(outlines))]
    wall = shapely.intersection(roofs[0].boundary, roofs[1].boundary)
    assert wall.length == pytest.approx(np.hypot(37, 64), abs=2.0)
    assert shapely.hausdorff_distance(wall, shapely.LineString([(103, 60), (140, 124)])) < 1.5
    assert roofs[0].intersection(roofs[1]).area < 1e-6


def test_a_row_along_a_bend_is_not_laid_straight():
    """Eight houses, each turned by 4° against the one before; laid straight, the first were off by 14°."""
    turns = 4.0 * np.arange(8) - 14.0
    houses, place = [], np.array([20.0, 100.0])
    for turn in turns:
        turned = affinity.rotate(shapely.box(0, 0, 24, 40), turn, origin=(0, 0))
        houses.append(affinity.translate(turned, *place))
        place = place + 24.0 * np.array([np.cos(np.radians(turn)), np.sin(np.radians(turn))])
    _, found, coverage = together(objects(houses))
    roofs = np.array(list(found.polygons.values()))
    assert overlaps(coverage) < 1e-6
    for turn, house in zip(turns, houses, strict=True):
        ours = max(roofs, key=lambda one: one.intersection(house).area)
        assert iou_of(ours, house) > 0.85
        off = np.abs((angles_deg(ours.exterior) - turn + 45.0) % 90.0 - 45.0)
        assert np.median(off) < 6.0


def test_what_does_not_fit_beside_others_is_counted():
    """With a guard that only some reach, the others keep their outline, and nothing overlaps."""
    rng = np.random.default_rng(0)
    row = [shapely.box(40 + 25 * k, 100, 65 + 25 * k, 135) for k in range(6)]
    ids = objects([affinity.rotate(house, 30.0, origin=MIDDLE) for house in row])
    for step in ((0, 1), (1, 0)):
        moved = np.roll(ids, step, (0, 1))
        ids = np.where((moved != ids) & (rng.random(ids.shape) < 0.3), moved, ids)
    outlines, found, coverage = together(ids, guard_iou=0.93)
    assert 0 < len(found.polygons) < len(outlines)
    assert found.yielding
    assert overlaps(coverage) < 1e-6
    assert shapely.area(coverage).sum() == pytest.approx(240 * 240, abs=1e-2)
