"""Contrastive losses against their formulae written as loops, at extremes, and by numerical gradients."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from whence.learn.losses import LOSSES, loss_named  # noqa: E402
from whence.learn.losses.contrastive import image_position_loss, region_contrastive_loss  # noqa: E402


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    drawn = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.nn.functional.normalize(drawn, dim=-1)


def test_image_position_is_the_cross_entropy_one_photograph_at_a_time() -> None:
    images, own, others = unit(4, 6), unit(4, 6, seed=1), unit(7, 6, seed=2)
    counts = torch.rand(4, 7, generator=torch.Generator().manual_seed(3)) > 0.3
    log_scale = torch.tensor(1.5, dtype=torch.float64)
    losses = []
    for i in range(4):
        right = math.exp(1.5) * sum(float(a * b) for a, b in zip(images[i], own[i], strict=True))
        wrong = [math.exp(1.5) * float(images[i] @ others[j]) for j in range(7) if counts[i, j]]
        losses.append(-math.log(math.exp(right) / (math.exp(right) + sum(map(math.exp, wrong)))))
    loss = image_position_loss(images, own, others, counts=counts, log_scale=log_scale)
    assert loss.item() == pytest.approx(sum(losses) / 4, abs=1e-12)


def test_a_batch_without_a_queue_is_the_usual_cross_entropy() -> None:
    images, own = unit(5, 8), unit(5, 8, seed=1)
    loss = image_position_loss(
        images, own, own, counts=~torch.eye(5, dtype=torch.bool), log_scale=torch.tensor(2.0).double()
    )
    logits = math.exp(2.0) * images @ own.T
    assert loss.item() == pytest.approx(float(torch.nn.functional.cross_entropy(logits, torch.arange(5))))


def test_region_contrast_is_its_formula_in_loops() -> None:
    vectors = unit(8, 5)
    regions = torch.tensor([0, 0, 1, 2, 2, 2, -1, -1])
    terms = []
    for i in range(6):
        alike = {j: math.exp(float(vectors[i] @ vectors[j]) / 0.1) for j in range(8) if j != i}
        own = [alike[j] for j in alike if regions[j] == regions[i]]
        if own:
            terms.append(math.log(sum(alike.values())) - math.log(sum(own)))
    assert len(terms) == 5
    found = region_contrastive_loss(vectors, regions, temperature=0.1)
    assert found.item() == pytest.approx(sum(terms) / 5, abs=1e-12)


def test_without_companions_there_is_nothing_to_learn() -> None:
    vectors = unit(3, 4).requires_grad_()
    loss = region_contrastive_loss(vectors, torch.tensor([0, 1, -1]), temperature=0.1)
    loss.backward()
    assert loss.item() == 0.0
    assert vectors.grad is not None
    assert not vectors.grad.any()


def test_gradients() -> None:
    images, own, others = (unit(3, 4, seed=s).requires_grad_() for s in range(3))
    counts = torch.tensor([[True, False, True], [True, True, True], [False, False, False]])
    log_scale = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)

    def beside_positions(*values: torch.Tensor) -> torch.Tensor:
        return image_position_loss(*values[:3], counts=counts, log_scale=values[3])

    def by_regions(vectors: torch.Tensor) -> torch.Tensor:
        return region_contrastive_loss(vectors, torch.tensor([0, 0, 1, 1, -1]), temperature=0.3)

    assert torch.autograd.gradcheck(beside_positions, (images, own, others, log_scale))
    assert torch.autograd.gradcheck(by_regions, (unit(5, 4).requires_grad_(),))


@pytest.mark.parametrize("scale", [0.0, math.log(100.0), math.log(1e4)])
def test_finite_at_extremes(scale: float) -> None:
    images = torch.ones(2, 3).float().requires_grad_()
    own, others = -torch.ones(2, 3), torch.ones(2, 3)
    loss = image_position_loss(
        images, own, others, counts=torch.ones(2, 2, dtype=torch.bool), log_scale=torch.tensor(scale)
    )
    loss.backward()
    assert torch.isfinite(loss)
    assert images.grad is not None
    assert torch.isfinite(images.grad).all()
    same = torch.ones(4, 3).requires_grad_()
    coarse = region_contrastive_loss(same, torch.tensor([0, 0, 1, 1]), temperature=math.exp(-scale))
    coarse.backward()
    assert coarse.item() == pytest.approx(math.log(3.0), rel=1e-3)
    assert same.grad is not None
    assert torch.isfinite(same.grad).all()


def test_both_are_in_the_table() -> None:
    assert loss_named("image-position") is image_position_loss
    assert loss_named("region-contrastive") is region_contrastive_loss
    assert {"image-position", "region-contrastive"} <= set(LOSSES)
