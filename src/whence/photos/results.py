"""Tables of results: one row per photograph, the located and the others alike.

Files written by other programs are read too, as long as they name the photograph and have the true and the
predicted positions under one of the usual names; what such a file lacks is worked out or left empty.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.earth.ellipsoid import geodesic_distance_m
from whence.errors import FormatError, InputError, NotFoundError
from whence.imagery.cells import read_cells
from whence.imagery.rows import write_rows

if TYPE_CHECKING:
    from whence.typing import PathLike

__all__ = ["LOCATED", "NO_POSITION", "RESULT_COLUMNS", "ResultRow", "read_results", "write_results"]

RESULT_COLUMNS = (
    "img_path", "gt_lat", "gt_lon", "pred_lat", "pred_lon",
    "error_m", "radius_m", "probability", "sources", "status",
)  # fmt: skip
"""Columns of a results table, in the order in which they are written."""

LOCATED = "located"
"""Status of a row with a predicted position."""

NO_POSITION = "no position"
"""Status given to a row of a foreign file that has no predicted position and does not say why."""

# The first name that a file has is the one that counts; the others stay as extra columns.
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "img_path": ("img_path", "path", "image", "img", "file", "filename", "image_id", "id"),
    "gt_lat": ("gt_lat", "true_lat", "lat_true", "lat_gt", "latitude", "lat"),
    "gt_lon": ("gt_lon", "true_lon", "lon_true", "lon_gt", "longitude", "lon", "lng"),
    "pred_lat": ("pred_lat", "lat_pred", "predicted_lat", "pred_latitude"),
    "pred_lon": ("pred_lon", "lon_pred", "predicted_lon", "pred_longitude"),
    "error_m": ("error_m",),
    "radius_m": ("radius_m",),
    "probability": ("probability",),
    "sources": ("sources",),
    "status": ("status",),
}
_OF_A_PREDICTION = ("error_m", "radius_m", "probability", "sources", "status")
_NEEDED = ("img_path", "pred_lat", "pred_lon")
_DECIMALS = {"error_m": 3, "radius_m": 3, "probability": 6}  # a millimetre, a millionth
_DEGREE_DECIMALS = 8  # about a millimetre
_EMPTY = {"", "nan", "none", "null", "na", "n/a"}
_SHOWN_FAULTS = 5


@dataclass(frozen=True)
class ResultRow:
    """What is known about one photograph after locating it.

    Attributes
    ----------
    img_path
        The photograph as the caller named it.
    gt_lat, gt_lon
        True position, degrees, WGS 84; None where it is not known.
    pred_lat, pred_lon
        Best position, degrees, WGS 84; None where the photograph was not located.
    error_m
        Distance between the two, metres (WGS 84 geodesic); None without both.
    radius_m
        Radius that was promised to hold the truth, metres.
    probability
        Share of the belief that the best position stands for, 0 to 1.
    sources
        Names of the sources that had something to say.
    status
        ``"located"``, or the reason why not.
    extra
        Further columns of the file, by name.
    """

    img_path: str
    gt_lat: float | None = None
    gt_lon: float | None = None
    pred_lat: float | None = None
    pred_lon: float | None = None
    error_m: float | None = None
    radius_m: float | None = None
    probability: float | None = None
    sources: tuple[str, ...] = ()
    status: str = LOCATED
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def truth(self) -> tuple[float, float] | None:
        """True (longitude, latitude), degrees."""
        return None if self.gt_lat is None or self.gt_lon is None else (self.gt_lon, self.gt_lat)

    @property
    def prediction(self) -> tuple[float, float] | None:
        """Predicted (longitude, latitude), degrees."""
        return None if self.pred_lat is None or self.pred_lon is None else (self.pred_lon, self.pred_lat)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> ResultRow:
        """Build a row from named values; names may be the aliases that `read_results` knows.

        Parameters
        ----------
        values
            Such as a line of `csv.DictReader`; texts are parsed as numbers where
            numbers belong, and empty ones count as missing.

        Raises
        ------
        InputError
            When a value is not a number, not a place on the Earth, or half of a position.

        Examples
        --------
        >>> values = {"id": "a.jpg", "true_lat": "1", "true_lon": "2", "pred_lat": 1, "pred_lon": 2}
        >>> row = ResultRow.from_mapping(values)
        >>> row.truth, row.error_m, row.status
        ((2.0, 1.0), 0.0, 'located')
        """
        names = _name_columns(list(values))
        row = _parse(values, names)
        return _with_errors([row])[0]

    def as_mapping(self) -> dict[str, Any]:
        """Give the row as written: `RESULT_COLUMNS` first, then the extra columns; numbers are rounded."""
        values: dict[str, Any] = {}
        for name in RESULT_COLUMNS:
            value = getattr(self, name)
            if isinstance(value, float):
                value = round(value, _DECIMALS.get(name, _DEGREE_DECIMALS))
            values[name] = value
        values["sources"] = "+".join(self.sources)
        return values | dict(self.extra)


def write_results(path: PathLike, rows: Iterable[ResultRow | Mapping[str, Any]]) -> None:
    """Write a table of results.

    Parameters
    ----------
    path
        Ends in ``.csv`` or ``.parquet``; written beside and then renamed.
    rows
        Such as `Estimate.to_row()` gives, or mappings of named values. Degrees are written with 8 decimals,
        metres with 3.

    Raises
    ------
    InputError
        When the path ends otherwise or a mapping is not a row.
    """
    ready = [row if isinstance(row, ResultRow) else ResultRow.from_mapping(row) for row in rows]
    extra = dict.fromkeys(name for row in ready for name in row.extra)
    columns = [*RESULT_COLUMNS, *extra]
    write_rows(path, [row.as_mapping() for row in ready], columns)


def read_results(path: PathLike, *, predictions: tuple[str, str] | None = None) -> list[ResultRow]:
    """Read a table of results, written by whence or by others.

    Columns may stand in any order and under the usual other names (``true_lat``, ``lat``, ``id``, …).
    Without ``error_m`` the error is computed; without ``status`` a row is ``"located"`` where it has a
    predicted position and ``"no position"`` where it has none. Every row of the file is returned.

    Parameters
    ----------
    path
        CSV (comma, semicolon, tab or bar; UTF-8) or Parquet; which one is told by its content.
    predictions
        Columns of the predicted latitude and longitude, where a table holds those of several models. Radii,
        probabilities and errors of such a table are not taken, for they belong to its usual predictions.

    Raises
    ------
    NotFoundError
        When there is no such file.
    FormatError
        When the file is not such a table: no column of positions, or not those of `predictions`.
    InputError
        When it cannot be read as a table, or values are wrong; the message names the rows: in CSV the lines
        of the file, the heading being row 1.
    """
    source = Path(path)
    if not source.is_file():
        raise NotFoundError(f"{source}: there is no such file; results are written by: whence locate … --out")
    cells = read_cells(source)
    names = _name_columns(cells.header)
    if predictions is not None:
        names = _with_predictions(source, names, predictions, header=cells.header)
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise FormatError(
            f"{source}: no column {', '.join(missing)}; a results table has at least "
            f"img_path, pred_lat, pred_lon (here: {', '.join(cells.header) or 'nothing'})"
        )
    rows, faults = [], []
    for number, record in cells.records:
        try:
            rows.append(_parse(dict(zip(cells.header, record, strict=True)), names))
        except InputError as error:
            faults.append(f"row {number}: {error}")
    if faults:
        more = f"; and {len(faults) - _SHOWN_FAULTS} more rows" if len(faults) > _SHOWN_FAULTS else ""
        raise InputError(f"{source}: {'; '.join(faults[:_SHOWN_FAULTS])}{more}")
    return _with_errors(rows)


def _name_columns(columns: Sequence[str]) -> dict[str, str]:
    """Map our names to the file's; the first alias that is there wins."""
    folded = {name.strip().casefold(): name for name in reversed(columns)}
    found = {}
    for ours, aliases in _ALIASES.items():
        theirs = next((folded[alias] for alias in aliases if alias in folded), None)
        if theirs is not None:
            found[ours] = theirs
    return found


