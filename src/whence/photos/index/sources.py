"""From whatever holds photos of known position to the rows an index is built of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from whence.errors import InputError, WhenceError
from whence.imagery.exif import read_metadata
from whence.imagery.finding import find_images
from whence.imagery.naming import legible
from whence.imagery.photo import Photo
from whence.imagery.table import PhotoTable, TableRow, read_table
from whence.photos.index.store import Records

__all__ = ["IndexPhoto", "Skipped", "photos_of", "records_of", "split_usable"]


@dataclass(frozen=True)
class IndexPhoto:
    """One photo offered to an index.

    Attributes
    ----------
    name
        What the index calls it; must be unique.
    path
        The image file.
    longitude_deg, latitude_deg
        Where it was taken; None when unknown: the photo is then listed as skipped.
    sequence_id, camera_id
        The drive or walk, and the camera; empty when unknown.
    problem
        Why it cannot be used, when that is already known (such as a row whose file is missing).
    """

    name: str
    path: Path
    longitude_deg: float | None = None
    latitude_deg: float | None = None
    sequence_id: str = ""
    camera_id: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Skipped:
    """A photo that was offered but is not in the index, and why."""

    name: str
    reason: str


def photos_of(source: Any) -> list[IndexPhoto]:
    """Read the photos to index.

    Parameters
    ----------
    source
        A `PhotoTable`, the path of a table or of a folder of photos whose EXIF data give positions, or a
        list of `Photo` or `IndexPhoto` values. A row without a position takes that of the EXIF data.

    Raises
    ------
    NotFoundError
        When the path leads nowhere.
    InputError
        When it is something else.
    """
    if isinstance(source, str | Path):
        path = Path(source)
        return _photos_in(path) if path.is_dir() else _photos_of_rows(read_table(path))
    if isinstance(source, PhotoTable):
        return _photos_of_rows(source)
    return [_from_any(item) for item in source]


def _from_any(item: object) -> IndexPhoto:
    if isinstance(item, IndexPhoto):
        return item
    if isinstance(item, Photo):
        if item.pixels is not None:
            raise InputError(f"{item.name} is a picture without a file; an index is built from files")
        return _from_row(item.row) if item.row is not None else _from_exif(item.path, item.name)
    if isinstance(item, TableRow):
        return _from_row(item)
    raise InputError(
        f"an index is built from a table, a folder, or a list of photos, not of {type(item).__name__}"
    )


def _photos_in(folder: Path) -> list[IndexPhoto]:
    """Photos below a folder, named by their path in it."""
    return [_from_exif(path, legible(path.relative_to(folder).as_posix())) for path in find_images(folder)]


def _from_exif(path: Path, name: str) -> IndexPhoto:
    try:
        metadata = read_metadata(path)
    except WhenceError as error:
        return IndexPhoto(name, path, problem=legible(f"unreadable: {error}"))
    return IndexPhoto(
        name,
        path,
        metadata.longitude_deg,
        metadata.latitude_deg,
        camera_id=" ".join(part for part in (metadata.camera_make, metadata.camera_model) if part),
    )


def _photos_of_rows(table: PhotoTable) -> list[IndexPhoto]:
    return [_from_row(row) for row in table.rows]


def _from_row(row: TableRow) -> IndexPhoto:
    stated = IndexPhoto(
        row.name,
        row.path,
        row.longitude_deg,
        row.latitude_deg,
        sequence_id=row.sequence_id,
        camera_id=row.camera_id,
        problem=row.problem,
    )
    if row.position is not None or row.problem:
        return stated
    found = _from_exif(row.path, row.name)
    return replace(
        stated, longitude_deg=found.longitude_deg, latitude_deg=found.latitude_deg, problem=found.problem
    )


def split_usable(photos: Iterable[IndexPhoto]) -> tuple[list[IndexPhoto], list[Skipped]]:
    """Separate the photos that can be encoded from those without a position or a file.

    Raises
    ------
    InputError
        When two photos have one name.
    """
    usable: list[IndexPhoto] = []
    skipped: list[Skipped] = []
    seen: set[str] = set()
    for photo in photos:
        if photo.name in seen:
            raise InputError(f"two photos are called {photo.name!r}; names in an index must differ")
        seen.add(photo.name)
        if photo.problem:
            skipped.append(Skipped(photo.name, photo.problem))
        elif photo.longitude_deg is None or photo.latitude_deg is None:
            skipped.append(Skipped(photo.name, "no position in the table or in the EXIF data"))
        else:
            usable.append(photo)
    return usable, skipped


def records_of(photos: Iterable[IndexPhoto]) -> Records:
    """Columns of photos that all have a position."""
    rows = list(photos)
    return Records(
        tuple(p.name for p in rows),
        np.array([(p.longitude_deg, p.latitude_deg) for p in rows], np.float64).reshape(-1, 2),
        tuple(p.sequence_id for p in rows),
        tuple(p.camera_id for p in rows),
    )
