"""What `features.json` says about a feature store."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from whence.errors import FormatError, NotFoundError
from whence.imagery.atomic import atomic_path

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FORMAT", "HEADER", "VERSION", "Header", "read_header", "write_header"]

FORMAT = "whence-features"
VERSION = 1
HEADER = "features.json"


@dataclass(frozen=True, kw_only=True)
class Header:
    """The first thing to read of a feature store.

    Attributes
    ----------
    encoder
        Identity of the encoder, its preprocessing included: only vectors of one identity are ever compared.
    dim
        Components of a vector.
    count
        Photographs in the store; 0 while it grows.
    excluded
        Photographs that were offered and are not in it.
    digest
        `whence.imagery.catalogue.Catalogue.digest` of the rows in their order.
    dtype
        How a component is stored.
    source
        Where the photographs came from, for a person to read.
    shuffle_seed
        Seed of the order of the rows; None when they kept theirs.
    complete
        False while the photographs are being encoded.
    """

    encoder: str
    dim: int
    count: int = 0
    excluded: int = 0
    digest: str = ""
    dtype: str = "float16"
    source: str = ""
    shuffle_seed: int | None = 0
    complete: bool = False


def write_header(folder: Path, header: Header) -> None:
    """Write `features.json`, whole or not at all."""
    content = {"format": FORMAT, "version": VERSION, **asdict(header)}
    with atomic_path(folder / HEADER) as beside:
        beside.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_header(folder: Path) -> Header:
    """Read and check `features.json`.

    Raises
    ------
    NotFoundError
        When there is no feature store here.
    FormatError
        When it is not ours, of a later version, or broken.
    """
    path = folder / HEADER
    if not path.is_file():
        raise NotFoundError(f"{folder} is no feature store: it has no {HEADER}; make one with: whence embed")
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        form, version = content.pop("format", None), content.pop("version", None)
    except (ValueError, AttributeError) as error:
        raise FormatError(f"{path} is broken: {error}; embed the photographs again") from error
    if form != FORMAT:
        raise FormatError(f"{path} is not the header of a feature store; its format is {form!r}")
    if version != VERSION:
        raise FormatError(
            f"{path} has version {version!r}, this release reads {VERSION}; use the release that wrote it, "
            "or embed the photographs again"
        )
    known = {field.name for field in fields(Header)}
    if set(content) != known:
        odd = ", ".join(sorted(set(content) ^ known))
        raise FormatError(f"{path} is broken: {odd} missing or not known; embed the photographs again")
    return Header(**content)
