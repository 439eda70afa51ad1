"""Landmarks proposed by the labels of a scan: read in tiles, the way up in which the text reads.

A label does not stand on its place but beside it, mostly within one or two heights of its letters, to any
side. So the place is the middle of the label to within half its length and one and a half heights.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from whence.errors import InputError
from whence.imagery.text import read_words
from whence.imagery.text.crops import reduced
from whence.imagery.text.words import word_lines
from whence.maps.landmarks.landmark import Landmark
from whence.places.names import is_unspaced, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from whence.imagery.text import Reader, Word
    from whence.typing import Image

__all__ = ["propose_landmarks", "reading_turn"]

TILE_PX = 1200
OVERLAP_PX = 300
"""Labels longer than this may be cut where two tiles meet."""

HEIGHTS = 1.5
"""Letter heights from the end of a label within which its symbol stands."""

_OVERVIEW_PX = 1600
_EDGE_PX = 3
_FEWEST_LETTERS = 3
_LEVEL = 0.5  # tangent of the steepest text that still counts as level


def propose_landmarks(
    image: Image,
    readers: Sequence[Reader],
    *,
    turn: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Landmark]:
    """Read the labels of a scan.

    Parameters
    ----------
    image
        (height, width, 3) RGB.
    readers
        As from `whence.imagery.text.available_readers`.
    turn
        Quarter turns to the left after which the text reads; found when None.
    progress
        Called with tiles done and tiles in all.

    Returns
    -------
    list of Landmark
        One for each line of text with letters, in pixels of the image as it came; ``spread_px`` is half its
        length and one and a half letter heights, ``along_px`` half its length and half of that.

    Raises
    ------
    InputError
        When there is no reader.
    """
    if not readers:
        raise InputError(
            "no reader of text is installed: pip install 'whence[ocr]', or give the names in a table"
        )
    turns = reading_turn(image, readers) if turn is None else turn % 4
    upright = np.ascontiguousarray(np.rot90(image, turns))
    tiles = list(_tiles(upright.shape[1], upright.shape[0]))
    words: list[Word] = []
    for number, (column, row) in enumerate(tiles, start=1):
        tile = np.ascontiguousarray(upright[row : row + TILE_PX, column : column + TILE_PX])
        words += [_moved(word, column, row) for word in _whole(read_words(tile, readers), tile, upright)]
        if progress is not None:
            progress(number, len(tiles))
    height, width = image.shape[:2]
    found = (_landmark(line, turns, width, height) for line in word_lines(_once(words)))
    return [one for one in found if one is not None]


def reading_turn(image: Image, readers: Sequence[Reader]) -> int:
    """Find how many quarter turns to the left bring the text of a scan upright.

    Parameters
    ----------
    image
        (height, width, 3) RGB.
    readers
        At least one.

    Returns
    -------
    int
        0 to 3: that in which most letters are read from left to right, weighed by confidence.
    """
    overview, _ = reduced(image, _OVERVIEW_PX)
    scores = []
    for turns in range(4):
        words = read_words(np.ascontiguousarray(np.rot90(overview, turns)), readers)
        scores.append(sum(word.confidence**2 * len(key_of(word.text)) for word in words if _level(word)))
    return int(np.argmax(scores))


def _tiles(width: int, height: int) -> Iterator[tuple[int, int]]:
    step = TILE_PX - OVERLAP_PX
    for row in range(0, max(height - OVERLAP_PX, 1), step):
        for column in range(0, max(width - OVERLAP_PX, 1), step):
            yield column, row


def _whole(words: Sequence[Word], tile: Image, upright: Image) -> Iterator[Word]:
    """Leave out words that the edge of a tile may have cut; the neighbour has them whole."""
    height, width = tile.shape[:2]
    for word in words:
        left, top, right, bottom = word.box_px
        cut = left < _EDGE_PX or top < _EDGE_PX or right > width - _EDGE_PX or bottom > height - _EDGE_PX
        if not cut or tile.shape == upright.shape:
            yield word


def _moved(word: Word, column: int, row: int) -> Word:
    return replace(word, corners_px=tuple((x + column, y + row) for x, y in word.corners_px))


def _once(words: Sequence[Word]) -> list[Word]:
    """Keep the surest of the readings of one place that overlapping tiles give."""
    kept: list[Word] = []
    for word in sorted(words, key=lambda one: (-len(key_of(one.text)), -one.confidence)):
        if not any(_overlap(word, other) for other in kept):
            kept.append(word)
    return kept


def _overlap(a: Word, b: Word) -> bool:
    (left, top, right, bottom), (x, y) = b.box_px, a.center_px
    return left <= x <= right and top <= y <= bottom


def _level(word: Word) -> bool:
    (left, top), (right, other), *_ = word.corners_px
    return right > left and abs(other - top) <= _LEVEL * (right - left)


def _landmark(line: Sequence[Word], turns: int, width: int, height: int) -> Landmark | None:
    name = _name(" ".join(word.text.strip() for word in line))
    if name is None:
        return None
    boxes = np.array([word.box_px for word in line])
    (left, top), (right, bottom) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    letters = float(np.mean([min(word.height_px, _shorter(word)) for word in line]))
    half = max(right - left, bottom - top) / 2
    level = right - left >= bottom - top
    along = half + HEIGHTS / 2 * letters
    pixel = _turned_back(float(left + right) / 2, float(top + bottom) / 2, turns, width, height)
    if not (0 <= pixel[0] <= width and 0 <= pixel[1] <= height):
        return None
    end = _turned_back(
        float(left + right) / 2 + along * level,
        float(top + bottom) / 2 - along * (not level),
        turns,
        width,
        height,
    )
    return Landmark(
        name,
        (round(pixel[0], 1), round(pixel[1], 1)),
        round(float(half + HEIGHTS * letters), 1),
        (round(end[0] - pixel[0], 1), round(end[1] - pixel[1], 1)),
    )


def _shorter(word: Word) -> float:
    left, top, right, bottom = word.box_px
    return min(right - left, bottom - top)


def _name(text: str) -> str | None:
    """Strip what is no name from a line; None where too little is left."""
    kept = "".join(letter for letter in text if letter != "|")
    kept = kept.strip(" .,;:·•*°o0123456789()[]{}<>-–—_=+/\\'\"") if not kept.isalpha() else kept
    letters = sum(unicodedata.category(letter)[0] == "L" for letter in kept)
    enough = 1 if is_unspaced(kept) else _FEWEST_LETTERS
    return kept if letters >= enough and 2 * letters >= len(kept.replace(" ", "")) else None


def _turned_back(column: float, row: float, turns: int, width: int, height: int) -> tuple[float, float]:
    """Bring a pixel of the turned picture back to the picture as it came, of some width and height."""
    if turns == 1:
        return width - row, column
    if turns == 2:
        return width - column, height - row
    if turns == 3:
        return row, height - column
    return column, row
