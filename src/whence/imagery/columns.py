"""Table files column by column, with the names of the house: no loop over the rows."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from whence.errors import InputError, NotFoundError
from whence.imagery.table import COLUMN_NAMES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

__all__ = ["METADATA_NAMES", "read_columns", "typed"]

METADATA_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "id": ("id", "image_id", "img_id", "photo_id", "image_key", *COLUMN_NAMES["path"]),
        "lat": COLUMN_NAMES["lat"],
        "lon": COLUMN_NAMES["lon"],
        "sequence_id": COLUMN_NAMES["sequence_id"],
        "camera_id": COLUMN_NAMES["camera_id"],
        "captured_at": COLUMN_NAMES["captured_at"],
        "author": ("author", "creator_username", "creator", "username", "user", "uploader", "photographer"),
    }
)
"""What a column may be called, the preferred name first; case, blanks, hyphens and brackets do not matter."""

# Never turned into numbers: codes and names, some of which look like numbers (a sequence, a city "1770").
_TEXT = {"id", "sequence_id", "camera_id", "captured_at", "author", "country", "region", "sub-region", "city"}
_UNKNOWN = ["nan", "na", "n/a", "null", "none"]
_PARQUET_MAGIC = b"PAR1"
_DELIMITERS = ",;\t|"
_BLOCK_BYTES = 2**23


def read_columns(path: Path, *, leave_out: Collection[str] = ()) -> pa.Table:
    """Read Parquet or CSV; columns that the house knows get its names, others keep theirs.

    Parameters
    ----------
    path
        CSV, TSV or Parquet; which one is told by its content.
    leave_out
        Columns (as the file calls them) that are not wanted.

    Returns
    -------
    A table of text and numbers. In CSV only an empty cell is an unknown value of a text column: ``NA`` is the
    country Namibia.

    Raises
    ------
    NotFoundError
        When there is no such file.
    InputError
        When it cannot be read as a table.
    """
    import pyarrow as pa

    try:
        with path.open("rb") as file:
            start = file.read(2**16)
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder; name the table in it") from error
    except FileNotFoundError as error:
        raise NotFoundError(f"the table {path} does not exist") from error
    is_parquet = start.startswith(_PARQUET_MAGIC)
    if not start.strip():
        raise InputError(f"the table {path} is empty; its first row must name the columns")
    try:
        table = _parquet(path, leave_out) if is_parquet else _csv(path, start, leave_out)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        kind = "Parquet" if is_parquet else "CSV"
        raise InputError(f"{path} cannot be read as {kind} ({error}); write it again") from error
    table = table.rename_columns(_house_names(path, table.column_names))
    if is_parquet:
        return table
    return pa.table({name: typed(name, table.column(name)) for name in table.column_names})


def typed(name: str, values: Sequence[str] | pa.ChunkedArray) -> Any:
    """Turn text into numbers where every value is one and nothing of its writing is lost.

    Parameters
    ----------
    name
        Of the column; ``lat`` and ``lon`` must be numbers, codes and names stay text.
    values
        Text; empty is unknown.

    Raises
    ------
    InputError
        When ``lat`` or ``lon`` holds a text that is no number; the message shows some.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    text = (
        values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([pa.array(values, pa.string())])
    )
    text = text.cast(pa.large_string())
    text = pc.if_else(pc.equal(text, ""), None, text)
    if name in ("lat", "lon"):
        return _degrees(name, text)
    if name in _TEXT or name.startswith("unique_") or text.null_count == len(text):
        return text
    return _numbers(text)


def _degrees(name: str, text: pa.ChunkedArray) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = pc.utf8_trim_whitespace(text)
    plain = pc.if_else(
        pc.is_in(pc.utf8_lower(plain), value_set=pa.array(_UNKNOWN, pa.large_string())), None, plain
    )
    try:
        return plain.cast(pa.float64())
    except pa.ArrowInvalid as error:
        number = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
        wrong = plain.filter(pc.invert(pc.match_substring_regex(plain, number))).to_pylist()
        shown = ", ".join(map(repr, wrong[:5]))
        raise InputError(
            f"the column {name!r} has {len(wrong)} values that are no degrees: {shown}; write 55.6982"
        ) from error


def _numbers(text: pa.ChunkedArray) -> Any:
    """Whole numbers, else fractions, else the text itself; 007 stays text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        whole = text.cast(pa.int64())
        if pc.all(pc.equal(whole.cast(pa.large_string()), text)).as_py():
            return whole
    except pa.ArrowInvalid:
        pass
    if pc.any(pc.match_substring_regex(text, r"^[+-]?0\d|[^-+.\deE]")).as_py():
        return text
    try:
        return text.cast(pa.float64())
    except pa.ArrowInvalid:
        return text


def _parquet(path: Path, leave_out: Collection[str]) -> pa.Table:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    wanted = [name for name in file.schema_arrow.names if name not in leave_out]
    return file.read(columns=wanted).replace_schema_metadata(None)


def _csv(path: Path, start: bytes, leave_out: Collection[str]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv

    header = start.lstrip(b"\xef\xbb\xbf\r\n").partition(b"\n")[0].decode("utf-8", "replace")
    delimiter = max(_DELIMITERS, key="".join(header.split('"')[::2]).count)
    parsing = pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    reading = pyarrow.csv.ReadOptions(block_size=_BLOCK_BYTES)
    with pyarrow.csv.open_csv(
        path,
        read_options=reading,
        parse_options=parsing,
        convert_options=_as_text(path, reading, parsing),
    ) as reader:
        names = [name for name in reader.schema.names if name not in leave_out]
        batches = [batch.select(names) for batch in reader]
        return pa.Table.from_batches(batches, schema=pa.schema([(name, pa.string()) for name in names]))


def _as_text(path: Path, reading: Any, parsing: Any) -> Any:
    """Give the options that keep every column as text, whatever its first rows look like."""
    import pyarrow as pa
    import pyarrow.csv

    with pyarrow.csv.open_csv(path, read_options=reading, parse_options=parsing) as reader:
        names = reader.schema.names
    if len(set(names)) < len(names):
        raise InputError(f"{path}: a column stands twice in {', '.join(names)}; keep one")
    return pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
    )


def _house_names(path: Path, names: Sequence[str]) -> list[str]:
    """Rename what the house knows; of several columns for one thing the preferred name is taken."""
    plain = [re.sub(r"[\W_]+", "_", name.casefold()).strip("_") for name in names]
    renamed = list(names)
    for role, known in METADATA_NAMES.items():
        if role in names:
            continue
        found = next((plain.index(name) for name in known if name in plain), None)
        if found is not None and renamed[found] == names[found]:
            renamed[found] = role
    if "id" not in renamed:
        raise InputError(
            f"{path} has no column of ids: it has {', '.join(map(repr, names))}; "
            f"call it 'id' (or {', '.join(METADATA_NAMES['id'][1:6])}, …)"
        )
    return renamed
