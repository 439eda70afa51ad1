"""Where traced lines cross: contours of a map never do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whence.typing import Floats

__all__ = ["crossings_of"]

_TOLERANCE_PX = 0.5


def crossings_of(lines: Sequence[Floats]) -> Iterator[tuple[int, int, tuple[float, float]]]:
    """Find the lines that cross each other or themselves.

    Parameters
    ----------
    lines
        Each (n, 2) column, row.

    Yields
    ------
    line, other, place_px
        Numbers of two lines, the same for a loop, and the column and row of their first crossing.
    """
    import shapely

    courses = np.array([shapely.linestrings(line) for line in lines])
    plain = shapely.simplify(courses, _TOLERANCE_PX, preserve_topology=False)
    first, second = shapely.STRtree(plain).query(plain, predicate="crosses")
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        if one < other:
            yield one, other, _first_place(shapely.intersection(plain[one], plain[other]))
    for number in np.flatnonzero(~shapely.is_simple(plain)).tolist():
        yield number, number, _loop_of(lines[number])


def _first_place(where: object) -> tuple[float, float]:
    import shapely

    column, row = shapely.get_coordinates(where)[0].tolist()
    return float(column), float(row)


def _loop_of(line: Floats) -> tuple[float, float]:
    """Place where a line meets itself: the node that cutting it at its crossings adds to it most often."""
    import shapely

    pieces = shapely.get_parts(shapely.node(shapely.linestrings(line)))
    ends = np.concatenate([shapely.get_coordinates(piece)[[0, -1]] for piece in pieces])
    places, counts = np.unique(np.round(ends, 3), axis=0, return_counts=True)
    column, row = places[counts.argmax()].tolist()
    return float(column), float(row)
