"""Streamed prediction: what it adds to the bare network, and the memory that a large image takes.

    python -m benchmarks.aerial_predict [--side 1664] [--rounds 5] [--large 40000]

Overhead: a residual U-Net of random weights labels an image of noise in tiles of 512 with an overlap of 128.
From file to cloud-optimised file, every batch goes through the network (preparation and softmax included)
twice in a row: the first answer is used and belongs to the prediction, the second is the bare network, so
that both have the same tiles, the same caches and the same neighbours on the machine. CPU seconds of all
threads, one thread for the network, medians of the rounds. Noise compresses badly: reading and writing cost
more than of an orthophoto.

Memory: an image of 40,000 × 40,000 pixels, of which one block in fifty holds noise and the others zeros that
count as data, is predicted with six classes by a stand-in for a network that looks at one pixel of a tile, so
that the run ends; the figure is the greatest resident size of the process. A network adds its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from statistics import median

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from benchmarks.timing import significant
from whence.aerial import predict
from whence.aerial.scheme import LandClass, Scheme

CLASSES = 6
TILE, BATCH = 512, 4
SETTINGS = {"tile": TILE, "overlap": 128, "batch": BATCH}
SCHEME = Scheme("bench", tuple(LandClass(f"class {i}", (40 * i, 90, 200 - 30 * i)) for i in range(CLASSES)))


class OnePixel:
    """Probabilities of a whole tile that follow from its first pixel: next to nothing to compute."""

    scheme, bands, identity = SCHEME, 3, "one pixel"

    def probabilities(self, tiles: np.ndarray, valid: np.ndarray | None) -> np.ndarray:
        """Put nine tenths on one class."""
        del valid
        first = tiles[:, 0, 0, 0] % CLASSES
        shares = np.where(first[:, None] == np.arange(CLASSES), np.float32(0.9), np.float32(0.02))
        return np.broadcast_to(shares[..., None, None], (len(tiles), CLASSES, *tiles.shape[1:3]))


class Watched:
    """A segmenter that is asked everything twice, on the clock of its thread."""

    def __init__(self, segmenter: object) -> None:
        self.base, self.used_s, self.bare_s, self.tiles = segmenter, 0.0, 0.0, 0
        self.scheme, self.bands, self.identity = segmenter.scheme, segmenter.bands, None

    def probabilities(self, tiles: np.ndarray, valid: np.ndarray | None) -> np.ndarray:
        """Give the first answer and throw the second away."""
        start = time.thread_time()
        said = self.base.probabilities(tiles, valid)
        middle = time.thread_time()
        self.base.probabilities(tiles, valid)
        self.bare_s += time.thread_time() - middle
        self.used_s += middle - start
        self.tiles += len(tiles)
        return said


def write_image(path: Path, side: int, *, share: float = 1.0) -> None:
    """Write noise in a share of the blocks; the others are left out of the file and read as zeros."""
    rng, block = np.random.default_rng(0), 512
    options = {"driver": "GTiff", "width": side, "height": side, "count": 3, "dtype": "uint8", "tiled": True,
               "blockxsize": block, "blockysize": block, "sparse_ok": True, "compress": "deflate",
               "zlevel": 1, "interleave": "pixel", "bigtiff": "IF_SAFER"}  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", **options) as dataset:
            for row in range(0, side, block):
                for column in range(0, side, block):
                    if rng.random() <= share:
                        size = (min(block, side - row), min(block, side - column))
                        values = rng.integers(0, 256, (3, *size), np.uint8)
                        window = rasterio.windows.Window(column, row, size[1], size[0])
                        dataset.write(values, window=window)


def unet() -> object:
    """Build the network that is timed: the published shape, random weights, three bands, six classes."""
    import torch

    from whence.aerial.model import AerialModel
    from whence.aerial.models import network
    from whence.aerial.normalisation import Normalisation

    torch.set_num_threads(1)
    torch.manual_seed(0)
    return AerialModel(
        SCHEME, network("residual-unet", classes=CLASSES), Normalisation((0.5,) * 3, (0.25,) * 3)
    )


def overhead(*, side: int, rounds: int, folder: Path) -> dict[str, object]:
    """Time the prediction and, batch by batch, the bare network."""
    model = unet()
    write_image(folder / "image.tif", side)
    tiles = np.random.default_rng(1).integers(0, 256, (BATCH, TILE, TILE, 3), np.uint8)
    model.probabilities(tiles, None)
    bare, own, within = [], [], []
    for _ in range(rounds):
        watched, start = Watched(model), time.process_time()
        predict(folder / "image.tif", watched, folder / "classes.tif", **SETTINGS)
        taken = time.process_time() - start - watched.bare_s
        bare.append(taken / watched.bare_s - 1)
        own.append(taken / watched.used_s - 1)
        within.append(watched.bare_s / watched.tiles)
    return {
        "tiles": watched.tiles,
        "parameters": sum(each.numel() for each in model.network.parameters()),
        "network_cpu_s_per_tile": significant(median(within)),
        "overhead_over_bare_network": significant(median(bare)),
        "each_round": [significant(one) for one in bare],
        "overhead_over_the_answers_used": significant(median(own)),
        "each_round_of_those": [significant(one) for one in own],
    }


def memory(*, side: int, folder: Path) -> dict[str, object]:
    """Predict a large image in a process of its own."""
    write_image(folder / "large.tif", side, share=0.02)
    command = [sys.executable, "-m", "benchmarks.aerial_predict", "--inside", str(folder / "large.tif")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout) | {"side": side, "image_bytes": (folder / "large.tif").stat().st_size}


def inside(path: Path) -> dict[str, object]:
    """Predict and give the greatest resident size of this process."""
    start, before = time.perf_counter(), time.process_time()
    found = predict(path, OnePixel(), path.with_name("large_classes.tif"), **SETTINGS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "tiles": found.tiles[0],
        "peak_gib": significant(peak),
        "cpu_s": significant(time.process_time() - before),
        "wall_s": significant(time.perf_counter() - start),
    }


def measure(
    *, side: int = 1664, rounds: int = 5, large: int = 40_000, folder: Path | None = None
) -> dict[str, object]:
    """Measure both."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        figures = {"overhead": overhead(side=side, rounds=rounds, folder=Path(name))}
        return figures | ({"memory": memory(side=large, folder=Path(name))} if large else {})


def main() -> None:
    """Run with other sizes than `python -m benchmarks` does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=1664, help="pixels of the image that is timed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", type=int, default=40_000, help="pixels; 0 leaves it out")
    parser.add_argument("--folder", type=Path, help="where the files go for the time of the run")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside is not None:
        sys.stdout.write(json.dumps(inside(options.inside)))
        return
    figures = measure(side=options.side, rounds=options.rounds, large=options.large, folder=options.folder)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
