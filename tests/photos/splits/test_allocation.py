"""The arithmetic of splits: the thesis' counts, slow exact divisions, whole groups."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whence.errors import InputError, NotEnoughDataError
from whence.imagery.catalogue import Catalogue
from whence.photos.splits import make_split
from whence.photos.splits.places import stratified
from whence.photos.splits.shares import deal_folds, deal_groups, ranks_within, stratified_quota

# Published in the thesis: cells, those with one photograph, and both sides of 4,894,684 photographs.
CELLS, SINGLETONS, PHOTOS = 37_824, 2_432, 4_894_684
TRAIN, VALIDATION = 4_011_646, 883_038


@pytest.fixture(scope="module")
def thesis_cells() -> np.ndarray:
    """A simulated table of the thesis' shape: the cell of each photograph, sizes from 1 to thousands."""
    rng = np.random.default_rng(0)
    several = CELLS - SINGLETONS
    more = rng.multinomial(PHOTOS - SINGLETONS - 2 * several, rng.dirichlet(np.full(several, 0.3)))
    counts = rng.permutation(np.concatenate([np.ones(SINGLETONS, np.int64), 2 + more]))
    assert (len(counts), counts.sum(), (counts == 1).sum()) == (CELLS, PHOTOS, SINGLETONS)
    return rng.permutation(np.repeat(np.arange(CELLS), counts))


def test_the_thesis_counts_are_reproduced(thesis_cells):
    """0.18 of the 4,892,252 photographs that share a cell is 880,605.36: rounded up, and 2,432 singletons."""
    sides = stratified(thesis_cells, np.random.default_rng(0), validation=0.18)
    assert np.bincount(sides).tolist() == [TRAIN, VALIDATION]
    counts = np.bincount(thesis_cells)
    train = np.bincount(thesis_cells[sides == 0], minlength=CELLS)
    assert not train[counts == 1].any()
    shared = counts >= 2
    exact = counts[shared] * TRAIN / (PHOTOS - SINGLETONS)
    assert np.abs(train[shared] - exact).max() < 1.0  # each cell has its proportion, to a photograph


