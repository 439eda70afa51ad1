"""Heights printed beside contours, read from the contours' own ink along the lines' direction."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from whence.imagery.text.crops import cut_out
from whence.maps.heights.tracing.evidence import Marks
from whence.maps.scan.lettering import line_reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.maps.heights.tracing.from_scan import LineWork
    from whence.maps.scan.lettering import LineReader
    from whence.typing import Floats, Image, Ints

__all__ = ["read_numerals"]

_HEIGHT_PX = 48
_BESIDE = 0.75  # of the size of a digit: as far as the next one may be
_DIGIT = (2.0, 7.0)  # strokes wide
_MOST_DIGITS = 6
_SURE = 0.8
_UPRIGHT = 0.12  # by how much a reading that is not upside down is preferred
_ON_LINE = 2.0  # strokes wide: so near passes the line that a number interrupts
_NUMBER = re.compile(r"\d{1,4}")


def read_numerals(work: LineWork, *, reader: LineReader | None = None) -> Marks:
    """Read whole numbers that interrupt a contour or stand on it.

    Parameters
    ----------
    work
        Lines and ink of a sheet.
    reader
        What reads a line of text; None takes the one that is installed.

    Raises
    ------
    MissingExtraError
        When there is none.
    """
    from scipy.spatial import cKDTree

    reading = reader or line_reader()
    # Where a sheet has index contours, these alone bear numbers, and others are spot heights.
    bearing = work.is_index if work.is_index.any() else np.ones(len(work.lines), bool)
    tree = cKDTree(np.concatenate([line for line, one in zip(work.lines, bearing, strict=True) if one]))
    pixels, heights, names = [], [], []
    for corners in _places(work):
        middle = corners.mean(axis=0)
        if tree.query(middle)[0] > _ON_LINE * work.stroke_px:
            continue
        text = _read(work.ink.share, corners, reading)
        if text is not None:
            pixels.append(middle)
            heights.append(float(text))
            names.append(f"read {text}")
    return Marks(np.array(pixels).reshape(-1, 2), np.array(heights), tuple(names))


def _places(work: LineWork) -> Iterator[Floats]:
    """Corners (4, 2) round each group of small things that stand in a row."""
    size = (work.letters[:, 2:] - work.letters[:, :2]).max(axis=1)
    low, high = (factor * work.stroke_px for factor in _DIGIT)
    boxes = work.letters[(size >= low) & (size <= high)]
    for group in _rows(boxes):
        if 2 <= len(group) <= _MOST_DIGITS:
            yield _around(boxes[group], work.stroke_px)


def _rows(boxes: Floats) -> list[Ints]:
    """Numbers of boxes that stand beside each other."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    if not len(boxes):
        return []
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]) / 2
    size = 2 * half.max(axis=1)
    pairs = cKDTree(middle).query_pairs(float(2.2 * size.max()), output_type="ndarray")
    gap = np.abs(middle[pairs[:, 0]] - middle[pairs[:, 1]]) - half[pairs[:, 0]] - half[pairs[:, 1]]
    apart = np.hypot(*np.maximum(gap, 0).T)
    near = pairs[apart <= _BESIDE * np.minimum(size[pairs[:, 0]], size[pairs[:, 1]])]
    graph = coo_matrix((np.ones(len(near), bool), (near[:, 0], near[:, 1])), shape=(len(boxes),) * 2)
    count, label = connected_components(graph, directed=False)
    return [np.flatnonzero(label == number) for number in range(count)]


def _around(boxes: Floats, stroke_px: float) -> Floats:
    """Corners of an upright oblong along a row of boxes: top left, top right, bottom right, bottom left."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    along = np.linalg.svd(middle - middle.mean(axis=0), full_matrices=False)[2][0]
    along = along if along[0] > 1e-9 or (abs(along[0]) <= 1e-9 and along[1] < 0) else -along
    across = np.array([-along[1], along[0]])
    tips = np.concatenate([boxes[:, [0, 1]], boxes[:, [2, 1]], boxes[:, [2, 3]], boxes[:, [0, 3]]])
    centre = middle.mean(axis=0)
    # Boxes are upright, so the tips of turned digits reach beyond their ink; what is cut off is paper.
    right, down = (tips - centre) @ along, (tips - centre) @ across
    size = float(np.median((boxes[:, 2:] - boxes[:, :2]).max(axis=1)))
    half = min(float(np.abs(down).max()), 0.62 * size) + stroke_px / 2
    left, end = right.min() - stroke_px / 2, right.max() + stroke_px / 2
    ways = [(left, -half), (end, -half), (end, half), (left, half)]
    return np.array([centre + x * along + y * across for x, y in ways])


def _read(share: Image, corners: Floats, reader: LineReader) -> str | None:
    """Read the ink within corners either way up; None where it is no number."""
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 2, 0)
    high = np.ceil(corners.max(axis=0)).astype(int) + 3
    part = 255 - share[low[1] : high[1], low[0] : high[0]]
    paper = np.repeat(part[..., None], 3, axis=2)
    offers = []
    for turned, bonus in ((False, _UPRIGHT), (True, 0.0)):
        placed = np.roll(corners, 2, axis=0) if turned else corners
        line = cut_out(paper, [(float(x), float(y)) for x, y in placed - low], height_px=_HEIGHT_PX)
        line = np.pad(line, ((8, 8), (16, 16), (0, 0)), constant_values=255)
        text, confidence = reader.read_line(np.ascontiguousarray(line))
        if _NUMBER.fullmatch(text.strip()) and confidence >= _SURE:
            offers.append((confidence + bonus, text.strip()))
    return max(offers)[1] if offers else None
