"""Numbers beside the crosses of a grid: what is written, at which cross, and along which of its lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from whence.maps.scan.lettering import Reading, line_reader, read_line_ways
from whence.maps.scan.source import as_scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.maps.scan.lattice import Grid
    from whence.maps.scan.lettering import LineReader
    from whence.maps.scan.source import Scan
    from whence.typing import Floats, Image, Ints

__all__ = ["GridLabel", "number_of", "read_labels"]

Coordinate = Literal["easting", "northing"]

_MOST_CROPS = 24
_REACH = 0.42  # of a step: farther away a label belongs to the next cross
_LEAST_REACH_PX, _MOST_REACH_PX = 90.0, 480.0
_SURE = 0.75
_BESIDE = 2.0
_LETTERS: dict[str, Coordinate] = {"E": "easting", "O": "easting", "N": "northing"}
_DIGITS = r"\d{4,8}|\d{1,3}(?:[ .,'’´`]\d{3}){1,2}|\d{1,4}°?\s\d{2,4}"  # 2557000, 2 557 000, 67 86
_NUMBER = re.compile(rf"(?P<before>[EON]?)[\s=:]*(?P<digits>{_DIGITS})\s*(?P<unit>km|m)?\s*(?P<after>[EON]?)")


@dataclass(frozen=True)
class GridLabel:
    """A number beside a cross.

    Attributes
    ----------
    value
        As written.
    node
        (2,) node of the cross, as in `Grid.nodes`.
    offset_steps
        (2,) from the cross to the middle of the label, in steps of the grid.
    coordinate
        What a letter beside the digits says it is, or None.
    reading
        The text, with its confidence and place.
    """

    value: int
    node: Ints
    offset_steps: Floats
    coordinate: Coordinate | None
    reading: Reading

    @property
    def along(self) -> int | None:
        """Axis of the grid along whose line the label stands, 0 or 1; None where it stands in a corner.

        A number that stands on the continuation of a line tells the coordinate that is the same along it.
        """
        first, second = np.abs(self.offset_steps)
        if first > _BESIDE * second:
            return 0
        return 1 if second > _BESIDE * first else None


def number_of(text: str) -> tuple[int, Coordinate | None] | None:
    """Read a grid number of 4 to 8 digits, however grouped, and the letter of its axis.

    Examples
    --------
    >>> number_of("2557000"), number_of("67 86"), number_of("560 000 mE"), number_of("128.4")
    ((2557000, None), (6786, None), (560000, 'easting'), None)
    """
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        return None
    digits = re.sub(r"\D", "", found["digits"])
    if not 4 <= len(digits) <= 8 or digits.startswith("0"):
        return None
    value = int(digits) * (1000 if found["unit"] == "km" else 1)
    return value, _LETTERS.get(found["before"] or found["after"])


def read_labels(
    image: Image | Scan, grid: Grid, *, mirrored: bool = False, reader: LineReader | None = None
) -> list[GridLabel]:
    """Read the numbers beside the crosses of a grid, whichever way they are written.

    Parameters
    ----------
    image
        (h, w, 3) uint8, or a scan that is read in windows.
    grid
        Its crosses.
    mirrored
        Whether the scan is mirrored, so that its text has to be read so.
    reader
        What reads; the installed one when not given.

    Returns
    -------
    list of GridLabel
        The surest first; empty when there are none.

    Raises
    ------
    MissingExtraError
        When no reader is installed.
    """
    scan, reader = as_scan(image), reader or line_reader()
    found: list[GridLabel] = []
    for row in _outermost(grid)[:_MOST_CROPS]:
        corner, crop = _cut(scan, grid.pixels[row], _reach_px(grid))
        for reading in _readings(crop, reader, mirrored):
            label = _label(reading, grid, corner)
            if label is not None and not any(_same(label, other) for other in found):
                found.append(label)
    return sorted(found, key=lambda label: -label.reading.confidence)


def _reach_px(grid: Grid) -> float:
    return float(np.clip(_REACH * grid.step_px, _LEAST_REACH_PX, _MOST_REACH_PX))


def _outermost(grid: Grid) -> Ints:
    """Rows of the crosses, those at the rim of the sheet first: labels stand there."""
    middle = grid.nodes.mean(axis=0)
    return np.argsort(-np.abs(grid.nodes - middle).max(axis=1), kind="stable")


def _cut(scan: Scan, pixel: Floats, reach_px: float) -> tuple[Floats, Image]:
    """Cut out what lies within reach of a pixel, and tell the column and row at which it begins."""
    (left, top), (right, bottom) = pixel - reach_px, pixel + reach_px
    window, pixels = scan.around((left, top), (right, bottom))
    return np.array([window.column, window.row], dtype=np.float64), pixels


def _readings(crop: Image, reader: LineReader, mirrored: bool) -> Iterator[Reading]:
    """Sure readings of the lines on a crop."""
    for place in reader.find(crop):
        ways = read_line_ways(crop, np.array(place.corners_px), reader, mirrored=(mirrored,))
        best = max(ways, key=lambda one: one.confidence, default=None)
        if best is not None and best.confidence >= _SURE:
            yield best


def _label(reading: Reading, grid: Grid, corner: Floats) -> GridLabel | None:
    number = number_of(reading.text)
    if number is None:
        return None
    moved = replace(reading, corners_px=reading.corners_px + corner)
    turn = np.deg2rad(grid.turn_deg)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    away = (moved.center_px - grid.pixels) @ axes.T / grid.step_px
    nearest = int(np.hypot(*away.T).argmin())
    return GridLabel(number[0], grid.nodes[nearest], away[nearest], number[1], moved)


def _same(label: GridLabel, other: GridLabel) -> bool:
    """Whether two crops show one label."""
    apart = float(np.hypot(*(label.reading.center_px - other.reading.center_px)))
    return apart < float(np.hypot(*(label.reading.corners_px[2] - label.reading.corners_px[0]))) / 2.0
