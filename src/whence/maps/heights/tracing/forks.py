"""Forks of thinned ink: spurs taken off, near forks made one, lines led straight through."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from whence.maps.heights.tracing.thinning import Chain
    from whence.typing import Floats

__all__ = ["Link", "simplified"]

_SPUR = 2.5  # strokes wide
_BRIDGE = 2.0
_AHEAD = 3.0
_STRAIGHT_DEG = 40.0

End = tuple[int, int]  # number of a link, 0 for its begin or 1 for its end


@dataclass(frozen=True, eq=False)
class Link:
    """A way between two nodes; in a ring both are -1.

    Attributes
    ----------
    points_px
        (n, 2) column, row.
    nodes
        Where it begins and ends.
    component
        Number of the piece of ink to which it belongs.
    """

    points_px: Floats
    nodes: tuple[int, int]
    component: int

    @property
    def length_px(self) -> float:
        """Length."""
        return float(np.hypot(*np.diff(self.points_px, axis=0).T).sum())

    @property
    def is_ring(self) -> bool:
        """Whether it has no end."""
        return self.nodes[0] < 0


def simplified(chains: Iterable[Chain], stroke_px: float) -> list[Link]:
    """Make ways as long as possible of chains.

    Parameters
    ----------
    chains
        As from `chains_of`.
    stroke_px
        Width of a common line.
    """
    links = _numbered(list(chains))
    for _ in range(2):
        links = _led_through(_pruned(links, _SPUR * stroke_px), _AHEAD * stroke_px)
    return _led_through(_contracted(links, _BRIDGE * stroke_px), _AHEAD * stroke_px)


def _numbered(chains: list[Chain]) -> list[Link]:
    """Tell to which piece of ink each chain belongs."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    count = len(chains)
    nodes = max((max(chain.nodes) for chain in chains), default=-1) + 1
    pairs = [(i, count + node) for i, chain in enumerate(chains) for node in chain.nodes if node >= 0]
    one, other = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    graph = coo_matrix((np.ones(len(one), bool), (one, other)), shape=(count + nodes,) * 2)
    _, label = connected_components(graph, directed=False)
    return [
        Link(_closed(chain.points_px) if chain.nodes[0] < 0 else chain.points_px, chain.nodes, int(label[i]))
        for i, chain in enumerate(chains)
    ]


def _meeting(links: list[Link]) -> dict[int, list[End]]:
    """Find the ends that meet in each node."""
    meeting: dict[int, list[End]] = defaultdict(list)
    for number, link in enumerate(links):
        for end, node in enumerate(link.nodes):
            if node >= 0:
                meeting[node].append((number, end))
    return meeting


def _pruned(links: list[Link], spur_px: float) -> list[Link]:
    """Leave out short links that lead from a fork to nowhere, the shortest first."""
    count = {node: len(ends) for node, ends in _meeting(links).items()}
    spurs = []
    for number, link in enumerate(links):
        if link.is_ring:
            continue
        fewest, most = sorted(count[node] for node in link.nodes)
        if fewest == 1 and most > 2 and link.length_px < spur_px:
            spurs.append((link.length_px, number))
    gone = set()
    for _, number in sorted(spurs):
        fork = max(links[number].nodes, key=lambda node: count[node])
        if count[fork] > 2:
            gone.add(number)
            count[fork] -= 1
    return [link for number, link in enumerate(links) if number not in gone]


def _contracted(links: list[Link], bridge_px: float) -> list[Link]:
    """Make one fork of two that a short link joins."""
    meeting = _meeting(links)
    became: dict[int, int] = {}

    def now(node: int) -> int:
        while node in became:
            node = became[node]
        return node

    kept = []
    for link in links:
        first, last = link.nodes
        forked = not link.is_ring and min(len(meeting[first]), len(meeting[last])) > 2
        if not forked or link.length_px > bridge_px:
            kept.append(link)
        elif now(first) != now(last):
            became[now(first)] = now(last)
    return [link if link.is_ring else replace(link, nodes=_both(now, link)) for link in kept]


def _both(now: Callable[[int], int], link: Link) -> tuple[int, int]:
    return now(link.nodes[0]), now(link.nodes[1])


def _led_through(links: list[Link], ahead_px: float) -> list[Link]:
    """Join at every node the links that go on in each other's direction."""
    partner: dict[End, End] = {}
    for ends in _meeting(links).values():
        for one, other in _straight_pairs([_outward(links, end, ahead_px) for end in ends]):
            partner[ends[one]] = ends[other]
            partner[ends[other]] = ends[one]
    seen: set[int] = set()
    return [_walk(links, partner, number, seen) for number in range(len(links)) if number not in seen]


def _walk(links: list[Link], partner: dict[End, End], number: int, seen: set[int]) -> Link:
    """Follow a link through all that it is joined with."""
    begin: End = (number, 0)
    while begin in partner:  # back to where the joined way begins, or once round
        begin = (partner[begin][0], 1 - partner[begin][1])
        if begin == (number, 0):
            break
    ring = begin in partner
    at, parts = begin, []
    while True:
        seen.add(at[0])
        points = links[at[0]].points_px
        parts.append(points if at[1] == 0 else points[::-1])
        leave = (at[0], 1 - at[1])
        if leave not in partner or partner[leave] == begin:
            break
        at = partner[leave]
    points = np.concatenate(parts)
    if ring:
        return Link(_closed(points), (-1, -1), links[number].component)
    first, last = links[begin[0]].nodes[begin[1]], links[leave[0]].nodes[leave[1]]
    return Link(points, (first, last), links[number].component)


def _outward(links: list[Link], end: End, ahead_px: float) -> Floats:
    """Direction (2,) in which a link leaves its end."""
    points = links[end[0]].points_px
    way = points if end[1] == 0 else points[::-1]
    reach = min(max(int(ahead_px), 1), len(way) - 1)
    step = way[reach] - way[min(int(ahead_px) // 4, reach // 3)]
    return np.asarray(step / max(float(np.hypot(*step)), 1e-9))


def _straight_pairs(directions: list[Floats]) -> list[tuple[int, int]]:
    """Pairs of directions that are each other's continuation, the straightest first."""
    if len(directions) == 2:
        return [(0, 1)]
    offers = sorted(
        (float(np.degrees(np.arccos(np.clip(-directions[i] @ directions[j], -1, 1)))), i, j)
        for i, j in combinations(range(len(directions)), 2)
    )
    taken: set[int] = set()
    pairs = []
    for bend, one, other in offers:
        if bend <= _STRAIGHT_DEG and not {one, other} & taken:
            taken |= {one, other}
            pairs.append((one, other))
    return pairs


def _closed(points: Floats) -> Floats:
    return points if (points[0] == points[-1]).all() else np.concatenate([points, points[:1]])
