"""Encoding many photos in shards, each renamed into place when whole, so that little is ever lost."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.imagery.atomic import atomic_path
from whence.photos.index.vectors import DTYPES, VectorType, quantised
from whence.photos.index.worker import encode_files, encode_in_worker, start_worker

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.learn.encoders.protocol import Encoder
    from whence.photos.index.sources import IndexPhoto
    from whence.typing import Floats32

__all__ = ["Encoded", "Progress", "encode_in_shards", "key_of"]

Progress = Callable[[int, int], None]
"""Called with (photos done, photos in all) after every shard."""

_BATCH = 16
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Encoded:
    """Photos with their codes: (m, d), (m,), and m problems (empty where there is none)."""

    keys: NDArray[np.str_]
    codes: NDArray[Any]
    scales: Floats32
    problems: NDArray[np.str_]

    def take(self, rows: list[int]) -> Encoded:
        """Keep some rows."""
        return Encoded(self.keys[rows], self.codes[rows], self.scales[rows], self.problems[rows])


def encode_in_shards(
    photos: Sequence[IndexPhoto],
    folder: Path,
    *,
    encoder: Encoder,
    dtype: VectorType,
    shard_size: int = 512,
    workers: int = 0,
    progress: Progress | None = None,
) -> Encoded:
    """Encode photos, keeping every finished shard in `folder`; a later call takes up what is there.

    Parameters
    ----------
    photos
        What to encode, in the order wanted.
    folder
        Where the shards lie. A file of the same name, size and time of change is not encoded again.
    encoder, dtype
        The encoder, and how to store its vectors. Shards of another encoder are removed.
    shard_size
        Photos a shard: what an interruption can cost.
    workers
        Processes, of one thread each; 0 encodes here.
    progress
        Called after every shard.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = _read_shards(folder, encoder=encoder.identity, dtype=dtype)
    keys = [key_of(photo) for photo in photos]
    missing = [i for i, key in enumerate(keys) if key not in done]
    if len(missing) < len(photos):
        _log.info("%d of %d photos were encoded before", len(photos) - len(missing), len(photos))
    next_number = 1 + max((int(path.stem.split("-")[-1]) for path in folder.glob("shard-*.npz")), default=-1)
    with _Encoding(encoder, workers) as encode:
        for number, start in enumerate(range(0, len(missing), shard_size), next_number):
            rows = missing[start : start + shard_size]
            if progress and start == 0:
                progress(len(photos) - len(missing), len(photos))
            vectors, problems = encode([photos[i].path for i in rows])
            shard = _shard_of([keys[i] for i in rows], vectors, problems, dtype=dtype)
            _write_shard(folder / f"shard-{number:06d}.npz", shard, encoder.identity)
            done.update({key: (shard, row) for row, key in enumerate(shard.keys.tolist())})
            if progress:
                progress(len(photos) - len(missing) + min(start + shard_size, len(missing)), len(photos))
    return _gather([done[key] for key in keys], keys, dim=encoder.dim, dtype=dtype)


def key_of(photo: IndexPhoto) -> str:
    """Give name, size and time of change: what tells that a file is still the one that was encoded."""
    try:
        stat = photo.path.stat()
    except OSError:
        return f"{photo.name}|absent"
    return f"{photo.name}|{stat.st_size}|{stat.st_mtime_ns}"


class _Encoding:
    """A pool of one-thread processes, or this process, behind one call."""

    def __init__(self, encoder: Encoder, workers: int) -> None:
        self._encoder = encoder
        self._pool: ProcessPoolExecutor | None = None
        if workers > 0:
            self._pool = ProcessPoolExecutor(
                workers,
                mp_context=get_context("spawn"),
                initializer=start_worker,
                initargs=(pickle.dumps(encoder),),
            )

    def __enter__(self) -> Callable[[Sequence[Path]], tuple[Floats32, list[str]]]:
        return self._encode

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _encode(self, paths: Sequence[Path]) -> tuple[Floats32, list[str]]:
        # The batches do not depend on the number of workers, so neither does any rounding.
        batches = [paths[i : i + _BATCH] for i in range(0, len(paths), _BATCH)]
        results = list(self._results(batches))
        return np.concatenate([v for v, _ in results]), [text for _, texts in results for text in texts]

    def _results(self, batches: list[Sequence[Path]]) -> Iterator[tuple[Floats32, list[str]]]:
        if self._pool:
            return self._pool.map(encode_in_worker, batches)
        return (encode_files(self._encoder, batch) for batch in batches)


def _shard_of(keys: list[str], vectors: Floats32, problems: list[str], *, dtype: VectorType) -> Encoded:
    readable = np.array([not text for text in problems])
    codes = np.zeros(vectors.shape, DTYPES[dtype])
    scales = np.zeros(len(vectors), np.float32)
    if readable.any():
        codes[readable], scales[readable] = quantised(vectors[readable], dtype)
    return Encoded(np.array(keys, np.str_), codes, scales, np.array(problems, np.str_))


def _write_shard(path: Path, shard: Encoded, identity: str) -> None:
    with atomic_path(path) as beside:
        np.savez(
            beside,
            allow_pickle=False,
            keys=shard.keys,
            codes=shard.codes,
            scales=shard.scales,
            problems=shard.problems,
            encoder=np.array(identity),
        )


def _read_shards(folder: Path, *, encoder: str, dtype: VectorType) -> dict[str, tuple[Encoded, int]]:
    done: dict[str, tuple[Encoded, int]] = {}
    for path in sorted(folder.glob("shard-*.npz")):
        with np.load(path, allow_pickle=False) as stored:
            fits = str(stored["encoder"]) == encoder and stored["codes"].dtype == DTYPES[dtype]
            shard = Encoded(stored["keys"], stored["codes"], stored["scales"], stored["problems"])
        if not fits:
            _log.warning("%s is of another encoder and is made again", path)
            path.unlink()
            continue
        done.update({key: (shard, row) for row, key in enumerate(shard.keys.tolist())})
    return done


def _gather(parts: list[tuple[Encoded, int]], keys: list[str], *, dim: int, dtype: VectorType) -> Encoded:
    codes = np.zeros((len(parts), dim), DTYPES[dtype])
    scales = np.zeros(len(parts), np.float32)
    problems = [""] * len(parts)
    for i, (shard, row) in enumerate(parts):
        codes[i], scales[i], problems[i] = shard.codes[row], shard.scales[row], str(shard.problems[row])
    return Encoded(np.array(keys, np.str_), codes, scales, np.array(problems, np.str_))
