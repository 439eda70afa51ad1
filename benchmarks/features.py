"""Reading a feature store in order and at random, and dividing a table of the size of OpenStreetView-5M.

What a cold read costs is the disk's affair: the files are pushed out of memory before each timing, where the
system allows it (`posix_fadvise`), and the figures are of this machine's disk.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.timing import significant
from whence.imagery.catalogue import Catalogue
from whence.photos.features import FeatureStore
from whence.photos.splits import leak, make_split

ROWS, DIM, BLOCK = 400_000, 512, 8192
RANDOM_ROWS = 20_000
PHOTOS = 4_894_684
ROUNDS = 3


def measure() -> dict[str, object]:
    """Time the reading first, while memory is small."""
    with tempfile.TemporaryDirectory() as folder:
        reading_figures = reading(Path(folder))
    return {"reading": reading_figures, "splits": splits()}


def reading(folder: Path) -> dict[str, object]:
    """Microseconds per vector of 512 float16: blocks in order, and rows at random."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((ROWS, DIM), np.float32).astype(np.float16)
    known = Catalogue.of_arrays(rng.uniform(-60, 60, (ROWS, 2)))
    start = time.perf_counter()
    path = FeatureStore.create(folder / "f", vectors, known, identity="noise").folder / "features.npy"
    written_s = time.perf_counter() - start
    del vectors
    return {
        "mib": round(path.stat().st_size / 2**20),
        "write_in_random_order_s": significant(written_s),
        "cold": _per_row(path, before=lambda: _forget(path)),
        "warm": _per_row(path, before=lambda: None),
    }


def _per_row(path: Path, *, before: Callable[[], None]) -> dict[str, float]:
    rows = np.random.default_rng(1).integers(0, ROWS, RANDOM_ROWS)
    block_us = _best_s(lambda: _in_blocks(path), before) / ROWS * 1e6
    random_us = _best_s(lambda: _at_random(path, rows), before) / RANDOM_ROWS * 1e6
    return {
        "blocks_us": significant(block_us),
        "random_us": significant(random_us),
        "random_over_blocks": significant(random_us / block_us),
    }


def _in_blocks(path: Path) -> None:
    features = np.load(path, mmap_mode="r")
    for start in range(0, ROWS, BLOCK):
        np.asarray(features[start : start + BLOCK], np.float32)


def _at_random(path: Path, rows: np.ndarray) -> None:
    features = np.load(path, mmap_mode="r")
    for start in range(0, len(rows), 64):  # as a shuffled loader does, batch by batch
        np.asarray(features[rows[start : start + 64]], np.float32)


def _best_s(action: Callable[[], None], before: Callable[[], None]) -> float:
    taken = []
    for _ in range(ROUNDS):
        before()
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return min(taken)


def _forget(path: Path) -> None:
    """Push a file out of the system's memory, so that the next reading is from the disk."""
    if not hasattr(os, "posix_fadvise"):
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def splits() -> dict[str, object]:
    """Seconds for splits of a simulated table, and for the leak of one."""
    known = simulated()
    figures: dict[str, object] = {"photographs": len(known)}
    for name in ("grid", "cells", "distance", "sequence", "random"):
        start = time.perf_counter()
        split = make_split(name, known)
        figures[f"{name}_s"] = significant(time.perf_counter() - start)
        if name == "grid":
            start = time.perf_counter()
            leak(split, known)
            figures["leak_of_grid_s"] = significant(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return figures | {"peak_memory_mib": round(peak / (2**20 if sys.platform == "darwin" else 2**10))}


def simulated() -> Catalogue:
    """Photographs round 60,000 places, some visited far more often than others, in 700,000 drives."""
    rng = np.random.default_rng(0)
    places = np.column_stack([rng.uniform(-179, 179, 60_000), rng.uniform(-55, 70, 60_000)])
    lonlat = places[rng.zipf(1.3, PHOTOS) % len(places)] + rng.normal(0, 0.02, (PHOTOS, 2))
    drives = pa.array(rng.integers(0, 700_000, PHOTOS)).cast(pa.large_string())
    ids = pa.array(np.arange(PHOTOS)).cast(pa.large_string())
    return Catalogue(pa.table({"id": ids, "lat": lonlat[:, 1], "lon": lonlat[:, 0], "sequence_id": drives}))
