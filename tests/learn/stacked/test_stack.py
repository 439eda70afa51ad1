"""What a stack does beside the plain case: failures, removal, Adam's bits, numbers, bad input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from whence.errors import InputError, NotEnoughDataError  # noqa: E402
from whence.learn.stacked import (  # noqa: E402
    StackedData,
    StackedHead,
    StackedProgress,
    StackedSettings,
    train_stacked,
)
from whence.learn.stacked.objective import stacking_order  # noqa: E402
from whence.learn.stacked.stack import Stack  # noqa: E402

World = Callable[..., StackedData]
SETTINGS = StackedSettings(batch_size=16, epochs=3, hidden=(32, 16), products="mm")


def test_a_head_that_explodes_fails_alone(world: World, heads: list[StackedHead]) -> None:
    train, validation = world(203), world(57, seed=1)
    wild = StackedHead("wild", "mse", "clamp", seed=3, lr=1e37)
    sound = train_stacked(heads, train, validation, SETTINGS)
    *mixed, failed = train_stacked([*heads, wild], train, validation, SETTINGS)
    assert failed.status == "failed"
    assert failed.weights == {}
    assert failed.best_epoch is None
    assert failed.failure is not None
    assert "wild: the loss was not finite at step" in failed.failure
    assert "of epoch 0; no weights are kept" in failed.failure
    for one, other in zip(sound, mixed, strict=True):
        assert other.status == one.status
        np.testing.assert_allclose(other.validation_loss, one.validation_loss, rtol=1e-4)


def test_the_step_of_the_failure_is_told(world: World, heads: list[StackedHead]) -> None:
    """Infinite features from row 32 on: the third batch of 16 would be the first with one, unshuffled."""
    data = world(203)
    data.features[40] = np.inf
    with np.errstate(all="ignore"):
        results = train_stacked(heads, data, world(57, seed=1), replace(SETTINGS, batch_size=203, epochs=1))
    assert {result.status for result in results} == {"failed"}
    assert all("at step 0 of epoch 0" in str(result.failure) for result in results)


def test_failure_in_the_validation_is_told(world: World, heads: list[StackedHead]) -> None:
    validation = world(57, seed=1)
    validation.features[3] = np.nan
    results = train_stacked(heads[:2], world(203), validation, SETTINGS)
    assert all("at the validation of epoch 0" in str(result.failure) for result in results)
    assert {result.stopped_at for result in results} == {0}


def test_update_is_adam_bit_for_bit(world: World, heads: list[StackedHead]) -> None:
    """torch.optim.Adam(fused=True) on the same gradients, over steps and the loss of a head."""
    heads = [replace(head, lr=1e-3) for head in heads]
    stack = Stack.fresh(stacking_order(heads), SETTINGS, dim=24)
    copies = [torch.nn.Parameter(w.clone()) for w in stack.weights]
    adam = torch.optim.Adam(copies, lr=1e-3, fused=True)
    batch, truth = torch.randn(16, 24), torch.rand(16, 2) * 100
    for _ in range(5):
        stack.backward(batch, truth)
        for copy, gradient in zip(copies, stack._gradients, strict=True):
            copy.grad = gradient.clone()
        stack.update()
        adam.step()
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(stack.weights, copies, strict=True))


def test_rates_of_the_heads_are_their_own(heads: list[StackedHead]) -> None:
    """Adam's first step has the length of the learning rate, whatever the gradient."""
    stack = Stack.fresh(stacking_order(heads), SETTINGS, dim=24)
    before = stack.weights[5].clone()
    stack.train(torch.randn(16, 24), torch.rand(16, 2) * 100)
    moved = (stack.weights[5] - before).abs().amax((1, 2))
    np.testing.assert_allclose(moved, [head.lr for head in stack.heads], rtol=1e-2)


def test_keep_drops_heads_and_nothing_else(heads: list[StackedHead]) -> None:
    stack = Stack.fresh(stacking_order(heads), SETTINGS, dim=24)
    batch, truth = torch.randn(16, 24), torch.rand(16, 2) * 100
    for _ in range(3):
        losses = stack.train(batch, truth)
    names, weights = [head.name for head in stack.heads], [w.clone() for w in stack.weights]
    stack.keep([1, 4, 5])
    assert [head.name for head in stack.heads] == [names[i] for i in (1, 4, 5)]
    for now, before in zip(stack.weights, weights, strict=True):
        assert torch.equal(now, before[[1, 4, 5]])
    assert stack.losses(batch, truth).shape == (3, 16)
    assert losses.shape == (7, 16)


