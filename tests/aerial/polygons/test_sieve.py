"""Small parts filled; the oracle does it pixel by pixel, labelling anew after every step."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from whence.aerial.polygons.rows import Rows
from whence.aerial.polygons.sieve import sieve, sieved


def blobs(seed: int, shape: tuple[int, int] = (40, 47), classes: int = 4, smooth: float = 1.2) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(classes, *shape))
    ids = ndimage.gaussian_filter(noise, (0, smooth, smooth)).argmax(axis=0).astype(np.uint8)
    ids[10:16, 5:30] = 255
    return ids


def parts_of(ids: np.ndarray) -> list[np.ndarray]:
    """Masks of the connected parts, in reading order of their first pixels."""
    found = []
    for number in np.unique(ids[ids != 255]):
        labels, count = ndimage.label(ids == number)
        found += [labels == k for k in range(1, count + 1)]
    return sorted(found, key=lambda mask: int(mask.ravel().argmax()))


def slowly_sieved(ids: np.ndarray, least: float) -> np.ndarray:
    ids = ids.copy()
    while True:
        parts = parts_of(ids)
        small = [k for k, part in enumerate(parts) if part.sum() < least]
        if not small:
            return ids
        chosen = min(small, key=lambda k: (parts[k].sum(), k))
        borders = []
        for other, part in enumerate(parts):
            length = sum(
                int((np.roll(np.pad(parts[chosen], 1), shift, axis)[1:-1, 1:-1] & part).sum())
                for shift in (1, -1)
                for axis in (0, 1)
            )
            if other != chosen and length:
                borders.append((length, int(part.sum()), -other))
        ids[parts[chosen]] = ids[parts[-max(borders)[2]]][0] if borders else 255


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("least", [4, 15])
def test_it_is_the_slow_way(seed, least):
    ids = blobs(seed)
    assert (sieve(ids, least) == slowly_sieved(ids, least)).all()


@pytest.mark.parametrize("block", [1, 3, 7, 39])
def test_blocks_give_the_whole(block):
    ids = blobs(7, (90, 60))
    whole = sieve(ids, 20)
    parts = sieved(Rows.of_array(ids, block=block), 20)
    assert (np.concatenate([values for _, values in parts.blocks()]) == whole).all()
    assert (parts.read(11, 34) == whole[11:34]).all()  # rows that begin and end within blocks


def test_nothing_small_is_left_and_large_parts_only_grow():
    ids = blobs(9, (120, 130))
    found = sieve(ids, 30)
    assert min(part.sum() for part in parts_of(found)) >= 30
    assert ((found == 255) == (ids == 255)).all()
    large = [part for part in parts_of(ids) if part.sum() >= 30]
    assert all((found[part] == ids[part]).all() for part in large)


def test_what_has_no_neighbour_is_dropped():
    ids = np.full((9, 9), 255, np.uint8)
    ids[1:3, 1:3], ids[5:9, 5:9] = 1, 2
    found = sieve(ids, 5)
    assert (found[1:3, 1:3] == 255).all()
    assert (found[5:9, 5:9] == 2).all()


def test_a_hole_in_nodata_stays_a_hole():
    ids = np.ones((9, 9), np.uint8)
    ids[4, 4] = 255
    assert (sieve(ids, 50) == ids).all()
