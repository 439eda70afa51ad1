"""Touching objects told apart; the oracles are shapes that were put together."""

from __future__ import annotations

import numpy as np
import pytest

from whence.aerial.polygons.rows import Rows
from whence.aerial.polygons.separation import Separation, grow_into_edges, separated, split_necks
from whence.errors import InputError


def dumb_bell(neck: int) -> np.ndarray:
    """Two squares of 20 with a neck between them."""
    ids = np.zeros((30, 60), np.uint8)
    ids[5:25, 5:25] = ids[5:25, 33:53] = 1
    ids[15 - neck // 2 : 15 - neck // 2 + neck, 25:33] = 1
    return ids


@pytest.mark.parametrize(("neck", "objects"), [(4, 2), (8, 2), (18, 1)])
def test_a_neck_separates_when_it_is_deep_enough(neck, objects):
    """Half widths are 10 in the squares and neck / 2 between: with a depth of 3 px, 14 is the limit."""
    found = split_necks((dumb_bell(neck) == 1).astype(np.int64), 3.0)
    assert found.max() == objects
    assert ((found > 0) == (dumb_bell(neck) == 1)).all()
    if objects == 2:
        assert len(np.unique(found[5:25, 5:25])) == len(np.unique(found[5:25, 33:53])) == 1


def test_cores_grow_back_over_the_edge_between_them():
    ids = np.zeros((20, 40), np.uint8)
    ids[4:16, 4:36] = 2
    ids[6:14, 6:19] = ids[6:14, 21:34] = 1
    ids[0, 38] = 2  # an edge without a core
    classes, objects = grow_into_edges(ids, 1, 2)
    assert (classes[4:16, 4:36] == 1).all()
    assert classes[0, 38] == 255
    assert (objects > 0).sum() == 12 * 32
    assert [len(np.unique(objects[4:16, half])) for half in (slice(4, 19), slice(21, 36))] == [1, 1]
    assert objects[10, 10] != objects[10, 30]


def test_a_crumb_of_a_core_is_no_object_of_its_own():
    ids = np.full((20, 40), 2, np.uint8)
    ids[6:14, 6:30] = 1
    ids[8:10, 34:36] = 1
    assert grow_into_edges(ids, 1, 2)[1].max() == 2
    classes, objects = grow_into_edges(ids, 1, 2, least_px=5)
    assert (classes == 1).all()
    assert len(np.unique(objects)) == 1
    alone = np.zeros((20, 40), np.uint8)
    alone[5:9, 5:9], alone[6:8, 6:8] = 2, 1
    assert not (grow_into_edges(alone, 1, 2, least_px=5)[0] == 1).any()


def test_a_filled_hole_belongs_to_the_roof_around_it():
    ids = np.zeros((30, 60), np.uint8)
    ids[4:26, 4:56] = 2
    ids[6:24, 6:29] = ids[6:24, 31:54] = 1
    ids[12:14, 12:14] = 0
    rows, parents = separated(Rows.of_array(ids), core=1, edge=2, depth_px=None, least_px=10)
    values = rows.read(0, 30)
    assert (parents[values[4:26, 4:56]] == 1).all()
    assert len(np.unique(values[4:26, 4:56])) == 2


def test_objects_get_numbers_and_the_rest_keeps_its_class():
    ids = dumb_bell(4)
    ids[0, :] = 3
    rows, parents = separated(Rows.of_array(ids), core=1, edge=None, depth_px=3.0, least_px=0.0)
    values = rows.read(0, 30)
    assert (parents[values] == ids).all()
    assert len(np.unique(values[ids == 1])) == 2
    alone, _ = separated(Rows.of_array(ids), core=1, edge=None, depth_px=None, least_px=0.0)
    assert len(np.unique(alone.read(0, 30)[ids == 1])) == 1


def test_what_is_too_large_or_means_nothing_is_refused():
    huge = Rows((100_000, 100_000), lambda start, end: np.zeros((end - start, 100_000), np.uint8), 1)
    with pytest.raises(InputError, match="too large"):
        separated(huge, core=1, edge=None, depth_px=1.0, least_px=0.0)
    with pytest.raises(InputError, match="above 0"):
        Separation("building", 0.0)
