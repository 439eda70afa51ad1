"""Words on a drawn map: turned along a street, or beside a symbol where there is room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFont

if TYPE_CHECKING:
    from whence.typing import Floats, Floats32, Image

__all__ = ["Lettering"]

_HALO_PX = 3
_SMALLEST_PX = 8


@dataclass(eq=False)
class Lettering:
    """Writes on a sheet and remembers where.

    Attributes
    ----------
    image
        (h, w, 3) uint8, written upon.
    paper
        Colour of the paper, which surrounds each letter.
    taken
        Left, top, right, bottom of what has been written, pixels.
    """

    image: Image
    paper: tuple[int, int, int]
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)

    def write(
        self,
        text: str,
        middle_px: Floats,
        *,
        size_px: float,
        ink: tuple[int, int, int],
        turn_deg: float = 0.0,
        halo: bool = True,
    ) -> None:
        """Write a word with its middle at a pixel, turned counter-clockwise by some degrees.

        What would reach over the edge of the image is cut off.
        """
        mask = _turned(_mask(text, _whole(size_px)), turn_deg)
        height, width = mask.shape
        left, top = round(float(middle_px[0]) - width / 2), round(float(middle_px[1]) - height / 2)
        self.taken.append((left, top, left + width, top + height))
        if halo:
            disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _HALO_PX + 1,) * 2)
            around = np.asarray(cv2.dilate(mask, disc), np.float32)
            _ink_in(self.image, around, self.paper, left=left, top=top)
        _ink_in(self.image, mask, ink, left=left, top=top)

    def write_beside(
        self, text: str, symbol_px: Floats, *, size_px: float, ink: tuple[int, int, int], gap_px: float
    ) -> Floats:
        """Write a word beside a symbol, where it covers least of what is written already.

        Returns
        -------
        Floats
            (2,) column and row of the middle of the word.
        """
        height, width = _mask(text, _whole(size_px)).shape
        spots = list(_beside(symbol_px, width=width, height=height, gap_px=gap_px))
        middle = min(spots, key=lambda spot: self.covered_px2(spot, width, height))
        self.write(text, middle, size_px=size_px, ink=ink)
        return middle

    def covered_px2(self, middle_px: Floats, width: float, height: float) -> float:
        """Area of earlier words, and outside the image, that a word there would cover."""
        left, top = middle_px - np.array([width, height]) / 2
        box = (left, top, left + width, top + height)
        rows, columns = self.image.shape[:2]
        off = width * height - _shared(box, (0, 0, columns, rows))
        return off + sum(_shared(box, other) for other in self.taken)

    def keep_free(self, middle_px: Floats, half_px: float) -> None:
        """Leave a place to a symbol."""
        column, row = middle_px
        self.taken.append((column - half_px, row - half_px, column + half_px, row + half_px))


def _whole(size_px: float) -> int:
    return max(round(size_px), _SMALLEST_PX)


def _shared(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return max(wide, 0.0) * max(high, 0.0)


def _beside(symbol_px: Floats, *, width: float, height: float, gap_px: float) -> Iterator[Floats]:
    """Middles of a word right, left, above, below and at the corners of a symbol, the best first."""
    aside, upward = gap_px + width / 2, gap_px + height / 2
    for right, down in (
        (1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1),
    ):  # fmt: skip
        yield symbol_px + np.array([right * aside, down * upward])


@lru_cache(maxsize=512)
def _mask(text: str, size_px: int) -> Floats32:
    """Draw the word in white on black, (h, w), 0 to 1, with room for the halo."""
    font = ImageFont.load_default(size=size_px)
    left, top, right, bottom = font.getbbox(text)
    pad = _HALO_PX + 2
    image = PIL.Image.new("L", (int(np.ceil(right - left)) + 2 * pad, int(np.ceil(bottom - top)) + 2 * pad))
    ImageDraw.Draw(image).text((pad - left, pad - top), text, font=font, fill=255)
    mask = np.asarray(np.asarray(image) / 255, np.float32)
    mask.setflags(write=False)
    return mask


def _turned(mask: Floats32, turn_deg: float) -> Floats32:
    if abs(turn_deg) < 0.05:
        return mask
    image = PIL.Image.fromarray(np.round(255 * mask).astype(np.uint8))
    turned = image.rotate(turn_deg, resample=PIL.Image.Resampling.BICUBIC, expand=True)
    return np.asarray(np.asarray(turned) / 255, np.float32)


def _ink_in(image: Image, mask: Floats32, colour: tuple[int, int, int], *, left: int, top: int) -> None:
    """Cover an image with a colour as far as the mask says."""
    rows, columns = image.shape[:2]
    first_row, first_column = max(-top, 0), max(-left, 0)
    part = mask[first_row : max(rows - top, 0), first_column : max(columns - left, 0), None]
    if not part.size:
        return
    row, column = max(top, 0), max(left, 0)
    window = image[row : row + part.shape[0], column : column + part.shape[1]]
    window[:] = np.round(window * (1 - part) + np.array(colour) * part)
