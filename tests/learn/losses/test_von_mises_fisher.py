"""The likelihood of patches against numpy, scipy and a slow loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from whence.earth import von_mises_fisher as vmf
from whence.earth.sphere import EARTH_RADIUS_M, destination, to_unit_vectors
from whence.learn.losses.von_mises_fisher import bounded, log_density, log_peak, mixture_loss

SPREADS_M = np.array([1.0, 10.0, 500.0, 2e4, 1e6, 5e6, 1.2e7])


def test_peak_is_that_of_the_house() -> None:
    kappa = vmf.concentration(SPREADS_M)
    found = log_peak(torch.log(torch.as_tensor(kappa))).numpy()
    np.testing.assert_allclose(found, vmf.log_peak(kappa), rtol=1e-12)
    assert float(log_peak(torch.tensor(-40.0))) == pytest.approx(-math.log(4 * math.pi), abs=1e-5)


@pytest.mark.parametrize("kappa", [0.3, 5.0, 400.0])
def test_density_is_scipys(kappa: float) -> None:
    mean = to_unit_vectors([37.6, 55.7])
    points = to_unit_vectors(np.column_stack([np.linspace(-180, 180, 9), np.linspace(-90, 90, 9)]))
    squared = torch.as_tensor(np.sum((points - mean) ** 2, axis=1))
    found = log_density(torch.tensor(math.log(kappa), dtype=torch.float64), squared)
    np.testing.assert_allclose(found, stats.vonmises_fisher(mean, kappa).logpdf(points), rtol=1e-9, atol=1e-9)


def drawn(spread_m: float, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
    """Five photographs with three patches each, truths about a spread from the first of them."""
    rng = np.random.default_rng(0)
    middle = destination([179.99, 60.0], rng.uniform(0, 360, (5, 3)), spread_m * rng.uniform(0, 2, (5, 3)))
    truth = destination(middle[:, 0], rng.uniform(0, 360, 5), spread_m)
    log_kappa = 2 * np.log(EARTH_RADIUS_M / spread_m) + rng.normal(0, 0.5, (5, 3))
    arrays = to_unit_vectors(middle), log_kappa, rng.normal(size=(5, 3)), to_unit_vectors(truth)
    return [torch.as_tensor(array, dtype=dtype) for array in arrays]


@pytest.mark.parametrize("spread_m", [10.0, 300.0, 5e4, 3e6])
def test_mixture_is_a_loop_over_patches(spread_m: float) -> None:
    """Oracle: the sum written out with the densities of `whence.earth`."""
    means, log_kappa, logits, truth = drawn(spread_m)
    found = mixture_loss(means, log_kappa, logits=logits, truth=truth)
    for row in range(5):
        weights = np.exp(logits[row].numpy()) / np.exp(logits[row].numpy()).sum()
        logs = []
        for k in range(3):
            kappa = np.exp(log_kappa[row, k].numpy())
            chord = float(((means[row, k] - truth[row]) ** 2).sum())
            logs.append(math.log(weights[k]) + float(vmf.log_peak(kappa)) - float(kappa) * chord / 2)
        top = max(logs)
        expected = -(top + math.log(sum(math.exp(value - top) for value in logs)))
        assert float(found[row]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("spread_m", [300.0, 5e4, 3e6])
def test_float32_is_good_enough_beyond_a_block(spread_m: float) -> None:
    exact, rounded = (
        mixture_loss(*parts[:2], logits=parts[2], truth=parts[3])
        for parts in (drawn(spread_m), drawn(spread_m, torch.float32))
    )
    torch.testing.assert_close(rounded.double(), exact, rtol=0, atol=0.02)


@pytest.mark.parametrize("spread_m", [1e6, 5e6])
def test_gradient(spread_m: float) -> None:
    means, log_kappa, logits, truth = drawn(spread_m)
    for values in (means, log_kappa, logits):
        values.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda m, k, w: mixture_loss(m, k, logits=w, truth=truth), (means, log_kappa, logits)
    )


def test_gradient_of_the_peak_from_the_globe_to_a_metre() -> None:
    """Closed form: d ln peak / d ln κ = 1 − 2κ / (e^{2κ} − 1), 0 for the globe and 1 for a narrow patch."""
    log_kappa = torch.tensor([-13.0, -2.0, 0.0, 3.0, 31.0], dtype=torch.float64, requires_grad=True)
    log_peak(log_kappa).sum().backward()
    kappa = np.exp(log_kappa.detach().numpy())
    expected = 1 - np.array([2 * k / math.expm1(2 * k) if k < 300 else 0.0 for k in kappa])
    np.testing.assert_allclose(log_kappa.grad, expected, atol=1e-6)


def test_finite_at_extremes() -> None:
    """The truth on the centre and at its antipode, patches of a metre and of the globe, wild logits."""
    north = torch.tensor([[0.0, 0.0, 1.0]], dtype=torch.float64)
    for log_kappa in (-13.0, 31.0):
        for truth in (north, -north):
            means = north.unsqueeze(1).repeat(1, 2, 1).requires_grad_()
            logs = torch.full((1, 2), log_kappa, dtype=torch.float64, requires_grad=True)
            logits = torch.tensor([[1e4, -1e4]], dtype=torch.float64, requires_grad=True)
            loss = mixture_loss(means, logs, logits=logits, truth=truth)
            loss.sum().backward()
            assert torch.isfinite(loss).all()
            assert all(torch.isfinite(values.grad).all() for values in (means, logs, logits))


def test_bounds_hold_and_leave_the_inside_alone() -> None:
    values = torch.tensor([-1e4, 0.0, 5.0, 1e4], dtype=torch.float64, requires_grad=True)
    found = bounded(values, -20.0, 30.0)
    torch.testing.assert_close(
        found, torch.tensor([-20.0, 0.0, 5.0, 30.0], dtype=torch.float64), rtol=0, atol=1e-8
    )
    near = torch.tensor([-25.0, 35.0], dtype=torch.float64, requires_grad=True)
    bounded(near, -20.0, 30.0).sum().backward()
    assert (near.grad > 1e-3).all()
