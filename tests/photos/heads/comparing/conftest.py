"""A toy world: features are random waves of the position, with noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from whence.photos.heads import Task
from whence.photos.samples import Samples

MIDDLE = np.array([37.6, 55.7])


def waves(lonlat: np.ndarray, *, noise: float, seed: int, size_deg: np.ndarray) -> np.ndarray:
    """Unit vectors (n, 64) that are alike where positions are near, within a fifth of the extent."""
    fixed = np.random.default_rng(99)
    slopes, phases = fixed.normal(0, 4.0, (2, 64)), fixed.uniform(0, 2 * np.pi, 64)
    features = np.cos((lonlat - MIDDLE) / size_deg @ slopes + phases)
    features += np.random.default_rng(seed).normal(0, noise, features.shape)
    return (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="session")
def world() -> Callable[..., Samples]:
    """Photographs of a city 25 km across, or of any extent; the columns name the four quarters."""

    def make(
        count: int, *, seed: int, noise: float = 0.3, size_deg: tuple[float, float] = (0.4, 0.23)
    ) -> Samples:
        rng = np.random.default_rng(seed)
        lonlat = MIDDLE + rng.uniform(-0.5, 0.5, (count, 2)) * size_deg
        quarter = [f"{'NS'[int(a)]}{'EW'[int(b)]}" for b, a in lonlat < MIDDLE]
        return Samples.of_arrays(
            waves(lonlat, noise=noise, seed=seed, size_deg=np.array(size_deg)), lonlat, country=quarter
        )

    return make


@pytest.fixture(scope="session")
def task(world: Callable[..., Samples]) -> Task:
    """1500 photographs to learn from and 300 to choose by; gradients are not asked for."""

    def refuse(*_: object) -> None:
        raise AssertionError("this head is not trained by gradients")

    return Task(world(1500, seed=1), world(300, seed=2), refuse)


@pytest.fixture(scope="session")
def unseen(world: Callable[..., Samples]) -> Samples:
    """400 more photographs."""
    return world(400, seed=3)
