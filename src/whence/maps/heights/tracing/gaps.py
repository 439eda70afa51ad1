"""Gaps of interrupted lines closed, where it is clear which ends belong together.

Two ends are joined when each is the other's best continuation by distance and direction, nothing else comes
near to being as good, and the way between crosses no other line. Over bare paper a gap is short (dashes,
the number of a contour); where another ink lies over the lines it may be longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.maps.heights.tracing.strokes import Stroke

if TYPE_CHECKING:
    from whence.typing import Bools, Floats, Ints

__all__ = ["close_gaps", "covered_share"]

_REACHES = (1.5, 3.0, 6.0, 9.0)  # strokes wide, over bare paper
_COVERED_REACHES = (4.0, 9.0, 16.0)  # where something covers the lines
_COVERED = 0.6  # of the way, so that it counts as covered
_BEND_DEG = 28.0
_AHEAD = 4.5  # strokes wide: by which the direction of an end is told
_CLEAR = 1.45  # how much worse the second best must be
_WORST = 3.4


@dataclass(frozen=True, eq=False)
class _Ends:
    """Loose ends: (n, 2) places, (n, 2) directions outward, (n,) stroke and whether it is the last vertex.

    And (strokes,) the lengths of all strokes.
    """

    places: Floats
    ways: Floats
    stroke: Ints
    last: Bools
    length_px: Floats


def close_gaps(
    strokes: list[Stroke],
    cover: Bools,
    *,
    stroke_px: float,
    cell_px: int = 1,
    dashes: list[Stroke] | None = None,
) -> tuple[Stroke, ...]:
    """Join strokes over gaps.

    Parameters
    ----------
    strokes
        Lines.
    cover
        (h, w) where something else is printed, in cells.
    stroke_px
        Width of a common line.
    cell_px
        Side of such a cell.
    dashes
        Small straight pieces, which are taken where they help to join; those that do not are left out.
    """
    every = [*strokes, *(dashes or [])]
    for reach in _REACHES:
        every = _round(every, cover, cell_px, reach * stroke_px, stroke_px, covered_only=False)
    for reach in _COVERED_REACHES:
        every = _round(every, cover, cell_px, reach * stroke_px, stroke_px, covered_only=True)
    if not dashes:
        return tuple(every)
    least = 2.2 * max(dash.length_px for dash in dashes)
    lines = {id(stroke) for stroke in strokes}
    return tuple(stroke for stroke in every if id(stroke) in lines or stroke.length_px >= least)


def _round(
    strokes: list[Stroke],
    cover: Bools,
    cell_px: int,
    reach_px: float,
    stroke_px: float,
    *,
    covered_only: bool,
) -> list[Stroke]:
    """Join all clear pairs of ends within reach."""
    ends = _ends_of(strokes, _AHEAD * stroke_px)
    if len(ends.stroke) < 2:
        return strokes
    pairs, costs = _offers(ends, reach_px, stroke_px)
    if covered_only and len(pairs):
        covered = (
            covered_share(cover, cell_px, ends.places[pairs[:, 0]], ends.places[pairs[:, 1]]) >= _COVERED
        )
        pairs, costs = pairs[covered], costs[covered]
    chosen = _clear_pairs(pairs, costs, len(ends.stroke))
    chosen = chosen[~_crossing(strokes, ends, chosen)]
    return _joined(strokes, ends, chosen)


def _ends_of(strokes: list[Stroke], ahead_px: float) -> _Ends:
    found = [
        (*_end(stroke.points_px, ahead_px, last=last), number, last)
        for number, stroke in enumerate(strokes)
        if not stroke.closed
        for last in (False, True)
    ]
    return _Ends(
        np.array([one[0] for one in found]).reshape(-1, 2),
        np.array([one[1] for one in found]).reshape(-1, 2),
        np.array([one[2] for one in found], dtype=np.int64),
        np.array([one[3] for one in found], dtype=bool),
        np.array([stroke.length_px for stroke in strokes]),
    )


def _end(points: Floats, ahead_px: float, *, last: bool) -> tuple[Floats, Floats]:
    """Place and outward direction of an end: of a line through its last stretch."""
    way = points[::-1] if last else points
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(way, axis=0).T))])
    part = way[: max(int(np.searchsorted(along, ahead_px)), 2)]
    if len(part) > 4:
        part = part[1:]  # the outermost pixel of thinned ink leans aside
    middle = part - part.mean(axis=0)
    direction = np.linalg.svd(middle, full_matrices=False)[2][0]
    outward = way[0] - part[-1]
    return way[0], direction if direction @ outward >= 0 else -direction


def _offers(ends: _Ends, reach_px: float, stroke_px: float) -> tuple[Ints, Floats]:
    """Pairs (n, 2) of ends that could belong together, and (n,) the cost of joining them."""
    from scipy.spatial import cKDTree

    pairs = cKDTree(ends.places).query_pairs(reach_px, output_type="ndarray").astype(np.int64)
    step = ends.places[pairs[:, 1]] - ends.places[pairs[:, 0]]
    distance = np.hypot(*step.T)
    # Over a short gap the direction from end to end is noise, and only the two lines' own count.
    near = np.clip((distance - stroke_px) / (2 * stroke_px), 0.0, 1.0)
    toward = step / np.maximum(distance, 1e-9)[:, None]
    first = _angle_deg(ends.ways[pairs[:, 0]], toward) * near
    second = _angle_deg(ends.ways[pairs[:, 1]], -toward) * near
    bend = _angle_deg(ends.ways[pairs[:, 0]], -ends.ways[pairs[:, 1]])
    turned = (np.square(first) + np.square(second) + np.square(0.7 * bend)) / _BEND_DEG**2
    cost = (distance + 0.5 * stroke_px) * (1.0 + turned)
    # The two ends of one stroke make a ring only where it is much longer than the gap.
    same = ends.stroke[pairs[:, 0]] == ends.stroke[pairs[:, 1]]
    short = distance > 0.3 * ends.length_px[ends.stroke[pairs[:, 0]]]
    good = (turned < _WORST) & ~(same & short)
    return pairs[good], cost[good]


def _angle_deg(one: Floats, other: Floats) -> Floats:
    return np.asarray(np.degrees(np.arccos(np.clip((one * other).sum(axis=1), -1.0, 1.0))))


def covered_share(cover: Bools, cell_px: int, begin: Floats, end: Floats) -> Floats:
    """Share (n,) of the straight ways from (n, 2) to (n, 2) pixels that is covered."""
    share = np.linspace(0.0, 1.0, 24)[1:-1]
    places = begin[:, None] + share[:, None] * (end - begin)[:, None]
    column = np.clip((places[..., 0] / cell_px).astype(np.int64), 0, cover.shape[1] - 1)
    row = np.clip((places[..., 1] / cell_px).astype(np.int64), 0, cover.shape[0] - 1)
    return np.asarray(cover[row, column].mean(axis=1))


def _clear_pairs(pairs: Ints, costs: Floats, count: int) -> Ints:
    """Those (n, 2) pairs that are the best of both ends by far."""
    best, second = np.full(count, np.inf), np.full(count, np.inf)
    order = np.argsort(costs, kind="stable")
    for number in order:
        for end in pairs[number]:
            if best[end] == np.inf:
                best[end] = costs[number]
            elif second[end] == np.inf:
                second[end] = costs[number]
    mine = (costs == best[pairs[:, 0]]) & (costs == best[pairs[:, 1]])
    clear = np.minimum(second[pairs[:, 0]], second[pairs[:, 1]]) >= _CLEAR * costs
    return np.asarray(pairs[mine & clear])


def _crossing(strokes: list[Stroke], ends: _Ends, pairs: Ints) -> Bools:
    """Which (n,) pairs could be joined only across a line."""
    from shapely import LineString, STRtree, linestrings

    if not len(pairs):
        return np.zeros(0, bool)
    pieces = [
        LineString(stroke.points_px[k : k + 33])
        for stroke in strokes
        for k in range(0, max(len(stroke.points_px) - 1, 1), 32)
        if len(stroke.points_px[k : k + 33]) > 1
    ]
    begin, end = ends.places[pairs[:, 0]], ends.places[pairs[:, 1]]
    step = end - begin
    length = np.maximum(np.hypot(*step.T), 1e-9)[:, None]
    trim = np.minimum(1.5 / length, 0.3)
    ways = linestrings(np.stack([begin + trim * step, end - trim * step], axis=1))
    hit, _ = STRtree(pieces).query(ways, predicate="intersects")
    found = np.zeros(len(pairs), bool)
    found[hit] = True
    return found


def _joined(strokes: list[Stroke], ends: _Ends, pairs: Ints) -> list[Stroke]:
    """Lead lines over the chosen gaps."""
    partner: dict[tuple[int, bool], tuple[int, bool]] = {}
    for one, other in pairs:
        first = (int(ends.stroke[one]), bool(ends.last[one]))
        second = (int(ends.stroke[other]), bool(ends.last[other]))
        partner[first], partner[second] = second, first
    seen: set[int] = set()
    return [
        strokes[number] if not _touched(number, partner) else _walk(strokes, partner, number, seen)
        for number in range(len(strokes))
        if number not in seen
    ]


def _touched(number: int, partner: dict[tuple[int, bool], tuple[int, bool]]) -> bool:
    return (number, False) in partner or (number, True) in partner


def _walk(
    strokes: list[Stroke], partner: dict[tuple[int, bool], tuple[int, bool]], number: int, seen: set[int]
) -> Stroke:
    """Follow a stroke through all that it is joined with."""
    begin = (number, False)
    while begin in partner:
        begin = (partner[begin][0], not partner[begin][1])
        if begin == (number, False):
            break
    ring = begin in partner
    at, parts = begin, []
    while True:
        seen.add(at[0])
        points = strokes[at[0]].points_px
        parts.append(points[::-1] if at[1] else points)
        leave = (at[0], not at[1])
        if leave not in partner or partner[leave] == begin:
            break
        at = partner[leave]
    points = np.concatenate(parts)
    return Stroke(np.concatenate([points, points[:1]]) if ring else points)
