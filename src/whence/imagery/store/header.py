"""The first file of a store: which version, from where, and whether it is whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from whence.errors import FormatError, NotFoundError
from whence.imagery.atomic import atomic_path

__all__ = ["EXCLUDED", "HEADER", "IMAGES", "METADATA", "StoreHeader", "read_header", "write_header"]

HEADER, IMAGES, METADATA, EXCLUDED = "store.json", "images.lmdb", "metadata.parquet", "excluded.csv"
_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class StoreHeader:
    """What ``store.json`` says.

    Attributes
    ----------
    complete
        False while the store grows, and after an interruption.
    sealing
        Metadata and exclusions are written; only the marks of the import are still in the database.
    source
        What was imported, such as ``{"kind": "osv5m", "split": "train"}``; only the same import goes on.
    command
        What to type to go on.
    count, bytes_in_all, excluded
        Pictures, the sum of their sizes, and how many were left out.
    digest
        `Metadata.digest` of the rows.
    """

    complete: bool = False
    sealing: bool = False
    source: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    count: int = 0
    bytes_in_all: int = 0
    excluded: int = 0
    digest: str = ""


def write_header(folder: Path, header: StoreHeader) -> None:
    """Write ``store.json``, whole or not at all."""
    values = {"format": "whence image store", "version": _VERSION, **asdict(header)}
    with atomic_path(folder / HEADER) as beside:
        beside.write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_header(folder: Path) -> StoreHeader:
    """Read ``store.json``.

    Raises
    ------
    NotFoundError
        When the folder holds none.
    FormatError
        When it is broken or of another version.
    """
    path = folder / HEADER
    if not path.is_file():
        raise NotFoundError(
            f"{folder} is no image store: it holds no {HEADER}; make one with: whence dataset"
        )
    try:
        values = json.loads(path.read_text("utf-8"))
        version = values.pop("version")
        values.pop("format")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise FormatError(f"{path} is broken ({error}); make the store anew") from error
    if version != _VERSION:
        raise FormatError(
            f"{folder} is a store of version {version}, this whence reads {_VERSION}; update whence"
        )
    stray = values.keys() - {item.name for item in fields(StoreHeader)}
    if stray:
        raise FormatError(
            f"{path} has a key {min(stray)!r} that this whence does not know; make the store anew"
        )
    return StoreHeader(**values)
