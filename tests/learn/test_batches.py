"""The order in which samples are seen: a permutation, read in runs, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from whence.errors import InputError
from whence.learn.batches import Side, read_batches
from whence.learn.order import buffers, drawn_rows
from whence.learn.schedules import rate_at


class Numbers:
    """Row i holds i; remembers which rows were read at once."""

    dim = 1

    def __init__(self, count: int) -> None:
        self.count, self.reads = count, []

    def __len__(self) -> int:
        return self.count

    def take(self, which) -> np.ndarray:
        rows = np.arange(self.count)[which]
        self.reads.append(rows)
        return rows[:, None].astype(np.float32)


def seen(count: int, size: int, *, seed: int = 0, **options) -> list[np.ndarray]:
    rows = Numbers(count)
    side = Side(rows, {"y": torch.arange(count)})
    batches = list(read_batches(side, size, np.random.default_rng(seed), **options))
    for batch in batches:
        assert torch.equal(batch.features[:, 0].long(), batch.targets["y"])
    return [batch.targets["y"].numpy() for batch in batches]


@pytest.mark.parametrize("buffer_bytes", [4 * 2048, 4 * 5000, 2**28], ids=["two runs", "five", "all"])
@pytest.mark.parametrize("size", [1000, 64])
def test_every_sample_is_seen_once_whatever_the_buffer(size: int, buffer_bytes: int) -> None:
    batches = seen(20_500, size, buffer_bytes=buffer_bytes)
    assert [len(batch) for batch in batches[:-1]] == [size] * (20_500 // size)
    assert sorted(np.concatenate(batches).tolist()) == list(range(20_500))


def test_the_file_is_read_in_runs() -> None:
    rows = Numbers(20_500)
    list(read_batches(Side(rows), 64, np.random.default_rng(1), buffer_bytes=4 * 4096))
    assert len(rows.reads) == 6
    for read in rows.reads:
        jumps = np.flatnonzero(np.diff(read) != 1)
        assert len(jumps) <= 3  # four runs a buffer
        assert (np.diff(read) > 0).all()


def test_the_order_is_mixed_across_the_whole_file() -> None:
    """With small buffers too, the place in the epoch says nearly nothing about the place in the file."""
    order = np.concatenate(seen(200_000, 256, buffer_bytes=4 * 20_000))
    assert abs(np.corrcoef(np.arange(len(order)), order)[0, 1]) < 0.25  # 3.5 sd of 196 runs


def test_seeds_decide() -> None:
    first, second, other = (np.concatenate(seen(3000, 64, seed=seed)) for seed in (4, 4, 5))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_processes_share_every_batch() -> None:
    whole = seen(1010, 64)
    parts = [seen(1010, 64, part=(rank, 3)) for rank in range(3)]
    for place, batch in enumerate(whole):
        together = np.concatenate([part[place] for part in parts])
        assert sorted(together.tolist()) == sorted(batch.tolist())


def test_drawing_by_weight_is_proportional() -> None:
    weights = np.array([0.0, 1.0, 3.0, 0.0])
    rows = drawn_rows(4, weights, np.random.default_rng(0))
    assert set(rows.tolist()) <= {1, 2}
    many = np.concatenate([drawn_rows(4, weights, np.random.default_rng(seed)) for seed in range(5000)])
    assert np.mean(many == 2) == pytest.approx(0.75, abs=0.01)  # 4 standard errors are 0.012


@pytest.mark.parametrize("weights", [[0.0, 0.0], [1.0], [1.0, -1.0], [1.0, np.nan]])
def test_weights_that_cannot_be_are_refused(weights: list[float]) -> None:
    with pytest.raises(InputError):
        drawn_rows(2, np.array(weights), np.random.default_rng(0))


def test_small_data_are_one_buffer() -> None:
    (rows, order), *more = buffers(np.arange(10), 10, np.random.default_rng(0))
    assert not more
    assert rows.tolist() == list(range(10))
    assert sorted(order.tolist()) == list(range(10))


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1.0] * 7),
        ("linear", [1.0, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0.0]),
        ("cosine", [1.0, 0.9330127, 0.75, 0.5, 0.25, 0.0669873, 0.0]),
        ("step", [1.0, 1.0, 0.1, 0.1, 0.01, 0.01, 0.001]),
    ],
)
def test_schedules_by_hand(schedule: str, expected: list[float]) -> None:
    found = [rate_at(step, rate=1.0, schedule=schedule, steps=6) for step in range(7)]
    assert found == pytest.approx(expected, abs=1e-6)


def test_warming_up_is_linear_and_then_the_schedule_begins() -> None:
    found = [rate_at(step, rate=2.0, schedule="linear", steps=8, warmup=4) for step in range(8)]
    assert found == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.0, 1.5, 1.0, 0.5])


def test_an_unknown_schedule_is_refused() -> None:
    with pytest.raises(InputError, match="constant, cosine, cosine-restarts, linear, step"):
        rate_at(0, rate=1.0, schedule="cosin", steps=2)
