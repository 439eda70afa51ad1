"""Pictures to encode, wherever they lie: an image store, a table with its files, a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import FormatError, InputError, NotEnoughDataError, NotFoundError, WhenceError
from whence.imagery.catalogue import Catalogue
from whence.imagery.photo import open_image
from whence.imagery.table import PhotoTable, read_table
from whence.photos.index.sources import IndexPhoto, photos_of

if TYPE_CHECKING:
    from whence.imagery.store import ImageStore
    from whence.typing import Image, PathLike

__all__ = ["Pictures", "pictures_of"]


@dataclass(frozen=True, eq=False)
class Pictures:
    """n pictures and what is known of them.

    Attributes
    ----------
    metadata
        A row for each.
    keys
        n values that `opener` understands: ids of a store, paths.
    opener
        Called with a key and the size wanted (see `open_image`), gives the picture; it can be sent to another
        process.
    source
        Where they are, for a person to read.
    problems
        Row -> why it cannot be opened, where that is known before.
    """

    metadata: Catalogue
    keys: Sequence[Any] = field(repr=False)
    opener: Callable[[Any, int], Image]
    source: str
    problems: Mapping[int, str] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.metadata)

    def first(self, limit: int | None) -> Pictures:
        """Keep the first so many; all of them by default."""
        if limit is None or limit >= len(self):
            return self
        problems = {row: reason for row, reason in self.problems.items() if row < limit}
        kept = self.metadata.take(np.arange(limit))
        return replace(self, metadata=kept, keys=self.keys[:limit], problems=problems)


def pictures_of(source: Any, *, table: PathLike | None = None) -> Pictures:
    """Find the pictures of a source.

    Parameters
    ----------
    source
        An `ImageStore` or its folder; a `PhotoTable` or the path of one; a folder of photographs whose EXIF
        data tell positions; a list of photographs as the place index takes; or `Pictures`.
    table
        CSV or Parquet that says where the pictures of the folder `source` were taken; its rows are the
        pictures then. A row without a position takes that of the EXIF data.

    Raises
    ------
    NotFoundError, InputError
        When there is no such source, or it is something else.
    NotEnoughDataError
        When there is no picture in it.
    """
    found = _found(source, table)
    if not len(found):
        raise NotEnoughDataError(f"{found.source} holds no picture to encode")
    return found


def _found(source: Any, table: PathLike | None) -> Pictures:
    from whence.imagery.store import ImageStore

    if isinstance(source, Pictures):
        return source
    if isinstance(source, ImageStore):
        return _of_store(source)
    if isinstance(source, str | Path) and (Path(source) / "store.json").is_file():
        if table is not None:
            raise InputError(f"{source} is an image store and has its own metadata; leave out the table")
        return _of_store(ImageStore.open(source))
    if table is not None:
        return _of_table(read_table(table, folder=source), str(source))
    if isinstance(source, str | Path) and Path(source).is_file():
        return _of_table(read_table(source), str(source))
    if isinstance(source, PhotoTable):
        return _of_table(source, str(source.path))
    named = str(source) if isinstance(source, str | Path) else "a list of photographs"
    return _of_photos(photos_of(source), named)


def _of_store(store: ImageStore) -> Pictures:
    return Pictures(store.metadata, store.metadata.ids, _StoreOpener(store), str(store.folder))


def _of_table(table: PhotoTable, source: str) -> Pictures:
    """Keep all columns; positions that the table lacks come from EXIF."""
    photos = photos_of(table)
    positions = _positions(photos)
    known = Catalogue.of_table(table).with_lonlat(np.column_stack([positions["lon"], positions["lat"]]))
    return _of_files(photos, known, source)


def _of_photos(photos: Sequence[IndexPhoto], source: str) -> Pictures:
    positions = _positions(photos)
    texts = {"sequence_id": [p.sequence_id for p in photos], "camera_id": [p.camera_id for p in photos]}
    known = Catalogue.of_arrays(
        np.column_stack([positions["lon"], positions["lat"]]).reshape(-1, 2),
        ids=[photo.name for photo in photos],
        **{name: [text or None for text in values] for name, values in texts.items() if any(values)},
    )
    return _of_files(photos, known, source)


def _of_files(photos: Sequence[IndexPhoto], known: Catalogue, source: str) -> Pictures:
    # A file that is there but has no position can be encoded: only a missing one is known not to.
    problems = {row: photo.problem for row, photo in enumerate(photos) if photo.problem}
    return Pictures(known, [photo.path for photo in photos], _open_file, source, problems)


def _positions(photos: Sequence[IndexPhoto]) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """Columns lat and lon, NaN where unknown."""
    pairs = [(photo.latitude_deg, photo.longitude_deg) for photo in photos]
    known = np.array([pair if None not in pair else (np.nan, np.nan) for pair in pairs], np.float64)
    return dict(zip(("lat", "lon"), known.reshape(-1, 2).T, strict=True))


@dataclass(frozen=True, eq=False)
class _StoreOpener:
    store: ImageStore

    def __call__(self, key: str, size_px: int) -> Image:
        """Open a picture; a fault of the store itself stops the work, it is no fault of the picture."""
        try:
            content = self.store.read(key)
        except (FormatError, OSError) as error:
            if isinstance(error, NotFoundError):
                raise
            raise WhenceError(f"{error}. The same command goes on once the store is whole again") from error
        return open_image(content, size_hint_px=size_px)


def _open_file(path: Path, size_px: int) -> Image:
    return open_image(path, size_hint_px=size_px)