def _with_predictions(
    source: Path, names: Mapping[str, str], predictions: tuple[str, str], *, header: Sequence[str]
) -> dict[str, str]:
    """Take the predictions from other columns, and nothing that was said of the usual ones."""
    absent = [name for name in predictions if name not in header]
    if absent:
        raise FormatError(f"{source}: no column {', '.join(absent)} (here: {', '.join(header)})")
    chosen = dict(zip(("pred_lat", "pred_lon"), predictions, strict=True))
    if all(names.get(ours) == theirs for ours, theirs in chosen.items()):
        return dict(names)
    return {ours: theirs for ours, theirs in names.items() if ours not in _OF_A_PREDICTION} | chosen


def _parse(record: Mapping[str, Any], names: Mapping[str, str]) -> ResultRow:
    taken = set(names.values())
    values = {ours: record[theirs] for ours, theirs in names.items()}
    gt_lat, gt_lon = _position(values, "gt")
    pred_lat, pred_lon = _position(values, "pred")
    status = _text(values.get("status")) or (NO_POSITION if pred_lat is None else LOCATED)
    if status == LOCATED and pred_lat is None:
        raise InputError("the status is located, but there is no predicted position")
    return ResultRow(
        img_path=_text(values.get("img_path")),
        gt_lat=gt_lat,
        gt_lon=gt_lon,
        pred_lat=pred_lat,
        pred_lon=pred_lon,
        error_m=_length(values, "error_m"),
        radius_m=_length(values, "radius_m"),
        probability=_probability(values),
        sources=tuple(name for name in _text(values.get("sources")).split("+") if name),
        status=status,
        extra={name: value for name, value in record.items() if name not in taken},
    )


