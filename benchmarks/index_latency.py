"""Latency and memory of a query to a large place index, exact and approximate.

Synthetic clustered vectors; figures depend on the machine, which is described in the output. No pass or fail.

    python benchmarks/index_latency.py --photos 100000 --dim 1536 --out index_latency.json
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

from whence import __version__
from whence._optional import available
from whence.photos.index.approximate import approximate_top, opened_lists
from whence.photos.index.search import exact_top
from whence.photos.index.vectors import UnitVectors, quantised

QUERIES = 50
BLOCK = 10_000


def stored_vectors(folder: Path, n: int, dim: int) -> UnitVectors:
    """Write n clustered int8 vectors, block by block, and map them."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(n // 20, dim)).astype(np.float32)
    codes = np.lib.format.open_memmap(folder / "vectors.npy", mode="w+", dtype=np.int8, shape=(n, dim))
    scales = np.empty(n, np.float32)
    for start in range(0, n, BLOCK):
        size = min(BLOCK, n - start)
        block = centers[rng.integers(0, len(centers), size)]
        block = block + 0.7 * rng.normal(size=block.shape).astype(np.float32)
        codes[start : start + size], scales[start : start + size] = quantised(block, "int8")
    codes.flush()
    np.save(folder / "scales.npy", scales)
    return UnitVectors.open(folder)


def peak_mb() -> float:
    """Give the largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed_ms(search, queries: np.ndarray) -> list[float]:
    """Time one query after the other."""
    times = []
    for query in queries:
        start = time.perf_counter()
        search(query[None])
        times.append(1000 * (time.perf_counter() - start))
    return times


def summary(times: list[float]) -> dict[str, float]:
    """Summarise times."""
    return {
        "median_ms": round(float(np.median(times)), 2),
        "p95_ms": round(float(np.quantile(times, 0.95)), 2),
    }


def measure(n: int, dim: int) -> dict[str, object]:
    """Time searches of n vectors."""
    with tempfile.TemporaryDirectory() as name:
        vectors = stored_vectors(Path(name), n, dim)
        queries = vectors.take(np.arange(0, n, n // QUERIES)[:QUERIES])
        queries += 0.3 / np.sqrt(dim) * np.random.default_rng(1).normal(size=queries.shape).astype(np.float32)
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
        exact_top(vectors, queries[:1], 20)  # the file is in the page cache from here on
        figures: dict[str, object] = {"vector_file_mb": round(n * dim / 2**20)}
        figures["exact_one"] = summary(timed_ms(lambda q: exact_top(vectors, q, 20), queries))
        start = time.perf_counter()
        truth, _ = exact_top(vectors, queries, 20)
        figures["exact_batch_ms_a_query"] = round(1000 * (time.perf_counter() - start) / len(queries), 2)
        figures["peak_memory_exact_mb"] = round(peak_mb())
        if available("faiss"):
            start = time.perf_counter()
            lists = opened_lists(vectors, Path(name))
            figures["approximate_build_s"] = round(time.perf_counter() - start, 1)
            approximate = partial(approximate_top, lists, vectors, k=20)
            figures["approximate_one"] = summary(timed_ms(approximate, queries))
            rows, _ = approximate_top(lists, vectors, queries, 20)
            shared = [len(set(a) & set(b)) / 20 for a, b in zip(rows, truth, strict=True)]
            figures["approximate_recall_at_20"] = round(float(np.mean(shared)), 4)
            figures["approximate_file_mb"] = round((Path(name) / "approximate.faiss").stat().st_size / 2**20)
        figures["peak_memory_all_mb"] = round(peak_mb())
    return figures


def machine() -> dict[str, object]:
    """Describe the machine."""
    return {
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load_1_min": round(os.getloadavg()[0], 1),
        "threads": os.environ.get("OMP_NUM_THREADS", "unset"),
        "numpy": np.__version__,
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=1536)
    parser.add_argument("--out", type=Path, help="write JSON here instead of to stdout")
    options = parser.parse_args()
    result = {
        "benchmark": "index_latency",
        "date": datetime.now(UTC).date().isoformat(),
        "whence": __version__,
        "machine": machine(),
        "photos": options.photos,
        "dim": options.dim,
        "figures": measure(options.photos, options.dim),
    }
    text = json.dumps(result, indent=1)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
