"""Losses of offsets against loops and integrals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from whence.errors import InputError
from whence.learn.losses.hybrid import OFFSET_LOSSES, offset_loss, offsets


def drawn() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    predicted, true = torch.randn(2, 20, 2, generator=generator, dtype=torch.float64)
    return predicted, true, torch.randn(20, generator=generator, dtype=torch.float64)


def slow(name: str, predicted: list[float], true: list[float], log_scale: float) -> float:
    dx, dy = predicted[0] - true[0], predicted[1] - true[1]
    r, scale = math.hypot(dx, dy), math.exp(log_scale)
    return {
        "squares": (dx**2 + dy**2) / 2,
        "huber": r**2 / 0.5 if r <= 0.25 else r - 0.125,
        "gaussian": -math.log(math.exp(-(r**2) / (2 * scale**2)) / (2 * math.pi * scale**2)),
        "laplace": -math.log(math.exp(-r / scale) / (2 * math.pi * scale**2)),
    }[name]


@pytest.mark.parametrize("name", OFFSET_LOSSES)
def test_value_is_the_formula(name: str) -> None:
    predicted, true, log_scale = drawn()
    found = offset_loss(name).value(predicted, true, log_scale)
    rows = zip(predicted.tolist(), true.tolist(), log_scale.tolist(), strict=True)
    np.testing.assert_allclose(found, [slow(name, *row) for row in rows], rtol=1e-6)


@pytest.mark.parametrize("name", ["gaussian", "laplace"])
def test_likelihoods_integrate_to_one(name: str) -> None:
    axis = np.arange(-20, 20, 0.02) + 0.01
    grid = torch.as_tensor(np.stack(np.meshgrid(axis, axis), axis=-1))
    scale = torch.full(grid.shape[:2], math.log(0.7), dtype=torch.float64)
    density = torch.exp(-offset_loss(name).value(grid, torch.zeros_like(grid), scale))
    assert density.sum().item() * 0.02**2 == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("name", OFFSET_LOSSES)
def test_gradient(name: str) -> None:
    predicted, true, log_scale = drawn()
    predicted.requires_grad_()
    log_scale.requires_grad_()
    assert torch.autograd.gradcheck(lambda p, s: offset_loss(name).value(p, true, s), (predicted, log_scale))


@pytest.mark.parametrize("name", OFFSET_LOSSES)
@pytest.mark.parametrize("size", [0.0, 1e4])
def test_finite_at_extremes(name: str, size: float) -> None:
    loss = offset_loss(name)
    raw = torch.full((4, 3 if loss.with_scale else 2), size, requires_grad=True)
    predicted, log_scale = offsets(raw, reach=1.2)
    for true in (torch.zeros(4, 2), predicted.detach()):
        value = loss.value(predicted, true, log_scale)
        value.sum().backward(retain_graph=True)
        assert torch.isfinite(value).all()
        assert torch.isfinite(raw.grad).all()


def test_offsets_are_bounded() -> None:
    raw = torch.tensor([[0.0, 1e4, -1e4], [0.5, -1e4, 1e4]], dtype=torch.float64)
    found, log_scale = offsets(raw, reach=1.2)
    expected = torch.tensor([[0.0, 1.2], [1.2 * math.tanh(0.5), -1.2]], dtype=torch.float64)
    torch.testing.assert_close(found, expected)
    assert log_scale.tolist() == [-7.0, 2.0]
    assert offsets(raw[:, :2], reach=1.0)[1] is None


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="squares, huber"):
        offset_loss("l1")
    with pytest.raises(InputError, match="scale"):
        offset_loss("laplace").value(torch.zeros(1, 2), torch.zeros(1, 2), None)
