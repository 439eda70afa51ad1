"""Encoding pictures once and for all: from a source to a feature store, through any interruption."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError, NotEnoughDataError
from whence.photos.features.header import HEADER, Header, read_header, write_header
from whence.photos.features.learning import kept_encoder, prepared_encoder
from whence.photos.features.pictures import Pictures, pictures_of
from whence.photos.features.rows import Parts, write_excluded
from whence.photos.features.shards import Plan, Shards, ShardWriter
from whence.photos.features.store import ENCODER, EXCLUDED, FeatureStore, finish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.learn.encoders.protocol import Encoder
    from whence.photos.features.shards import Progress
    from whence.typing import PathLike

__all__ = ["embed"]

_SHARDS = "building"


def embed(
    source: Any,
    encoder: str | Encoder,
    out: PathLike,
    *,
    table: PathLike | None = None,
    runtime: str = "auto",
    limit: int | None = None,
    workers: int = 0,
    decoders: int = 2,
    batch: int = 32,
    shard: int = 4096,
    seed: int = 0,
    restart: bool = False,
    progress: Progress | None = None,
) -> FeatureStore:
    """Encode pictures into a feature store.

    Interrupted in whatever way, the same call goes on: at most a shard is encoded again, and the result is
    the same. A picture that cannot be read is excluded, and listed with the reason in ``excluded.csv``.

    Parameters
    ----------
    source, table
        See `pictures_of`.
    encoder
        An encoder, or what `load_encoder` takes; ``classic`` learns from a sample of the pictures first.
    out
        Folder of the store.
    runtime
        What computes a pretrained encoder that is named: ``auto`` takes the fastest one here, or a name of
        `whence.learn.encoders.runtimes.RUNTIMES`. Runtimes whose numbers differ visibly give the vectors
        another identity.
    limit
        Encode the first so many pictures only.
    workers
        Processes of one thread each, for encoders that use one core; 0 encodes in this process.
    decoders
        Threads that open pictures while the model works; not used with `workers`.
    batch
        Pictures that the model sees at once.
    shard
        Pictures between two savings; rounded up to whole batches.
    seed
        Of the order of the rows, and of an encoder that learns.
    restart
        Remove what an interrupted embedding left, and begin anew.
    progress
        Called with (pictures done, pictures in all).

    Raises
    ------
    InputError
        When the folder holds something else or a finished store, when it was begun with another encoder or
        other pictures, and when the disk is full: then the same call goes on once there is room.
    NotEnoughDataError
        When not one picture can be encoded.
    """
    folder = Path(out)
    pictures = pictures_of(source, table=table).first(_positive(limit))
    begun = _claim(folder, restart=restart)
    with _resumable():
        identity = begun.encoder if begun else None
        model = prepared_encoder(
            encoder, folder / ENCODER, pictures, seed=seed, runtime=runtime, begun_with=identity
        )
        kept_encoder(model, folder / ENCODER, begun_with=identity)
        header = Header(encoder=model.identity, dim=model.dim, source=pictures.source, shuffle_seed=seed)
        if begun is None:
            write_header(folder, header)
        plan = Plan(model.identity, pictures.metadata.digest(), len(pictures), _whole_batches(shard, batch))
        shards = Shards.claim(folder / _SHARDS, plan)
        saved = folder / ENCODER if isinstance(encoder, str) else None
        writer = ShardWriter(model, pictures.opener, batch, 0 if workers else decoders, saved)
        shards.encode(
            writer, keys=pictures.keys, problems=pictures.problems, workers=workers, progress=progress
        )
        _finish(folder, header, shards, pictures)
    shutil.rmtree(folder / _SHARDS)
    return FeatureStore.open(folder)


def _finish(folder: Path, header: Header, shards: Shards, pictures: Pictures) -> None:
    """Turn the shards into a store."""
    problems = shards.problems()
    if len(problems) == len(pictures):
        row, reason = min(problems.items())
        raise NotEnoughDataError(
            f"none of the {len(pictures)} pictures of {pictures.source} can be encoded; the first, "
            f"{pictures.metadata.ids[row]}: {reason}"
        )
    excluded = [(pictures.metadata.ids[row], problems[row]) for row in sorted(problems)]
    write_excluded(folder / EXCLUDED, excluded)
    usable = np.ones(len(pictures), np.bool_)
    usable[list(problems)] = False
    cuts = np.cumsum(usable)[[shards.plan.rows(number)[-1] for number in range(len(shards.plan))]]
    parts = Parts(header.dim, np.diff(cuts, prepend=0).tolist(), shards.rows)
    finish(folder, replace(header, excluded=len(excluded)), parts, pictures.metadata.take(usable))


def _claim(folder: Path, *, restart: bool) -> Header | None:
    """Make the folder ours; gives the header of the embedding to go on with, if there is one."""
    if not folder.exists():
        folder.mkdir(parents=True)
        return None
    if not folder.is_dir():
        raise InputError(f"{folder} is a file; a feature store is a folder: choose another name")
    if not (folder / HEADER).is_file():
        _check_ours(folder)
        return None
    header = read_header(folder)
    if header.complete:
        raise InputError(
            f"{folder} already holds a finished feature store; choose another name, or remove it to begin "
            "anew"
        )
    for leftover in folder.glob(".*.part*"):  # of a process that was killed while it wrote
        leftover.unlink()
    if not restart:
        return header
    shutil.rmtree(folder)
    folder.mkdir()
    return None


def _check_ours(folder: Path) -> None:
    """Accept an empty folder, or one whose embedding was killed before it had a header."""
    others = [path.name for path in folder.iterdir() if path.name != ENCODER and ".part" not in path.name]
    if others:
        raise InputError(f"{folder} holds something else, such as {others[0]}; choose an empty or new folder")


@contextmanager
def _resumable() -> Iterator[None]:
    """Add to the error of a full disk that nothing is lost."""
    try:
        yield
    except InputError as error:
        if isinstance(error.__cause__, OSError):
            raise InputError(f"{error}. What is encoded is kept: the same command goes on") from error
        raise


def _whole_batches(shard: int, batch: int) -> int:
    if shard < 1 or batch < 1:
        raise InputError(f"shards of {shard} and batches of {batch} pictures cannot be; give 1 or more")
    return -(-shard // batch) * batch


def _positive(limit: int | None) -> int | None:
    if limit is not None and limit < 1:
        raise InputError(f"a limit of {limit} pictures leaves nothing to encode; give 1 or more")
    return limit