@pytest.mark.slow
def test_the_thesis_counts_from_positions(thesis_cells):
    """The whole way: positions strewn over that many quarter-degree cells, a table, the split by its name."""
    rng = np.random.default_rng(1)
    corners = rng.choice(1440 * 600, CELLS, replace=False)
    corner_deg = np.column_stack([corners % 1440 * 0.25 - 180, corners // 1440 * 0.25 - 75])[thesis_cells]
    known = Catalogue.of_arrays(corner_deg + rng.uniform(0.001, 0.249, (PHOTOS, 2)))
    counts = make_split("grid", known, seed=7).counts()
    assert counts == {"train": TRAIN, "validation": VALIDATION, "test": 0, "unused": 0}


def test_the_same_seed_is_the_same_split(thesis_cells):
    some = np.unique(thesis_cells[:20_000], return_inverse=True)[1]
    one, again, other = (stratified(some, np.random.default_rng(seed), validation=0.18) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).mean() > 0.1
    assert one.sum() == other.sum()


@given(st.lists(st.integers(2, 60), min_size=1, max_size=30), st.floats(0.01, 0.99), st.integers(0, 9))
def test_quota_is_hamiltons_to_the_last_fraction(counts, share, seed):
    """Oracle: exact fractions, one stratum after another."""
    total = int(share * sum(counts))
    quota = stratified_quota(np.array(counts), total, np.random.default_rng(seed))
    exact = [Fraction(count * total, sum(counts)) for count in counts]
    whole = [int(value) for value in exact]
    assert quota.sum() == total
    assert all(q - w in (0, 1) and q <= c for q, w, c in zip(quota, whole, counts, strict=True))
    more = [value - w for q, value, w in zip(quota, exact, whole, strict=True) if q > w]
    less = [value - w for q, value, w in zip(quota, exact, whole, strict=True) if q == w]
    assert not more or not less or min(more) >= max(less)


def test_ranks_are_a_permutation_within_each_group():
    groups = np.random.default_rng(0).integers(0, 7, 1000)
    ranks = ranks_within(groups, np.random.default_rng(1))
    for group in range(7):
        mine = ranks[groups == group]
        np.testing.assert_array_equal(np.sort(mine), np.arange(len(mine)))
        assert (np.diff(mine) < 0).any()


def test_groups_come_near_their_shares():
    counts = np.random.default_rng(0).geometric(0.05, 3000)
    sides = deal_groups(counts, np.random.default_rng(1), validation=0.15, test=0.25)
    shares = np.bincount(sides, counts, minlength=3) / counts.sum()
    np.testing.assert_allclose(shares, [0.6, 0.15, 0.25], atol=counts.max() / counts.sum())


def test_a_giant_group_stays_in_training():
    counts = np.array([1000, *[5] * 40])
    for seed in range(20):
        assert deal_groups(counts, np.random.default_rng(seed), validation=0.1, test=0.05)[0] == 0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("validation", "test", "sides"), [(0.1, 0.1, 3), (0.1, 0, 2), (0, 0.1, 2), (0.45, 0.5, 3)]
)
def test_no_side_is_empty_however_few_the_groups(validation, test, sides, seed):
    wanted = {0} | ({1} if validation else set()) | ({2} if test else set())
    for count in range(sides, 8):
        dealt = deal_groups(np.full(count, 7), np.random.default_rng(seed), validation=validation, test=test)
        assert set(dealt.tolist()) == wanted
    with pytest.raises(NotEnoughDataError, match="cannot be divided among"):
        deal_groups(np.full(sides - 1, 7), np.random.default_rng(0), validation=validation, test=test)


def test_every_group_is_tested_once_over_the_folds():
    dealt = np.array(
        [deal_folds(np.ones(23, int), np.random.default_rng(3), folds=5, fold=f) for f in range(5)]
    )
    np.testing.assert_array_equal((dealt == 2).sum(axis=0), np.ones(23))
    np.testing.assert_array_equal((dealt == 1).sum(axis=0), np.ones(23))


@pytest.mark.parametrize(("validation", "test"), [(0, 0), (-0.1, 0.2), (0.6, 0.4), (1.2, 0)])
def test_shares_that_cannot_be(validation, test):
    with pytest.raises(InputError, match="cannot be"):
        deal_groups(np.ones(50, int), np.random.default_rng(0), validation=validation, test=test)


@pytest.mark.parametrize(("folds", "fold"), [(2, 0), (5, 5), (5, -1)])
def test_folds_that_cannot_be(folds, fold):
    with pytest.raises(InputError, match="cannot be"):
        deal_folds(np.ones(50, int), np.random.default_rng(0), folds=folds, fold=fold)
    with pytest.raises(NotEnoughDataError, match="cannot be dealt"):
        deal_folds(np.ones(4, int), np.random.default_rng(0), folds=5, fold=0)


def test_a_share_of_a_round_number_is_not_rounded_up_by_the_machine():
    """0.07 of 100 is 7, though 0.07 * 100 is 7.000000000000001 in floating point."""
    assert 0.07 * 100 > 7
    sides = stratified(np.repeat(np.arange(10), 10), np.random.default_rng(0), validation=0.07)
    assert sides.sum() == 7


def test_the_grid_is_that_of_quarter_degrees():
    """Oracle: floor(4 lat), floor(4 lon) by hand."""
    lonlat = np.random.default_rng(0).uniform([5, 50], [9, 53], (3000, 2))
    split = make_split("grid", Catalogue.of_arrays(lonlat), seed=4)
    cell = np.floor(lonlat[:, 1] * 4) * 10_000 + np.floor(lonlat[:, 0] * 4)
    _, index, counts = np.unique(cell, return_inverse=True, return_counts=True)
    several = int(counts[counts >= 2].sum())
    assert split.counts()["validation"] == -(-several * 18 // 100) + (counts == 1).sum()
    assert set(split.sides[counts[index] == 1].tolist()) <= {1}
