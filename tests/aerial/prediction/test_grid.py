"""Resampling along an axis: copies, means, interpolation; the same in pieces as at once."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from whence.aerial.prediction.grid import Taps, resampled

SIZES = [
    (100, 100),
    (100, 50),
    (101, 37),
    (100, 30),
    (37, 101),
    (50, 100),
    (1, 1),
    (1, 7),
    (7, 1),
    (640, 639),
]


@pytest.mark.parametrize(("old", "new"), SIZES)
def test_pieces_are_those_of_the_whole(old: int, new: int) -> None:
    taps = Taps(old, new)
    values = np.random.default_rng(0).random(old).astype(np.float32)
    whole = taps.matrix(0, new) @ values
    for start in range(0, new, 5):
        stop = min(start + 5, new)
        low, high = taps.needed(start, stop)
        assert 0 <= low < high <= old
        piece = taps.matrix(start, stop) @ values[low:high]
        np.testing.assert_array_equal(piece, whole[start:stop])


@pytest.mark.parametrize(("old", "new"), SIZES)
def test_weights_are_positive_and_add_up(old: int, new: int) -> None:
    matrix = Taps(old, new).matrix(0, new)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=1e-6)
    assert matrix.data.min() >= 0


@pytest.mark.parametrize(("old", "new"), SIZES)
def test_ready_is_the_most_that_depends_on_what_is_finished(old: int, new: int) -> None:
    taps = Taps(old, new)
    for finished in range(old + 1):
        ready = taps.ready(finished)
        slow = max(count for count in range(new + 1) if count == 0 or taps.needed(0, count)[1] <= finished)
        assert ready == (new if finished == old else slow)


def test_the_same_size_is_a_copy() -> None:
    taps = Taps(9, 9)
    assert taps.needed(3, 5) == (3, 5)
    np.testing.assert_array_equal(taps.matrix(0, 9).toarray(), np.eye(9))


def test_whole_factors_are_means_of_squares() -> None:
    image = np.random.default_rng(0).random((12, 20, 3)).astype(np.float32)
    found = resampled(image, Taps(12, 4).matrix(0, 4), Taps(20, 5).matrix(0, 5))
    np.testing.assert_allclose(found, image.reshape(4, 3, 5, 4, 3).mean(axis=(1, 3)), atol=1e-6)


@pytest.mark.parametrize("size", [(60, 90), (45, 77), (31, 41)])
def test_larger_is_what_opencv_interpolates(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).random((30, 40)).astype(np.float32)
    found = resampled(image, Taps(30, size[0]).matrix(0, size[0]), Taps(40, size[1]).matrix(0, size[1]))
    np.testing.assert_allclose(
        found, cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR), atol=2e-5
    )


@pytest.mark.parametrize("size", [(13, 17), (29, 33), (10, 12)])
def test_smaller_is_what_opencv_averages(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).random((30, 40)).astype(np.float32)
    found = resampled(image, Taps(30, size[0]).matrix(0, size[0]), Taps(40, size[1]).matrix(0, size[1]))
    np.testing.assert_allclose(found, cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA), atol=2e-5)
