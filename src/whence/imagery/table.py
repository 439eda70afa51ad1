"""Tables of photographs: which file was taken where, as CSV, TSV or Parquet."""

from __future__ import annotations

import logging
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError, NotFoundError
from whence.imagery.cells import Cells, read_cells
from whence.imagery.clock import parse_time
from whence.imagery.gps import check_position
from whence.imagery.resolving import Resolved, Resolver
from whence.imagery.rows import write_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from whence.typing import Floats, PathLike

__all__ = ["COLUMN_NAMES", "PhotoTable", "TableRow", "read_table", "write_rows"]

_logger = logging.getLogger(__name__)

COLUMN_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "path": (
            "img_path", "image_path", "photo_path", "file_path", "path", "filepath", "image", "img", "photo",
            "file", "filename", "file_name", "image_name", "img_name", "image_file", "sourcefile",
        ),
        "lat": (
            "lat", "latitude", "lat_deg", "latitude_deg", "latitude_degrees", "gt_lat", "true_lat",
            "gpslatitude", "gps_latitude", "gps_lat",
        ),
        "lon": (
            "lon", "lng", "long", "longitude", "lon_deg", "longitude_deg", "longitude_degrees", "gt_lon",
            "true_lon", "gpslongitude", "gps_longitude", "gps_lon",
        ),
        "camera_id": ("camera_id", "camera", "cam_id"),
        "captured_at": ("captured_at", "time", "timestamp", "datetime", "date_time", "datetimeoriginal"),
        "sequence_id": ("sequence_id", "sequence", "seq", "seq_id", "track_id"),
    }
)  # fmt: skip
"""What a column may be called, the preferred name first; case, blanks, hyphens and brackets do not matter."""

