"""Losses of classifiers over cells against slow loops."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
import torch

from whence.earth.partitions import Quadtree
from whence.earth.sphere import distance_m
from whence.learn.losses.cells import coarser, cross_entropy, haversine_shares, hierarchical_cross_entropy


def drawn(b: int = 6, n: int = 12, k: int = 3) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(b, n, generator=generator, dtype=torch.float64)
    cells = torch.stack([torch.randperm(n, generator=generator)[:k] for _ in range(b)])
    shares = torch.rand(b, k, generator=generator, dtype=torch.float64)
    return logits, cells, shares / shares.sum(1, keepdim=True)


LEVELS = [[0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 3]]


def softmax(row: list[float]) -> list[float]:
    top = max(row)
    powers = [math.exp(value - top) for value in row]
    return [power / sum(powers) for power in powers]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_is_a_dense_sum(smoothing: float) -> None:
    """Oracle: a loop over all cells with the whole target written out."""
    logits, cells, shares = drawn()
    for row, found in enumerate(
        cross_entropy(logits, cells, shares=shares, label_smoothing=smoothing).tolist()
    ):
        target = [smoothing / 12] * 12
        for cell, share in zip(cells[row].tolist(), shares[row].tolist(), strict=True):
            target[cell] += (1 - smoothing) * share
        expected = -sum(t * math.log(p) for t, p in zip(target, softmax(logits[row].tolist()), strict=True))
        assert found == pytest.approx(expected, rel=1e-12)


def test_hard_targets_are_torchs_own() -> None:
    logits, cells, _ = drawn(k=1)
    expected = torch.nn.functional.cross_entropy(logits, cells[:, 0], reduction="none", label_smoothing=0.2)
    torch.testing.assert_close(cross_entropy(logits, cells, label_smoothing=0.2), expected)


def test_hierarchy_is_a_loop_over_levels_and_leaves() -> None:
    logits, cells, shares = drawn()
    found = hierarchical_cross_entropy(
        logits, cells, shares=shares, ancestors=[torch.tensor(level) for level in LEVELS]
    )
    for row in range(len(logits)):
        p = softmax(logits[row].tolist())
        expected = 0.0
        for level in LEVELS:
            for cell, share in zip(cells[row].tolist(), shares[row].tolist(), strict=True):
                mass = sum(p[leaf] for leaf in range(12) if level[leaf] == level[cell])
                expected -= share * math.log(mass + 1e-10)
        assert float(found[row]) == pytest.approx(expected, rel=1e-9)


def test_hierarchy_of_a_quadtree() -> None:
    """Every level of a tree over real-sized data; a sure and right classifier pays nothing."""
    lonlat = np.random.default_rng(0).normal([37.6, 55.7], 0.1, (2000, 2))
    tree = Quadtree.fit(lonlat, max_points=40)
    levels = [torch.as_tensor(tree.ancestors(level)) for level in range(1, 6)]
    cell = torch.as_tensor(tree.assign(lonlat[:50]))[:, None]
    sure = torch.full((50, len(tree)), -50.0).scatter_(1, cell, 50.0)
    assert hierarchical_cross_entropy(sure, cell, ancestors=levels).abs().max() < 1e-5
    even = hierarchical_cross_entropy(torch.zeros(50, len(tree)), cell, ancestors=levels)
    sizes = [np.bincount(level)[level[cell[:, 0]]] / len(tree) for level in map(np.asarray, levels)]
    np.testing.assert_allclose(even, -np.log(sizes).sum(axis=0), rtol=1e-5)


def test_gradients() -> None:
    logits, cells, shares = drawn()
    logits.requires_grad_()
    levels = [torch.tensor(level) for level in LEVELS]
    assert torch.autograd.gradcheck(
        lambda z: cross_entropy(z, cells, shares=shares, label_smoothing=0.1), (logits,)
    )
    assert torch.autograd.gradcheck(
        lambda z: hierarchical_cross_entropy(z, cells, shares=shares, ancestors=levels), (logits,)
    )


@pytest.mark.parametrize("right", [True, False])
def test_finite_at_extremes(right: bool) -> None:
    cells = torch.tensor([[0]])
    logits = torch.full((1, 12), -1e4).scatter_(1, cells if right else cells + 9, 1e4).requires_grad_()
    levels = [torch.tensor(level) for level in LEVELS]
    loss = cross_entropy(logits, cells) + hierarchical_cross_entropy(logits, cells, ancestors=levels)
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert torch.isfinite(logits.grad).all()
    assert loss.item() == pytest.approx(0.0 if right else 2e4 + 2 * 23.0259, abs=0.01)


def test_haversine_shares_are_the_formula() -> None:
    """Oracle: the published formula written out; at a centre, at the antipodes, and scaled to sum 1."""
    truth = np.array([[37.6, 55.7], [179.9, -17.0], [0.0, 90.0]])
    centers = np.array([[37.6, 55.7], [38.0, 55.0], [-179.9, -17.0], [-142.4, -55.7]])
    apart_km = distance_m(truth[:, None], centers[None]) / 1000
    found = haversine_shares(torch.as_tensor(apart_km), tau_km=75.0).numpy()
    for row, distances in enumerate(apart_km):
        raw = [math.exp(-(d - min(distances)) / 75.0) for d in distances]
        np.testing.assert_allclose(found[row], np.array(raw) / sum(raw), rtol=1e-12)


def test_coarser_sums() -> None:
    parts = torch.tensor([[0.1, 0.2, 0.3, 0.4]])
    torch.testing.assert_close(coarser(parts, torch.tensor([1, 0, 1, 0])), torch.tensor([[0.6, 0.4]]))


@pytest.mark.slow
def test_the_cells_of_openstreetview_cost_little() -> None:
    """11,399 cells, batch 2048, nine levels: the loss and its gradient against the logits' own product."""
    torch.set_num_threads(1)
    logits = torch.randn(2048, 11_399).requires_grad_()
    cells = torch.randint(11_399, (2048, 64))
    shares = torch.full((2048, 64), 1 / 64)
    levels = [torch.arange(11_399) * 4**level // 4**9 for level in range(1, 7)]
    features, weight = torch.randn(2048, 512), torch.randn(11_399, 512)

    def seconds(what: object) -> float:
        best = math.inf
        for _ in range(3):
            start = time.perf_counter()
            what()
            best = min(best, time.perf_counter() - start)
        return best

    def loss() -> None:
        total = cross_entropy(logits, cells, shares=shares)
        (total + hierarchical_cross_entropy(logits, cells, shares=shares, ancestors=levels)).mean().backward()

    product = seconds(lambda: (features @ weight.T, torch.ones(2048, 11_399) @ weight))
    assert seconds(loss) < 2.0 * product
