"""Wrong contour labels are named; right ones are not."""

from __future__ import annotations

import numpy as np
import pytest

from whence.errors import NotEnoughDataError
from whence.maps.heights import Contours
from whence.maps.heights.labels import find_wrong_labels, neighbours_of


def rings(heights_m: list[float]) -> Contours:
    """Rings around one summit, from the outside in."""
    angle = np.linspace(0, 2 * np.pi, 73)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    circle[-1] = circle[0]
    place = np.array([500_000.0, 6_000_000.0])
    return Contours.of(
        [place + (len(heights_m) - k) * 100 * circle for k in range(len(heights_m))], heights_m
    )


def test_rings_see_the_next_ones_only() -> None:
    pairs, edges = neighbours_of(rings([10, 20, 30, 40, 50]))
    assert pairs.tolist() == [[0, 1], [1, 2], [2, 3], [3, 4]]
    assert (edges > 20).all()


@pytest.mark.parametrize("line", [2, 3, 4])
@pytest.mark.parametrize("wrong_by", [-50.0, -20.0, 20.0, 50.0])
def test_a_misread_ring_is_named_with_its_right_height(line, wrong_by) -> None:
    right = np.array([100.0, 110.0, 120.0, 130.0, 140.0, 150.0])
    labels = right.copy()
    labels[line] += wrong_by
    found = find_wrong_labels(rings(labels.tolist()), interval_m=10.0)
    assert [suspect.line for suspect in found.found] == [line]
    assert found.found[0].proposed_m == right[line]
    assert (found.repaired().heights_m == right).all()
    assert found.found[0].contradictions > found.found[0].remaining == 0
    assert len(found.without()) == 5


def test_a_ring_at_the_height_of_the_ring_around_it_is_lifted() -> None:
    found = find_wrong_labels(rings([100, 110, 120, 130, 130]))
    assert [(one.line, one.proposed_m) for one in found.found] == [(4, 140.0)]


def test_right_labels_are_not_suspected(hilly) -> None:
    for seed in range(4):
        _, _, terrain = hilly(120, 90, interval_m=8.0, seed=seed)
        assert len(find_wrong_labels(terrain.contours)) == 0


def test_of_three_percent_misread_nearly_all_are_named(hilly) -> None:
    named = wrong = false = right = 0
    for seed in range(4):
        _, _, terrain = hilly(120, 90, interval_m=8.0, seed=seed)
        rng = np.random.default_rng(seed)
        count = len(terrain.contours)
        bad = rng.choice(count, max(round(0.03 * count), 2), replace=False)
        heights = terrain.contours.heights_m.copy()
        heights[bad] += 8.0 * rng.integers(2, 6, len(bad)) * rng.choice([-1, 1], len(bad))
        found = {one.line for one in find_wrong_labels(terrain.contours.relabel(heights)).found}
        named, wrong = named + len(found & set(bad.tolist())), wrong + len(bad)
        false, right = false + len(found - set(bad.tolist())), right + count - len(bad)
    assert named >= 0.9 * wrong
    assert false <= 0.01 * right


def test_too_few_lines_cannot_check_one_another() -> None:
    with pytest.raises(NotEnoughDataError, match="at least three"):
        find_wrong_labels(rings([100, 110]))
    with pytest.raises(NotEnoughDataError, match="at least three"):
        find_wrong_labels(rings([100, 100, 100]))


@pytest.mark.parametrize("noise_m", [0.0, 0.001, 0.5])
def test_a_ragged_rim_makes_no_contradictions(noise_m: float) -> None:
    """Parallel lines that end at the rim, ends within a millimetre or so of it: nothing is wrong."""
    rng = np.random.default_rng(3)
    along = np.linspace(0.0, 1000.0, 41)
    lines = [
        np.stack([np.full(41, 60.0 * k), along], axis=1) + rng.normal(0, noise_m, (41, 2)) for k in range(30)
    ]
    levels = 100.0 + 10.0 * np.arange(30)
    assert len(find_wrong_labels(Contours.of(lines, levels))) == 0
    levels[12] += 50.0
    assert [one.line for one in find_wrong_labels(Contours.of(lines, levels)).found] == [12]
