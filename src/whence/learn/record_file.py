"""Records of a training as a CSV file: a line for each, a column for each field."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from whence.errors import FormatError
from whence.imagery.atomic import atomic_path

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from whence.typing import PathLike

    Record = TypeVar("Record", bound=DataclassInstance)

__all__ = ["read_records", "write_records"]

_READERS = {"str": str, "int": int, "float": float}


def write_records(path: PathLike, records: Sequence[Record], kind: type[Record]) -> None:
    """Write records as CSV, whole or not at all; numbers come back to the last bit.

    Parameters
    ----------
    path
        The file to make or replace.
    records
        What to write.
    kind
        Their dataclass, whose fields are text, whole numbers or fractions.
    """
    with atomic_path(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [item.name for item in fields(kind)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(record) for record in records)


def read_records(path: PathLike, kind: type[Record]) -> list[Record]:
    """Read what `write_records` wrote.

    Raises
    ------
    FormatError
        When a line is not what it wrote.
    """
    with Path(path).open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    try:
        return [
            kind(**{item.name: _READERS[str(item.type)](line[item.name]) for item in fields(kind)})
            for line in lines
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path} is no history of such a training ({error}); train again") from error
