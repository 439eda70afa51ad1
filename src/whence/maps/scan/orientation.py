"""Which way up a scan is: the way in which its text can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import NotEnoughDataError
from whence.imagery.text.words import Word, script_counts, worth_reading
from whence.maps.scan.attitude import ATTITUDES, Attitude
from whence.maps.scan.lettering import Reading, line_reader, read_line_ways
from whence.maps.scan.source import as_scan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whence.maps.scan.lettering import LineReader
    from whence.maps.scan.source import Scan
    from whence.typing import Image

__all__ = ["Orientation", "find_orientation"]

_WHOLE_PX = 1600
_CROP_PX = 1000
_FULL_ENOUGH = 1.5
_MOST_CROPS = 6
_MOST_PLACES = 40
_SURE = 0.85
_ENOUGH_LETTERS = 30.0
_CLEAR_MARGIN = 5.0
_LEAST_LETTERS = 5.0
_MARGIN = 2.0
_SHOWN = 5


@dataclass(frozen=True)
class Orientation:
    """How a scan lies, and why.

    Attributes
    ----------
    attitude
        Turn and handedness.
    letters
        Letters read surely in each attitude, in the order of `ATTITUDES`, each weighed by how sure.
    margin
        The chosen attitude's letters over those of the next best; infinite where nothing else was read.
    words
        What was read, the longest first.
    """

    attitude: Attitude
    letters: tuple[float, ...]
    margin: float
    words: tuple[str, ...]

    @property
    def evidence(self) -> str:
        """A sentence for people."""
        shown = ", ".join(repr(word) for word in self.words[:_SHOWN])
        others = "nothing reads in another way"
        if np.isfinite(self.margin):
            others = f"{self.margin:.0f} times as much as in any other way"
        return f"{self.attitude.words}: {shown} read so ({others})"


def find_orientation(image: Image | Scan, *, reader: LineReader | None = None) -> Orientation:
    """Tell how a map lies on its scan from the text on it.

    Lines of text are found on the whole scan and then on crops, and each is read in both directions of its
    longer side. A word counts for the direction in which it is read with the greatest confidence, by its
    letters. Mirrored pixels are tried only when nothing can be read as the scan is.

    Parameters
    ----------
    image
        (h, w, 3) uint8, or a scan that is read in windows.
    reader
        What reads; the installed one when not given.

    Raises
    ------
    NotEnoughDataError
        When too little text can be read, or as much in one direction as in another.
    MissingExtraError
        When no reader is installed.
    """
    scan = as_scan(image)
    reader = reader or line_reader()
    plain: list[Reading] = []
    both: list[Reading] = []
    for picture, places in _places(scan, reader):
        straight = _best_readings(picture, places, reader, mirrored=False)
        plain += straight
        if _decided(_letters(plain), _ENOUGH_LETTERS, _CLEAR_MARGIN):
            return _orientation(plain)
        # Mirrored letters read as other letters now and then, so little text is no proof against a mirror.
        flipped = _best_readings(picture, places, reader, mirrored=True)
        pairs = zip(straight, flipped, strict=True)
        both += [max(pair, key=lambda one: one.confidence) for pair in pairs]
        if _decided(_letters(both), _ENOUGH_LETTERS, _CLEAR_MARGIN):
            return _orientation(both)
    return _orientation(both)


def _orientation(best: Sequence[Reading]) -> Orientation:
    letters = _letters(best)
    chosen = int(np.argmax(letters))
    second = sorted(letters)[-2]
    if not _decided(letters, _LEAST_LETTERS, _MARGIN):
        told = "; ".join(
            f"{attitude.words}: {weight:.1f} letters"
            for attitude, weight in zip(ATTITUDES, letters, strict=True)
            if weight > 0
        )
        raise NotEnoughDataError(
            f"which way up the scan is cannot be told from its text ({told or 'no text was read surely'}); "
            "say it, with --turn on the command line"
        )
    attitude = ATTITUDES[chosen]
    words = sorted(
        {one.text for one in best if _attitude(one) == attitude}, key=lambda text: (-len(text), text)
    )
    margin = letters[chosen] / second if second > 0 else float("inf")
    return Orientation(attitude, letters, margin, tuple(words))


def _places(scan: Scan, reader: LineReader) -> Iterator[tuple[Image, Sequence[Word]]]:
    """Pictures with the places of text on them: the scan made small, then crops of it, busiest first."""
    small, factor = scan.small(_WHOLE_PX)
    yield small, reader.find(small)
    if factor > _FULL_ENOUGH:
        for left, top in _busiest(small, factor):
            _, crop = scan.around((left, top), (left + _CROP_PX, top + _CROP_PX))
            yield crop, reader.find(crop)


def _busiest(small: Image, factor: float) -> list[tuple[float, float]]:
    """Corners (column, row) on the scan of the crops with most contrast."""
    side = max(round(_CROP_PX / factor), 1)
    corners = [
        (left, top)
        for top in range(0, max(small.shape[0] - side // 2, 1), side)
        for left in range(0, max(small.shape[1] - side // 2, 1), side)
    ]
    busy = [float(small[y : y + side, x : x + side, 1].std()) for x, y in corners]
    order = np.argsort(-np.array(busy), kind="stable")[:_MOST_CROPS]
    return [(corners[i][0] * factor, corners[i][1] * factor) for i in order]


def _best_readings(
    picture: Image, places: Sequence[Word], reader: LineReader, *, mirrored: bool
) -> list[Reading]:
    """Read the largest places; of each the surest reading."""
    largest = sorted(places, key=lambda word: -_extent(word))[:_MOST_PLACES]
    flips = (mirrored,)
    ways = [read_line_ways(picture, np.array(place.corners_px), reader, mirrored=flips) for place in largest]
    return [max(one, key=lambda reading: reading.confidence) for one in ways if one]


def _extent(word: Word) -> float:
    left, top, right, bottom = word.box_px
    return max(right - left, bottom - top)


def _weight(reading: Reading) -> float:
    """Letters and digits of a reading, less where the reader is less sure; none where it is doubtful."""
    word = Word(reading.text, reading.confidence, ((0, 0),) * 4, "Zyyy", "")
    signs = sum(script_counts(reading.text).values()) + 0.5 * sum(map(str.isdigit, reading.text))
    if signs < 2 or not worth_reading(word):
        return 0.0
    return signs * max(reading.confidence - _SURE, 0.0) / (1.0 - _SURE)


def _attitude(reading: Reading) -> Attitude:
    return Attitude(reading.turn_deg, reading.mirrored)


def _letters(best: Sequence[Reading]) -> tuple[float, ...]:
    return tuple(sum(_weight(one) for one in best if _attitude(one) == way) for way in ATTITUDES)


def _decided(letters: Sequence[float], least: float, margin: float) -> bool:
    *_, second, first = sorted(letters)
    return first >= least and first >= margin * second
