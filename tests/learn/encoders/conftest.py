"""Fixtures of the encoders' tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for `tiny_checkpoints`, which holds functions


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Any]]:
    """Family -> folder, and the whole model that was saved there (the oracle)."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from tiny_checkpoints import WRITERS

    made = {}
    for name, writer in WRITERS.items():
        torch.manual_seed(0)
        folder = tmp_path_factory.mktemp(name)
        made[name] = (folder, writer(folder))
    return made


@pytest.fixture(scope="session")
def images() -> list[np.ndarray]:
    """Smooth random pictures of several shapes, one of them a strip."""
    rng = np.random.default_rng(3)
    shapes = [(32, 32), (40, 56), (64, 33), (32, 300)]
    return [smooth(rng, *shape) for shape in shapes]


def smooth(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    import cv2

    coarse = rng.uniform(0, 255, (8, 8, 3)).astype(np.float32)
    return np.clip(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 255).astype(
        np.uint8
    )
