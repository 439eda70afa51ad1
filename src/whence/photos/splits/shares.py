"""The arithmetic of splits: how many of each stratum, and which groups to hold out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError, NotEnoughDataError
from whence.photos.splits.split import TEST, TRAIN, VALIDATION, Sides

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Ints

__all__ = ["check_shares", "deal_folds", "deal_groups", "ranks_within", "stratified_quota"]


def stratified_quota(counts: Ints, total: int, rng: np.random.Generator) -> Ints:
    """Divide `total` among strata in proportion to their counts, by the largest remainders (Hamilton).

    This is what scikit-learn's stratified splits do: each stratum gets the whole part of its share, and those
    with the largest fractions one more; the generator breaks ties.

    Parameters
    ----------
    counts
        (k,) photographs in each stratum.
    total
        How many to take in all; at most the sum of the counts.
    rng
        Breaks ties.

    Returns
    -------
    Ints
        (k,) how many to take of each; never more than there are.

    Examples
    --------
    >>> stratified_quota(np.array([10, 6, 5]), 10, np.random.default_rng(0)).tolist()
    [5, 3, 2]
    """
    everything = int(counts.sum())
    exact = counts.astype(np.int64) * total  # whole numbers: no fraction is ever rounded the wrong way
    quota, remainder = np.divmod(exact, max(everything, 1))
    missing = total - int(quota.sum())
    shuffled = rng.permutation(len(counts))
    largest = shuffled[np.argsort(-remainder[shuffled], kind="stable")[:missing]]
    quota[largest] += 1
    return np.asarray(quota, np.int64)


def ranks_within(groups: Ints, rng: np.random.Generator) -> Ints:
    """Rank (n,) of each item among those of its group, in random order, from 0."""
    shuffled = rng.permutation(len(groups))
    order = shuffled[np.argsort(groups[shuffled], kind="stable")]
    sizes = np.bincount(groups) if len(groups) else np.zeros(0, np.int64)
    first = np.cumsum(sizes) - sizes
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(first, sizes)
    return ranks


def check_shares(validation: float, test: float) -> None:
    """Refuse shares that cannot be.

    Raises
    ------
    InputError
        When one is negative or nothing is left to learn from.
    """
    if validation < 0 or test < 0 or not 0 < validation + test < 1:
        raise InputError(
            f"shares of {validation:g} for validation and {test:g} for test cannot be; "
            "both are at least 0, and together more than 0 and less than 1"
        )


def deal_groups(
    counts: Ints, rng: np.random.Generator, *, validation: float, test: float
) -> NDArray[np.int8]:
    """Give whole groups of photographs to sides, so that the sides come near their shares.

    The groups are shuffled; from the start of the row they go to validation until its share of the
    photographs is reached (a group that straddles the limit goes where its middle lies), then to test.
    Groups that are larger than a whole held-out side stay in training where there are others.

    Parameters
    ----------
    counts
        (k,) photographs in each group.
    rng
        Shuffles.
    validation, test
        Shares of the photographs; a side with a share gets one group at least.

    Returns
    -------
    NDArray
        (k,) int8 side of each group.

    Raises
    ------
    NotEnoughDataError
        When there are fewer groups than sides.
    """
    check_shares(validation, test)
    needed = 1 + (validation > 0) + (test > 0)
    if len(counts) < needed:
        raise NotEnoughDataError(
            f"{len(counts)} groups cannot be divided among {needed} sides; divide more finely, or hold out "
            "one side only"
        )
    order = _small_first(rng.permutation(len(counts)), counts, max(validation, test))
    middles = np.cumsum(counts[order]) - counts[order] / 2.0
    sides = np.full(len(counts), TRAIN, Sides)
    start = 0
    for side, reached, later in ((VALIDATION, validation, test > 0), (TEST, validation + test, False)):
        stop = int(np.searchsorted(middles, reached * float(counts.sum()), side="right"))
        stop = min(max(stop, start + 1), len(counts) - 1 - later)  # no side stays empty
        if (validation, test)[side - VALIDATION] > 0:
            sides[order[start:stop]] = side
            start = stop
    return sides


def _small_first(order: Ints, counts: Ints, share: float) -> Ints:
    """Move groups that are larger than a whole held-out side to the end, where training is."""
    large = counts[order] > share * float(counts.sum())
    return np.concatenate([order[~large], order[large]])


def deal_folds(counts: Ints, rng: np.random.Generator, *, folds: int, fold: int) -> NDArray[np.int8]:
    """Give whole groups to sides by folds: fold `fold` is test, the next one validation, the others train.

    The groups are shuffled and dealt out like cards, so every photograph is tested in exactly one fold.

    Returns
    -------
    NDArray
        (k,) int8 side of each group.

    Raises
    ------
    InputError
        When there are fewer than three folds, or no such fold.
    NotEnoughDataError
        When there are fewer groups than folds.
    """
    if folds < 3 or not 0 <= fold < folds:
        raise InputError(
            f"fold {fold} of {folds} cannot be: at least 3 folds (one tests, one validates, the rest "
            "teach), numbered from 0"
        )
    if len(counts) < folds:
        raise NotEnoughDataError(f"{len(counts)} groups cannot be dealt to {folds} folds; divide more finely")
    dealt = np.empty(len(counts), np.int64)
    dealt[rng.permutation(len(counts))] = np.arange(len(counts)) % folds
    sides = np.full(len(counts), TRAIN, Sides)
    sides[dealt == fold] = TEST
    sides[dealt == (fold + 1) % folds] = VALIDATION
    return sides
