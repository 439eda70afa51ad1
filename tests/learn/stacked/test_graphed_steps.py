"""Steps from a buffer on the device against steps batch by batch; the graph itself needs a GPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from whence.learn.stacked import StackedData, StackedHead, StackedSettings, train_stacked  # noqa: E402
from whence.learn.stacked.cuda import GraphedSteps  # noqa: E402
from whence.learn.stacked.feed import Feed  # noqa: E402
from whence.learn.stacked.objective import stacking_order  # noqa: E402
from whence.learn.stacked.stack import Stack  # noqa: E402
from whence.learn.stacked.tally import Tally  # noqa: E402

World = Callable[..., StackedData]
SETTINGS = StackedSettings(batch_size=16, hidden=(32, 16), products="mm", block_rows=20, buffer_blocks=3)


@pytest.mark.parametrize("rows", [203, 12])  # several buffers and a short batch; less than a batch
def test_buffered_steps_are_the_same_bits(world: World, heads: list[StackedHead], rows: int) -> None:
    data = world(rows)
    one, other = (Stack.fresh(stacking_order(heads), SETTINGS, dim=24) for _ in range(2))
    feed, seen = Feed(data, SETTINGS), []
    buffered = GraphedSteps(other, feed)
    for epoch in range(3):
        tally = Tally(len(heads), torch.device("cpu"))
        for batch, truth in feed.shuffled(epoch):
            tally.add(one.train(batch, truth))
        assert buffered.run(epoch, seen.append).means() == tally.means()
    assert one.step == other.step == 3 * -(-rows // 16)
    assert all(torch.equal(a, b) for a, b in zip(one.changing(), other.changing(), strict=True))
    assert seen[-1] == rows


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("numbers", ["float64", "float32", "bfloat16"])
def test_a_graph_gives_what_the_cpu_gives(world: World, heads: list[StackedHead], numbers: str) -> None:
    """Through heads that leave, so that graphs are captured anew."""
    settings = replace(SETTINGS, numbers=numbers, epochs=25, patience=2)
    data = world(403), world(57, seed=1)
    expected = train_stacked(heads, *data, settings)
    found = train_stacked(heads, *data, replace(settings, device="cuda"))
    rtol = {"float64": 1e-6, "float32": 2e-2, "bfloat16": 0.1}[numbers]
    for one, other in zip(expected, found, strict=True):
        n = 5 if numbers != "float64" else None  # rounding grows with the steps
        np.testing.assert_allclose(other.validation_loss[:n], one.validation_loss[:n], rtol=rtol)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_head_that_explodes_fails_alone_on_a_gpu(world: World, heads: list[StackedHead]) -> None:
    wild = StackedHead("wild", "mse", "clamp", seed=3, lr=1e37)
    settings = replace(SETTINGS, epochs=2, device="cuda")
    *sound, failed = train_stacked([*heads, wild], world(203), world(57, seed=1), settings)
    assert failed.status == "failed"
    assert {head.status for head in sound} == {"finished"}
