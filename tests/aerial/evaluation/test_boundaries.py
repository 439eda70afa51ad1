"""Eroded truths and boundary F1; the oracles are loops over pixels."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import ndimage

from whence.aerial.evaluation.boundary import boundary_f1, boundary_pixels, count_boundaries
from whence.aerial.evaluation.erosion import disk, erode_boundaries
from whence.errors import InputError


def blobs(seed: int, shape: tuple[int, int] = (41, 53), classes: int = 3) -> np.ndarray:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(classes, *shape)), (0, 4, 4))
    ids = noise.argmax(axis=0).astype(np.uint8)
    ids[5:12, 20:24] = 255
    return ids


def slowly_eroded(ids: np.ndarray, radius: float) -> np.ndarray:
    out = ids.copy()
    reach = range(-int(radius), int(radius) + 1)
    for row, column in np.ndindex(ids.shape):
        for down, right in itertools.product(reach, reach):
            r, c = row + down, column + right
            inside = 0 <= r < ids.shape[0] and 0 <= c < ids.shape[1] and down**2 + right**2 <= radius**2
            if inside and ids[r, c] not in (255, ids[row, column]):
                out[row, column] = 255
    return out


@pytest.mark.parametrize("radius", [0.0, 1.0, 1.5, 3.0])
def test_erosion_is_that_of_a_slow_loop(radius):
    ids = blobs(1)
    assert (erode_boundaries(ids, radius) == slowly_eroded(ids, radius)).all()


def test_neither_the_rim_nor_padding_is_a_boundary():
    ids = np.ones((9, 9), np.uint8)
    ids[:, 6:] = 255
    assert (erode_boundaries(ids, 3.0) == ids).all()


def test_a_disk_has_the_pixels_within_its_radius():
    assert disk(1.0).tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    assert disk(3.0).sum() == 29  # Gauss's circle problem, r = 3
    with pytest.raises(InputError, match="no length"):
        disk(-1.0)
    with pytest.raises(InputError, match="uint8"):
        erode_boundaries(np.zeros((3, 3)))


def slow_f1(truth: np.ndarray, predicted: np.ndarray, number: int, tolerance: float) -> float:
    predicted = np.where(truth == 255, 255, np.where(predicted == 255, 254, predicted))
    edges = []
    for ids in (truth, predicted):
        found = []
        for row, column in zip(*np.nonzero(ids == number), strict=True):
            for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                r, c = row + down, column + right
                if 0 <= r < ids.shape[0] and 0 <= c < ids.shape[1] and ids[r, c] not in (255, number):
                    found.append((row, column))
                    break
        edges.append(np.array(found, float).reshape(-1, 2))
    if not len(edges[0]) and not len(edges[1]):
        return np.nan
    if not len(edges[0]) or not len(edges[1]):
        return 0.0
    apart = tolerance >= np.hypot(*(edges[0][:, None] - edges[1][None]).T).T
    recall, precision = apart.any(axis=1).mean(), apart.any(axis=0).mean()
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@pytest.mark.parametrize("tolerance", [0.0, 1.0, 2.5, 5.0])
def test_boundary_f1_is_that_of_a_slow_loop(tolerance):
    truth, predicted = blobs(2), blobs(2)
    predicted[:, 3:] = predicted[:, :-3].copy()
    predicted[30:33, 5:9] = 255
    found = boundary_f1(truth, predicted, classes=4, tolerance_px=tolerance)
    expected = [slow_f1(truth, predicted, number, tolerance) for number in range(4)]
    assert found == pytest.approx(expected, nan_ok=True)
    assert 0.0 < found[0] < 1.0 or tolerance == 5.0
    assert np.isnan(found[3])


def test_a_shift_within_the_tolerance_is_perfect_and_beyond_it_worthless():
    truth = np.zeros((30, 30), np.uint8)
    truth[:, 15:] = 1
    moved = np.roll(truth, 3, axis=1)
    moved[:, :3] = 0
    assert boundary_f1(truth, moved, classes=2, tolerance_px=3.0).tolist() == [1.0, 1.0]
    assert boundary_f1(truth, moved, classes=2, tolerance_px=2.9).tolist() == [0.0, 0.0]


def test_parts_of_a_window_have_the_counts_of_the_whole():
    truth, predicted = blobs(3), blobs(4)
    whole = count_boundaries(truth, predicted, classes=3, tolerance_px=2.0)
    cores = [(slice(0, 20), slice(None)), (slice(20, 41), slice(0, 30)), (slice(20, 41), slice(30, None))]
    parts = count_boundaries(truth, predicted, classes=3, tolerance_px=2.0, cores=cores)
    assert (parts.table.sum(axis=0) == whole.table[0]).all()
    twice = whole + whole
    assert (twice.table == 2 * whole.table).all()
    with pytest.raises(InputError, match="tolerances"):
        whole + count_boundaries(truth, predicted, classes=3, tolerance_px=1.0)


def test_ignored_pixels_have_no_boundary():
    ids = np.array([[0, 255, 1, 0]], np.uint8)
    assert boundary_pixels(ids).tolist() == [[False, False, True, True]]
