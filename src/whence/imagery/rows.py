"""Write tables: CSV or Parquet by the ending, whole or not at all."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.errors import InputError
from whence.imagery.atomic import atomic_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from whence.typing import PathLike

__all__ = ["write_rows"]

_PARQUET = (".parquet", ".pq")
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_BATCH_ROWS = 50_000


def write_rows(path: PathLike, rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> None:
    """Write a table.

    Parameters
    ----------
    path
        ``.csv``, ``.tsv`` or ``.parquet``; replaced when everything has been written.
    rows
        Column name -> value. Absent values and None become empty cells, times ISO 8601; floats keep every
        digit.
    columns
        Names, in the order of the file.

    Raises
    ------
    InputError
        For another ending, a column twice, a row with a column that is not named, values of one column
        that Parquet cannot hold together, or a full disk.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "photos.csv"
    >>> write_rows(path, [{"img_path": "a.jpg", "lat": 52.5}], ["img_path", "lat", "lon"])
    >>> path.read_text()
    'img_path,lat,lon\\na.jpg,52.5,\\n'
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _DELIMITERS and suffix not in _PARQUET:
        raise InputError(f"{path}: tables are written as .csv, .tsv or .parquet; name the file so")
    if len(set(columns)) < len(columns):
        raise InputError(f"{path}: a column is named twice in {', '.join(columns)}")
    checked = _checked(rows, columns)
    with atomic_path(path) as beside:
        if suffix in _PARQUET:
            _write_parquet(beside, checked, columns)
        else:
            _write_csv(beside, checked, columns, delimiter=_DELIMITERS[suffix])


def _checked(rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> Iterable[list[object]]:
    """Give the values of each row in the order of the columns."""
    known = set(columns)
    for number, row in enumerate(rows, start=1):
        stray = [name for name in row if name not in known]
        if stray:
            raise InputError(f"record {number} has the column {stray[0]!r}, which the table does not name")
        yield [row.get(name) for name in columns]


def _write_csv(beside: Path, rows: Iterable[list[object]], columns: Sequence[str], *, delimiter: str) -> None:
    with beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: object) -> object:
    if value is None or value != value:  # NaN differs from itself; an empty cell is read by everyone
        return ""
    return value.isoformat() if isinstance(value, date) else value


def _write_parquet(beside: Path, rows: Iterable[list[object]], columns: Sequence[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = list(zip(*rows, strict=True)) or [()] * len(columns)
    arrays = [_array(pa, name, list(values)) for name, values in zip(columns, table, strict=True)]
    pq.write_table(pa.table(dict(zip(columns, arrays, strict=True))), beside, row_group_size=_BATCH_ROWS)


def _array(pa: Any, name: str, values: list[object]) -> Any:
    values = [str(value) if isinstance(value, Path) else value for value in values]
    try:
        array = pa.array(values, from_pandas=True)  # NaN becomes a missing value, as in CSV
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InputError(f"the column {name!r} mixes kinds of values: {error}") from error
    # A column of missing values has no type of its own; text is what readers accept anywhere.
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array
