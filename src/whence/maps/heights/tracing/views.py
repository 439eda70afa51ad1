"""Which sides of which lines face each other, and which spot heights they see.

Two lines that see each other over open paper bound one band of height. They are found by the edges of the
Delaunay triangulation of their vertices; an edge over something that hides the lines proves nothing, since a
line may run below it unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.maps.heights.tracing.gaps import covered_share
from whence.maps.heights.tracing.profile import resampled

if TYPE_CHECKING:
    from whence.typing import Bools, Floats, Ints

__all__ = ["Views", "views_of"]

_MOST_POSITIONS = 500_000
_ASKANCE = 0.3  # sine of the angle between view and line, below which the side is not told
_HIDDEN = 0.3
_STRAY = 2
_ENOUGH = 6.0  # edges that make a full vote


@dataclass(frozen=True, eq=False)
class Views:
    """What sees what.

    Attributes
    ----------
    lines
        (v, 2) numbers of two lines.
    sides
        (v, 2) on which side of each the other lies, 0 on the left of its course (with rows downward: seen as
        on the paper), 1 on the right.
    votes
        (v,) how sure that is, 0 to 1.
    spots
        (s,) numbers of spots, seen from `spot_lines` (s,) on `spot_sides` (s,), with `spot_votes` (s,).
    """

    lines: Ints
    sides: Ints
    votes: Floats
    spots: Ints
    spot_lines: Ints
    spot_sides: Ints
    spot_votes: Floats


@dataclass(frozen=True, eq=False)
class _Stand:
    """Vertices (n, 2), the line of each (n,), -1 - k for spot k, and its course (n, 2)."""

    places: Floats
    owner: Ints
    course: Floats


def views_of(
    lines: list[Floats], spots_px: Floats, hidden: Bools, *, cell_px: int = 1, step_px: float = 6.0
) -> Views:
    """Find what sees what.

    Parameters
    ----------
    lines
        Each (n, 2) column, row.
    spots_px
        (s, 2) places of spot heights.
    hidden
        (h, w) where lines could not be seen, in cells.
    cell_px
        Side of such a cell.
    step_px
        Between positions along the lines.
    """
    from scipy.spatial import Delaunay

    length = sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in lines)
    stand = _stand(lines, spots_px, max(step_px, length / _MOST_POSITIONS))
    if len(stand.places) < 4:
        return _empty()
    corners = Delaunay(stand.places - stand.places.mean(axis=0), qhull_options="QJ Pp").simplices
    ends = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    ends = np.unique(np.sort(ends, axis=1), axis=0).astype(np.int64)
    ends = ends[stand.owner[ends[:, 0]] != stand.owner[ends[:, 1]]]
    ends = ends[(stand.owner[ends] >= 0).any(axis=1)]
    shown = covered_share(hidden, cell_px, stand.places[ends[:, 0]], stand.places[ends[:, 1]]) <= _HIDDEN
    ends = ends[shown]
    side = np.stack([_side(stand, ends), _side(stand, ends[:, ::-1])], axis=1)
    told = ((side >= 0) | (stand.owner[ends] < 0)).all(axis=1)
    return _counted(stand.owner[ends[told]], side[told])


def _stand(lines: list[Floats], spots_px: Floats, step_px: float) -> _Stand:
    """Choose positions along the lines, off their loose ends, and the spots."""
    rng = np.random.default_rng(0)
    places, owner, course = [], [], []
    for number, line in enumerate(lines):
        way = resampled(line, step_px)
        middle, step = (way[1:] + way[:-1]) / 2, np.diff(way, axis=0)
        places.append(middle)
        owner.append(np.full(len(middle), number))
        course.append(step / np.maximum(np.hypot(*step.T), 1e-9)[:, None])
    places.append(spots_px)
    owner.append(-1 - np.arange(len(spots_px)))
    course.append(np.zeros((len(spots_px), 2)))
    together = np.concatenate(places)
    # Grids of equal steps make cocircular corners; a hair's breadth of chance does away with them.
    return _Stand(
        together + rng.normal(0, 1e-4, together.shape),
        np.concatenate(owner).astype(np.int64),
        np.concatenate(course),
    )


def _side(stand: _Stand, ends: Ints) -> Ints:
    """On which side (n,) of the first end's line the second end lies; -1 where it lies along it."""
    course = stand.course[ends[:, 0]]
    view = stand.places[ends[:, 1]] - stand.places[ends[:, 0]]
    sine = course[:, 0] * view[:, 1] - course[:, 1] * view[:, 0]
    sine /= np.maximum(np.hypot(*view.T), 1e-9)
    return np.where(np.abs(sine) < _ASKANCE, -1, (sine > 0).astype(np.int64))


def _counted(owner: Ints, side: Ints) -> Views:
    """Count the edges between the same sides."""
    of_spot = (owner < 0).any(axis=1)
    pairs, sides = owner[~of_spot], side[~of_spot]
    turned = pairs[:, 0] > pairs[:, 1]
    pairs[turned], sides[turned] = pairs[turned, ::-1], sides[turned, ::-1]
    both, count = np.unique(np.concatenate([pairs, sides], axis=1), axis=0, return_counts=True)
    # A few edges pass round the ends of what is between, and through gaps that are left.
    both, count = both[count > _STRAY], count[count > _STRAY] - _STRAY
    seen, seen_side = owner[of_spot], side[of_spot]
    spot_last = seen[:, 1] < 0
    spot = -1 - np.where(spot_last, seen[:, 1], seen[:, 0])
    line = np.where(spot_last, seen[:, 0], seen[:, 1])
    line_side = np.where(spot_last, seen_side[:, 0], seen_side[:, 1])
    found, votes = np.unique(np.stack([spot, line, line_side], axis=1), axis=0, return_counts=True)
    return Views(
        both[:, :2], both[:, 2:], np.minimum(count / _ENOUGH, 1.0),
        found[:, 0], found[:, 1], found[:, 2], np.minimum(votes / 2.0, 1.0),
    )  # fmt: skip


def _empty() -> Views:
    none = np.empty(0, np.int64)
    pairs = np.empty((0, 2), np.int64)
    return Views(pairs, pairs, np.empty(0), none, none, none, np.empty(0))
