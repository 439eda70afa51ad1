"""The small world's aged sheet, traced, against what was drawn on it; wrong heights planted in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from whence.maps.heights.labelled import HeightLabels
from whence.maps.heights.tracing.evidence import Marks, weigh
from whence.maps.heights.tracing.from_scan import line_work
from whence.maps.heights.tracing.profile import resampled
from whence.maps.scan.source import as_scan
from whence.smallworld import Town
from whence.smallworld.old_map import OldMap

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def drawn() -> OldMap:
    """The third town, where houses hide a line between index contours."""
    return OldMap.of_town(Town.build(seed=2), seed=3)


@pytest.fixture(scope="module")
def traced_work(drawn):
    return line_work(as_scan(drawn.scan()))


@pytest.fixture(scope="module")
def labels(drawn) -> Marks:
    """Heights a quarter and three quarters along each index contour."""
    frame, pixels, heights = drawn.frame, [], []
    for contour in drawn.contours:
        for share in (0.25, 0.75) if contour.is_index else ():
            place = drawn.drawn(contour.line_m)[int(share * len(contour.line_m))]
            if frame.inside(place, within_mm=4.0):
                pixels.append(drawn.paper.to_scan(place))
                heights.append(contour.height_m)
    return Marks.of(HeightLabels(np.array(pixels), None, np.array(heights)))


@pytest.fixture(scope="module")
def spots(drawn) -> Marks:
    places = drawn.drawn(np.array([spot.place_m for spot in drawn.spots]))
    inside = np.array([drawn.frame.inside(place, within_mm=3.0) for place in places])
    heights = np.array([float(spot.text) for spot in drawn.spots])
    names = tuple(f"s{number + 1}" for number in np.flatnonzero(inside))
    return Marks.of(HeightLabels(drawn.paper.to_scan(places)[inside], None, heights[inside], names))


def off(marks: Marks, number: int, by_m: float) -> Marks:
    heights = marks.heights_m.copy()
    heights[number] += by_m
    return replace(marks, heights_m=heights)


def test_the_interval_is_derived_and_heights_are_right(drawn, traced_work, labels, spots) -> None:
    """A metre, though houses hide one of the four lines between some index contours; 99 % of them right."""
    found = weigh(traced_work, labels, spots, interval_m=None)
    assert found.interval_m == 1.0
    truth = [(resampled(drawn.paper.to_scan(drawn.drawn(one.line_m)), 2.0), one) for one in drawn.contours]
    tree = cKDTree(np.concatenate([line for line, _ in truth]))
    height = np.concatenate([np.full(len(line), one.height_m) for line, one in truth])
    right = known = 0
    for line, said in zip(traced_work.lines, found.heights_m, strict=True):
        away, at = tree.query(line)
        near = (away < 3.0) & np.isfinite(said)
        known += int(near.sum())
        right += int((np.abs(height[at] - said) < 0.01)[near].sum())
    assert known > 0.9 * sum(len(line) for line in traced_work.lines)
    assert right > 0.99 * known


@pytest.mark.parametrize("by_m", [1.0, -1.0, 5.0, -5.0])
def test_a_wrong_label_is_named_first(traced_work, labels, spots, by_m: float) -> None:
    """Among some fifty heights; no more than three others are named anew beside it."""
    before = {one.name for one in weigh(traced_work, labels, spots, interval_m=1.0).contradictions}
    hits = []
    for number in range(0, len(labels), 2):
        if labels.names[number] in before:
            continue
        found = weigh(traced_work, off(labels, number, by_m), spots, interval_m=1.0).contradictions
        hits.append(found[0].name == labels.names[number])
        assert len({one.name for one in found} - before) <= 4
    assert np.mean(hits) >= 0.95


@pytest.mark.parametrize("by_m", [2.0, -2.0, 5.0, 10.0])
def test_a_wrong_spot_is_named(traced_work, labels, spots, by_m: float) -> None:
    before = {one.name for one in weigh(traced_work, labels, spots, interval_m=1.0).contradictions}
    hits = []
    for number in range(0, len(spots), 3):
        if spots.names[number] in before:
            continue
        found = weigh(traced_work, labels, off(spots, number, by_m), interval_m=1.0).contradictions
        hits.append(spots.names[number] in {one.name for one in found})
    assert len(hits) >= 10
    assert np.mean(hits) >= 0.9
