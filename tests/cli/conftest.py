"""A folder of photographs as people have them, and the command line to point at it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click.testing
import numpy as np
import PIL.Image
import pytest

from whence.imagery.exif import Metadata
from whence.imagery.stamping import write_metadata

LUND = (13.195, 55.698)

Run = Callable[..., click.testing.Result]
WritePhoto = Callable[..., Path]


@pytest.fixture(scope="session")
def write_photo() -> WritePhoto:
    """Write a small JPEG file of noise, with a position in its EXIF if one is given."""

    def write(path: Path, *, lonlat: tuple[float, float] | None = None, seed: int = 0) -> Path:
        blocks = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(blocks).resize((64, 48)).save(path)
        if lonlat is not None:
            write_metadata(path, Metadata(longitude_deg=lonlat[0], latitude_deg=lonlat[1]))
        return path

    return write


@pytest.fixture
def photos(tmp_path: Path, write_photo: WritePhoto) -> Path:
    """Five files, one of each kind: located, without position, cut off, empty, text."""
    folder = tmp_path / "photos"
    whole = write_photo(folder / "a_gps.jpg", lonlat=LUND)
    write_photo(folder / "b_plain.jpg")
    (folder / "c_broken.jpg").write_bytes(whole.read_bytes()[:100])
    (folder / "d_empty.jpg").touch()
    (folder / "e_text.jpg").write_text("a letter, not a picture")
    return folder
