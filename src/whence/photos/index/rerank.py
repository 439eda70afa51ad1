"""The geometric check: keypoints of a query and of a neighbour that obey one fundamental matrix."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from whence.imagery.atomic import atomic_path
from whence.learn.encoders.classic.local import count_inliers
from whence.photos.index.local_store import LocalStore, write_local
from whence.photos.index.shards import key_of
from whence.photos.index.worker import extract_file, limit_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from whence.learn.encoders.classic.local import LocalFeatures
    from whence.photos.index.neighbours import Neighbours
    from whence.photos.index.shards import Progress
    from whence.photos.index.sources import IndexPhoto

__all__ = ["RERANKED", "extract_in_shards", "reranked"]

RERANKED = 20
"""Neighbours whose geometry is compared; 1.5 to 2 ms each."""


def reranked(neighbours: Neighbours, query: LocalFeatures, store: LocalStore) -> Neighbours:
    """Compare the geometry of the first 20 neighbours with the query; sort by cosine and inliers together.

    Sorting by the inliers alone is worse than none: below about 20 they are chance.

    Parameters
    ----------
    neighbours
        By similarity.
    query
        Local features of the photo asked about.
    store
        Those of the index, row by row.
    """
    inliers = np.full(len(neighbours), -1, np.int64)
    for i, row in enumerate(neighbours.rows[:RERANKED]):
        inliers[i] = count_inliers(query, store[int(row)])
    return neighbours.with_inliers(inliers)


def extract_in_shards(
    photos: Sequence[IndexPhoto],
    folder: Path,
    *,
    shard_size: int,
    workers: int,
    progress: Progress | None = None,
) -> list[tuple[LocalStore, int]]:
    """Find the keypoints of photos, keeping every finished shard in `folder`, as `encode_in_shards` does.

    Returns
    -------
    list
        For each photo a store and its row there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = {key: place for shard in sorted(folder.glob("local-*")) for key, place in _read_shard(shard)}
    keys = [key_of(photo) for photo in photos]
    missing = [i for i, key in enumerate(keys) if key not in done]
    next_number = 1 + max((int(path.name.split("-")[-1]) for path in folder.glob("local-*")), default=-1)
    with _extracting(workers) as extract:
        for number, start in enumerate(range(0, len(missing), shard_size), next_number):
            rows = missing[start : start + shard_size]
            found = list(extract([photos[i].path for i in rows]))
            shard = folder / f"local-{number:06d}"
            with atomic_path(shard, folder=True) as beside:
                write_local(beside, found)
                np.save(beside / "keys.npy", np.array([keys[i] for i in rows]))
            done.update(_read_shard(shard))
            if progress:
                progress(len(photos) - len(missing) + start + len(rows), len(photos))
    return [done[key] for key in keys]


def _read_shard(shard: Path) -> list[tuple[str, tuple[LocalStore, int]]]:
    store = LocalStore.open(shard)
    keys = np.load(shard / "keys.npy", allow_pickle=False).tolist()
    return [(key, (store, row)) for row, key in enumerate(keys)]


@contextmanager
def _extracting(
    workers: int,
) -> Iterator[Callable[[Sequence[Path]], Iterable[LocalFeatures]]]:
    if not workers:
        yield lambda paths: map(extract_file, paths)
        return
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=limit_threads)
    try:
        yield lambda paths: pool.map(extract_file, paths, chunksize=8)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