def _position(values: Mapping[str, Any], kind: str) -> tuple[float | None, float | None]:
    latitude, longitude = _number(values, f"{kind}_lat"), _number(values, f"{kind}_lon")
    if (latitude is None) != (longitude is None):
        raise InputError(f"{kind}_lat and {kind}_lon belong together, and one of them is empty")
    if latitude is not None and longitude is not None and (abs(latitude) > 90.0 or abs(longitude) > 180.0):
        raise InputError(f"{kind}_lat {latitude:g}, {kind}_lon {longitude:g} is outside ±90, ±180 degrees")
    return latitude, longitude


def _length(values: Mapping[str, Any], name: str) -> float | None:
    value = _number(values, name)
    if value is not None and value < 0.0:
        raise InputError(f"{name} is {value:g}, and lengths are not negative")
    return value


def _probability(values: Mapping[str, Any]) -> float | None:
    value = _number(values, "probability")
    if value is not None and not 0.0 <= value <= 1.0:
        raise InputError(f"probability is {value:g}, which is not between 0 and 1")
    return value


def _number(values: Mapping[str, Any], name: str) -> float | None:
    value = values.get(name)
    if value is None or _text(value).casefold() in _EMPTY:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name} is {_text(value)!r}, which is not a number") from None
    if not math.isfinite(number):
        raise InputError(f"{name} is {number}, which is not a finite number")
    return number


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _with_errors(rows: list[ResultRow]) -> list[ResultRow]:
    """Fill in the errors that a file does not give but has the positions for."""
    lacking = [
        (number, row.prediction, row.truth)
        for number, row in enumerate(rows)
        if row.error_m is None and row.prediction is not None and row.truth is not None
    ]
    if not lacking:
        return rows
    places, predictions, truths = zip(*lacking, strict=True)
    errors = geodesic_distance_m(list(predictions), list(truths))
    filled = dict(zip(places, errors.tolist(), strict=True))
    return [replace(row, error_m=filled[n]) if n in filled else row for n, row in enumerate(rows)]
