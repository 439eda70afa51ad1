"""What the readers of text formats share: decoded text, named columns, rows to control points."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whence.earth.crs import Crs
from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Table", "decoded"]


def decoded(path: Path) -> str:
    """Read a text file in UTF-8, with or without its mark; UTF-16 with its mark is understood too.

    Raises
    ------
    InputError
        When it is in another encoding, or no text at all.
    """
    content = path.read_bytes()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not text in UTF-8 (byte {error.start}); save it as UTF-8, or name its format"
        ) from error


@dataclass(frozen=True)
class Table:
    """Delimited text with a header, and perhaps a line ``#CRS: …`` before it.

    Parameters
    ----------
    where
        What messages call it.
    header
        The column names as they stand there.
    rows
        Line number and cells of every line that is not empty.
    crs
        What the ``#CRS`` line says.
    """

    where: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    crs: Crs | None

    @classmethod
    def of(cls, text: str, where: str) -> Table:
        """Split text at commas, semicolons or tabs, whichever the header has most of.

        Raises
        ------
        InputError
            When there is no header, or a row is shorter or longer than it.
        """
        lines = text.lstrip("\ufeff").splitlines()
        crs, start = None, 0
        while start < len(lines) and (lines[start].startswith("#") or not lines[start].strip()):
            label, _, value = lines[start].lstrip("# ").partition(":")
            if label.strip().upper() == "CRS" and value.strip():
                crs = Crs.parse(value.strip())
            start += 1
        if start == len(lines):
            raise InputError(f"{where}: an empty file; a header with the names of the columns is expected")
        delimiter = max(",;\t", key=lines[start].count)
        body = io.StringIO("\n".join(lines[start:]))
        split = list(csv.reader(body, delimiter=delimiter, skipinitialspace=True))
        header = tuple(cell.strip() for cell in split[0])
        rows = tuple(
            (number, tuple(row))
            for number, row in enumerate(split[1:], start + 2)
            if any(cell.strip() for cell in row)
        )
        for number, row in rows:
            surplus = any(cell.strip() for cell in row[len(header) :])
            if len(row) < len(header) or surplus:
                raise InputError(
                    f"{where}, line {number}: {len(row)} values for {len(header)} columns; complete the line "
                    "or look for a decimal comma that splits a number"
                )
        return cls(where, header, rows, crs)

    def places(self, aliases: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
        """Column number by meaning, for those meanings of which an alias stands in the header.

        Raises
        ------
        InputError
            When two columns have one name.
        """
        names = [_plain(name) for name in self.header]
        found = {}
        for meaning, spellings in aliases.items():
            for spelling in spellings:
                if names.count(spelling) > 1:
                    raise InputError(f"{self.where}: two columns are called {spelling}; rename one of them")
                if spelling in names:
                    found[meaning] = names.index(spelling)
                    break
        return found

    def records(self, places: Mapping[str, int]) -> Iterator[tuple[str, dict[str, str]]]:
        """Give for every row where it is, for messages, and its cells by meaning."""
        for number, row in self.rows:
            yield f"{self.where}, line {number}", {meaning: row[place] for meaning, place in places.items()}


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
