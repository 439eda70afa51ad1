"""Text on a scan that may lie any way up: the same places read in every direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from whence.errors import MissingExtraError
from whence.imagery.text.crops import TALL, cut_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from whence.imagery.text.words import Word
    from whence.typing import Floats, Image

__all__ = ["LineReader", "Reading", "line_reader", "read_line_ways"]

_HEIGHT_PX = 48
_LEAST_HEIGHT_PX = 6.0


class LineReader(Protocol):
    """Finds lines of text, and reads one as it stands."""

    def find(self, image: Image) -> list[Word]:
        """Find where text is; the words have corners only."""
        ...

    def read_line(self, line: Image) -> tuple[str, float]:
        """Read a picture of one line from left to right: text, confidence 0 to 1."""
        ...


@dataclass(frozen=True)
class Reading:
    """One place read in one direction.

    Attributes
    ----------
    text, confidence
        As the reader states them.
    corners_px
        (4, 2) column, row of top left, top right, bottom right, bottom left of the text as read.
    turn_deg, mirrored
        How the scan would lie if this text were upright, as of `whence.maps.scan.Attitude`.
    """

    text: str
    confidence: float
    corners_px: Floats
    turn_deg: int
    mirrored: bool = False

    @property
    def center_px(self) -> Floats:
        """(2,) column, row of the middle."""
        return np.asarray(self.corners_px.mean(axis=0))


def line_reader() -> LineReader:
    """Get the reader of lines that is installed.

    Raises
    ------
    MissingExtraError
        When there is none.
    """
    from whence.imagery.text.rapid import RapidOcrReader

    try:
        return RapidOcrReader.create()
    except MissingExtraError as error:
        raise MissingExtraError(
            f"the text of a scan cannot be read ({error}); say how it lies and give control points by hand"
        ) from error


def read_line_ways(
    image: Image, corners_px: Floats, reader: LineReader, *, mirrored: Iterable[bool] = (False,)
) -> list[Reading]:
    """Read one place along its longer side in both directions; in all four where it is about square.

    Parameters
    ----------
    image
        (h, w, 3) uint8.
    corners_px
        (4, 2) of the place, in order round it.
    reader
        What reads.
    mirrored
        Whether to read as it is, mirrored, or both.
    """
    found = []
    for corners in _starts(np.asarray(corners_px, dtype=np.float64)):
        line = cut_out(image, [(float(x), float(y)) for x, y in corners], height_px=_HEIGHT_PX)
        along = corners[1] - corners[0]
        turn_deg = 90 * (round(float(np.degrees(np.arctan2(along[1], along[0]))) / 90.0) % 4)
        for flip in mirrored:
            text, confidence = reader.read_line(np.ascontiguousarray(line[:, ::-1]) if flip else line)
            upright_deg = -turn_deg % 360 if flip else turn_deg
            found.append(Reading(text.strip(), confidence, corners, upright_deg, flip))
    return found


def _starts(corners: Floats) -> Sequence[Floats]:
    """Corners from each one at which a line could begin; none for specks."""
    across, down = (float(np.hypot(*(corners[i] - corners[0]))) for i in (1, 3))
    if min(across, down) < _LEAST_HEIGHT_PX:
        return []
    ways = range(4)
    if across >= TALL * down:
        ways = range(0, 4, 2)
    elif down >= TALL * across:
        ways = range(1, 4, 2)
    return [np.roll(corners, -first, axis=0) for first in ways]
