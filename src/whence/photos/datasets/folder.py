"""Any folder of photographs, with or without a table of positions, into a store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError, WhenceError
from whence.imagery.catalogue import Catalogue
from whence.imagery.columns import typed
from whence.imagery.exif import read_metadata
from whence.imagery.naming import legible
from whence.imagery.store import Excluded, ImageStore, StoreWriter
from whence.imagery.store.structure import picture_fault

if TYPE_CHECKING:
    from whence.imagery.photo import Photo
    from whence.typing import PathLike

__all__ = ["FolderSettings", "import_folder"]

_PART = "photographs"
_TOLD_EVERY = 50


@dataclass(frozen=True, kw_only=True)
class FolderSettings:
    """How to import.

    Attributes
    ----------
    root
        A photograph without a row is called by its path inside this folder; by its whole path if not given.
    command
        What a user types to go on after an interruption.
    restart
        Remove what an earlier import left.
    progress
        Called with (photographs dealt with, photographs in all).
    """

    root: Path | None = None
    command: str = ""
    restart: bool = False
    progress: Callable[[int, int], None] | None = None


@dataclass(frozen=True)
class _Offered:
    """A photograph with what is known about it; `fault` says why it cannot be used."""

    id: str
    path: Path
    columns: dict[str, Any]
    fault: str = ""

    @property
    def position(self) -> tuple[float, float]:
        """Longitude and latitude in degrees, NaN where unknown."""
        return self.columns.get("lon", np.nan), self.columns.get("lat", np.nan)


def import_folder(
    photos: Sequence[Photo], out: PathLike, *, settings: FolderSettings | None = None
) -> ImageStore:
    """Import photographs that lie in files.

    Positions come from the rows of their table, where a row has one, else from EXIF data. The bytes of every
    file are kept as they are. An interrupted import goes on when it is called again with the same
    photographs.

    Parameters
    ----------
    photos
        As `whence.photos.locate.gather` lists them.
    out
        The store to make.
    settings
        How.

    Returns
    -------
    The finished store; photographs without a position, or that cannot be read, are in its `excluded`.

    Raises
    ------
    InputError
        When two photographs have one id, when not one can be used, and when the disk is full.

    Examples
    --------
    >>> import tempfile
    >>> from whence.photos.locate import gather
    >>> folder = Path(tempfile.mkdtemp())
    >>> from PIL import Image
    >>> Image.new("RGB", (8, 8)).save(folder / "a.jpg")
    >>> _ = (folder / "t.csv").write_text("img_path,lat,lon\\na.jpg,55.7,13.2\\n")
    >>> store = import_folder(gather([folder], table=folder / "t.csv"), folder / "store")
    >>> store.ids, store.metadata.lonlat.tolist()
    (['a.jpg'], [[13.2, 55.7]])
    """
    settings = settings or FolderSettings()
    StoreWriter.check(out, restart=settings.restart)
    offered = [_offer(photo, settings.root) for photo in photos]
    usable = [item for item in offered if not item.fault]
    known = _metadata(usable)
    faults = [Excluded(item.id, item.fault) for item in offered if item.fault]
    names = hashlib.sha256("\n".join(item.id for item in offered).encode()).hexdigest()
    source = {"kind": "folder", "photographs": names, "positions": known.digest()}
    with StoreWriter.open(out, source=source, command=settings.command, restart=settings.restart) as writer:
        for done, item in enumerate(usable[writer.done(_PART) :], writer.done(_PART) + 1):
            _take(writer, item)
            writer.mark(_PART, done)
            if settings.progress and done % _TOLD_EVERY == 0:
                settings.progress(done, len(usable))
        return writer.finish(known, excluded=faults)


def _take(writer: StoreWriter, item: _Offered) -> None:
    try:
        data = item.path.read_bytes()
    except OSError as error:
        writer.exclude(item.id, f"unreadable: {error.strerror}")
        return
    fault = picture_fault(data)
    if fault:
        writer.exclude(item.id, legible(fault))
    elif not writer.add(item.id, data):
        raise InputError(f"two photographs are called {item.id!r}; names in a store must differ")


def _offer(photo: Photo, root: Path | None) -> _Offered:
    if photo.pixels is not None:
        raise InputError(f"{photo.name} is a picture without a file; a store is made of files")
    row = photo.row
    if row is None:
        name = photo.path.relative_to(root) if root and photo.path.is_relative_to(root) else photo.path
        return _with_exif(_Offered(legible(name.as_posix()), photo.path, {}))
    columns: dict[str, Any] = {"sequence_id": row.sequence_id, "camera_id": row.camera_id}
    columns["captured_at"] = row.captured_at.isoformat() if row.captured_at else ""
    columns |= {name: value for name, value in row.extra.items() if name not in {"id", "lat", "lon"}}
    if row.position is not None:
        columns |= {"lon": row.position[0], "lat": row.position[1]}
    fault = f"file missing: {row.name}" if row.problem else ""
    stated = _Offered(photo.name, row.path, columns, legible(fault))
    return stated if row.problem or row.position is not None else _with_exif(stated)


def _with_exif(item: _Offered) -> _Offered:
    """Add what EXIF says where the table says nothing."""
    try:
        found = read_metadata(item.path)
    except WhenceError as error:
        return _Offered(item.id, item.path, item.columns, legible(f"unreadable: {error}"))
    if found.longitude_deg is None or found.latitude_deg is None:
        return _Offered(item.id, item.path, item.columns, "no position in the table or in the EXIF data")
    camera = " ".join(part for part in (found.camera_make, found.camera_model) if part)
    exif = {"lon": found.longitude_deg, "lat": found.latitude_deg, "camera_id": camera}
    exif["captured_at"] = found.captured_at.isoformat() if found.captured_at else ""
    stated = {name: value for name, value in item.columns.items() if value != ""}
    return _Offered(item.id, item.path, exif | stated)


def _metadata(usable: Sequence[_Offered]) -> Catalogue:
    names = dict.fromkeys(name for item in usable for name in item.columns if name not in ("lon", "lat"))
    columns = {name: [str(item.columns.get(name, "")) for item in usable] for name in names}
    filled = {name: typed(name, values) for name, values in columns.items() if any(values)}
    known = Catalogue.of_arrays([item.position for item in usable], ids=[item.id for item in usable])
    for name, values in filled.items():
        known = known.with_column(name, values)
    return known
