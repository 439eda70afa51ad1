"""Traced and simplified polygons; oracles are rasterio's shapes, shapely's coverages and counted pixels."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from rasterio import features
from scipy import ndimage

from whence.aerial.polygons.arcs import find_arcs
from whence.aerial.polygons.faces import faces_of
from whence.aerial.polygons.rows import Rows


def blobs(seed: int, shape: tuple[int, int] = (90, 110), smooth: float = 2.0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(4, *shape))
    ids = ndimage.gaussian_filter(noise, (0, smooth, smooth)).argmax(axis=0).astype(np.uint8)
    ids[20:50, 60:75] = 255
    return ids


def faces(ids: np.ndarray, tolerance: float = 0.0, block: int | None = None):
    return faces_of(find_arcs(Rows.of_array(ids, block=block)), tolerance=tolerance)


@pytest.mark.parametrize("smooth", [0.0, 1.0, 3.0])
def test_polygons_are_those_of_gdal(smooth):
    """Noise without smoothing has saddles, holes that touch the outline, and islands in holes."""
    ids = blobs(1, (40, 50), smooth)
    found = faces(ids)
    theirs = [
        (int(value), shapely.make_valid(shapely.geometry.shape(shape)))
        for shape, value in features.shapes(ids, mask=ids != 255, connectivity=4)
    ]
    assert len(found.polygons) == len(theirs)
    assert shapely.is_valid(found.polygons).all()

    def key(pair):
        return pair[0], pair[1].bounds, pair[1].area

    ours = sorted(zip(found.values.tolist(), found.polygons, strict=True), key=key)
    for one, other in zip(ours, sorted(theirs, key=key), strict=True):
        assert one[0] == other[0]
        assert one[1].symmetric_difference(other[1]).area == 0.0


@pytest.mark.parametrize("block", [1, 2, 13, 89])
@pytest.mark.parametrize("tolerance", [0.0, 1.5])
def test_blocks_give_the_polygons_of_the_whole(block, tolerance):
    ids = blobs(2)
    whole, parts = faces(ids, tolerance), faces(ids, tolerance, block)
    assert (shapely.to_wkb(whole.polygons) == shapely.to_wkb(parts.polygons)).all()
    assert (whole.values == parts.values).all()
    assert (whole.keys == parts.keys).all()


@pytest.mark.parametrize("tolerance", [0.8, 2.0, 6.0])
def test_common_walls_stay_common(tolerance):
    ids = blobs(3)
    raw, simple = faces(ids), faces(ids, tolerance)
    assert len(simple.polygons) == len(raw.polygons)
    assert shapely.is_valid(simple.polygons).all()
    assert shapely.coverage_is_valid(simple.polygons)
    union = shapely.union_all(simple.polygons).area
    assert shapely.area(simple.polygons).sum() == pytest.approx(union, abs=1e-6)
    rings = [shapely.get_rings(shapely.union_all(one.polygons)) for one in (raw, simple)]
    assert len(rings[0]) == len(rings[1])
    fewer, all_of_them = (shapely.get_num_coordinates(one.polygons).sum() for one in (simple, raw))
    assert fewer < 0.6 * all_of_them


@pytest.mark.parametrize("tolerance", [1.0, 3.0])
def test_walls_move_by_no_more_than_the_tolerance(tolerance):
    ids = blobs(4)
    raw, simple = faces(ids), faces(ids, tolerance)
    by_key = dict(zip(raw.keys.tolist(), raw.polygons, strict=True))
    for key, polygon in zip(simple.keys.tolist(), simple.polygons, strict=True):
        away = shapely.hausdorff_distance(polygon.exterior, by_key[key].exterior)
        assert away <= tolerance + 1e-9


def test_distances_are_measured_in_the_plane():
    """Pixels of 4 × 1 m: a step of one column is 4 m, and is kept at a tolerance of 1.5 m."""
    ids = np.zeros((40, 12), np.uint8)
    ids[:, 6:] = 1
    ids[20:, 6] = 0
    arcs = find_arcs(Rows.of_array(ids))
    steps = [
        shapely.get_num_coordinates(faces_of(arcs, tolerance=1.5, plane=np.diag(cell)).polygons).sum()
        for cell in ((4.0, 1.0), (1.0, 4.0))
    ]
    assert steps[0] > steps[1] == 10


def test_a_courtyard_is_a_hole_and_an_island_in_it_a_polygon():
    ids = np.zeros((30, 30), np.uint8)
    ids[5:25, 5:25], ids[10:20, 10:20], ids[14:16, 14:16] = 1, 0, 1
    found = faces(ids, 0.9)
    areas = sorted(
        (value, area) for value, area in zip(found.values.tolist(), shapely.area(found.polygons), strict=True)
    )
    assert areas == [(0, 96.0), (0, 500.0), (1, 4.0), (1, 300.0)]
    assert sum(len(one.interiors) for one in found.polygons) == 3


def test_parts_that_touch_at_a_corner_are_apart():
    ids = np.array([[1, 0], [0, 1]], np.uint8)
    assert shapely.area(faces(ids).polygons).tolist() == [1.0] * 4


def test_a_tiny_island_does_not_collapse():
    ids = np.zeros((20, 20), np.uint8)
    ids[10, 10] = 1
    found = faces(ids, 5.0)
    assert sorted(shapely.area(found.polygons).tolist()) == [1.0, 399.0]


def test_nothing_has_no_polygons():
    found = faces(np.full((5, 5), 255, np.uint8), 1.0)
    assert len(found.polygons) == len(found.values) == 0
