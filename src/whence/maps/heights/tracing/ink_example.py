"""The colour of an ink, taken from a place on the scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from whence.errors import InputError
from whence.imagery.raster import Window
from whence.maps.heights.tracing.inks import Ink, flattened

if TYPE_CHECKING:
    from whence.maps.scan.source import Scan

__all__ = ["ink_at"]

_REACH_PX = 3
_AROUND_PX = 40
_FAINT = 14.0


def ink_at(scan: Scan, place_px: tuple[float, float]) -> str:
    """Tell the ink of a line, #rrggbb on white paper, from a place on it.

    Parameters
    ----------
    scan
        The sheet.
    place_px
        Column and row; the most printed pixel within three pixels counts.

    Raises
    ------
    InputError
        When the place is not on the scan, or nothing is printed there.
    """
    column, row = (int(np.floor(each)) for each in place_px)
    if not (0 <= column < scan.width and 0 <= row < scan.height):
        raise InputError(
            f"column {column}, row {row} is not on the scan of {scan.width} × {scan.height} pixels"
        )
    left, top = max(column - _AROUND_PX, 0), max(row - _AROUND_PX, 0)
    right, bottom = min(column + _AROUND_PX + 1, scan.width), min(row + _AROUND_PX + 1, scan.height)
    flat = flattened(scan.read(Window(left, top, right - left, bottom - top)))
    rows = slice(max(row - top - _REACH_PX, 0), row - top + _REACH_PX + 1)
    columns = slice(max(column - left - _REACH_PX, 0), column - left + _REACH_PX + 1)
    near = flat[rows, columns].reshape(1, -1, 3).astype(np.float32) / 255
    lab = cv2.cvtColor(near, cv2.COLOR_RGB2Lab)[0]
    away = np.linalg.norm(lab - np.array([100.0, 0.0, 0.0], np.float32), axis=1)
    if away.max() < _FAINT:
        raise InputError(f"nothing is printed at column {column}, row {row}; give a place on a contour")
    return Ink(np.asarray(lab[away.argmax()], np.float64), 0.0, 0.0).hex
