"""Numbers beside the crosses of a grid: what is written, at which cross, and along which of its lines."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from whence.maps.scan.lettering import Reading, line_reader, read_line_ways
from whence.maps.scan.source import as_scan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whence.maps.scan.lattice import Grid
    from whence.maps.scan.lettering import LineReader
    from whence.maps.scan.source import Scan
    from whence.typing import Floats, Image, Ints

__all__ = ["GridLabel", "number_of", "read_labels"]

Coordinate = Literal["easting", "northing"]

_MOST_CROPS = 24
_TILE_PX = 1000.0
_REACH = 0.42  # of a step: farther away a label belongs to the next cross
_LEAST_REACH_PX, _MOST_REACH_PX = 90.0, 480.0
_SURE = 0.75
_BESIDE = 2.0
_BEYOND = 1.33  # steps: as far as a number can stand from the last cross, beyond the frame
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
    image: Image | Scan,
    grid: Grid,
    *,
    mirrored: bool = False,
    beyond: bool = False,
    reader: LineReader | None = None,
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
    beyond
        Also look where the outermost lines end, a step and a third beyond the last crosses: sheets whose
        lines are drawn through have their numbers in the margin.
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
    places = [*_round_crosses(grid), *(_line_ends(grid, scan) if beyond else ())]
    found: list[GridLabel] = []
    for reading in _readings(scan, places, reader, mirrored=mirrored):
        label = _label(reading, grid)
        if label is not None and not any(_same(label, other) for other in found):
            found.append(label)
    return sorted(found, key=lambda label: -label.reading.confidence)


def _round_crosses(grid: Grid) -> Iterator[tuple[Floats, Floats]]:
    """Corners of what to look at round the crosses, those at the rim of the sheet first."""
    reach_px = float(np.clip(_REACH * grid.step_px, _LEAST_REACH_PX, _MOST_REACH_PX))
    middle = grid.nodes.mean(axis=0)
    order = np.argsort(-np.abs(grid.nodes - middle).max(axis=1), kind="stable")
    for pixel in grid.pixels[order[:_MOST_CROPS]]:
        yield pixel - reach_px, pixel + reach_px


def _line_ends(grid: Grid, scan: Scan) -> Iterator[tuple[Floats, Floats]]:
    """Corners of what to look at beyond both ends of every line of the grid."""
    reach_px = min(_REACH * grid.step_px, _MOST_REACH_PX)
    size = np.array([scan.width, scan.height], dtype=np.float64)
    for axis in (0, 1):
        step = _axes(grid)[axis] * grid.step_px
        for line in np.unique(grid.nodes[:, 1 - axis])[:_MOST_CROPS]:
            on_line = np.flatnonzero(grid.nodes[:, 1 - axis] == line)
            ends = on_line[np.argsort(grid.nodes[on_line, axis])][[0, -1]]
            for row, way in zip(ends, (-1.0, 1.0), strict=True):
                places = grid.pixels[row] + way * np.outer((_REACH, _BEYOND), step)
                low, high = places.min(axis=0) - reach_px / 2.0, places.max(axis=0) + reach_px / 2.0
                if (high > 0).all() and (low < size).all():
                    yield low, high


def _axes(grid: Grid) -> Floats:
    """(2, 2) unit vectors of the axes (rows) on the scan."""
    turn = np.deg2rad(grid.turn_deg)
    return np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])


def _readings(
    scan: Scan, places: Sequence[tuple[Floats, Floats]], reader: LineReader, *, mirrored: bool
) -> Iterator[Reading]:
    """Sure readings of the lines in the middle of which lies one of the places (low and high corner)."""
    for group in _together(places):
        low, high = group[:, 0].min(axis=0), group[:, 1].max(axis=0)
        window, crop = scan.around((low[0], low[1]), (high[0], high[1]))
        corner = np.array([window.column, window.row], dtype=np.float64)
        for word in reader.find(crop):
            middle = np.array(word.corners_px).mean(axis=0) + corner
            if not ((middle >= group[:, 0]) & (middle <= group[:, 1])).all(axis=1).any():
                continue
            ways = read_line_ways(crop, np.array(word.corners_px), reader, mirrored=(mirrored,))
            best = max(ways, key=lambda one: one.confidence, default=None)
            if best is not None and best.confidence >= _SURE:
                yield replace(best, corners_px=best.corners_px + corner)


def _together(places: Sequence[tuple[Floats, Floats]]) -> list[Floats]:
    """Group places (n, 2, 2) that lie near each other: text is found in one go on each tile of a scan."""
    groups: dict[tuple[int, int], list[tuple[Floats, Floats]]] = defaultdict(list)
    for low, high in places:
        column, row = ((low + high) / 2.0 // _TILE_PX).astype(int).tolist()
        groups[column, row].append((low, high))
    return [np.array(group) for group in groups.values()]


def _label(reading: Reading, grid: Grid) -> GridLabel | None:
    number = number_of(reading.text)
    if number is None:
        return None
    away = (reading.center_px - grid.pixels) @ _axes(grid).T / grid.step_px
    nearest = int(np.hypot(*away.T).argmin())
    return GridLabel(number[0], grid.nodes[nearest], away[nearest], number[1], reading)


def _same(label: GridLabel, other: GridLabel) -> bool:
    """Whether two crops show one label."""
    apart = float(np.hypot(*(label.reading.center_px - other.reading.center_px)))
    return apart < float(np.hypot(*(label.reading.corners_px[2] - label.reading.corners_px[0]))) / 2.0
