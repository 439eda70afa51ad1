"""From a scan to contour lines with heights."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import NotEnoughDataError
from whence.maps.heights.tracing.evidence import Marks, weigh
from whence.maps.heights.tracing.gaps import close_gaps
from whence.maps.heights.tracing.ink_example import ink_at
from whence.maps.heights.tracing.inks import find_inks
from whence.maps.heights.tracing.numerals import read_numerals
from whence.maps.heights.tracing.profile import centred, thick_lines
from whence.maps.heights.tracing.sheet_ink import ink_of_sheet
from whence.maps.heights.tracing.strokes import strokes_of
from whence.maps.heights.tracing.thinning import chains_of, clean, thinned
from whence.maps.heights.tracing.traced import OpenEnd, Traced
from whence.maps.scan.source import Scan, as_scan, open_scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.maps.heights.labelled import HeightLabels
    from whence.maps.heights.tracing.inks import Inks
    from whence.maps.heights.tracing.sheet_ink import SheetInk
    from whence.maps.heights.tracing.strokes import Strokes
    from whence.typing import Bools, Floats, Image, PathLike

__all__ = ["LineWork", "line_work", "trace_contours"]

_SHORTEST = 7.0  # strokes wide: shorter lines are specks and letters
_LETTER_MARGIN_PX = 4


@dataclass(frozen=True, eq=False)
class LineWork:
    """Lines of a scan, before anything is known of heights.

    Attributes
    ----------
    lines
        Each (n, 2) column, row, on the middle of the ink.
    is_index
        (lines,) whether drawn thick.
    ink
        Of the sheet.
    inks
        All inks, and which was taken.
    stroke_px
        Width of a common line as scanned.
    letters
        (k, 4) left, top, right, bottom of what is as small as letters.
    size_px
        Width and height of the scan.
    """

    lines: tuple[Floats, ...]
    is_index: Bools
    ink: SheetInk
    inks: Inks
    stroke_px: float
    letters: Floats
    size_px: tuple[int, int]


def trace_contours(
    image: Image | Scan | PathLike,
    *,
    ink: str | tuple[float, float] | None = None,
    labels: HeightLabels | None = None,
    spots: HeightLabels | None = None,
    interval_m: float | None = None,
    read: bool = False,
) -> Traced:
    """Trace the contour lines of a scan and give them heights.

    Parameters
    ----------
    image
        (h, w, 3) uint8, a scan that gives windows, or a file.
    ink
        Colour of the contours, #rrggbb, or column and row of a place on one; None chooses among the inks
        found.
    labels
        Heights written beside contours, with their pixels, in the unit of the map.
    spots
        Spot heights.
    interval_m
        From one contour to the next; None takes the usual one by which all fits together best.
    read
        Read the heights that are printed beside contours, too.

    Raises
    ------
    NotEnoughDataError
        When there are no lines on the scan.
    InputError
        When all is printed in black and no ink is given, no height lies on the scan, or an argument is out
        of range.
    """
    with _opened(image) as scan:
        work = line_work(scan, ink=ink_at(scan, ink) if isinstance(ink, tuple) else ink)
        given = Marks.of(labels)
        if read:
            given = given.joined(read_numerals(work))
    weighed = weigh(work, given, Marks.of(spots), interval_m=interval_m)
    return Traced(
        lines=work.lines,
        heights_m=weighed.heights_m,
        is_index=work.is_index,
        evidence=weighed.evidence,
        contradictions=weighed.contradictions,
        open_ends=_open_ends(work),
        interval_m=weighed.interval_m,
        size_px=work.size_px,
        ink=work.inks.ink.hex,
        notes=(*work.inks.notes, *weighed.notes),
    )


@contextmanager
def _opened(image: Image | Scan | PathLike) -> Iterator[Scan]:
    if isinstance(image, str | Path):
        with open_scan(image) as scan:
            yield scan
    else:
        yield as_scan(image)


def line_work(scan: Scan, *, ink: str | None = None) -> LineWork:
    """Find the lines of a scan.

    Raises
    ------
    NotEnoughDataError
        When there are none.
    """
    inks = find_inks(scan, ink=ink)
    sheet = ink_of_sheet(scan, inks)
    mask = clean(sheet.share)
    rows, columns = thinned(mask)
    if not len(rows):
        raise NotEnoughDataError(
            f"there is no line in the ink {inks.ink.hex} on the scan; name the colour of its contours (--ink)"
        )
    stroke_px = float(mask.sum()) / len(rows)
    strokes = strokes_of(chains_of(rows, columns), stroke_px)
    joined = close_gaps(
        list(strokes.lines), _covered(sheet, strokes), stroke_px=stroke_px, cell_px=sheet.cell_px,
        dashes=list(strokes.dashes),
    )  # fmt: skip
    long = [one for one in joined if one.length_px >= _SHORTEST * stroke_px or one.closed]
    if not long:
        raise NotEnoughDataError(
            f"there is no line longer than a letter in the ink {inks.ink.hex}; name the colour of the "
            "contours (--ink)"
        )
    drawn = [centred(one.points_px, sheet.share, 1.2 * stroke_px) for one in long]
    widths, lengths = np.array([width for _, width in drawn]), np.array([one.length_px for one in long])
    return LineWork(
        lines=tuple(points for points, _ in drawn),
        is_index=thick_lines(widths, lengths),
        ink=sheet,
        inks=inks,
        stroke_px=stroke_px,
        letters=strokes.letters,
        size_px=(scan.width, scan.height),
    )


def _covered(sheet: SheetInk, strokes: Strokes) -> Bools:
    """Where (h, w), in cells, lines may be interrupted: below other ink, and where letters stand."""
    covered = sheet.other | sheet.hidden
    low = np.maximum(((strokes.letters[:, :2] - _LETTER_MARGIN_PX) / sheet.cell_px).astype(int), 0)
    high = ((strokes.letters[:, 2:] + _LETTER_MARGIN_PX) / sheet.cell_px).astype(int) + 1
    for (left, top), (right, bottom) in zip(low, high, strict=True):
        covered[top:bottom, left:right] = True
    return covered


def _open_ends(work: LineWork) -> tuple[OpenEnd, ...]:
    """List the ends that nothing explains."""
    rim = 6.0 * work.stroke_px
    found = []
    for number, line in enumerate(work.lines):
        if (line[0] == line[-1]).all():
            continue
        for place, inner in ((line[0], line[min(4, len(line) - 1)]), (line[-1], line[-min(5, len(line))])):
            onward = (
                place + (place - inner) / max(float(np.hypot(*(place - inner))), 1e-9) * 2 * work.stroke_px
            )
            at_rim = bool((place < rim).any() or (place > np.array(work.size_px) - rim).any())
            if not at_rim and not _is_hidden(work.ink, onward):
                found.append(OpenEnd(number, (float(place[0]), float(place[1]))))
    return tuple(found)


def _is_hidden(ink: SheetInk, place: Floats) -> bool:
    column, row = (place / ink.cell_px).astype(int)
    rows, columns = ink.hidden.shape
    part = ink.hidden[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    return not (0 <= row < rows and 0 <= column < columns) or bool(part.any())
