"""A toy world whose features tell the position, and a plain training loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from whence.photos.heads.protocol import Learner, Task
from whence.photos.samples import Samples


def toy_samples(
    lonlat: np.ndarray, *, dim: int = 64, waves: float = 1.0, noise: float = 0.0, seed: int = 0
) -> Samples:
    """Random Fourier features of positions, unit vectors; the same functions for the same seed.

    Positions are divided by `waves`, degrees, so that a typical feature has a period of about six of them.
    """
    rng = np.random.default_rng(seed)
    frequencies = rng.normal(size=(2, dim)) / waves
    phases = rng.uniform(0, 2 * np.pi, dim)
    features = np.cos(lonlat @ frequencies + phases)
    features = features + noise * np.random.default_rng(len(lonlat)).normal(size=features.shape)
    return Samples.of_arrays(features / np.linalg.norm(features, axis=1, keepdims=True), lonlat)


def plain_optimise(
    *, epochs: int = 40, batch: int = 100, lr: float = 4e-3, seed: int = 0
) -> Callable[[Samples, Samples], Callable[[Learner, str], None]]:
    """Adam with a falling rate over shuffled batches; the best weights by the validation loss are kept."""

    def of(train: Samples, validation: Samples) -> Callable[[Learner, str], None]:
        def optimise(learner: Learner, name: str) -> None:
            generator = torch.Generator().manual_seed(seed)
            inputs, asked = torch.from_numpy(train.take(slice(None))), learner.targets(train)
            held, held_targets = torch.from_numpy(validation.take(slice(None))), learner.targets(validation)
            optimiser = torch.optim.Adam(learner.module.parameters(), lr=lr)
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
            best, state = np.inf, None
            for _ in range(epochs):
                for rows in torch.randperm(len(inputs), generator=generator).split(batch):
                    optimiser.zero_grad()
                    part = {key: values[rows] for key, values in asked.items()}
                    loss = learner.loss(inputs[rows], part, generator)
                    assert torch.isfinite(loss), name
                    loss.backward()
                    optimiser.step()
                schedule.step()
                with torch.no_grad():
                    now = float(learner.loss(held, held_targets, None))
                if now < best:
                    best = now
                    state = {key: value.clone() for key, value in learner.module.state_dict().items()}
            assert state is not None
            learner.module.load_state_dict(state)

        return optimise

    return of


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def make_samples() -> Callable[..., Samples]:
    return toy_samples


@pytest.fixture(scope="session")
def make_task() -> Callable[..., Task]:
    """(train, validation, seed=0, **of the loop) -> Task."""

    def make(train: Samples, validation: Samples, *, seed: int = 0, **loop: Any) -> Task:
        return Task(train, validation, plain_optimise(**loop)(train, validation), seed)

    return make


def scattered(n: int, seed: int) -> np.ndarray:
    """Positions evenly over a third of the globe."""
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.uniform(-60, 60, n), np.degrees(np.arcsin(rng.uniform(-0.7, 0.7, n)))])


@pytest.fixture(scope="session")
def planet(make_task: Callable[..., Task]) -> Task:
    """500 + 200 photographs over a third of the globe, whose features tell the position smoothly."""
    return make_task(toy_samples(scattered(500, 1), waves=60.0), toy_samples(scattered(200, 2), waves=60.0))


@pytest.fixture(scope="session")
def city(make_task: Callable[..., Task]) -> Task:
    """500 + 200 photographs over 10 km of Moscow."""
    box = np.array([37.5, 55.7]), np.array([0.16, 0.09])
    rng = np.random.default_rng(3)
    train, validation = (box[0] + box[1] * rng.uniform(size=(n, 2)) for n in (500, 200))
    samples = [toy_samples((part - box[0]) / box[1], waves=1.0) for part in (train, validation)]
    train_samples, held = (
        Samples.of_arrays(part.features, lonlat)
        for part, lonlat in zip(samples, (train, validation), strict=True)
    )
    return make_task(train_samples, held)
