"""A map of little coloured photographs, and an encoder that needs no learning."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from whence.earth.sphere import destination
from whence.photos.index import IndexPhoto

TOWN = (13.1953, 55.6982)


@dataclass(frozen=True)
class Thumbnails:
    """The picture itself, shrunk to a few pixels: deterministic, and nearly injective on the test photos."""

    name: str = "thumbnails-6"
    dim: int = 108
    input_px: int = 6

    @property
    def identity(self) -> str:
        return self.name

    def encode(self, images: Sequence[np.ndarray]) -> np.ndarray:
        small = [
            np.asarray(PIL.Image.fromarray(image).resize((6, 6), PIL.Image.Resampling.BOX))
            for image in images
        ]
        flat = np.stack(small).reshape(len(small), -1).astype(np.float32) - 127.3
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    def save(self, folder: Path | str) -> None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / "thumbnails.txt").write_text(self.name)

    @classmethod
    def load(cls, folder: Path | str) -> Thumbnails:
        return cls((Path(folder) / "thumbnails.txt").read_text())


def write_photo(path: Path, rng: np.random.Generator) -> None:
    cells = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    PIL.Image.fromarray(np.kron(cells, np.ones((8, 8, 1), np.uint8))).save(path)


@pytest.fixture
def encoder() -> Thumbnails:
    return Thumbnails()


@pytest.fixture(scope="session")
def street(tmp_path_factory: pytest.TempPathFactory) -> list[IndexPhoto]:
    """Forty photos, one every ten metres along a street that runs east."""
    folder = tmp_path_factory.mktemp("street")
    rng = np.random.default_rng(7)
    positions = destination(np.array(TOWN), np.full(40, 90.0), 10.0 * np.arange(40))
    photos = []
    for number, (longitude_deg, latitude_deg) in enumerate(positions):
        path = folder / f"{number:03d}.png"
        write_photo(path, rng)
        photos.append(IndexPhoto(path.name, path, float(longitude_deg), float(latitude_deg)))
    return photos


@pytest.fixture(scope="session")
def table(street: list[IndexPhoto]) -> Path:
    """The same photos as a CSV table, with a row without position and one without a file."""
    path = street[0].path.parent / "photos.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["img_path", "lat", "lon", "sequence_id"])
        rows.writerows((p.name, p.latitude_deg, p.longitude_deg, "walk") for p in street[:-1])
        rows.writerow((street[-1].name, "", "", "walk"))
        rows.writerow(("absent.png", 55.0, 13.0, "walk"))
    return path
