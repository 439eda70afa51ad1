"""Sheet numbers of the International Map of the World and of the series that divide its sheets.

The sheet of 1:1 000 000 covers 4° of latitude and 6° of longitude: a letter counts rows from the equator (A
is 0° to 4°), a number counts columns eastwards from 180° W. The Soviet series divide it like this:

=========  =====================  ==============================  ===================
scale      divides                into                            example
=========  =====================  ==============================  ===================
1:500 000  1:1 000 000            2 × 2, letters А Б В Г          N-37-Б
1:300 000  1:1 000 000            3 × 3, Roman, written first     IV-N-37
1:200 000  1:1 000 000            6 × 6, Roman I to XXXVI         N-37-XVI
1:100 000  1:1 000 000            12 × 12, numbers 1 to 144       N-37-112
1:50 000   1:100 000              2 × 2, letters А Б В Г          N-37-112-Б
1:25 000   1:50 000               2 × 2, letters а б в г          N-37-112-Б-г
1:10 000   1:25 000               2 × 2, numbers 1 to 4           N-37-112-Б-г-4
=========  =====================  ==============================  ===================

Everything is counted from the north-west in rows. North of 60° two neighbours in a row, north of 76° four,
are often printed as one sheet, which has the numbers of all: ``P-37,38``, ``P-37-81,82``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whence.earth.crs import Crs
from whence.earth.points import as_lonlat, wrap_longitude_deg
from whence.errors import InputError
from whence.maps.sheets.frame import SheetFrame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whence.typing import ArrayLike

__all__ = ["SCALES", "sheet_frame", "sheet_number"]

SCALES = (1_000_000, 500_000, 300_000, 200_000, 100_000, 50_000, 25_000, 10_000)
"""Denominators of the scales that have sheet numbers."""

_PULKOVO_1942 = "EPSG:4284"
_ROWS = "ABCDEFGHIJKLMNOPQRSTUV"
_HEIGHT_DEG, _WIDTH_DEG = 4.0, 6.0
_COLUMNS = 60
_BLANKS = re.compile(r"\s*[-‐‑–—−_/.]\s*|\s+")
_SOUTH = re.compile(r"\(\s*(?:ю\.?\s*п\.?|s\.?\s*h\.?|s)\s*\)\s*$", re.IGNORECASE)
# Cyrillic letters that stand for the Latin one they look like; Н looks like H, sounds like N: refused.
_LOOK_ALIKES = str.maketrans("АВСЕКМОРТавсекморт", "ABCEKMOPTabcekmopt")
_CYRILLIC = "АБВГ"
_LETTERS = {
    **{letter: i for i, letter in enumerate(_CYRILLIC)},
    "A": 0,
    "B": 1,
    "C": 2,
    "V": 2,
    "D": 3,
    "G": 3,
}
_ROMAN = re.compile(r"X{0,3}(?:IX|IV|V?I{0,3})")
_ROMAN_DIGITS = ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
_FORM = "write it like N-37, N-37-112, N-37-112-Б or N-37-112-Б-г"


@dataclass(frozen=True)
class _Tile:
    """A piece of the sheet grid: rows and columns of `across` × `across` pieces of a sheet of 1:1 000 000."""

    scale: int
    across: int
    row: int
    column: int

    def divided(self, scale: int, by: int, number: int) -> _Tile:
        """Piece `number`, counted from 0 at the north-west, of by × by."""
        row, column = divmod(number, by)
        return _Tile(scale, self.across * by, self.row * by + row, self.column * by + column)


def sheet_frame(number: str, *, crs: Any = _PULKOVO_1942) -> SheetFrame:
    """Tell the frame of a sheet of the international nomenclature.

    Parameters
    ----------
    number
        Such as ``"N-37"``, ``"N-37-Б"``, ``"N-37-XVI"``, ``"N-37-112-Б-г"``, ``"P-37-81,82"``. Blanks,
        hyphens and dots separate; А Б В Г may be written A B C D (or A B V G). A sheet of the southern
        hemisphere ends in ``(ю.п.)`` or ``(S)``, or begins with both letters as on the International Map:
        ``SC-23``.
    crs
        Geographic system of the series: Pulkovo 1942 if not given.

    Raises
    ------
    InputError
        When it is no such number; the message says which part.

    Examples
    --------
    >>> frame = sheet_frame("N-37-112-Б")
    >>> frame.scale, frame.west, frame.east, round(frame.south, 4), round(frame.north, 4)
    (50000, 37.75, 38.0, 52.8333, 53.0)
    """
    south, million, parts = _split(number)
    tiles = [_tile(number, million_column, numbers) for million_column, numbers in _branches(number, *parts)]
    first, last = tiles[0], tiles[-1]
    if any(tile.row != first.row for tile in tiles) or last.column - first.column != len(tiles) - 1:
        raise InputError(f"{number!r} joins sheets that are no neighbours in one row")
    width, height = _WIDTH_DEG / first.across, _HEIGHT_DEG / first.across
    top = _HEIGHT_DEG * (million + 1)
    if south:  # mirrored rows: row A lies between the equator and 4° S, and pieces still count from the north
        top = -_HEIGHT_DEG * million
    return SheetFrame(
        name=number.strip(),
        west=-180.0 + width * first.column,
        east=-180.0 + width * (last.column + 1),
        north=top - height * first.row,
        south=top - height * (first.row + 1),
        crs=Crs.parse(crs),
        scale=first.scale,
    )


def sheet_number(lonlat: ArrayLike, scale: int) -> str:
    """Tell the number of the sheet on which a place lies.

    Parameters
    ----------
    lonlat
        (2,) longitude, latitude, degrees, in the system of the series.
    scale
        One of `SCALES`.

    Raises
    ------
    InputError
        For another scale, or a place beyond 88° of latitude, where the nomenclature ends.

    Examples
    --------
    >>> sheet_number((37.62, 55.75), 25_000)
    'N-37-4-В-в'
    """
    if scale not in SCALES:
        raise InputError(
            f"1:{scale} has no sheet numbers; the scales that have are {', '.join(map(str, SCALES))}"
        )
    longitude_deg, latitude_deg = (float(value) for value in as_lonlat(lonlat))
    row = int(abs(latitude_deg) // _HEIGHT_DEG)
    if row >= len(_ROWS):
        raise InputError(f"latitude {latitude_deg:g} lies beyond the last row of sheets, which ends at 88°")
    turned = (float(wrap_longitude_deg(longitude_deg)) + 180.0) % 360.0
    top = _HEIGHT_DEG * (row + 1) if latitude_deg >= 0 else -_HEIGHT_DEG * row
    column, east = divmod(turned, _WIDTH_DEG)
    text = f"{_ROWS[row]}-{int(column) + 1}"
    return _piece(text, scale, (top - latitude_deg) / _HEIGHT_DEG, east / _WIDTH_DEG) + (
        "" if latitude_deg >= 0 else " (S)"
    )


def _piece(text: str, scale: int, down: float, right: float) -> str:
    """Append the parts of the number; (down, right) is the place within the sheet, 0 to 1."""

    def cell(by: int) -> int:
        row, column = (min(int(share * by), by - 1) for share in (down, right))
        return row * by + column

    if scale == 300_000:
        return f"{_roman(cell(3) + 1)}-{text}"
    if scale in (500_000, 200_000):
        return f"{text}-{_CYRILLIC[cell(2)] if scale == 500_000 else _roman(cell(6) + 1)}"
    if scale == 1_000_000:
        return text
    text = f"{text}-{cell(12) + 1}"
    for finer, by, names in ((50_000, 24, _CYRILLIC), (25_000, 48, _CYRILLIC.lower()), (10_000, 96, "1234")):
        if scale > finer:
            break
        row, column = (min(int(share * by), by - 1) % 2 for share in (down, right))
        text = f"{text}-{names[2 * row + column]}"
    return text


def _split(number: str) -> tuple[bool, int, tuple[Sequence[str], Sequence[str]]]:
    """Southern hemisphere?, row from 0, and the parts: (columns joined), (everything after them)."""
    south = _SOUTH.search(number) is not None
    parts = [part for part in _BLANKS.split(_SOUTH.sub("", number).strip()) if part]
    before = [parts.pop(0)] if len(parts) > 2 and _ROMAN.fullmatch(parts[0]) and parts[0] not in _ROWS else []
    if not before and len(parts) == 3 and parts[0] in ("I", "V") and parts[1].upper() in _ROWS:
        before = [parts.pop(0)]  # I-N-37 is the first of nine of 1:300 000, I-37 a row near 36° N
    if parts and len(found := re.split(r"(?<=[A-Za-zА-Яа-я])(?=\d)", parts[0])) == 2:
        parts[:1] = found  # N37
    letters = parts[0].translate(_LOOK_ALIKES).upper() if parts else ""
    if len(letters) == 2 and letters[0] in "NS":
        south, letters = letters[0] == "S" or south, letters[1]
    if len(parts) < 2 or len(letters) != 1 or letters not in _ROWS:
        raise InputError(f"{number!r} does not begin with a row letter A to V and a column; {_FORM}")
    return south, _ROWS.index(letters), (parts[1].split(","), [*(f"{part}<" for part in before), *parts[2:]])


def _branches(number: str, columns: Sequence[str], parts: Sequence[str]) -> list[tuple[int, list[str]]]:
    """Column and parts of every sheet that a joined number stands for."""
    if len(columns) > 1 and parts:
        raise InputError(f"{number!r}: only the last part may name several sheets")
    for column in columns:
        if not column.isdecimal() or not 1 <= int(column) <= _COLUMNS:
            raise InputError(f"{number!r}: column {column!r} must be a number from 1 to {_COLUMNS}")
    if len(columns) > 1 or not parts:
        return [(int(column) - 1, list(parts)) for column in columns]
    *head, last = parts
    return [(int(columns[0]) - 1, [*head, one]) for one in last.split(",")]


def _tile(number: str, column: int, parts: Sequence[str]) -> _Tile:
    tile = _Tile(1_000_000, 1, 0, column)
    if not parts:
        return tile
    first, *rest = parts
    tile = _first_division(number, tile, first)
    if rest and tile.scale != 100_000:
        raise InputError(f"{number!r}: a sheet of 1:{tile.scale} is not divided further; {_FORM}")
    if len(rest) > 3:
        raise InputError(f"{number!r} has more parts than 1:10 000 needs; {_FORM}")
    for scale, part in zip((50_000, 25_000, 10_000), rest, strict=False):
        quarter = _quarter(part, digits=scale == 10_000)
        if quarter is None:
            wanted = "1 to 4" if scale == 10_000 else "А, Б, В or Г"
            raise InputError(f"{number!r}: {part!r} should be {wanted} for 1:{scale}")
        tile = tile.divided(scale, 2, quarter)
    return tile


def _first_division(number: str, tile: _Tile, part: str) -> _Tile:
    if part.endswith("<"):
        return tile.divided(300_000, 3, _counted(number, _from_roman(part[:-1]), 9))
    if part.isdecimal():
        return tile.divided(100_000, 12, _counted(number, int(part), 144))
    quarter = _quarter(part, digits=False)
    # D is a Roman digit too, but no sheet has five hundred; I, V and X are no quarter but for V of A B V G.
    if quarter is not None and part.upper() != "V":
        return tile.divided(500_000, 2, quarter)
    roman = part.upper().translate(str.maketrans("ІХ", "IX"))
    if not _ROMAN.fullmatch(roman):
        raise InputError(f"{number!r}: {part!r} is no number, Roman number or letter of a sheet; {_FORM}")
    return tile.divided(200_000, 6, _counted(number, _from_roman(roman), 36))


def _quarter(part: str, *, digits: bool) -> int | None:
    if digits:
        return int(part) - 1 if part in ("1", "2", "3", "4") else None
    return _LETTERS.get(part.upper())


def _counted(number: str, count: int, last: int) -> int:
    if not 1 <= count <= last:
        raise InputError(f"{number!r}: sheets are counted from 1 to {last} there, not {count}")
    return count - 1


def _from_roman(text: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in text]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))


def _roman(number: int) -> str:
    text = ""
    for value, letters in _ROMAN_DIGITS:
        times, number = divmod(number, value)
        text += letters * times
    return text
