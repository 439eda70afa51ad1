"""Where the tiles lie along an axis, and with what weight each of them counts at each pixel.

The weights are whole numbers that add up to `WHOLE` at every pixel, so a sum of weighted whole numbers is a
mean without any rounding but the last one: it does not depend on the order of the tiles, and a constant
network gives a constant image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["WHOLE", "Axis", "overlap_px", "tile_side"]

WHOLE = 256
"""What the weights of all tiles add up to at a pixel of an axis."""

_LEAST_RAW = 1 / 32  # of the raised cosine; keeps whole weights of up to eight tiles above zero
_LEAST_SIDE = 32
_MULTIPLE_PX = 32
_GREATEST_SHARE = 0.75


@dataclass(frozen=True, eq=False)
class Axis:
    """The tiles along one axis of an image.

    Attributes
    ----------
    size
        Pixels of the image; smaller than a tile is possible.
    side
        Pixels of a tile.
    starts
        First pixel of every tile, ascending; spread evenly, the first at 0, the last ending with the image.
    weights
        (tiles, side) whole numbers; those of all tiles at a pixel of the image add up to `WHOLE`.
    """

    size: int
    side: int
    starts: tuple[int, ...]
    weights: NDArray[np.uint32]

    @classmethod
    def of(cls, size: int, *, side: int, overlap: int) -> Axis:
        """Plan tiles that overlap by at least `overlap` pixels."""
        starts = _starts(size, side, overlap)
        return cls(size, side, starts, _weights(size, side, starts, overlap))

    def __len__(self) -> int:
        return len(self.starts)

    def end(self, number: int) -> int:
        """First pixel after a tile (within the image)."""
        return min(self.starts[number] + self.side, self.size)

    def done(self, number: int) -> int:
        """How many pixels of the axis no tile after this one touches."""
        return self.starts[number + 1] if number + 1 < len(self) else self.size

    def first_touching(self, pixel: int) -> int:
        """Give the number of the first tile that reaches a pixel."""
        return next(number for number in range(len(self)) if self.end(number) > pixel)


def tile_side(asked: int, longest: int) -> int:
    """Side of the tiles: what was asked for, but no larger than the image needs.

    Raises
    ------
    InputError
        When it is too small for a network.
    """
    if asked < _LEAST_SIDE:
        raise InputError(f"tiles of {asked} pixels are too small; give at least {_LEAST_SIDE}")
    return min(asked, max(-(-longest // _MULTIPLE_PX) * _MULTIPLE_PX, _LEAST_SIDE))


def overlap_px(overlap: float, side: int) -> int:
    """Overlap of neighbouring tiles in pixels.

    Parameters
    ----------
    overlap
        Pixels, or below 1 a share of the tile.
    side
        Pixels of a tile.

    Raises
    ------
    InputError
        When it is negative, or more than three quarters of the tile.
    """
    pixels = overlap * side if 0 < overlap < 1 else overlap
    if not 0 <= pixels <= _GREATEST_SHARE * side:
        raise InputError(
            f"an overlap of {overlap:g} does not go with tiles of {side} pixels; give 0 to "
            f"{int(_GREATEST_SHARE * side)} pixels, or a share below {_GREATEST_SHARE}"
        )
    return min(round(pixels), int(_GREATEST_SHARE * side))


def _starts(size: int, side: int, overlap: int) -> tuple[int, ...]:
    if size <= side:
        return (0,)
    count = -(-(size - overlap) // (side - overlap))
    return tuple(number * (size - side) // (count - 1) for number in range(count))


def _weights(size: int, side: int, starts: tuple[int, ...], overlap: int) -> NDArray[np.uint32]:
    """Round running sums of a raised cosine, so that the whole numbers add up exactly."""
    inside = np.minimum(np.arange(side) + 0.5, side - np.arange(side) - 0.5)
    ramp = np.clip(inside / max(overlap, 1), 0.0, 1.0)
    raw = np.maximum(np.sin(np.pi / 2 * ramp) ** 2, _LEAST_RAW)
    reach = max(size, side)
    total, running = np.zeros(reach), np.zeros(reach)
    before: NDArray[Any] = np.zeros(reach, np.int64)
    for start in starts:
        total[start : start + side] += raw
    rows = np.empty((len(starts), side), np.uint32)
    for number, start in enumerate(starts):
        place = slice(start, start + side)
        running[place] += raw
        up_to = np.rint(WHOLE * running[place] / total[place]).astype(np.int64)
        rows[number] = up_to - before[place]
        before[place] = up_to
    return rows
