"""What holds for every head that is trained by gradients."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from whence.photos.heads import Head, head_class, recipe_class
from whence.photos.heads.protocol import Learner, Task

if TYPE_CHECKING:
    from whence.photos.samples import Samples

RECIPES: list[tuple[str, dict[str, object]]] = [
    ("coordinates", {"dropout": 0.2}),
    ("coordinates", {"last_layer": "clamp", "extent": "data", "loss": "mse"}),
    ("unit-vector", {"dropout": 0.2}),
    ("vmf-mixture", {}),
    ("vmf-mixture", {"shared_centers": 20}),
    ("cells", {"tau_km": 200.0, "hierarchy": 0.5, "label_smoothing": 0.1}),
    ("cells", {"partition": "country", "hierarchy": 0.5, "balance": 1.0}),
    ("hybrid", {"hierarchy": 0.5}),
    ("hybrid", {"partition": "h3", "resolution": 0, "offset_loss": "laplace"}),
    ("hybrid", {"shared_offset": True, "offset": "plane", "offset_loss": "huber"}),
    ("prototypes", {}),
]


@pytest.fixture(params=RECIPES, ids=lambda pair: " ".join([pair[0], *map(str, pair[1].values())]))
def untrained(request: pytest.FixtureRequest, planet: Task) -> tuple[Learner, Head]:
    """A learner of first weights, and the head it would make of them."""
    name, settings = request.param
    learners: list[Learner] = []
    task = Task(planet.train, planet.validation, lambda learner, _: learners.append(learner), seed=5)
    head = recipe_class(name)(**settings).fit(task)
    return learners[0], head


def batch_of(learner: Learner, samples: Samples) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    targets = learner.targets(samples)
    assert all(len(values) == len(samples) for values in targets.values())
    return torch.from_numpy(samples.take(slice(0, 64))), {name: v[:64] for name, v in targets.items()}


def test_validation_is_without_chance_and_training_without_a_global_seed(
    untrained: tuple[Learner, Head], planet: Task
) -> None:
    learner, _ = untrained
    features, targets = batch_of(learner, planet.train)
    first, second = (learner.loss(features, targets, None).item() for _ in range(2))
    assert first == second
    torch.manual_seed(1)
    third = learner.loss(features, targets, torch.Generator().manual_seed(0)).item()
    torch.manual_seed(2)
    assert learner.loss(features, targets, torch.Generator().manual_seed(0)).item() == third


def test_the_loss_is_a_mean_over_samples(untrained: tuple[Learner, Head], planet: Task) -> None:
    """So that batches of any size add up, as the validation loss over many of them must."""
    learner, _ = untrained
    features, targets = batch_of(learner, planet.train)
    parts = [
        learner.loss(features[rows], {name: v[rows] for name, v in targets.items()}, None).item() * len(rows)
        for rows in torch.arange(64).split([10, 54])
    ]
    assert sum(parts) / 64 == pytest.approx(learner.loss(features, targets, None).item(), rel=1e-4)


def test_the_state_is_all_there_is(untrained: tuple[Learner, Head], planet: Task) -> None:
    """Spoilt weights come back from a checkpoint of safetensors."""
    learner, _ = untrained
    features, targets = batch_of(learner, planet.train)
    before = learner.loss(features, targets, None).item()
    kept = load(save({name: value.contiguous() for name, value in learner.module.state_dict().items()}))
    with torch.no_grad():
        for values in learner.module.parameters():
            values.add_(1.0)
    assert learner.loss(features, targets, None).item() != before
    learner.module.load_state_dict(kept)
    assert learner.loss(features, targets, None).item() == before


@pytest.mark.parametrize("size", [0.0, 1e4])
def test_finite_for_wild_features(untrained: tuple[Learner, Head], planet: Task, size: float) -> None:
    learner, head = untrained
    features, targets = batch_of(learner, planet.train)
    wild = size * torch.sign(features)
    loss = learner.loss(wild, targets, torch.Generator().manual_seed(0))
    loss.backward()
    assert torch.isfinite(loss)
    gradients = [values.grad for values in learner.module.parameters() if values.grad is not None]
    assert len(gradients) > 1
    assert all(torch.isfinite(gradient).all() for gradient in gradients)
    points = head.mixtures(wild.numpy()).points()
    assert np.isfinite(points).all()


def test_products_in_bfloat16(untrained: tuple[Learner, Head], planet: Task) -> None:
    """Autocast rounds to three digits and no worse, gradients included."""
    learner, _ = untrained
    features, targets = batch_of(learner, planet.train)
    exact = learner.loss(features, targets, None).item()
    with torch.autocast("cpu", torch.bfloat16):
        rounded = learner.loss(features, targets, None)
    assert rounded.item() == pytest.approx(exact, rel=0.03, abs=0.03)
    rounded.backward()
    assert all(
        torch.isfinite(values.grad).all() for values in learner.module.parameters() if values.grad is not None
    )


def test_no_photographs_and_one(untrained: tuple[Learner, Head], planet: Task) -> None:
    _, head = untrained
    assert len(head.mixtures(planet.train.take(slice(0, 0)))) == 0
    one = head.mixtures(planet.train.take(slice(0, 1)))
    assert len(one) == 1
    assert head.dim == planet.train.dim


def test_features_in_float16_are_learnt_from(make_samples: Callable[..., Samples], planet: Task) -> None:
    """A feature store keeps float16."""
    halves = planet.train.with_features(planet.train.features.astype(np.float16))
    head = recipe_class("cells")().fit(Task(halves, planet.validation, planet.optimise))
    assert len(head.mixtures(halves.take(slice(0, 3)))) == 3


def test_finished_heads_need_no_torch() -> None:
    """Whoever only locates photographs need not have it."""
    code = (
        "import sys, numpy as np\n"
        "from whence.photos.heads import head_class\n"
        "for kind in ('coordinates', 'unit-vector', 'vmf-mixture', 'cells', 'hybrid', 'prototypes'):\n"
        "    head_class(kind)\n"
        "arrays = {'0.weight': np.ones((3, 4)), '0.bias': np.zeros(3)}\n"
        "head_class('unit-vector').from_parts({'spread_m': 1.0}, arrays).mixtures(np.ones((2, 4), 'f4'))\n"
        "print('torch' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "False"


def test_arrays_of_a_head_are_plain(untrained: tuple[Learner, Head]) -> None:
    """What a model folder can hold: JSON and arrays of the kinds that safetensors knows."""
    import json

    _, head = untrained
    settings, arrays = head.to_parts()
    again = head_class(head.kind).from_parts(json.loads(json.dumps(settings)), arrays)
    assert again.dim == head.dim
    assert all(array.dtype.kind in "fi" and array.flags.c_contiguous for array in arrays.values())
