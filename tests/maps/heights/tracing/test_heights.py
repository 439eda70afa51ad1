"""Heights of traced lines: by labels, spots, thickness and neighbours; what contradicts is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from whence.errors import InputError, NotEnoughDataError
from whence.maps.heights.labelled import HeightLabels
from whence.maps.heights.tracing import Traced, trace_contours
from whence.maps.heights.tracing.crossings import crossings_of
from whence.maps.heights.tracing.evidence import Marks, weigh
from whence.maps.heights.tracing.levels import Claims, Ladder, solve_levels
from whence.maps.heights.tracing.views import views_of

STEP = 5.0


def truth_of(sheet, work) -> np.ndarray:
    """Height of the drawn line that each traced line follows."""
    return np.array(
        [
            STEP * min(sheet.lines, key=lambda one: cKDTree(sheet.lines[one]).query(line)[0].mean())
            for line in work.lines
        ]
    )


def with_height(labels: HeightLabels, number: int, height: float) -> HeightLabels:
    heights = labels.map_heights.copy()
    heights[number] = height
    return replace(labels, map_heights=heights)


def test_all_lines_get_their_height_from_the_labels_of_the_thick_ones(sheet, work) -> None:
    """The interval follows from the labels 25 m apart and four lines between."""
    found = weigh(work, Marks.of(sheet.labels), Marks.of(None), interval_m=None)
    assert found.interval_m == STEP
    assert found.heights_m.tolist() == truth_of(sheet, work).tolist()
    assert found.contradictions == ()
    assert sorted(set(found.evidence)) == ["label", "neighbours"]


def test_spot_heights_alone_are_enough(sheet, work) -> None:
    found = weigh(work, Marks.of(None), Marks.of(sheet.spots), interval_m=STEP)
    known = np.isfinite(found.heights_m)
    assert known.mean() > 0.7
    assert (found.heights_m[known] == truth_of(sheet, work)[known]).all()
    assert found.contradictions == ()


def test_without_any_height_no_line_has_one(work) -> None:
    found = weigh(work, Marks.of(None), Marks.of(None), interval_m=STEP)
    assert np.isnan(found.heights_m).all()
    assert set(found.evidence) == {"none"}


def test_one_label_alone_does_not_tell_which_side_is_up(sheet, work) -> None:
    """The labelled line has its height; the others could rise or fall, and stay without."""
    one = HeightLabels(sheet.labels.pixels[1:2], None, sheet.labels.map_heights[1:2])
    found = weigh(work, Marks.of(one), Marks.of(None), interval_m=STEP)
    assert found.heights_m[np.isfinite(found.heights_m)].tolist() == [sheet.labels.map_heights[1]]


@pytest.mark.parametrize("off", [-25.0, -5.0, 5.0, 25.0])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_wrong_label_is_named_and_outvoted(sheet, work, number: int, off: float) -> None:
    right = float(sheet.labels.map_heights[number])
    wrong = with_height(sheet.labels, number, right + off)
    found = weigh(work, Marks.of(wrong), Marks.of(sheet.spots), interval_m=STEP)
    named = [one for one in found.contradictions if one.kind == "label"]
    assert [(one.name, one.said_m, one.expected_m) for one in named] == [
        (str(number + 1), right + off, right)
    ]
    assert (found.heights_m == truth_of(sheet, work)).all()


@pytest.mark.parametrize("off", [-50.0, -10.0, 10.0, 50.0])
def test_a_wrong_spot_is_named(sheet, work, off: float) -> None:
    """Two intervals or more, at each of the sixteen places: at least 95 % named, none but it."""
    hits = others = 0
    for number in range(len(sheet.spots)):
        wrong = with_height(sheet.spots, number, float(sheet.spots.map_heights[number]) + off)
        found = weigh(work, Marks.of(sheet.labels), Marks.of(wrong), interval_m=STEP)
        names = [one.name for one in found.contradictions]
        hits += str(number + 1) in names
        others += len(names) - names.count(str(number + 1))
    assert hits >= 0.95 * len(sheet.spots)
    assert others == 0


def test_two_labels_of_one_line_that_differ_are_listed(sheet, work) -> None:
    """Both stand on a line of which nothing else is known."""
    line = sheet.lines[10]
    labels = HeightLabels(line[[30, 250]], None, np.array([50.0, 75.0]))
    found = weigh(work, Marks.of(labels), Marks.of(None), interval_m=STEP)
    assert {one.name for one in found.contradictions} & {"1", "2"}


def test_a_label_far_from_any_line_is_listed(sheet, work) -> None:
    labels = HeightLabels(np.array([[320.0, 632.0]]), None, np.array([125.0]))
    found = weigh(work, Marks.of(labels), Marks.of(None), interval_m=STEP)
    assert [one.kind for one in found.contradictions] == ["no line"]
    assert "has no line near it" in found.contradictions[0].text


def test_levels_agree_with_trying_everything() -> None:
    """Five lines in a row, one label and one spot: the least cost over all states, by brute force."""
    lines = [np.stack([np.arange(0, 200.0, 2), np.full(100, 30.0 * k + 20)], axis=1) for k in range(5)]
    spot = np.array([[100.0, 125.0]])
    views = views_of(lines, spot, np.zeros((200, 200), bool))
    facing = {(int(a), int(b)) for a, b in views.lines}
    assert facing >= {(k, k + 1) for k in range(4)}
    claims = Claims(np.array([10.0]), np.array([1]), np.array([12.5]), np.zeros(5, bool))
    levels, margin = solve_levels(5, views, claims, Ladder(1.0)).beliefs.best()
    assert levels.tolist() == [9, 10, 11, 12, 13]
    assert margin[1] > 1


def test_a_view_over_what_hides_lines_proves_nothing() -> None:
    lines = [np.stack([np.arange(0, 200.0, 2), np.full(100, row)], axis=1) for row in (20.0, 120.0)]
    hidden = np.zeros((200, 220), bool)
    assert len(views_of(lines, np.empty((0, 2)), hidden).lines) == 1
    hidden[40:100] = True
    assert len(views_of(lines, np.empty((0, 2)), hidden).lines) == 0


def test_lines_come_to_the_world_with_their_heights(sheet) -> None:
    """By a known similarity; without heights there is nothing to bring."""

    class Place:
        def to_world(self, pixels):
            return np.asarray(pixels) * [2.0, -2.0] + [5e5, 6e6]

    traced = trace_contours(sheet.image, labels=sheet.labels)
    assert isinstance(traced, Traced)
    placed = traced.to_world(Place())
    assert len(placed) == len(sheet.lines)
    assert sorted(set(placed.heights_m.tolist())) == [STEP * level for level in sheet.lines]
    assert placed.lines[0][0].tolist() == (traced.lines[0][0] * [2.0, -2.0] + [5e5, 6e6]).tolist()
    assert traced.to_json()["with_height"] == len(traced)
    with pytest.raises(NotEnoughDataError, match="has a height"):
        replace(traced, heights_m=np.full(len(traced), np.nan)).to_world(Place())


def test_heights_without_pixels_are_refused() -> None:
    with pytest.raises(InputError, match="no column and row"):
        Marks.of(HeightLabels(None, np.array([[5e5, 6e6]]), np.array([100.0])))


def test_heights_beside_the_scan_are_listed_or_refused(sheet, work) -> None:
    """One of three: listed, and the others count. All: not the table of this scan."""
    places = sheet.labels.pixels.copy()
    places[0] += 5000
    found = weigh(
        work, Marks.of(replace(sheet.labels, pixels=places)), Marks.of(sheet.spots), interval_m=STEP
    )
    assert [(one.kind, one.name) for one in found.contradictions] == [("outside", "1")]
    assert "is not on the scan" in found.contradictions[0].text
    assert (found.heights_m == truth_of(sheet, work)).all()
    with pytest.raises(InputError, match="none of the 3 heights lies on the scan"):
        weigh(
            work,
            Marks.of(replace(sheet.labels, pixels=sheet.labels.pixels + 5000)),
            Marks.of(None),
            interval_m=STEP,
        )


def test_lines_that_cross_are_found() -> None:
    """Two diagonals at the middle of their square, a loop where it meets itself, neighbours not at all."""
    one, other = np.array([[0, 0], [100, 100.0]]), np.array([[0, 100], [100, 0.0]])
    loop = np.array([[0, 200.0], [100, 200], [100, 250], [50, 250], [50, 150]])
    assert list(crossings_of([one, other, loop])) == [(0, 1, (50.0, 50.0)), (2, 2, (50.0, 200.0))]
    ring = np.array([[0, 0], [9, 0], [9, 9], [0, 0.0]])
    assert list(crossings_of([one + 300.0, one + np.array([300.0, 310.0]), ring])) == []


def test_crossing_contours_are_contradictions(sheet, work) -> None:
    """A line through three others is listed three times, whatever the heights."""
    crossing = np.stack([np.full(60, 400.0), np.linspace(300.0, 420.0, 60)], axis=1)
    more = replace(work, lines=(*work.lines, crossing), is_index=np.append(work.is_index, False))
    found = weigh(more, Marks.of(sheet.labels), Marks.of(None), interval_m=STEP)
    crossed = [one for one in found.contradictions if one.kind == "crossing"]
    expected = sum(line[0, 1] < 420 and line[0, 1] > 300 for line in work.lines)
    assert expected - 1 <= len(crossed) <= expected + 1
    assert all(one.lines[1] == len(work.lines) and "crosses line" in one.text for one in crossed)
    assert all(abs(one.place_px[0] - 400) < 1 for one in crossed)
    assert all(one.to_json()["text"] for one in crossed)


def test_a_spot_that_no_line_sees_is_held_against_the_nearest(sheet, work) -> None:
    """Under a house, thirty metres off: named; four metres off: not, since nothing there tells."""
    hidden = np.ones_like(work.ink.hidden)
    blind = replace(work, ink=replace(work.ink, hidden=hidden))
    labels = HeightLabels(
        np.array([line[len(line) // 2] for line in work.lines]), None, truth_of(sheet, work)
    )
    for off, named in ((30.0, ["s"]), (4.0, [])):
        spot = HeightLabels(sheet.spots.pixels[:1], None, sheet.spots.map_heights[:1] + off, ("s",))
        found = weigh(blind, Marks.of(labels), Marks.of(spot), interval_m=STEP)
        assert [one.name for one in found.contradictions] == named
