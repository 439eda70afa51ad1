"""Small data with a place to be learnt, for the tests of the stack."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from whence.earth.sphere import to_unit_vectors
from whence.learn.stacked.values import StackedData, StackedHead


def simulated(n: int, *, seed: int = 0, dim: int = 24) -> StackedData:
    """Features that are a noisy random projection of the position, unit rows, float16."""
    rng = np.random.default_rng(seed)
    lonlat = np.column_stack([rng.uniform(-170, 170, n), rng.uniform(-75, 75, n)])
    projection = np.random.default_rng(99).normal(size=(3, dim))
    features = np.tanh(to_unit_vectors(lonlat) @ projection) + 0.1 * rng.normal(size=(n, dim))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return StackedData(features.astype(np.float16), None, lonlat)


def mixed_heads() -> list[StackedHead]:
    """Every loss and every last layer, two learning rates, not in stacking order."""
    layers = ["clamp", "tanh", "logistic"]
    losses = ["hermite", "mse", "haversine", "geoscore", "linear-score", "modified-geoscore", "geoscore-1492"]
    return [
        StackedHead(f"{loss}/{layers[i % 3]}", loss, layers[i % 3], seed=i, lr=(1e-3, 3e-3)[i % 2])
        for i, loss in enumerate(losses)
    ]


@pytest.fixture
def world() -> Callable[..., StackedData]:
    return simulated


@pytest.fixture
def heads() -> list[StackedHead]:
    return mixed_heads()
