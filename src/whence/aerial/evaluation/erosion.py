"""Truth without the pixels near boundaries, where even people who draw masks disagree."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.aerial.scheme import IGNORE
from whence.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RADIUS_PX", "disk", "erode_boundaries"]

RADIUS_PX = 3.0
"""Radius of the disk by which the ISPRS benchmark erodes its labels (Potsdam and Vaihingen)."""


def erode_boundaries(ids: NDArray[np.uint8], radius_px: float = RADIUS_PX) -> NDArray[np.uint8]:
    """Ignore the pixels that have another class within a disk around them.

    The rim of the picture and ignored pixels are no boundaries: what lies beyond them is not known.

    Parameters
    ----------
    ids
        (rows, cols) classes, 255 ignored.
    radius_px
        Of the disk, between centres of pixels; 3 as in the ISPRS benchmark.

    Returns
    -------
    (rows, cols) ids; 255 also where a boundary is near.

    Raises
    ------
    InputError
        For a radius that is no length.

    Examples
    --------
    >>> row = np.array([[0, 0, 0, 1, 1, 1]], np.uint8)
    >>> erode_boundaries(row, 1.0).tolist()
    [[0, 0, 255, 255, 1, 1]]
    """
    import cv2

    if ids.ndim != 2 or ids.dtype != np.uint8:
        raise InputError(f"ids are (rows, cols) uint8, not {ids.shape} {ids.dtype}")
    kernel = disk(radius_px)
    known = ids != IGNORE
    high = cv2.dilate(np.where(known, ids, 0), kernel)
    low = cv2.erode(np.where(known, ids, IGNORE), kernel)
    return np.where(known & (high == low), ids, np.uint8(IGNORE)).astype(np.uint8)


def disk(radius_px: float) -> NDArray[Any]:
    """Give the (2r + 1, 2r + 1) uint8 disk of pixels whose centres are within a radius of the middle.

    Raises
    ------
    InputError
        When the radius is not a finite number from 0 on.
    """
    if not (math.isfinite(radius_px) and radius_px >= 0.0):
        raise InputError(f"a radius of {radius_px} px is no length; give a number of pixels, such as 3")
    reach = math.floor(radius_px)
    away = np.arange(-reach, reach + 1)
    return (away[:, None] ** 2 + away[None] ** 2 <= radius_px**2).astype(np.uint8)
