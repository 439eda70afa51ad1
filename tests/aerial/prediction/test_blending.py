"""Sums over tiles: against a loop over all tiles in any order, exactly."""

from __future__ import annotations

import numpy as np
import pytest

from whence.aerial.prediction.blending import SCALE, Blender, quantised
from whence.aerial.prediction.layers import classes_of
from whence.aerial.prediction.plan import Axis
from whence.errors import InputError

CLASSES = 3


def tiles_of(rows: Axis, columns: Axis) -> np.ndarray:
    """Noise for every tile (rows, columns, classes, side, side)."""
    shape = (len(rows), len(columns), CLASSES, rows.side, columns.side)
    return np.random.default_rng(5).integers(0, SCALE + 1, shape).astype(np.uint32)


def looped(rows: Axis, columns: Axis, tiles: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The blended image by the definition, tile by tile in a given order."""
    total = np.zeros((CLASSES, rows.size, columns.size), np.uint64)
    for number in order:
        row, column = divmod(int(number), len(columns))
        top, left = rows.starts[row], columns.starts[column]
        height, width = rows.end(row) - top, columns.end(column) - left
        weights = np.outer(rows.weights[row, :height], columns.weights[column, :width]).astype(np.uint64)
        place = (slice(None), slice(top, top + height), slice(left, left + width))
        total[place] += weights * tiles[row, column, :, :height, :width]
    return (total + (1 << 15)) >> 16


SIZES = [(150, 333, 20), (32, 32, 0), (10, 400, 31), (97, 1, 40), (300, 65, 48)]


@pytest.mark.parametrize(("height", "width", "overlap"), SIZES)
def test_the_sums_are_those_of_a_loop_in_any_order(height: int, width: int, overlap: int) -> None:
    rows, columns = (Axis.of(size, side=64, overlap=overlap) for size in (height, width))
    tiles = tiles_of(rows, columns)
    blender = Blender(rows, columns, classes=CLASSES)
    found = np.concatenate([blender.row(row, tiles[row]) for row in range(len(rows))], axis=1)
    order = np.random.default_rng(1).permutation(len(rows) * len(columns))
    np.testing.assert_array_equal(found, looped(rows, columns, tiles, order))


def test_a_start_in_the_middle_gives_the_same_rows_from_there() -> None:
    rows, columns = Axis.of(400, side=64, overlap=20), Axis.of(130, side=64, overlap=20)
    tiles = tiles_of(rows, columns)
    whole = Blender(rows, columns, classes=CLASSES)
    every = [whole.row(row, tiles[row]) for row in range(len(rows))]
    later = Blender(rows, columns, classes=CLASSES)
    first = 3
    again = [later.row(row, tiles[row]) for row in range(first, len(rows))]
    untouched = rows.end(first - 1) - rows.starts[first]
    np.testing.assert_array_equal(again[0][:, untouched:], every[first][:, untouched:])
    for one, other in zip(again[1:], every[first + 1 :], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("value", [0, 1, 12345, SCALE])
def test_a_constant_stays_what_it_is(value: int) -> None:
    rows, columns = Axis.of(211, side=64, overlap=30), Axis.of(99, side=64, overlap=30)
    tile = np.full((CLASSES, 64, 64), value, np.uint32)
    blender = Blender(rows, columns, classes=CLASSES)
    for row in range(len(rows)):
        assert (blender.row(row, [tile] * len(columns)) == value).all()


def test_probabilities_are_rounded_to_the_nearest() -> None:
    shares = np.random.default_rng(0).random((2, 3, 5, 5)).astype(np.float32)
    expected = np.floor(shares.astype(np.float64) * SCALE + 0.5)
    assert np.abs(quantised(shares) - expected).max() <= 1
    assert quantised(np.array([0.0, 1.0, 1.0000001], np.float32)).tolist() == [0, SCALE, SCALE]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -0.5, 7.0])
def test_what_is_no_probability_is_refused(wrong: float) -> None:
    with pytest.raises(InputError, match="probabilities"):
        quantised(np.array([0.5, wrong], np.float32))


def test_what_the_model_gave_is_left_as_it_is_and_any_layout_will_do() -> None:
    given = np.random.default_rng(3).random((2, 5, 6, 3)).astype(np.float32).transpose(0, 3, 1, 2)
    before, room = given.copy(), np.empty((2, 3, 5, 6), np.float32)
    found = quantised(given, room)
    assert np.shares_memory(found, room)
    np.testing.assert_array_equal(given, before)
    np.testing.assert_array_equal(found, quantised(np.ascontiguousarray(given, np.float64)))
    np.testing.assert_array_equal(found, np.rint(before * np.float32(SCALE)))


def test_a_little_outside_is_brought_back() -> None:
    assert quantised(np.array([-5e-4, 1 + 5e-4, 0.25], np.float32)).tolist() == [0, SCALE, 16384]


def test_tiles_that_hold_nothing_count_nothing() -> None:
    rows, columns = Axis.of(150, side=64, overlap=40), Axis.of(200, side=64, overlap=40)
    tiles = tiles_of(rows, columns)
    gaps = np.random.default_rng(2).random((len(rows), len(columns))) < 0.4
    tiles[gaps] = 0
    blender = Blender(rows, columns, classes=CLASSES)
    found = [
        blender.row(row, [None if gap else tile for gap, tile in zip(gaps[row], tiles[row], strict=True)])
        for row in range(len(rows))
    ]
    expected = looped(rows, columns, tiles, np.arange(len(rows) * len(columns)))
    np.testing.assert_array_equal(np.concatenate(found, axis=1), expected)


@pytest.mark.parametrize("classes", [1, 2, 7, 254])
def test_the_class_is_the_first_of_the_most_probable_ones(classes: int) -> None:
    blended = np.random.default_rng(4).integers(0, 5, (classes, 20, 30)).astype(np.uint16)  # many ties
    np.testing.assert_array_equal(classes_of(blended), blended.argmax(axis=0))
