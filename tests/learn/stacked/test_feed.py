"""Batches: every row once, in a random order that the seed and the epoch decide, read in blocks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from whence.learn.stacked import StackedData, StackedSettings  # noqa: E402
from whence.learn.stacked.feed import Feed  # noqa: E402

SMALL = StackedSettings(batch_size=7, block_rows=10, buffer_blocks=3, validation_rows=8)


def numbered(n: int, rows: np.ndarray | None = None) -> StackedData:
    """Features and longitudes that tell their own row."""
    features = np.arange(n, dtype=np.float16)[:, None].repeat(4, 1)
    used = np.arange(n) if rows is None else rows
    return StackedData(features, rows, np.column_stack([used / 10.0, np.zeros(len(used))]))


def seen(feed: Feed, epoch: int) -> list[np.ndarray]:
    batches = []
    for features, lonlat in feed.shuffled(epoch):
        np.testing.assert_allclose(lonlat[:, 0], features[:, 0] / 10.0, rtol=1e-6)  # they belong together
        batches.append(features[:, 0].numpy().astype(int))
    return batches


@pytest.mark.parametrize(
    "rows", [None, np.arange(1, 400, 3), np.random.default_rng(0).permutation(400)[:150]]
)
def test_every_row_once_and_one_short_batch(rows: np.ndarray | None) -> None:
    data = numbered(400, rows)
    batches = seen(Feed(data, SMALL), 0)
    expected = np.arange(400) if rows is None else np.sort(rows)
    np.testing.assert_array_equal(np.sort(np.concatenate(batches)), expected)
    assert [len(batch) for batch in batches[:-1]] == [7] * (len(batches) - 1)
    assert 0 < len(batches[-1]) <= 7


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    data = numbered(400)

    def order(seed: int, epoch: int) -> list[int]:
        return np.concatenate(seen(Feed(data, replace(SMALL, shuffle_seed=seed)), epoch)).tolist()

    assert order(0, 1) == order(0, 1)
    assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9


def test_a_buffer_mixes_blocks_from_anywhere() -> None:
    """The first 30 rows come from three whole blocks of ten, and are not in the order of the blocks."""
    first = np.concatenate(seen(Feed(numbered(400), SMALL), 0))[:28]
    assert len(np.unique(first // 10)) == 3
    assert (np.diff(first) != 1).mean() > 0.8


def test_one_buffer_is_a_uniform_shuffle() -> None:
    """Mean position of each row over many epochs: (n − 1)/2 within five standard errors."""
    feed = Feed(numbered(20), replace(SMALL, block_rows=100))
    places = np.array([np.argsort(np.concatenate(seen(feed, epoch))) for epoch in range(400)])
    error = np.sqrt((20**2 - 1) / 12 / 400)
    assert np.abs(places.mean(0) - 9.5).max() < 5 * error


def test_validation_keeps_the_order() -> None:
    rows = np.array([5, 3, 300, 301, 17] * 13)
    batches = list(Feed(numbered(400, rows), SMALL).in_order())
    np.testing.assert_array_equal(torch.cat([features[:, 0] for features, _ in batches]).numpy(), rows)


def test_memory_mapped_features_are_read_like_any(tmp_path: Path) -> None:
    data = numbered(400)
    np.save(tmp_path / "features.npy", data.features)
    mapped = replace(data, features=np.load(tmp_path / "features.npy", mmap_mode="r"))
    for one, other in zip(seen(Feed(data, SMALL), 3), seen(Feed(mapped, SMALL), 3), strict=True):
        np.testing.assert_array_equal(one, other)


def test_numbers_are_as_asked() -> None:
    types = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float64": torch.float64}
    for numbers, dtype in types.items():
        features, lonlat = next(Feed(numbered(40), replace(SMALL, numbers=numbers)).shuffled(0))
        assert features.dtype == dtype
        assert lonlat.dtype == (torch.float64 if numbers == "float64" else torch.float32)
