"""Table files as they are: a header and records of text, with the row number of each."""

from __future__ import annotations

import codecs
import csv
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import TYPE_CHECKING, Any

from whence.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["Cells", "read_cells"]

_PARQUET_MAGIC = b"PAR1"
_DELIMITERS = ",;\t|"
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_TABLES = ((b"PK\x03\x04", "a workbook or archive"), (b"\xd0\xcf\x11\xe0", "an old workbook"))


@dataclass(frozen=True)
class Cells:
    """A table as text.

    Attributes
    ----------
    header
        Column names as written.
    records
        Row number and as many cells as the header has. In CSV numbers are lines of the file and the header
        is row 1; in Parquet the first record is row 1.
    delimiter
        What separates cells; empty for Parquet.
    """

    header: tuple[str, ...]
    records: tuple[tuple[int, tuple[str, ...]], ...]
    delimiter: str


def read_cells(path: Path) -> Cells:
    """Read a CSV, TSV or Parquet file; which one is told by its content.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it is empty, not a table, not UTF-8 (or UTF-16 with its mark), or has ragged rows.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; name the table in it")
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(f"the table {path} does not exist") from error
    except OSError as error:
        raise InputError(f"the table {path} cannot be read ({error.strerror})") from error
    if content.startswith(_PARQUET_MAGIC):
        return _parquet(path)
    for magic, kind in _NOT_TABLES:
        if content.startswith(magic):
            raise InputError(f"{path} is {kind}; export the sheet as CSV")
    return _csv(path, _text(path, content))


def _text(path: Path, content: bytes) -> str:
    if not content.strip():
        raise InputError(f"the table {path} is empty; its first row must name the columns")
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}: row {row} is not UTF-8; save the table as UTF-8") from error
    if "\0" in text:
        raise InputError(
            f"{path} holds zero characters, so it is not a text table; save it as CSV or Parquet"
        )
    return text


def _csv(path: Path, text: str) -> Cells:
    lines = _records(path, text)
    header = next(lines)[1]
    records = []
    for number, cells in lines:
        if not any(cells):
            continue  # a blank line holds no record
        if len(cells) != len(header):
            raise InputError(
                f"{path}: row {number} has {len(cells)} cells, the header {len(header)}; "
                "put cells that contain the delimiter in double quotes"
            )
        records.append((number, tuple(cell.strip() for cell in cells)))
    return Cells(tuple(header), tuple(records), _delimiter(text))


def _records(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Split into cells; a record's number is the line on which it begins."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    number = 1
    try:
        for cells in reader:
            yield number, cells
            number = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path}: row {number} cannot be split into cells ({error})") from error


def _delimiter(text: str) -> str:
    """Choose the delimiter that the header uses most, names in quotes aside."""
    header = text.lstrip("\r\n").partition("\n")[0]
    outside = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)


def _parquet(path: Path) -> Cells:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} is a damaged Parquet file ({error}); write it again") from error
    columns = [
        [_as_text(value) for value in _in_microseconds(column).to_pylist()] for column in table.columns
    ]
    records = enumerate(_transposed(columns), start=1)
    return Cells(tuple(table.column_names), tuple(records), "")


def _in_microseconds(column: Any) -> Any:
    """Cut nanoseconds, which Python's times cannot hold; other columns stay as they are."""
    import pyarrow as pa

    kind = column.type
    if not pa.types.is_temporal(kind) or getattr(kind, "unit", "") != "ns":
        return column
    if pa.types.is_timestamp(kind):
        coarser = pa.timestamp("us", tz=kind.tz)
    else:
        coarser = pa.duration("us") if pa.types.is_duration(kind) else pa.time64("us")
    return column.cast(coarser, safe=False)


def _transposed(columns: Sequence[Sequence[str]]) -> Iterator[tuple[str, ...]]:
    yield from zip(*columns, strict=True)


def _as_text(value: object) -> str:
    if value is None or value != value:  # missing, or NaN, which differs from itself
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # whole numbers become floats where some of a column are missing
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
