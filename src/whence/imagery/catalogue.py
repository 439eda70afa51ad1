"""What is known about many pictures, column by column: five million rows are no burden."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError, NotFoundError
from whence.imagery.atomic import atomic_path
from whence.imagery.columns import read_columns, typed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from whence.imagery.table import PhotoTable
    from whence.typing import ArrayLike, Floats, PathLike

__all__ = ["Catalogue"]

_SHOWN = 5
_HASHED_ROWS = 100_000
_LIMITS_DEG = {"lat": 90.0, "lon": 180.0}


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Columns that describe pictures, a row each.

    Attributes
    ----------
    table
        Columns ``id`` (text, each once), ``lat`` and ``lon`` (degrees, WGS 84, null where unknown), and any
        others under their own names: ``sequence_id``, ``camera_id``, ``captured_at`` and ``author`` are those
        that the house knows. Missing ``lat`` and ``lon`` are added as unknown; NaN becomes null.

    Raises
    ------
    InputError
        When there is no ``id``, when an id is empty or stands twice, when a coordinate is no number or out
        of range, and when a row has half a position. The message counts and names the rows.

    Examples
    --------
    >>> known = Catalogue.of_arrays([[13.2, 55.7], [np.nan, np.nan]], ids=["a", "b"], city=["Lund", ""])
    >>> len(known), known.names, known.take([0]).lonlat.tolist()
    (2, ('id', 'lat', 'lon', 'city'), [[13.2, 55.7]])
    """

    table: pa.Table

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", _normal(self.table))
        _check_ids(self.table.column("id"))
        _check_positions(self.table)

    @classmethod
    def of_arrays(cls, lonlat: ArrayLike, *, ids: Sequence[str] | None = None, **columns: Any) -> Catalogue:
        """Make it of plain sequences.

        Parameters
        ----------
        lonlat
            Positions (n, 2), longitude and latitude in degrees, NaN where unknown.
        ids
            n texts; the numbers from 0 if not given.
        columns
            Name -> n values each; None is an unknown value.
        """
        known = np.asarray(lonlat, np.float64).reshape(-1, 2)
        names = list(map(str, range(len(known)))) if ids is None else list(ids)
        return cls(_arrow(_first_columns(names, known) | columns))

    @classmethod
    def of_table(cls, table: PhotoTable) -> Catalogue:
        """Take a table of photographs; the id is the path as the table writes it."""
        rows = table.rows
        columns: dict[str, Any] = {
            "sequence_id": [row.sequence_id or None for row in rows],
            "camera_id": [row.camera_id or None for row in rows],
            "captured_at": [row.captured_at.isoformat() if row.captured_at else None for row in rows],
        }
        columns = {name: values for name, values in columns.items() if any(values)}
        others = dict.fromkeys(name for row in rows for name in row.extra)
        columns |= {
            name: typed(name, [row.extra.get(name, "") for row in rows])
            for name in others
            if name not in {"id", "lat", "lon", *columns}
        }
        return cls(_arrow(_first_columns([row.name for row in rows], table.lonlat) | columns))

    @classmethod
    def read(cls, path: PathLike) -> Catalogue:
        """Read Parquet, or CSV with the names of columns that `whence.imagery.table.read_table` knows.

        The id is the column ``id`` (or ``image_id``, …), else the path of the picture. What is stored in
        other columns keeps its name; whole numbers and fractions in text become numbers.

        Raises
        ------
        NotFoundError
            When there is no such file.
        InputError
            When it is no table, has no column for ``id``, or values that `Catalogue` refuses.
        """
        try:
            return cls(read_columns(Path(path)))
        except NotFoundError:
            raise
        except InputError as error:
            raise error if str(path) in str(error) else InputError(f"{path}: {error}") from error

    def write(self, path: PathLike) -> None:
        """Write as Parquet, whole or not at all."""
        import pyarrow.parquet as pq

        with atomic_path(path) as beside:
            pq.write_table(self.table, beside, compression="zstd")

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, ``id``, ``lat`` and ``lon`` first."""
        return tuple(self.table.column_names)

    @cached_property
    def ids(self) -> list[str]:
        """The n ids, in the order of the rows."""
        ids: list[str] = self.table.column("id").to_pylist()
        return ids

    @cached_property
    def lonlat(self) -> Floats:
        """Positions (n, 2), longitude and latitude in degrees, NaN where unknown; read-only."""
        positions = np.column_stack([self._floats("lon"), self._floats("lat")])
        positions.setflags(write=False)
        return positions

    def _floats(self, name: str) -> Floats:
        return np.asarray(self.table.column(name).to_numpy(), np.float64)

    def column(self, name: str) -> NDArray[Any]:
        """Give one column, (n,): text as str objects with "" where unknown, numbers as they are.

        Whole numbers with unknown values among them come as float64 with NaN.

        Raises
        ------
        InputError
            When there is no such column; the message names those that there are.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        if name not in self.names:
            raise InputError(f"there is no column {name!r}; there are {', '.join(self.names)}")
        column = self.table.column(name)
        if pa.types.is_large_string(column.type):
            column = pc.fill_null(column, "")
        values: NDArray[Any] = column.to_numpy()
        return values

    def take(self, rows: Sequence[int] | NDArray[Any]) -> Catalogue:
        """Keep some rows, by number or by a mask of n booleans, in the order given."""
        chosen = np.asarray(rows)
        chosen = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen.astype(np.int64)
        return Catalogue(self.table.take(chosen))

    def rows_of(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """Give the row number of each id.

        Raises
        ------
        InputError
            When an id is not among them; the message counts and names such.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = pa.array(list(ids), pa.large_string())
        found = pc.index_in(wanted, value_set=self.table.column("id").combine_chunks())
        if found.null_count:
            absent = wanted.filter(found.is_null()).to_pylist()
            raise InputError(f"{len(absent)} ids are not in the metadata: {_named(absent)}")
        return np.asarray(found.to_numpy(), np.int64)

    def with_column(self, name: str, values: Sequence[Any] | NDArray[Any]) -> Catalogue:
        """Add a column of n values, or replace the one of this name."""
        columns = {other: self.table.column(other) for other in self.names}
        return Catalogue(_arrow(columns | {name: values}))

    def with_lonlat(self, lonlat: ArrayLike) -> Catalogue:
        """Replace the positions by others, (n, 2), longitude and latitude in degrees, NaN where unknown."""
        positions = np.asarray(lonlat, np.float64).reshape(-1, 2)
        columns = {name: self.table.column(name) for name in self.names}
        return Catalogue(_arrow(columns | {"lat": positions[:, 1], "lon": positions[:, 0]}))

    def digest(self) -> str:
        """Return a SHA-256 of ids and positions in their order: it tells one set of pictures from another."""
        import pyarrow.compute as pc

        ids = self.table.column("id")
        total = hashlib.sha256(np.asarray(pc.binary_length(ids).to_numpy(), "<i8").tobytes())
        for start in range(0, len(self), _HASHED_ROWS):
            total.update("".join(ids.slice(start, _HASHED_ROWS).to_pylist()).encode())
        known = np.where(np.isnan(self.lonlat), np.nan, self.lonlat + 0.0)  # one NaN, no minus zero
        total.update(known.astype("<f8").tobytes())
        return total.hexdigest()


def _first_columns(ids: Sequence[str], lonlat: Floats) -> dict[str, Any]:
    import pyarrow as pa

    positions = {"lat": pa.array(lonlat[:, 1]), "lon": pa.array(lonlat[:, 0])}
    return {"id": pa.array(ids, pa.large_string()), **positions}


def _arrow(columns: Mapping[str, Any]) -> pa.Table:
    """Join columns of any make; unequal lengths and mixed values are named."""
    import pyarrow as pa

    arrays = {}
    for name, values in columns.items():
        try:
            arrays[name] = (
                values
                if isinstance(values, pa.Array | pa.ChunkedArray)
                else pa.array(values, from_pandas=True)
            )
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise InputError(f"the column {name!r} mixes kinds of values: {error}") from error
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InputError(f"the columns differ in length: {told}")
    return pa.table(arrays)


def _normal(table: pa.Table) -> pa.Table:
    """Bring the columns to their types, and id, lat, lon to the front."""
    import pyarrow as pa

    if "id" not in table.column_names:
        raise InputError(f"there is no column 'id'; there are {', '.join(table.column_names) or 'none'}")
    if len(set(table.column_names)) < len(table.column_names):
        raise InputError(f"a column stands twice in {', '.join(table.column_names)}; keep one")
    columns = {name: table.column(name) for name in table.column_names}
    unknown = pa.nulls(table.num_rows, pa.float64())
    ordered = {"id": columns.pop("id")} | {name: columns.pop(name, unknown) for name in _LIMITS_DEG} | columns
    return pa.table({name: _cast(name, column) for name, column in ordered.items()})


def _cast(name: str, column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if name in _LIMITS_DEG:
        try:
            numbers = column.cast(pa.float64())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise InputError(f"the column {name!r} holds something that is no number: {error}") from error
        return pc.if_else(pc.is_nan(numbers), None, numbers)
    text = pa.types.is_string(kind) or pa.types.is_dictionary(kind) or pa.types.is_null(kind)
    return column.cast(pa.large_string()) if text or name == "id" else column


def _check_ids(ids: pa.ChunkedArray) -> None:
    import pyarrow.compute as pc

    empty = ids.null_count + (pc.sum(pc.equal(ids, "")).as_py() or 0)
    if empty:
        raise InputError(f"{empty} of {len(ids)} rows have no id; every picture needs one of its own")
    if pc.count_distinct(ids).as_py() == len(ids):
        return
    counts = pc.value_counts(ids)
    twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").to_pylist()
    raise InputError(f"{len(twice)} ids stand on more than one row: {_named(twice)}; keep one row of each")


def _check_positions(table: pa.Table) -> None:
    """Refuse half positions and impossible ones."""
    import pyarrow.compute as pc

    lat, lon = table.column("lat"), table.column("lon")
    half = pc.xor(lat.is_null(), lon.is_null())
    if lat.null_count + lon.null_count and pc.any(half).as_py():
        named = table.column("id").filter(half).to_pylist()
        raise InputError(f"{len(named)} rows have half a position: {_named(named)}; fill or empty both")
    for name, limit_deg in _LIMITS_DEG.items():
        # NaN became null; what is not within the range is beyond it or infinite
        beyond = pc.fill_null(pc.greater(pc.abs(table.column(name)), limit_deg), False)
        if pc.any(beyond).as_py():
            outside = table.filter(beyond)
            pairs = zip(outside.column("id").to_pylist(), outside.column(name).to_pylist(), strict=True)
            named = [f"{key} ({value:g})" for key, value in pairs]
            raise InputError(
                f"{len(named)} rows have a {name} beyond {limit_deg:g} degrees: {_named(named)}; "
                "correct them or empty both cells"
            )


def _named(items: Sequence[str]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(items[:_SHOWN]) + more
