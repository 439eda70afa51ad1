"""What a hundred years and a scanner do to the look of a sheet: yellowing, stains, folds, light and noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from whence.smallworld.paper import Paper
    from whence.typing import Floats32, Image

__all__ = ["scanned"]

_LID = (214, 212, 208)
"""Colour of the scanner's lid round the sheet."""

_YELLOW = (0.975, 0.925, 0.80)
_ROWS = 128
_BLUR_PX = 0.7


def scanned(flat: Image, paper: Paper, rng: np.random.Generator) -> Image:
    """Lay a flat sheet on the scanner as its paper lies.

    Parameters
    ----------
    flat
        (h, w, 3) uint8 of the flat sheet.
    paper
        How it lies.
    rng
        Stains, light, noise.

    Returns
    -------
    (h, w, 3) uint8 of the size `Paper.scan_size_px`.
    """
    width, height = paper.scan_size_px
    tone = _tone(height, width, rng)
    soft = np.asarray(cv2.GaussianBlur(flat, (0, 0), _BLUR_PX), np.uint8)
    scan = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _ROWS):
        rows = slice(top, min(top + _ROWS, height))
        lit = _stripe(soft, paper, rows) * tone[rows]
        lit += rng.normal(0, 3.0, (*lit.shape[:2], 1)).astype(np.float32)
        scan[rows] = np.clip(np.round(lit), 0, 255)
    return scan


def _stripe(soft: Image, paper: Paper, rows: slice) -> Floats32:
    """Take some rows of the scan, (n, w, 3), before light and noise."""
    width, _ = paper.scan_size_px
    column, row = np.meshgrid(np.arange(width) + 0.5, np.arange(rows.start, rows.stop) + 0.5)
    scan = np.stack([column, row], axis=-1)
    sheet, lying = paper.to_sheet(scan), paper.as_it_lies(scan)
    where = (sheet - 0.5).astype(np.float32)
    seen = cv2.remap(
        soft, where[..., 0], where[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=_LID
    )
    on_paper = np.logical_and(sheet >= 0, sheet <= np.array(paper.size_px)).all(axis=-1, keepdims=True)
    worn = seen * np.where(on_paper, np.array(_YELLOW), 1.0)
    for crease in paper.creases:
        away = crease.beyond_px(lying) / (0.12 * crease.width_px)
        wear = np.exp(-0.5 * np.square(away))[..., None] * on_paper
        worn = worn + wear * (0.35 * (np.array([232.0, 222.0, 196.0]) - worn))  # the print has flaked off
    return np.asarray(worn, np.float32)


def _tone(height: int, width: int, rng: np.random.Generator) -> Floats32:
    """Uneven light and stains, (h, w, 3), about 1."""
    light = cv2.resize(
        rng.normal(0, 0.02, (4, 4)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    tilt = np.linspace(-0.04, 0.04, width, dtype=np.float32)[None] * float(rng.choice([-1.0, 1.0]))
    tone = np.repeat((1 + light + tilt)[..., None], 3, axis=2)
    stain = np.zeros((height // 8 + 1, width // 8 + 1), np.float32)
    for _ in range(int(rng.integers(2, 5))):
        middle = (int(rng.integers(stain.shape[1])), int(rng.integers(stain.shape[0])))
        axes = (int(rng.integers(10, 45)), int(rng.integers(10, 45)))
        cv2.ellipse(
            stain, middle, axes, float(rng.uniform(0, 180)), 0, 360, float(rng.uniform(0.02, 0.07)), -1
        )
    spread = cv2.resize(cv2.GaussianBlur(stain, (0, 0), 6), (width, height))
    return np.asarray(tone * (1 - spread[..., None] * np.array([0.5, 1.0, 1.6], np.float32)), np.float32)
