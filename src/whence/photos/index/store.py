"""The folder of an index: what lies where, and how it changes without ever being half changed.

::

    city.index/
      index.json     format, encoder, counts, `complete`, and the name of the data folder in force
      encoder/       the encoder with everything it learnt
      data-1/        vectors.npy scales.npy photos.parquet skipped.csv (local.npz)
      calibration.json
      building/      shards of a build or an addition under way

Every change writes a new data folder beside the old one and then replaces `index.json`, in one rename.
Whoever is interrupted before that leaves the old index in force; whoever has the old vectors mapped keeps
reading them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from whence.earth.points import as_lonlat
from whence.errors import FormatError, NotFoundError
from whence.imagery.atomic import atomic_path

if TYPE_CHECKING:
    from whence.photos.index.vectors import VectorType
    from whence.typing import Floats

__all__ = ["FORMAT", "VERSION", "Header", "Records", "commit", "read_header", "write_header"]

FORMAT = "whence-place-index"
VERSION = 1
_HEADER = "index.json"


@dataclass(frozen=True)
class Header:
    """What `index.json` says.

    Attributes
    ----------
    encoder
        Identity of the encoder: vectors of two identities are never compared.
    dim, dtype
        Components of a vector and how they are stored.
    count, skipped
        Photos in the index, and photos that were offered but are not in it.
    complete
        False while the first build is under way.
    data
        Name of the data folder in force; empty before the first one.
    has_local
        Whether local features for the geometric check are stored.
    """

    encoder: str
    dim: int
    dtype: VectorType = "int8"
    count: int = 0
    skipped: int = 0
    complete: bool = False
    data: str = ""
    has_local: bool = False


@dataclass(frozen=True, eq=False)
class Records:
    """The photos of an index, row by row with its vectors.

    Attributes
    ----------
    names
        (n,) distinct names: the path as the table gave it.
    lonlat
        (n, 2) longitude and latitude, degrees.
    sequence_ids, camera_ids
        (n,) texts, empty where unknown.
    """

    names: tuple[str, ...]
    lonlat: Floats
    sequence_ids: tuple[str, ...]
    camera_ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def plus(self, other: Records) -> Records:
        """Append the rows of another."""
        return Records(
            self.names + other.names,
            np.concatenate([self.lonlat, other.lonlat]),
            self.sequence_ids + other.sequence_ids,
            self.camera_ids + other.camera_ids,
        )

    def take(self, rows: list[int]) -> Records:
        """Keep some rows."""
        return Records(
            tuple(self.names[i] for i in rows),
            self.lonlat[rows],
            tuple(self.sequence_ids[i] for i in rows),
            tuple(self.camera_ids[i] for i in rows),
        )

    def write(self, folder: Path) -> None:
        """Write `photos.parquet`."""
        table = pa.table(
            {
                "name": pa.array(self.names, pa.string()),
                "longitude_deg": self.lonlat[:, 0],
                "latitude_deg": self.lonlat[:, 1],
                "sequence_id": pa.array(self.sequence_ids, pa.string()),
                "camera_id": pa.array(self.camera_ids, pa.string()),
            }
        )
        pq.write_table(table, folder / "photos.parquet")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read `photos.parquet` and check its positions."""
        table = pq.read_table(folder / "photos.parquet")
        lonlat = np.column_stack([table["longitude_deg"].to_numpy(), table["latitude_deg"].to_numpy()])
        return cls(
            tuple(table["name"].to_pylist()),
            as_lonlat(lonlat.reshape(-1, 2)),
            tuple(table["sequence_id"].to_pylist()),
            tuple(table["camera_id"].to_pylist()),
        )


def read_header(folder: Path) -> Header:
    """Read and check `index.json`.

    Raises
    ------
    NotFoundError
        When there is no index here.
    FormatError
        When it is not ours, of a later version, or broken.
    """
    path = folder / _HEADER
    if not path.is_file():
        raise NotFoundError(
            f"{folder} is no place index (it has no {_HEADER}); build one with: "
            f"whence index build PHOTOS --out {folder}"
        )
    try:
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        kind, version = fields.pop("format"), fields.pop("version")
    except (ValueError, KeyError, AttributeError) as error:
        raise FormatError(f"{path} cannot be read as the head of a place index: {error}") from error
    if kind != FORMAT:
        raise FormatError(f"{path} describes a {kind!r}, not a {FORMAT}")
    if version != VERSION:
        raise FormatError(
            f"{folder} has version {version!r}; this whence reads version {VERSION}: "
            f"upgrade whence, or build the index again"
        )
    try:
        return Header(**fields)
    except TypeError as error:
        raise FormatError(f"{path} has other fields than a version {VERSION} index: {error}") from error


def write_header(folder: Path, header: Header) -> None:
    """Replace `index.json` in one step."""
    text = json.dumps({"format": FORMAT, "version": VERSION, **asdict(header)}, indent=1)
    with atomic_path(folder / _HEADER) as beside:
        beside.write_text(text, encoding="utf-8")


def commit(folder: Path, header: Header, write: Callable[[Path], None]) -> Header:
    """Let `write` fill a new data folder and put it in force; the old one is then removed.

    Returns
    -------
    Header
        `header` with `complete` set and the new folder named.
    """
    generation = 1 + max((_generation(path) for path in folder.glob("data-*")), default=0)
    target = folder / f"data-{generation}"
    with atomic_path(target, folder=True) as beside:
        write(beside)
    done = replace(header, complete=True, data=target.name)
    write_header(folder, done)
    for path in [*folder.glob("data-*"), *folder.glob(".data-*")]:
        if path != target:
            shutil.rmtree(path, ignore_errors=True)  # on Windows a mapped file stays until its reader ends
    return done


def _generation(path: Path) -> int:
    digits = path.name.removeprefix("data-")
    return int(digits) if digits.isdigit() else 0
