"""A small data set in the layout of Dubai: three tiles whose classes show in their colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from whence.aerial.schemes import SCHEMES

SHOWN = np.array([[150, 70, 60], [200, 190, 170], [90, 90, 95], [60, 120, 50], [30, 60, 110]])
"""What building, land, road, vegetation and water look like."""


def write_part(folder: Path, name: str, seed: int, size: tuple[int, int] = (96, 120)) -> None:
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 5, (size[0] // 24, size[1] // 24))
    ids = np.kron(blocks, np.ones((24, 24), np.int64))
    image = np.clip(SHOWN[ids] + rng.normal(0, 8, (*size, 3)), 0, 255).astype(np.uint8)
    mask = SCHEMES["dubai"].paint(ids)
    mask[:5, :7] = (155, 155, 155)
    for kind, pixels, suffix in (("images", image, "jpg"), ("masks", mask, "png")):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / kind / f"image_part_{name}.{suffix}", quality=95)


@pytest.fixture(scope="session")
def dubai_like(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the data set: tile_1 to tile_3 with two parts each, 96 x 120 pixels."""
    root = tmp_path_factory.mktemp("dubai")
    for tile in (1, 2, 3):
        for part in (1, 2):
            write_part(root / f"tile_{tile}", f"{part:03}", seed=10 * tile + part)
    return root


@pytest.fixture
def small(dubai_like: Path) -> dict:
    """A configuration that trains in seconds."""
    return {
        "data": {"dataset": "dubai", "root": str(dubai_like), "validation": ["tile_3"]},
        "crops": {"side_px": 32},
        "network": {
            "options": {"widths": [8, 8, 8, 8, 8], "depths": [1, 1, 1, 1], "width": 8, "fine_width": 8}
        },
        "training": {"steps": 6, "batch": 2, "validate_every": 3, "warmup_steps": 2, "device": "cpu"},
    }
