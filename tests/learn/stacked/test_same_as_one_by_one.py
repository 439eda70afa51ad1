"""A stacked head is what a plain loop makes of it: torch.nn, autograd and torch.optim are the oracle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from whence.learn.losses import loss_named  # noqa: E402
from whence.learn.stacked import (  # noqa: E402
    StackedData,
    StackedHead,
    StackedSettings,
    TrainedHead,
    train_stacked,
)
from whence.learn.stacked.feed import Feed  # noqa: E402
from whence.learn.stacked.stack import initial_weights  # noqa: E402

World = Callable[..., StackedData]
SETTINGS = StackedSettings(batch_size=16, epochs=3, hidden=(32, 16), numbers="float64", patience=2)


def plain_mlp(seed: int, widths: tuple[int, ...]) -> torch.nn.Sequential:
    torch.manual_seed(seed)
    a, b, c, d = widths
    relu = torch.nn.ReLU
    linear = torch.nn.Linear
    return torch.nn.Sequential(linear(a, b), relu(), linear(b, c), relu(), linear(c, d))


def squashed(raw: torch.Tensor, last_layer: str) -> torch.Tensor:
    half = torch.tensor([180.0, 90.0], dtype=raw.dtype)
    if last_layer == "clamp":
        return torch.clamp(raw, -half, half)
    return half * torch.tanh(raw) if last_layer == "tanh" else 2 * half * torch.sigmoid(raw) - half


def train_plainly(
    head: StackedHead, train: StackedData, validation: StackedData, settings: StackedSettings
) -> tuple[dict[str, np.ndarray], list[float], list[float]]:
    """The loop as anyone writes it: early stopping by hand, automatic gradients."""
    dtype = torch.float64 if settings.numbers == "float64" else torch.float32
    model = plain_mlp(head.seed, (train.dim, *settings.hidden, 2)).to(dtype)
    adam, loss = torch.optim.Adam(model.parameters(), lr=head.lr), loss_named(head.loss)
    best, best_weights, waited, curves = np.inf, {}, 0, ([], [])
    for epoch in range(settings.epochs):
        total = 0.0
        for batch, truth in Feed(train, settings).shuffled(epoch):
            adam.zero_grad()
            losses = loss.of_positions(squashed(model(batch), head.last_layer), truth)
            losses.mean().backward()
            adam.step()
            total += losses.detach().sum().item()
        with torch.no_grad():
            features = torch.from_numpy(validation.features).to(dtype)
            truth = torch.from_numpy(validation.lonlat).to(dtype)
            value = loss.of_positions(squashed(model(features), head.last_layer), truth).mean().item()
        curves[0].append(total / len(train))
        curves[1].append(value)
        waited = 0 if value < best else waited + 1
        if value < best:
            best, best_weights = value, {k: v.numpy().copy() for k, v in model.state_dict().items()}
        if waited == settings.patience:
            break
    return best_weights, *curves


def compare(result: TrainedHead, plain: tuple, *, rtol: float, atol: float) -> None:
    weights, train_loss, validation_loss = plain
    np.testing.assert_allclose(result.train_loss, train_loss, rtol=rtol)
    np.testing.assert_allclose(result.validation_loss, validation_loss, rtol=rtol)
    assert result.weights.keys() == weights.keys()
    for name, array in weights.items():
        np.testing.assert_allclose(result.weights[name], array, rtol=rtol, atol=atol, err_msg=name)


def test_initial_weights_are_those_of_torch_linear() -> None:
    model = plain_mlp(7, (20, 12, 8, 2))
    for ours, theirs in zip(initial_weights(7, (20, 12, 8, 2)), model.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_every_loss_and_last_layer_to_ten_digits(world: World, heads: list[StackedHead]) -> None:
    train, validation = world(203), world(57, seed=1)  # 203 leaves a short batch at the end
    results = train_stacked(heads, train, validation, SETTINGS)
    assert [result.name for result in results] == [head.name for head in heads]
    for head, result in zip(heads, results, strict=True):
        compare(result, train_plainly(head, train, validation, SETTINGS), rtol=1e-9, atol=1e-10)


def test_float32_to_four_digits(world: World, heads: list[StackedHead]) -> None:
    settings = replace(SETTINGS, numbers="float32")
    train, validation = world(203), world(57, seed=1)
    results = train_stacked(heads, train, validation, settings)
    for head, result in zip(heads, results, strict=True):
        compare(result, train_plainly(head, train, validation, settings), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("products", ["mm", "onednn", "auto"])
def test_every_way_to_multiply(world: World, heads: list[StackedHead], products: str) -> None:
    settings = replace(SETTINGS, numbers="float32", products=products, epochs=2)
    train, validation = world(128), world(57, seed=1)
    for head, result in zip(heads, train_stacked(heads, train, validation, settings), strict=True):
        compare(result, train_plainly(head, train, validation, settings), rtol=1e-4, atol=1e-5)


def test_alone_or_in_company(world: World, heads: list[StackedHead]) -> None:
    """A stack of one against the stack of all, through heads that stop and leave it."""
    settings = replace(SETTINGS, epochs=40, patience=1)
    train, validation = world(203), world(57, seed=1)
    together = train_stacked(heads, train, validation, settings)
    assert len({result.stopped_at for result in together}) > 2, "heads must leave at different times"
    for head, result in zip(heads, together, strict=True):
        (alone,) = train_stacked([head], train, validation, settings)
        assert (alone.stopped_at, alone.best_epoch, alone.status) == (
            result.stopped_at, result.best_epoch, result.status,
        )  # fmt: skip
        np.testing.assert_allclose(result.validation_loss, alone.validation_loss, rtol=1e-8)
        for name, array in alone.weights.items():
            np.testing.assert_allclose(result.weights[name], array, rtol=1e-6, atol=1e-8)


def test_best_weights_are_restored(world: World, heads: list[StackedHead]) -> None:
    settings = replace(SETTINGS, epochs=40, patience=1)
    train, validation = world(203), world(57, seed=1)
    for head, result in zip(heads, train_stacked(heads, train, validation, settings), strict=True):
        assert result.best_epoch == int(np.argmin(result.validation_loss))
        model = plain_mlp(0, (train.dim, *settings.hidden, 2)).double()
        model.load_state_dict({name: torch.from_numpy(array) for name, array in result.weights.items()})
        raw = model(torch.from_numpy(validation.features).double())
        value = loss_named(head.loss).of_positions(
            squashed(raw, head.last_layer), torch.from_numpy(validation.lonlat)
        )
        assert value.mean().item() == pytest.approx(min(result.validation_loss), rel=1e-9)
        if result.status == "stopped early":
            assert result.stopped_at == result.best_epoch + 1 + settings.patience