_UNKNOWN = {"", "nan", "na", "n/a", "null", "none"}
_SHOWN_ERRORS = 5
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_COORDINATE = re.compile(r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*°?\s*(?P<letter>[NSEW]?)")
_EARLIEST_S, _LATEST_S = 1e8, 4.1e9  # 1973 to 2099: a count outside is no time but 20240501, say


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table.

    Attributes
    ----------
    number
        Row number: in CSV the line of the file (the header is row 1), in Parquet the record from 1.
    name
        The path as written.
    path
        The file, or where it would be when it is missing.
    longitude_deg, latitude_deg
        True position, WGS 84; both None when it is unknown.
    camera_id, sequence_id
        Empty when not stated.
    captured_at
        Aware when the table states an offset or counts seconds since 1970.
    problem
        Why the row cannot be used, such as a missing file; empty when it can.
    extra
        The other columns, as text.
    """

    number: int
    name: str
    path: Path
    longitude_deg: float | None = None
    latitude_deg: float | None = None
    camera_id: str = ""
    sequence_id: str = ""
    captured_at: datetime | None = None
    problem: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def position(self) -> tuple[float, float] | None:
        """Longitude and latitude in degrees, or None when they are unknown."""
        if self.longitude_deg is None or self.latitude_deg is None:
            return None
        return self.longitude_deg, self.latitude_deg


@dataclass(frozen=True)
class PhotoTable:
    """A table of photographs, every row of it.

    Attributes
    ----------
    path
        The table's file.
    rows
        In the order of the file.
    notes
        Sentences about how paths were resolved and what is missing.
    """

    path: Path
    rows: tuple[TableRow, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[TableRow]:
        return iter(self.rows)

    @property
    def lonlat(self) -> Floats:
        """True positions (n, 2), longitude and latitude in degrees; NaN where unknown."""
        unknown = (math.nan, math.nan)
        return np.array([row.position or unknown for row in self.rows], dtype=np.float64).reshape(-1, 2)

    def by_path(self) -> dict[Path, TableRow]:
        """Give the rows by the absolute path of their file."""
        return {row.path.absolute(): row for row in self.rows}


def read_table(path: PathLike, *, folder: PathLike | None = None) -> PhotoTable:
    """Read a table of photographs.

    Columns are found by name in any order (see `COLUMN_NAMES`): a path, and optionally lat and lon,
    camera_id, captured_at, sequence_id; others are kept as text. CSV may be separated by comma, semicolon
    (then with decimal commas, too), tab or bar, in UTF-8 with or without its mark.

    Parameters
    ----------
    path
        CSV, TSV or Parquet.
    folder
        Where the pictures are; the table's own folder if not given. Paths that are not found as written are
        looked for by their ending inside it: ``data/lund/images/01.jpg`` is ``images/01.jpg`` of a folder
        ``lund``.

    Returns
    -------
    Every row; one whose file is missing says so in its `problem`.

    Raises
    ------
    NotFoundError
        When there is no such table.
    InputError
        When it cannot be read as a table, has no column of paths, or has rows with impossible values: half a
        position, a latitude beyond the pole, 0/0, no number, a path twice or that fits several files. The
        message names the rows.

    Examples
    --------
    >>> import tempfile
    >>> table = Path(tempfile.mkdtemp()) / "photos.csv"
    >>> _ = table.write_text("Latitude;Longitude;File\\n55,698;13,195;01.jpg\\n")
    >>> row = read_table(table).rows[0]
    >>> row.position, row.problem
    ((13.195, 55.698), 'the file 01.jpg is missing')
    """
    path = Path(path)
    if folder is not None and not Path(folder).is_dir():
        raise NotFoundError(f"the folder of pictures {folder} does not exist")
    cells = read_cells(path)
    columns = _columns(path, cells.header)
    roots = (path.parent,) if folder is None else (Path(folder), path.parent)
    written = [record[columns["path"]] for _, record in cells.records]
    resolved = Resolver(roots).resolve_all(written)
    reader = _RowReader(cells, columns)
    rows = tuple(map(reader.row, cells.records, resolved))
    reader.errors += _clashes(rows, resolved)
    if reader.errors:
        raise InputError(_summary(path, reader.errors))
    notes = tuple(_notes(rows, resolved, roots[0]))
    for note in notes:
        _logger.info("%s: %s", path, note)
    return PhotoTable(path, rows, notes)


def _columns(path: Path, header: Sequence[str]) -> dict[str, int]:
    """Find where each known column stands."""
    plain = [re.sub(r"[\W_]+", "_", name.casefold()).strip("_") for name in header]
    columns: dict[str, int] = {}
    for role, names in COLUMN_NAMES.items():
        name = next((name for name in names if name in plain), None)
        if name is None:
            continue
        if plain.count(name) > 1:
            raise InputError(f"{path} has {plain.count(name)} columns called {name!r}; keep one")
        columns[role] = plain.index(name)
    if "path" not in columns:
        raise InputError(
            f"{path} has no column of image paths: it has {', '.join(map(repr, header))}; "
            f"call it {COLUMN_NAMES['path'][0]!r} (or {', '.join(COLUMN_NAMES['path'][1:])})"
        )
    if ("lat" in columns) != ("lon" in columns):
        present = "lat" if "lat" in columns else "lon"
        absent = "lon" if present == "lat" else "lat"
        raise InputError(
            f"{path} has a column {header[columns[present]]!r} but none called "
            f"{' or '.join(COLUMN_NAMES[absent])}: it has {', '.join(map(repr, header))}"
        )
    return columns


@dataclass
class _RowReader:
    """Turns cells into rows, and collects what is wrong with them, so that it can be told at once."""

    cells: Cells
    columns: Mapping[str, int]
    errors: list[str] = field(default_factory=list)

    def row(self, record: tuple[int, tuple[str, ...]], place: Resolved) -> TableRow:
        number, values = record
        known = {role: values[index] for role, index in self.columns.items()}
        longitude_deg, latitude_deg = self._position(number, known) or (None, None)
        used = set(self.columns.values())
        return TableRow(
            number=number,
            name=known["path"],
            path=place.path,
            longitude_deg=longitude_deg,
            latitude_deg=latitude_deg,
            camera_id=known.get("camera_id", ""),
            sequence_id=known.get("sequence_id", ""),
            captured_at=self._time(number, known.get("captured_at", "")),
            problem=f"the file {known['path']} is missing" if place.is_missing else "",
            extra={name: values[i] for i, name in enumerate(self.cells.header) if i not in used},
        )

    def _position(self, number: int, known: Mapping[str, str]) -> tuple[float, float] | None:
        """Read longitude and latitude; None when unknown or wrong."""
        written = [known.get("lon", ""), known.get("lat", "")]
        unknown = [cell.casefold() in _UNKNOWN for cell in written]
        if all(unknown):
            return None
        if any(unknown):
            self._error(number, f"has a {'latitude' if unknown[0] else 'longitude'} only; fill or empty both")
            return None
        try:
            longitude_deg, latitude_deg = map(self._degrees, written, ("EW", "NS"))
        except ValueError as error:
            self._error(number, str(error))
            return None
        doubt = _doubt(longitude_deg, latitude_deg)
        if doubt:
            self._error(number, doubt)
        return None if doubt else (longitude_deg, latitude_deg)

    def _degrees(self, written: str, letters: str) -> float:
        """Read degrees, with or without the letter of the hemisphere; the second of `letters` is minus."""
        plain = written.replace("\N{MINUS SIGN}", "-").upper()
        if self.cells.delimiter not in (",", ""):
            plain = _DECIMAL_COMMA.sub(".", plain)
        match = _COORDINATE.fullmatch(plain)
        signed = match is not None and match["number"][0] in "+-"
        if match is None or match["letter"] not in ("", *letters) or (match["letter"] and signed):
            raise ValueError(f"has {written!r} where degrees should be, such as 55.6982")
        return -float(match["number"]) if match["letter"] == letters[1] else float(match["number"])

    def _time(self, number: int, written: str) -> datetime | None:
        if written.casefold() in _UNKNOWN:
            return None
        try:
            if written.replace(".", "", 1).isdecimal():
                return _since_1970(float(written))
            return parse_time(written)
        except ValueError:
            self._error(
                number,
                f"has {written!r} where a time should be, such as 2008-10-22T16:28:39 (or rename the column)",
            )
            return None

    def _error(self, number: int, text: str) -> None:
        self.errors.append(f"row {number} {text}")


def _doubt(longitude_deg: float, latitude_deg: float) -> str | None:
    """Tell why a position in a table cannot be true, and what to do."""
    doubt = check_position(longitude_deg, latitude_deg)
    if doubt is None:
        return None
    if longitude_deg == latitude_deg == 0:
        return "has the position 0, 0; empty both cells if it is unknown"
    if 90 < abs(latitude_deg) <= 180 and abs(longitude_deg) <= 90:
        return f"has latitude {latitude_deg:g} and longitude {longitude_deg:g}: swap the columns' names"
    return f"cannot be: {doubt}"


def _since_1970(count: float) -> datetime:
    """Read seconds, or milliseconds as Mapillary writes them, since 1970."""
    for seconds in (count, count / 1000):
        if _EARLIEST_S <= seconds < _LATEST_S:
            return datetime.fromtimestamp(seconds, tz=UTC)
    raise ValueError(f"{count:g} is no count of seconds since 1970")


def _clashes(rows: Sequence[TableRow], resolved: Sequence[Resolved]) -> Iterator[str]:
    """Name rows without a path, with a path that fits several files, and with a file listed before."""
    first: dict[Path, int] = {}
    for row, place in zip(rows, resolved, strict=True):
        if not row.name:
            yield f"row {row.number} has no path"
        elif place.rivals:
            fitting = " and ".join(map(str, place.rivals[:2]))
            count = len(place.rivals)
            yield f"row {row.number}: {row.name!r} fits {count} files ({fitting}); write more of its path"
        elif row.path in first:
            yield f"row {row.number} names {row.name!r}, which row {first[row.path]} names already"
        else:
            first[row.path] = row.number


def _summary(path: Path, errors: Sequence[str]) -> str:
    shown = "; ".join(errors[:_SHOWN_ERRORS])
    more = f"; and {len(errors) - _SHOWN_ERRORS} more" if len(errors) > _SHOWN_ERRORS else ""
    return f"{path}: {shown}{more}"


def _notes(rows: Sequence[TableRow], resolved: Sequence[Resolved], folder: Path) -> Iterator[str]:
    missing = sum(bool(row.problem) for row in rows)
    if missing:
        yield f"{missing} of {len(rows)} files are missing"
    for prefix, count in sorted(Counter(item.prefix for item in resolved if item.prefix is not None).items()):
        yield f"{count} paths were found by their ending: {prefix or 'a name'} stands for {folder}"
