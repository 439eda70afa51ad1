"""Images made by code, and models whose answer is known."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning

from whence.aerial.scheme import LandClass, Scheme

TOWN = Scheme(
    "town",
    (LandClass("ground", (130, 90, 40)), LandClass("roof", (200, 20, 20)), LandClass("tree", (20, 150, 40))),
)
UTM = "EPSG:32637"
CELL_M = 0.5
TRANSFORM = Affine(CELL_M, 0.0, 412_345.5, 0.0, -CELL_M, 6_180_000.0)


class Constant:
    """The same probabilities everywhere, whatever is shown."""

    scheme, identity = TOWN, "constant"

    def __init__(self, shares: tuple[float, ...] = (0.2, 0.7, 0.1), bands: int = 3) -> None:
        self.shares, self.bands = np.array(shares, np.float32), bands

    def probabilities(self, tiles, valid):
        count, rows, columns, _ = tiles.shape
        return np.broadcast_to(self.shares[:, None, None], (count, 3, rows, columns)).copy()


class Colours:
    """Probabilities in proportion to the first three bands: known for every pixel by itself."""

    scheme, identity, bands = TOWN, "colours", 3

    def __init__(self) -> None:
        self.tiles = 0

    def probabilities(self, tiles, valid):
        self.tiles += len(tiles)
        return shares_of(tiles).transpose(0, 3, 1, 2)


class Around(Colours):
    """Looks at a lopsided neighbourhood, so that borders and positions show."""

    identity = "around"

    def probabilities(self, tiles, valid):
        seen = tiles.astype(np.float32)
        moved = sum(
            weight * np.roll(seen, shift, axis=(1, 2))
            for weight, shift in ((0.5, (0, 0)), (0.3, (3, 1)), (0.2, (-2, 7)))
        )
        return super().probabilities(moved, valid)


def shares_of(values: np.ndarray) -> np.ndarray:
    """Values (…, bands) as shares of their sum, one half added to each."""
    shifted = values[..., :3].astype(np.float32) + np.float32(0.5)
    return shifted / shifted.sum(axis=-1, keepdims=True)


def picture(rows: int, columns: int, *, bands: int = 3, dtype: str = "uint8", seed: int = 0) -> np.ndarray:
    """Noise (rows, columns, bands)."""
    high = 256 if dtype == "uint8" else 4096
    return np.random.default_rng(seed).integers(0, high, (rows, columns, bands)).astype(dtype)


def write(path: Path, image: np.ndarray, **options) -> Path:
    """Write an image (rows, columns, bands) as a GeoTIFF, in UTM unless told otherwise."""
    rows, columns, _ = image.shape
    colours = options.pop("colours", None)
    alpha = options.pop("alpha", None)
    placed = {"crs": UTM, "transform": TRANSFORM} | options
    placed = {name: value for name, value in placed.items() if value is not None}
    layers = image.transpose(2, 0, 1)
    if alpha is not None:
        layers, placed = (
            np.concatenate([layers, alpha[None]]),
            placed | {"alpha": "YES", "photometric": "RGB"},
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            height=rows,
            width=columns,
            count=len(layers),
            dtype=image.dtype,
            **placed,
        ) as dataset:
            dataset.write(layers)
            if colours:
                dataset.write_colormap(1, colours)
    return path


def read(path: Path) -> np.ndarray:
    """All bands (bands, rows, columns)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as dataset:
            return dataset.read()
