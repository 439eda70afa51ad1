"""Footprints matched one to one; the oracle is a search through all assignments."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from shapely import box

from whence.aerial.evaluation.footprints import match_footprints
from whence.errors import InputError


def best_of_all(ours, theirs, threshold):
    """Most matches, then most overlap, of every way to assign."""
    overlap = np.array([[a.intersection(b).area / a.union(b).area for b in theirs] for a in ours])
    best = (0, 0.0)
    slots = [*range(len(theirs)), *([None] * len(ours))]
    for chosen in set(itertools.permutations(slots, len(ours))):
        values = [overlap[i, j] for i, j in enumerate(chosen) if j is not None and overlap[i, j] >= threshold]
        best = max(best, (len(values), sum(values)))
    return best


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("seed", range(4))
def test_no_assignment_is_better(seed, threshold):
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 8, (8, 2))
    shapes = [
        box(x, y, x + w, y + h) for (x, y), (w, h) in zip(corners, rng.uniform(3, 7, (8, 2)), strict=True)
    ]
    found = match_footprints(shapes[:4], shapes[4:], iou=threshold)
    count, overlap = best_of_all(shapes[:4], shapes[4:], threshold)
    assert (len(found.pairs), found.ious.sum()) == (count, pytest.approx(overlap))
    assert len(np.unique(found.pairs[:, 0])) == len(np.unique(found.pairs[:, 1])) == count


def test_figures_can_be_counted_by_hand():
    true = [box(0, 0, 10, 10), box(20, 0, 30, 10), box(40, 0, 50, 10)]
    predicted = [box(0, 0, 10, 9), box(20, 0, 30, 4), box(60, 0, 70, 10), box(80, 0, 81, 1)]
    found = match_footprints(predicted, true)
    assert found.pairs.tolist() == [[0, 0]]
    assert (found.precision, found.recall, found.f1) == (0.25, pytest.approx(1 / 3), pytest.approx(2 / 7))
    assert found.to_json()["mean_iou"] == pytest.approx(0.9)
    assert "IoU ≥ 0.5" in found.protocol


def test_splits_and_merges_are_counted():
    row = box(0, 0, 20, 10)
    halves = [box(0, 0, 10, 10), box(10, 0, 20, 10)]
    split, merged = match_footprints(halves, [row]), match_footprints([row], halves)
    assert (split.splits, split.merges) == (1, 0)
    assert (merged.splits, merged.merges) == (0, 1)


def test_exactly_half_is_a_match():
    assert len(match_footprints([box(0, 0, 2, 1)], [box(0, 0, 1, 1)]).pairs) == 1


def test_within_an_area_others_are_left_out_on_both_sides():
    area = box(0, 0, 10, 10)
    shapes = [box(1, 1, 3, 3), box(8, 8, 11, 10), box(9, 1, 14, 3), box(20, 20, 22, 22)]
    found = match_footprints(shapes, shapes, within=area)
    assert (found.predicted, found.true, len(found.pairs)) == (2, 2, 2)


def test_broken_rings_are_mended():
    bow_tie = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    assert match_footprints([bow_tie], [bow_tie]).ious.tolist() == [1.0]


def test_none_at_all_has_no_figures():
    found = match_footprints([], [])
    assert np.isnan([found.precision, found.recall, found.f1]).all()
    assert found.to_json()["f1"] is None
    assert match_footprints([], [box(0, 0, 1, 1)]).f1 == 0.0
    with pytest.raises(InputError, match="IoU of 0"):
        match_footprints([], [], iou=0.0)
