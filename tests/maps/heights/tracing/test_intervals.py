"""The interval of a sheet: from all evidence, whatever one wrong label says, and none where nothing tells."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from whence.errors import InputError
from whence.maps.heights.tracing.evidence import Marks, weigh
from whence.maps.heights.tracing.intervals import usual_intervals

if TYPE_CHECKING:
    from whence.maps.heights.labelled import HeightLabels

NONE = Marks.of(None)


def times(labels: HeightLabels, factor: float) -> Marks:
    return Marks.of(replace(labels, map_heights=labels.map_heights * factor))


def test_usual_intervals_are_round_in_any_unit() -> None:
    """As printed on maps in metres, feet and sazhens; those that are seldom cost more."""
    common = [step for step, cost in usual_intervals(1, 100) if cost == 0]
    assert common == [1, 2, 2.5, 4, 5, 10, 20, 25, 40, 50, 100]
    seldom = {step for step, cost in usual_intervals(1, 100) if cost > 0}
    assert {1.25, 7.5, 30} <= seldom
    assert not seldom & set(common)


@pytest.mark.parametrize("factor", [0.2, 0.5, 2.0, 4.0, 10.0])
def test_the_interval_is_found_at_any_scale_of_heights(sheet, work, factor: float) -> None:
    """The sheet of 5 m with all heights multiplied: intervals 1, 2.5, 10, 20 and 50."""
    found = weigh(work, times(sheet.labels, factor), times(sheet.spots, factor), interval_m=None)
    assert found.interval_m == 5.0 * factor
    assert found.contradictions == ()
    assert any("what does not fit" in note for note in found.notes)


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("off", [-25.0, -2.5, 5.0, 9.0, 500.0])
def test_a_wrong_label_does_not_change_the_interval(sheet, work, number: int, off: float) -> None:
    """One of three labels is wrong, and comes first among what contradicts."""
    heights = sheet.labels.map_heights.copy()
    heights[number] += off
    wrong = Marks.of(replace(sheet.labels, map_heights=heights))
    found = weigh(work, wrong, Marks.of(sheet.spots), interval_m=None)
    assert found.interval_m == 5.0
    first = found.contradictions[0]
    assert (first.name, first.likeliest) == (str(number + 1), True)
    assert first.text.startswith("most probably wrong: label")
    assert not any(one.likeliest for one in found.contradictions[1:])


def test_spot_heights_alone_tell_the_interval(sheet, work) -> None:
    assert weigh(work, NONE, Marks.of(sheet.spots), interval_m=None).interval_m == 5.0


def test_the_interval_of_the_user_wins(sheet, work) -> None:
    """Even where another would fit better."""
    assert weigh(work, Marks.of(sheet.labels), NONE, interval_m=2.5).interval_m == 2.5


@pytest.mark.parametrize("interval_m", [0.0, -5.0, float("nan"), float("inf")])
def test_an_interval_that_is_none_is_refused(sheet, work, interval_m: float) -> None:
    with pytest.raises(InputError, match="interval"):
        weigh(work, Marks.of(sheet.labels), NONE, interval_m=interval_m)


def test_equal_labels_tell_no_interval(sheet, work) -> None:
    """No line gets a height, and the note tells the way out."""
    equal = Marks.of(replace(sheet.labels, map_heights=np.full(3, 100.0)))
    found = weigh(work, equal, NONE, interval_m=None)
    assert np.isnan(found.heights_m).all()
    assert "--interval" in found.notes[0]
