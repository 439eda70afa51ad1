"""Two indexes of one encoder made into one."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from whence.earth.sphere import distance_m
from whence.errors import InputError
from whence.photos.index.build import read_skipped, stored_local, write_data
from whence.photos.index.sources import Skipped
from whence.photos.index.store import Records, commit, read_header
from whence.photos.index.vectors import UnitVectors

__all__ = ["merge_into"]

_SAME_PLACE_M = 1.0
_SAME_VECTOR = 0.99


def merge_into(out: Path, first: Path, second: Path) -> tuple[Skipped, ...]:
    """Write the photos of two indexes to a new one.

    A photo that both hold under one name is taken once, from the first.

    Returns
    -------
    tuple of Skipped
        The duplicates.

    Raises
    ------
    InputError
        When the encoders differ, when `out` is not empty, and when one name stands for two different
        photos.
    """
    heads = [read_header(first), read_header(second)]
    for folder, head in zip((first, second), heads, strict=True):
        if not head.complete:
            raise InputError(f"the index in {folder} was not finished; give the command that builds it again")
    if heads[0].encoder != heads[1].encoder:
        raise InputError(
            f"{first} was made with the encoder {heads[0].encoder!r} and {second} with {heads[1].encoder!r}: "
            f"their vectors cannot be compared; build both with one encoder (--encoder {first}/encoder)"
        )
    if out.exists() and any(out.iterdir()):
        raise InputError(f"{out} is not empty; the merged index needs a new folder")
    data = [folder / head.data for folder, head in zip((first, second), heads, strict=True)]
    records, vectors = [Records.read(path) for path in data], [UnitVectors.open(path) for path in data]
    twice = _duplicates(records, vectors)
    report = tuple(Skipped(name, f"is in {first} already") for name in twice)
    rows = [i for i, name in enumerate(records[1].names) if name not in twice]
    together = _joined(vectors, rows)
    skipped = [*read_skipped(data[0]), *read_skipped(data[1]), *report]
    out.mkdir(parents=True, exist_ok=True)
    shutil.copytree(first / "encoder", out / "encoder")
    union = records[0].plus(records[1].take(rows))
    header = replace(
        heads[0],
        count=len(union),
        skipped=len(skipped),
        has_local=all(head.has_local for head in heads),
    )
    local = None
    if header.has_local:
        second_local = stored_local(data[1])
        local = [*stored_local(data[0]), *(second_local[i] for i in rows)]
    commit(out, header, lambda beside: write_data(beside, together, union, skipped, local=local))
    return report


def _duplicates(records: Sequence[Records], vectors: Sequence[UnitVectors]) -> dict[str, int]:
    """Name -> row in the second index, of photos that are in both."""
    row_of = {name: row for row, name in enumerate(records[0].names)}
    twice = {name: row for row, name in enumerate(records[1].names) if name in row_of}
    for name, row in twice.items():
        apart_m = float(distance_m(records[0].lonlat[row_of[name]], records[1].lonlat[row]))
        alike = float(vectors[0].take(np.array([row_of[name]]))[0] @ vectors[1].take(np.array([row]))[0])
        if apart_m > _SAME_PLACE_M or alike < _SAME_VECTOR:
            raise InputError(
                f"{name!r} stands for two different photos ({apart_m:.0f} m apart, similarity {alike:.2f}); "
                f"build one of the indexes with names that differ (from a folder further up, say)"
            )
    return twice


def _joined(vectors: Sequence[UnitVectors], rows: list[int]) -> UnitVectors:
    second = UnitVectors(vectors[1].codes[rows], vectors[1].scales[rows])
    if second.codes.dtype != vectors[0].codes.dtype:
        second = UnitVectors.encode(second.take(slice(None)), dtype=vectors[0].dtype)
    return UnitVectors(
        np.concatenate([vectors[0].codes, second.codes]), np.concatenate([vectors[0].scales, second.scales])
    )
