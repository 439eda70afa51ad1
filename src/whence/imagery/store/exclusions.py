"""What was offered and did not come in, and why: counted, listed, nothing silently lost."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whence.errors import FormatError
from whence.imagery.rows import write_rows

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Excluded", "counted", "read_excluded", "write_excluded"]

_COLUMNS = ("id", "reason")


@dataclass(frozen=True, slots=True, order=True)
class Excluded:
    """A picture that was left out.

    Attributes
    ----------
    id
        What it would have been called.
    reason
        A kind of fault, then after a colon what is special about this one.
    """

    id: str
    reason: str

    @property
    def kind(self) -> str:
        """The reason without what is special about this picture."""
        return self.reason.partition(":")[0]


def counted(excluded: Iterable[Excluded]) -> dict[str, int]:
    """Count by kind, the most frequent first.

    Examples
    --------
    >>> counted([Excluded("a", "broken: no end"), Excluded("b", "broken: empty"), Excluded("c", "no image")])
    {'broken': 2, 'no image': 1}
    """
    return dict(Counter(item.kind for item in excluded).most_common())


def write_excluded(path: Path, excluded: Iterable[Excluded]) -> None:
    """Write them as CSV, sorted by id; characters that do not print are spelled out."""
    rows = ({"id": _printable(item.id), "reason": _printable(item.reason)} for item in sorted(excluded))
    write_rows(path, rows, _COLUMNS)


def read_excluded(path: Path) -> tuple[Excluded, ...]:
    """Read what `write_excluded` wrote; nothing where there is no such file.

    Raises
    ------
    FormatError
        When it is something else.
    """
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        if tuple(next(rows, ())) != _COLUMNS:
            raise FormatError(
                f"{path} has not the columns {', '.join(_COLUMNS)}; it is no list of exclusions"
            )
        return tuple(Excluded(*row) for row in rows)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
