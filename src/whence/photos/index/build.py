"""Building an index, and adding to one."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError, NotEnoughDataError
from whence.imagery.naming import legible
from whence.photos.index.encoding import prepared_encoder
from whence.photos.index.local_store import LocalStore, write_local
from whence.photos.index.rerank import extract_in_shards
from whence.photos.index.shards import Encoded, Progress, encode_in_shards
from whence.photos.index.sources import IndexPhoto, Skipped, records_of, split_usable
from whence.photos.index.store import Header, Records, commit, read_header, write_header
from whence.photos.index.vectors import UnitVectors, VectorType

if TYPE_CHECKING:
    from whence.learn.encoders.protocol import Encoder

__all__ = ["BuildReport", "BuildSettings", "add_to", "build_in", "read_skipped", "stored_local", "write_data"]

_SHARDS = "building"


@dataclass(frozen=True, kw_only=True)
class BuildSettings:
    """How to encode.

    Attributes
    ----------
    dtype
        ``"int8"`` (a byte a component) or ``"float16"``.
    shard_size
        Photos a shard: what an interruption can cost.
    workers
        Processes of one thread each; 0 encodes in this process.
    resume
        Take up an interrupted build; without it the leftovers are removed first.
    rerank
        Also keep local features (about 80 kB a photo), so that geometry can be compared.
    seed
        For an encoder that learns from the photos.
    progress
        Called with (photos done, photos in all).
    """

    dtype: VectorType = "int8"
    shard_size: int = 512
    workers: int = 0
    resume: bool = True
    rerank: bool = False
    seed: int = 0
    progress: Progress | None = None


@dataclass(frozen=True)
class BuildReport:
    """What came in, and what did not and why."""

    added: int
    skipped: tuple[Skipped, ...]


def build_in(
    folder: Path, photos: Iterable[IndexPhoto], *, encoder: str | Encoder, settings: BuildSettings
) -> BuildReport:
    """Make a new index of `photos` in `folder`; what an interruption leaves is taken up by the next call.

    Raises
    ------
    InputError
        When there already is a finished index, or something else, in the folder.
    NotEnoughDataError
        When no photo can be used; the message gives the first reason.
    """
    usable, skipped = split_usable(photos)
    _claim(folder, resume=settings.resume)
    if not usable:
        raise NotEnoughDataError(_nothing_left(skipped))
    model = prepared_encoder(encoder, folder / "encoder", [p.path for p in usable], seed=settings.seed)
    header = Header(encoder=model.identity, dim=model.dim, dtype=settings.dtype)
    write_header(folder, header)
    kept, encoded, unreadable = _encode(folder, usable, model, settings)
    skipped += unreadable
    if not kept:
        raise NotEnoughDataError(_nothing_left(skipped))
    local = _local(folder, kept, settings) if settings.rerank else None
    header = replace(header, count=len(kept), skipped=len(skipped), has_local=settings.rerank)
    vectors = UnitVectors(encoded.codes, encoded.scales)
    commit(folder, header, lambda data: write_data(data, vectors, records_of(kept), skipped, local=local))
    shutil.rmtree(folder / _SHARDS)
    return BuildReport(len(kept), tuple(skipped))


def add_to(
    folder: Path, photos: Iterable[IndexPhoto], *, encoder: Encoder, settings: BuildSettings
) -> BuildReport:
    """Encode new photos and append them; a name that the index has already is reported as skipped.

    Raises
    ------
    InputError
        When the encoder is not the one of the index.
    """
    header = read_header(folder)
    if encoder.identity != header.encoder:
        raise InputError(
            f"{folder} was made with the encoder {header.encoder!r}, not with {encoder.identity!r}: their "
            f"vectors cannot be compared; add with the encoder of the index, or build a new index"
        )
    data = folder / header.data
    known, vectors = Records.read(data), UnitVectors.open(data)
    names = set(known.names)
    usable, skipped = split_usable(photos)
    skipped += [Skipped(p.name, "its name is in the index already") for p in usable if p.name in names]
    fresh = [p for p in usable if p.name not in names]
    kept, encoded, unreadable = _encode(folder, fresh, encoder, replace(settings, dtype=header.dtype))
    skipped += unreadable
    together = UnitVectors(
        np.concatenate([vectors.codes, encoded.codes]), np.concatenate([vectors.scales, encoded.scales])
    )
    records = known.plus(records_of(kept))
    local = [*stored_local(data), *_local(folder, kept, settings)] if header.has_local else None
    everything = [*read_skipped(data), *skipped]
    header = replace(header, count=len(records), skipped=len(everything))
    commit(folder, header, lambda beside: write_data(beside, together, records, everything, local=local))
    shutil.rmtree(folder / _SHARDS, ignore_errors=True)
    return BuildReport(len(kept), tuple(skipped))


def write_data(
    folder: Path,
    vectors: UnitVectors,
    records: Records,
    skipped: Sequence[Skipped],
    *,
    local: Sequence[tuple[LocalStore, int]] | None,
) -> None:
    """Fill a data folder."""
    if local is not None:
        write_local(folder, local)
    np.save(folder / "vectors.npy", vectors.codes, allow_pickle=False)
    np.save(folder / "scales.npy", vectors.scales, allow_pickle=False)
    records.write(folder)
    with (folder / "skipped.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["name", "reason"])
        rows.writerows((photo.name, photo.reason) for photo in skipped)


def stored_local(folder: Path) -> list[tuple[LocalStore, int]]:
    """Give the local features of a data folder, photo by photo."""
    store = LocalStore.open(folder)
    return [(store, row) for row in range(len(store))]


def read_skipped(folder: Path) -> list[Skipped]:
    """Read the photos that are not in the index."""
    with (folder / "skipped.csv").open(encoding="utf-8", newline="") as file:
        return [Skipped(row["name"], row["reason"]) for row in csv.DictReader(file)]


def _claim(folder: Path, *, resume: bool) -> None:
    """Make the folder ours, or say why it cannot be."""
    if not folder.exists():
        folder.mkdir(parents=True)
        return
    if not folder.is_dir():
        raise InputError(f"{folder} is a file; an index is a folder: choose another name")
    if not any(folder.iterdir()):
        return
    if not (folder / "index.json").is_file() and not (folder / "encoder").is_dir():
        raise InputError(f"{folder} holds something else than a place index; choose an empty or new folder")
    if (folder / "index.json").is_file() and read_header(folder).complete:
        raise InputError(
            f"{folder} already holds a finished index; add photos to it with: whence index add, "
            f"or remove it to build anew"
        )
    if not resume:
        shutil.rmtree(folder)
        folder.mkdir()


def _encode(
    folder: Path, photos: Sequence[IndexPhoto], encoder: Encoder, settings: BuildSettings
) -> tuple[list[IndexPhoto], Encoded, list[Skipped]]:
    encoded = encode_in_shards(
        photos,
        folder / _SHARDS,
        encoder=encoder,
        dtype=settings.dtype,
        shard_size=settings.shard_size,
        workers=settings.workers,
        progress=settings.progress,
    )
    good = [i for i, problem in enumerate(encoded.problems.tolist()) if not problem]
    kept = [photos[i] for i in good]
    unreadable = [
        Skipped(photo.name, legible(problem))
        for photo, problem in zip(photos, encoded.problems.tolist(), strict=True)
        if problem
    ]
    if len(good) < len(photos):
        encoded = encoded.take(good)
    return kept, encoded, unreadable


def _local(folder: Path, kept: Sequence[IndexPhoto], settings: BuildSettings) -> list[tuple[LocalStore, int]]:
    return extract_in_shards(
        kept,
        folder / _SHARDS,
        shard_size=settings.shard_size,
        workers=settings.workers,
        progress=settings.progress,
    )


def _nothing_left(skipped: Sequence[Skipped]) -> str:
    if not skipped:
        return "no photos were given; an index needs at least one photo with a position"
    return (
        f"none of the {len(skipped)} photos can be used for an index; the first, {skipped[0].name}: "
        f"{skipped[0].reason}"
    )
