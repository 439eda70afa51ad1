"""Tiles along an axis: they cover it, overlap enough, and their weights are whole and add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.aerial.prediction.plan import WHOLE, Axis, overlap_px, tile_side
from whence.errors import InputError


@given(size=st.integers(1, 2000), side=st.integers(32, 300), share=st.floats(0, 0.75))
@settings(deadline=None, max_examples=150)
def test_weights_add_up_at_every_pixel_and_none_is_lost(size: int, side: int, share: float) -> None:
    axis = Axis.of(size, side=side, overlap=int(share * side))
    total = np.zeros(max(size, side), np.int64)
    for start, weights in zip(axis.starts, axis.weights, strict=True):
        total[start : start + side] += weights
    assert (total[:size] == WHOLE).all()
    assert axis.weights.min() >= 1


@given(size=st.integers(1, 2000), side=st.integers(32, 300), share=st.floats(0, 0.75))
@settings(deadline=None, max_examples=150)
def test_neighbours_overlap_at_least_as_asked(size: int, side: int, share: float) -> None:
    overlap = int(share * side)
    axis = Axis.of(size, side=side, overlap=overlap)
    ends = [axis.end(number) for number in range(len(axis))]
    assert axis.starts[0] == 0
    assert ends[-1] == size
    for start, end in zip(axis.starts[1:], ends[:-1], strict=True):
        assert end - start >= overlap
    fewest = 1 if size <= side else -(-(size - overlap) // (side - overlap))
    assert len(axis) == fewest


def test_tiles_lie_the_same_from_both_ends() -> None:
    for size in (1000, 1001, 777, 513):
        starts = Axis.of(size, side=256, overlap=64).starts
        mirrored = [size - 256 - start for start in reversed(starts)]
        assert np.abs(np.subtract(starts, mirrored)).max() <= 1


def test_a_tile_counts_most_in_its_middle() -> None:
    inner = Axis.of(1000, side=256, overlap=64).weights[1]
    assert inner[0] < 16 < inner[32] < inner[128] == WHOLE
    assert (np.diff(inner[:64].astype(int)) >= 0).all()


@pytest.mark.parametrize(("overlap", "pixels"), [(128, 128), (0.25, 128), (0, 0), (0.5, 256)])
def test_overlap_is_pixels_or_a_share(overlap: float, pixels: int) -> None:
    assert overlap_px(overlap, 512) == pixels


@pytest.mark.parametrize("overlap", [-1, 500, 0.9, float("nan")])
def test_an_overlap_that_leaves_no_step_is_refused(overlap: float) -> None:
    with pytest.raises(InputError, match="overlap"):
        overlap_px(overlap, 512)


def test_tiles_are_no_larger_than_the_image_needs() -> None:
    assert tile_side(512, 100_000) == 512
    assert tile_side(512, 100) == 128
    assert tile_side(512, 1) == 32
    with pytest.raises(InputError, match="too small"):
        tile_side(16, 1000)


@given(st.integers(32, 1024), st.floats(0.01, 0.75))
def test_an_overlap_that_is_granted_is_granted_again(side: int, share: float) -> None:
    pixels = overlap_px(share, side)
    assert overlap_px(max(pixels, 1), side) == max(pixels, 1)
