"""Ink thinned to lines one pixel wide, and these as a graph of chains between ends and forks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.typing import Bools, Floats, Image, Ints

__all__ = ["Chain", "chains_of", "thinned"]

_ROWS = 1024
_MARGIN = 48
_SQUARE = ((0, 1), (1, 0), (0, -1), (-1, 0))
_SLANT = ((1, 1), (1, -1), (-1, -1), (-1, 1))


@dataclass(frozen=True, eq=False)
class Chain:
    """A way of pixels without forks.

    Attributes
    ----------
    points_px
        (n, 2) column, row of pixel centres.
    nodes
        Numbers of the ends or forks where it begins and ends; the same twice, or -1 twice, in a ring.
    """

    points_px: Floats
    nodes: tuple[int, int]

    @property
    def length_px(self) -> float:
        """Length."""
        return float(np.hypot(*np.diff(self.points_px, axis=0).T).sum())


def thinned(mask: Bools) -> tuple[Ints, Ints]:
    """Thin a mask (h, w) to its middle lines (Zhang & Suen 1984), stripe by stripe.

    Returns
    -------
    rows, columns
        (n,) of the pixels that remain, in the order of rows.
    """
    from skimage.morphology import skeletonize

    found = []
    for top in range(0, len(mask), _ROWS):
        low, high = max(top - _MARGIN, 0), min(top + _ROWS + _MARGIN, len(mask))
        whole = skeletonize(mask[low:high])  # type: ignore[no-untyped-call]
        part = whole[top - low : top - low + _ROWS]
        rows, columns = np.nonzero(part)
        found.append(np.stack([rows + top, columns]))
    rows, columns = np.concatenate(found, axis=1) if found else np.empty((2, 0), np.int64)
    return rows.astype(np.int64), columns.astype(np.int64)


def clean(share: Image, *, least: int = 110, speck_px: int = 6) -> Bools:
    """Make a mask (h, w) of ink by its share of each pixel: threshold, specks removed."""
    mask = np.asarray(share >= least, np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] >= speck_px
    kept[0] = False
    return np.asarray(kept[labels])


def chains_of(rows: Ints, columns: Ints) -> list[Chain]:
    """Cut thinned pixels (n,), (n,) into chains between ends and forks; rings are chains too."""
    if len(rows) == 0:
        return []
    around = _neighbours(rows, columns)
    degree = (around >= 0).sum(axis=1)
    node_of = _nodes(around, degree)
    centres = np.stack([columns + 0.5, rows + 0.5], axis=1)
    return [
        Chain(centres[way], (int(node_of[way[0]]), int(node_of[way[-1]])))
        for way in _ways(around, degree, node_of)
    ]


def _neighbours(rows: Ints, columns: Ints) -> Ints:
    """Numbers (n, 8) of the pixels beside each, -1 where there is none.

    Slanting neighbours that are reached over a square one too are left out, so that bends are no forks.
    """
    wide = int(columns.max()) + 3
    keys = (rows + 1) * wide + columns + 1
    order = np.argsort(keys)
    ranked = keys[order]

    def at(down: int, right: int) -> Ints:
        wanted = keys + down * wide + right
        place = np.minimum(np.searchsorted(ranked, wanted), len(ranked) - 1)
        return np.where(ranked[place] == wanted, order[place], -1)

    square = {step: at(*step) for step in _SQUARE}
    slant = []
    for down, right in _SLANT:
        found = at(down, right)
        beside = (square[down, 0] >= 0) | (square[0, right] >= 0)
        slant.append(np.where(beside, -1, found))
    return np.stack([*square.values(), *slant], axis=1)


def _nodes(around: Ints, degree: Ints) -> Ints:
    """Give each end and fork a number (n,), touching forks the same; -1 within chains."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    special = degree != 2
    fork = degree > 2
    one, way = np.nonzero((around >= 0) & fork[:, None])
    other = around[one, way]
    both = fork[other]
    links = coo_matrix((np.ones(both.sum(), bool), (one[both], other[both])), shape=(len(around),) * 2)
    _, label = connected_components(links, directed=False)
    return np.where(special, label, -1).astype(np.int64)


def _ways(around: Ints, degree: Ints, node_of: Ints) -> Iterator[Ints]:
    """Walk from every end and fork along every chain once, then round the rings."""
    beside = [[int(k) for k in row if k >= 0] for row in around]
    node = node_of.tolist()
    seen = np.zeros(len(around), bool)
    for start in np.flatnonzero(degree != 2).tolist():
        for step in beside[start]:
            if node[step] >= 0:
                if node[step] != node[start] and start < step:
                    yield np.array([start, step])
            elif not seen[step]:
                yield _walk(start, step, beside, node, seen)
    for start in np.flatnonzero(degree == 2).tolist():
        if not seen[start]:
            seen[start] = True
            way = _walk(start, beside[start][0], beside, node, seen)
            yield np.append(way, start)


def _walk(
    start: int, step: int, beside: list[list[int]], node: list[int], seen: Bools
) -> Ints:  # the hot loop of a sheet, so lists instead of arrays
    way = [start, step]
    while node[step] < 0:
        seen[step] = True
        onward = [k for k in beside[step] if k != way[-2] and not (node[k] < 0 and seen[k])]
        if not onward:
            break
        step = onward[0]
        way.append(step)
    return np.array(way)
