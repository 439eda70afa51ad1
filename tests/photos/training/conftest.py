"""A small feature store whose vectors tell where they are from, and a configuration for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from whence.imagery.catalogue import Catalogue
from whence.learn.encoders import load_encoder
from whence.photos.features import FeatureStore
from whence.photos.training import TrainConfig

COUNT = 600


def toy(seed: int = 0) -> tuple[np.ndarray, Catalogue]:
    """Random Fourier features of positions in a box of 10 by 5 degrees, with noise."""
    rng = np.random.default_rng(seed)
    lonlat = rng.uniform([10.0, 50.0], [20.0, 55.0], (COUNT, 2))
    waves = np.random.default_rng(99).normal(0.0, 0.35, (2, 384))
    phases = (lonlat - [15.0, 52.5]) @ waves
    features = np.column_stack([np.cos(phases), np.sin(phases)]) + 0.3 * rng.normal(size=(COUNT, 768))
    country = np.where(lonlat[:, 0] < 13.0, "DE", "PL")
    return features, Catalogue.of_arrays(
        lonlat, ids=[f"{i:03d}.jpg" for i in range(COUNT)], country=country.tolist()
    )


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training") / "toy.features"
    thumbnail = load_encoder("thumbnail")
    features, metadata = toy()
    FeatureStore.create(folder, features, metadata, identity=thumbnail.identity, encoder=thumbnail)
    return folder


@pytest.fixture(scope="session")
def config(store: Path) -> Callable[..., TrainConfig]:
    """Make a configuration: sections replace or extend those of a quick training."""

    def make(**sections: dict[str, Any]) -> TrainConfig:
        values = {
            "data": {"features": str(store), "split": {"by": "random", "validation": 0.2, "test": 0.1}},
            "head": {"kind": "unit-vector", "hidden": [32], "dropout": 0.1},
            "training": {
                "max_epochs": 6, "batch": 64, "lr": 0.003, "device": "cpu", "checkpoint_every_s": 0.0,
            },
        }  # fmt: skip
        for name, section in sections.items():
            values[name] = values.get(name, {}) | section
        return TrainConfig.of(values)

    return make
