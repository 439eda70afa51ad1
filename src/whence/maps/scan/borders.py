"""Long straight lines on a scan, and the rectangle that four of them make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from whence.errors import NotEnoughDataError

if TYPE_CHECKING:
    from whence.typing import Bools, Floats, Floats32, Image

__all__ = ["crossing", "dark_lines", "outline"]

_THICKEST_PX = 13
_DARK = 24
_RUN_PX = 9
_MOST_TURN_DEG = 6.0
_TURN_STEP_DEG = 0.1
_LEAST_SHARE = 0.25  # of the side of the scan
_MOST_LINES = 28
_APART_PX = 3.0
_SAMPLES = 600
_REACH_PX = 2
_LEAST_SIDE = 0.3
_LEAST_COVERED = 0.75
_PARALLEL_DEG = 1.5
_LARGER = 0.1


@dataclass(frozen=True, eq=False)
class _Lines:
    """Lines a·column + b·row = c that run mostly along one axis, and where there is ink on each.

    `along` is 0 for lines that run to the right, 1 for those that run down; `covered` (n, samples + 1) counts
    the inked samples up to each, along that axis.
    """

    along: int
    normal: Floats
    offset: Floats
    covered: Floats
    length_px: float

    def share(self, rows: Floats, start: Floats, end: Floats) -> Floats:
        """Inked share of each chosen line from start to end (column or row)."""
        ends = [
            np.clip(np.rint(np.asarray(edge) / self.length_px * _SAMPLES), 0, _SAMPLES).astype(np.int64)
            for edge in (start, end)
        ]
        picked = np.asarray(rows, dtype=np.int64)
        inked = self.covered[picked, ends[1]] - self.covered[picked, ends[0]]
        return np.asarray(inked / np.maximum(ends[1] - ends[0], 1))


def dark_lines(grey: Image) -> Floats32:
    """How much darker than both sides each pixel is, (h, w), 0 to 255: strokes, but no edges of paper."""
    kernel = np.ones((_THICKEST_PX, _THICKEST_PX), np.uint8)
    return np.asarray(cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, kernel), np.float32)


def outline(dark: Floats32) -> Floats:
    """Find the rectangle of long lines that is inked most completely.

    Parameters
    ----------
    dark
        (h, w) as from `dark_lines`.

    Returns
    -------
    (4, 2) corners (column, row): top left, top right, bottom right, bottom left.

    Raises
    ------
    NotEnoughDataError
        When no four lines close a rectangle.
    """
    inked = dark > _DARK
    across, down = _lines(inked, 0), _lines(inked, 1)
    if len(across.offset) < 2 or len(down.offset) < 2:
        raise NotEnoughDataError(
            f"no frame was found: {len(across.offset)} long lines run across the scan and {len(down.offset)} "
            "down; give control points by hand, or a scan of the whole sheet"
        )
    rows, columns = (_pairs(lines, side) for lines, side in zip((across, down), dark.shape, strict=True))
    corners, score = _best((across, down), rows, columns)
    if score < _LEAST_COVERED:
        raise NotEnoughDataError(
            f"no frame was found: of the best four lines one is inked over {max(score, 0.0):.0%} of its "
            "length only; give control points by hand, or a scan of the whole sheet"
        )
    return corners + 0.5  # from the middle of the first pixel to its outer corner


def crossing(first: Floats, second: Floats) -> Floats:
    """Cross two lines (..., 3), a·column + b·row = c, at (..., 2)."""
    determinant = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
    column = first[..., 2] * second[..., 1] - first[..., 1] * second[..., 2]
    row = first[..., 0] * second[..., 2] - first[..., 2] * second[..., 0]
    return np.asarray(np.stack([column, row], axis=-1) / determinant[..., None])


def _lines(inked: Bools, along: int) -> _Lines:
    """Find the longest lines that run along an axis (0 right, 1 down), by voting."""
    runs = _runs(inked, along)
    turn = np.deg2rad(_MOST_TURN_DEG)
    picture = runs if along == 0 else np.ascontiguousarray(runs.T)
    least = round(_LEAST_SHARE * picture.shape[1])
    found = cv2.HoughLines(
        picture,
        1.0,
        np.deg2rad(_TURN_STEP_DEG),
        least,
        min_theta=np.pi / 2.0 - turn,
        max_theta=np.pi / 2.0 + turn,
    )
    lines = _spread(np.zeros((0, 2)) if found is None else found.reshape(-1, 2).astype(np.float64))
    normal = np.stack([np.cos(lines[:, 1]), np.sin(lines[:, 1])], axis=1)
    covered = _coverage(inked if along == 0 else inked.T, normal, lines[:, 0])
    if along == 1:
        normal = normal[:, ::-1]
    return _Lines(along, normal, lines[:, 0], covered, float(picture.shape[1]))


def _runs(inked: Bools, along: int) -> Image:
    """Ink that goes on along an axis, 0 or 255; the texture of a map does not."""
    run = np.ones((1, _RUN_PX) if along == 0 else (_RUN_PX, 1), np.uint8)
    thick = np.ones((2, 1) if along == 0 else (1, 2), np.uint8)
    opened = cv2.morphologyEx(cv2.dilate(inked.astype(np.uint8), thick), cv2.MORPH_OPEN, run)
    return np.asarray(opened * 255, np.uint8)


def _spread(lines: Floats) -> Floats:
    """Keep lines (distance, angle), the strongest first, that are none of those before them."""
    kept: list[Floats] = []
    for line in lines:
        if all(abs(line[0] - other[0]) > _APART_PX for other in kept):
            kept.append(line)
        if len(kept) == _MOST_LINES:
            break
    return np.array(kept).reshape(-1, 2)


def _coverage(inked: Bools, normal: Floats, offset: Floats) -> Floats:
    """Inked samples (n, samples + 1) up to each place along lines that run to the right."""
    height, width = inked.shape
    near = cv2.dilate(inked.astype(np.uint8), np.ones((2 * _REACH_PX + 1, 1), np.uint8))
    columns = (np.arange(_SAMPLES) + 0.5) / _SAMPLES * width
    rows = (offset[:, None] - normal[:, :1] * columns) / normal[:, 1:]
    inside = (rows >= 0) & (rows < height)
    seen = near[np.clip(rows, 0, height - 1).astype(np.int64), columns.astype(np.int64)[None]] * inside
    return np.concatenate([np.zeros((len(offset), 1)), np.cumsum(seen, axis=1)], axis=1).astype(np.float64)


def _pairs(lines: _Lines, side_px: int) -> tuple[Floats, Floats]:
    """First and second line of every parallel pair that is far enough apart."""
    first, second = np.triu_indices(len(lines.offset), 1)
    swap = lines.offset[first] > lines.offset[second]
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    parallel = (lines.normal[first] * lines.normal[second]).sum(axis=1) > np.cos(np.deg2rad(_PARALLEL_DEG))
    apart = lines.offset[second] - lines.offset[first] > _LEAST_SIDE * side_px
    return first[parallel & apart], second[parallel & apart]


def _best(
    lines: tuple[_Lines, _Lines], rows: tuple[Floats, Floats], columns: tuple[Floats, Floats]
) -> tuple[Floats, float]:
    """Corners of the rectangle whose least inked side is inked most, and that share; larger ones win ties."""
    across, down = lines
    i, j = (index.ravel() for index in np.meshgrid(np.arange(len(rows[0])), np.arange(len(columns[0]))))
    if not len(i):
        return np.zeros((4, 2)), 0.0
    top, bottom, left, right = rows[0][i], rows[1][i], columns[0][j], columns[1][j]
    flat, steep = (np.column_stack([one.normal, one.offset]) for one in lines)
    corners = np.stack(
        [
            crossing(flat[a], steep[b])
            for a, b in ((top, left), (top, right), (bottom, right), (bottom, left))
        ],
        axis=1,
    )
    shares = np.stack(
        [
            across.share(top, corners[:, 0, 0], corners[:, 1, 0]),
            across.share(bottom, corners[:, 3, 0], corners[:, 2, 0]),
            down.share(left, corners[:, 0, 1], corners[:, 3, 1]),
            down.share(right, corners[:, 1, 1], corners[:, 2, 1]),
        ]
    ).min(axis=0)
    area = np.prod(corners[:, 2] - corners[:, 0], axis=1) / (across.length_px * down.length_px)
    best = int(np.argmax(np.minimum(shares, 0.97) + _LARGER * area))
    return corners[best], float(shares[best])
