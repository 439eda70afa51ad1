"""Small pictures with a table, as people have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

COUNT = 40


@pytest.fixture(scope="session")
def _drawn(tmp_path_factory) -> Path:
    """Forty different JPEG files, a broken one among them (number 13), and a table with a further column."""
    folder = tmp_path_factory.mktemp("drawn")
    rng = np.random.default_rng(0)
    lines = ["img_path,lat,lon,city"]
    for i in range(COUNT):
        blocks = rng.integers(0, 256, (6, 8, 3), np.uint8)
        PIL.Image.fromarray(blocks).resize((96, 72)).save(folder / f"{i:02}.jpg")
        lines.append(f"{i:02}.jpg,{50 + i * 0.001},{8 + i * 0.002},city {i}")
    (folder / "13.jpg").write_bytes((folder / "13.jpg").read_bytes()[:200])
    (folder / "photos.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def drawn(_drawn) -> Path:
    """The folder of pictures; not to be written to."""
    return _drawn
