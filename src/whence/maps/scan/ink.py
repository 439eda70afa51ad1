"""Where a scan is printed in black."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.maps.scan.source import Scan
    from whence.typing import Floats32, Image

__all__ = ["black_ink", "check_scan", "ink_by_bands"]

_SMALLEST_PX = 64
_PAPER_CELL_PX = 64


def check_scan(image: Image) -> None:
    """Refuse what is no picture of a map.

    Raises
    ------
    InputError
        When the array is not (h, w, 3) uint8, or smaller than a thumbnail.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise InputError(f"a scan is an array (h, w, 3) of uint8, not {image.shape} of {image.dtype}")
    if min(image.shape[:2]) < _SMALLEST_PX:
        raise InputError(
            f"the scan has {image.shape[1]} by {image.shape[0]} pixels; nothing can be found on fewer than "
            f"{_SMALLEST_PX} each way"
        )


def black_ink(image: Image) -> Floats32:
    """How black each pixel is, 0 (paper, or a colour) to 1, (h, w).

    Coloured ink leaves at least one channel bright, so the brightest of the three tells black from it.
    Yellowed or unevenly lit paper is levelled by the brightest neighbourhood.
    """
    check_scan(image)
    brightest = image.max(axis=2)
    paper = _paper(brightest)
    return np.asarray(np.clip(1.0 - brightest / paper, 0.0, 1.0), np.float32)


def ink_by_bands(scan: Scan, rows: int, *, margin: int) -> Iterator[tuple[int, int, int, Floats32]]:
    """Go over a scan in stripes of full width.

    Yields
    ------
    tuple
        First and last row of a stripe, the first row of its ink, which begins and ends `margin` rows beyond
        where the scan does, and the ink (h, w).
    """
    # Paper is levelled by cells; so stripes begin at a cell, and look farther than they tell.
    reach = -(-margin // _PAPER_CELL_PX) * _PAPER_CELL_PX + 4 * _PAPER_CELL_PX
    for top, bottom, window in scan.bands(-(-rows // _PAPER_CELL_PX) * _PAPER_CELL_PX, margin=reach):
        brightest = scan.read(window).max(axis=2)
        ink = np.clip(1.0 - brightest / _paper(brightest), 0.0, 1.0).astype(np.float32)
        low, high = max(top - margin, window.row), min(bottom + margin, window.row + window.height)
        yield top, bottom, low, ink[low - window.row : high - window.row]


def _paper(brightest: Image) -> Floats32:
    """Brightness (h, w) of the blank paper round each pixel: a smooth upper envelope, never near black."""
    height, width = brightest.shape
    rows, columns = -(-height // _PAPER_CELL_PX), -(-width // _PAPER_CELL_PX)
    padded = np.pad(
        brightest, ((0, rows * _PAPER_CELL_PX - height), (0, columns * _PAPER_CELL_PX - width)), mode="edge"
    )
    cells = padded.reshape(rows, _PAPER_CELL_PX, columns, _PAPER_CELL_PX).transpose(0, 2, 1, 3)
    bright = np.quantile(cells.reshape(rows, columns, -1), 0.9, axis=2).astype(np.float32)
    envelope = cv2.GaussianBlur(cv2.dilate(bright, np.ones((3, 3))), (0, 0), 1.5)
    smooth = cv2.resize(envelope, (columns * _PAPER_CELL_PX, rows * _PAPER_CELL_PX))[:height, :width]
    return np.asarray(np.maximum(smooth, 96.0), np.float32)