def test_bfloat16_products_come_close(world: World, heads: list[StackedHead]) -> None:
    """Loss after three epochs within 3 per cent of float32; the weights themselves stay float32."""
    train, validation = world(400), world(100, seed=1)
    exact = train_stacked(heads, train, validation, SETTINGS)
    rough = train_stacked(heads, train, validation, replace(SETTINGS, numbers="bfloat16"))
    for one, other in zip(exact, rough, strict=True):
        assert other.weights["0.weight"].dtype == np.float32
        np.testing.assert_allclose(other.validation_loss, one.validation_loss, rtol=0.03)


def test_heads_learn_where_the_features_are(world: World) -> None:
    """The middle of the training positions is 8,000 km off on average; the heads get far below."""
    settings = replace(SETTINGS, epochs=30, hidden=(64, 32))
    heads = [StackedHead(layer, "haversine", layer, seed=0) for layer in ("clamp", "tanh", "logistic")]
    for result in train_stacked(heads, world(2000), world(300, seed=1), settings):
        assert min(result.validation_loss) < 2500.0


def test_progress_tells_every_epoch(world: World, heads: list[StackedHead]) -> None:
    reports: list[StackedProgress] = []
    results = train_stacked(heads, world(203), world(57, seed=1), SETTINGS, progress=reports.append)
    ends = [report for report in reports if report.validation_loss is not None]
    assert [report.epoch for report in ends] == [0, 1, 2]
    for result in results:
        assert result.validation_loss == tuple(report.validation_loss[result.name] for report in ends)
        assert result.train_loss == tuple(report.train_loss[result.name] for report in ends)
    assert len(reports) > len(ends)
    assert all(0 < report.rows <= report.of_rows == 203 for report in reports)


def test_wrong_stacks_are_refused(world: World, heads: list[StackedHead]) -> None:
    train, validation = world(64), world(57, seed=1)
    with pytest.raises(InputError, match="name of its own"):
        train_stacked([heads[0], heads[0]], train, validation, SETTINGS)
    with pytest.raises(InputError, match="name of its own"):
        train_stacked([], train, validation, SETTINGS)
    with pytest.raises(InputError, match="no loss 'l1'"):
        train_stacked([replace(heads[0], loss="l1")], train, validation, SETTINGS)
    with pytest.raises(InputError, match="no last layer 'softsign'; choose one of: clamp"):
        train_stacked([replace(heads[0], last_layer="softsign")], train, validation, SETTINGS)
    with pytest.raises(InputError, match="one encoder"):
        train_stacked(heads, train, world(57, dim=25), SETTINGS)


def test_wrong_data_are_refused(world: World) -> None:
    data = world(10)
    with pytest.raises(NotEnoughDataError, match="as many positions"):
        StackedData(data.features, None, data.lonlat[:9])
    with pytest.raises(NotEnoughDataError, match="one at least"):
        StackedData(data.features, np.array([], np.int64), data.lonlat[:0])
    with pytest.raises(InputError, match="outside the 10 rows"):
        StackedData(data.features, np.array([3, 10]), data.lonlat[:2])
    with pytest.raises(InputError, match="not finite"):
        StackedData(data.features, None, np.where(np.eye(10, 2) > 0, np.nan, data.lonlat))
    with pytest.raises(InputError, match="must all be one or more"):
        StackedSettings(patience=0)
    with pytest.raises(InputError, match="must be one of float32"):
        StackedSettings(numbers="float16")


def test_denormals_are_flushed_meanwhile_and_not_after(world: World, heads: list[StackedHead]) -> None:
    tiny, seen = torch.tensor([1e-40]), []
    train_stacked(
        heads, world(64), world(57, seed=1), SETTINGS, progress=lambda _: seen.append((tiny * 0.5).item())
    )
    assert set(seen) == {0.0}
    assert (tiny * 0.5).item() > 0.0
