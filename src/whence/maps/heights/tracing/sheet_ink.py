"""The contour ink of a whole sheet, gathered stripe by stripe, and what hides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from whence.maps.heights.tracing.inks import background_of

if TYPE_CHECKING:
    from whence.maps.heights.tracing.inks import Inks
    from whence.maps.scan.source import Scan
    from whence.typing import Bools, Image

__all__ = ["SheetInk", "ink_of_sheet"]

_ROWS = 768
_MARGIN = 40
_CELL_PX = 2
_TINT_BITS = 4
_EMPTY = 0.12  # of the mean density of contours: tints with less hide them
_LEAST_TINT = 0.004  # of the sheet
_THICK_CELLS = 4


@dataclass(frozen=True, eq=False)
class SheetInk:
    """Ink of a sheet.

    Attributes
    ----------
    share
        (h, w) uint8, how much of each pixel the contour ink covers.
    other
        (h / 2, w / 2) where another ink is printed, in cells of `cell_px`.
    hidden
        (h / 2, w / 2) where contours could not be seen: thick other ink, and tints that never bear any.
    cell_px
        Side of a cell.
    """

    share: Image
    other: Bools
    hidden: Bools
    cell_px: int = _CELL_PX


def ink_of_sheet(scan: Scan, inks: Inks) -> SheetInk:
    """Gather the ink of a sheet.

    Parameters
    ----------
    scan
        The sheet.
    inks
        As from `find_inks`.
    """
    share = np.empty((scan.height, scan.width), np.uint8)
    size = (-(-scan.height // _CELL_PX), -(-scan.width // _CELL_PX))
    other, tint = np.zeros(size, bool), np.zeros(size, np.uint16)
    for top, bottom, window in scan.bands(_ROWS, margin=_MARGIN):
        pixels = scan.read(window)
        mine, others = inks.cover(pixels)
        inner = slice(top - window.row, bottom - window.row)
        share[top:bottom] = mine[inner]
        cells = slice(top // _CELL_PX, -(-bottom // _CELL_PX))
        other[cells] = _reduced(others[inner], "max") > 90
        tint[cells] = _tints(background_of(pixels)[inner][::_CELL_PX, ::_CELL_PX])
    thick = (
        cv2.morphologyEx(other.astype(np.uint8), cv2.MORPH_OPEN, np.ones((_THICK_CELLS,) * 2, np.uint8)) > 0
    )
    return SheetInk(share, other, _empty_tints(tint, _reduced(share, "max") > 127) | thick)


def _reduced(values: Image, how: str) -> Image:
    """Take the greatest of each cell."""
    rows, columns = (-(-side // _CELL_PX) * _CELL_PX for side in values.shape)
    padded = np.pad(values, ((0, rows - values.shape[0]), (0, columns - values.shape[1])))
    cells = padded.reshape(rows // _CELL_PX, _CELL_PX, columns // _CELL_PX, _CELL_PX)
    return np.asarray(getattr(cells, how)(axis=(1, 3)))


def _tints(background: Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint16]]:
    """Give each colour of the background a number (h, w), coarsely."""
    lab = cv2.cvtColor(background, cv2.COLOR_RGB2Lab).astype(np.uint16)
    lightness, red, yellow = lab[..., 0] // 40, lab[..., 1] // 12, lab[..., 2] // 12
    return np.asarray(lightness << 10 | red << 5 | yellow, np.uint16)


def _empty_tints(tint: np.ndarray[tuple[int, ...], np.dtype[np.uint16]], inked: Bools) -> Bools:
    """Where (h, w) the tint is one that bears no contours: water, blocks of houses, the scanner's lid."""
    area = np.bincount(tint.ravel(), minlength=2**16).astype(float)
    ink = np.bincount(tint.ravel(), weights=inked.ravel(), minlength=2**16)
    mean = ink.sum() / max(area.sum(), 1.0)
    empty = (area >= _LEAST_TINT * tint.size) & (ink < _EMPTY * mean * area)
    return np.asarray(empty[tint])
