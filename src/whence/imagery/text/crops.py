"""Text regions cut out of a picture, upright and flat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from whence.typing import Floats32, Image

__all__ = ["cut_out", "ink_on_paper", "reduced", "resized"]

Corners = Sequence[tuple[float, float]]

TALL = 1.5
"""Regions this many times taller than wide hold a line from top to bottom."""


def cut_out(image: Image, corners_px: Corners, *, height_px: int | None = None) -> Image:
    """Rectify the quadrilateral of a word: a line that runs from left to right.

    Parameters
    ----------
    image
        (height, width, 3) uint8.
    corners_px
        Top left, top right, bottom right, bottom left (column, row) in pixels.
    height_px
        Height of the result; the word's own height when None.

    Returns
    -------
    (height_px, ·, 3) uint8. Tall regions are turned a quarter to the left.
    """
    corners = np.asarray(corners_px, dtype=np.float32)
    across = max(_length(corners[1] - corners[0]), _length(corners[2] - corners[3]), 1.0)
    down = max(_length(corners[3] - corners[0]), _length(corners[2] - corners[1]), 1.0)
    if down >= TALL * across:
        # The top right corner becomes the top left one.
        corners, across, down = np.roll(corners, -1, axis=0), down, across
    tall = height_px or max(8, round(down))
    wide = max(8, round(across * tall / down))
    target = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], dtype=np.float32)
    transform = cv2.getPerspectiveTransform(np.ascontiguousarray(corners), target)
    flat = cv2.warpPerspective(
        image, transform, (wide, tall), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(flat, dtype=np.uint8)


def _length(edge: Floats32) -> float:
    return float(np.hypot(edge[0], edge[1]))


def ink_on_paper(line: Image, *, margin_px: int = 12) -> Image:
    """Grey version of a line with dark letters on a light ground, full contrast and a margin."""
    grey = np.asarray(cv2.cvtColor(line, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.median(border) < threshold:
        grey = 255 - grey
    low, high = float(grey.min()), float(grey.max())
    stretched = (grey - low) * (255.0 / max(high - low, 1.0))
    padded = np.pad(stretched, margin_px, mode="edge")
    return np.asarray(padded.round(), dtype=np.uint8)


def resized(image: Image, long_side_px: int) -> tuple[Image, float]:
    """Bring a picture to a long side; gives it and the factor from its pixels to the original's."""
    factor = max(image.shape[:2]) / long_side_px
    if factor == 1.0:
        return image, 1.0
    size = (max(1, round(image.shape[1] / factor)), max(1, round(image.shape[0] / factor)))
    kernel = cv2.INTER_AREA if factor > 1.0 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=kernel), dtype=np.uint8), factor


def reduced(image: Image, long_side_px: int) -> tuple[Image, float]:
    """Do as `resized` with larger pictures; smaller ones stay."""
    return resized(image, min(long_side_px, max(image.shape[:2])))
