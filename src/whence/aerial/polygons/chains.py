"""Outlines cut where another one begins to touch: what two of them have in common stands once."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from whence.aerial.polygons.directions import Piece, pieces_through

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.typing import Bools, Floats, Ints

__all__ = ["Chain", "Chains", "Ring", "chains_of"]

_WIDEST = 1 << 31  # columns


@dataclass(frozen=True, eq=False)
class Chain:
    """A part of one outline, or the whole of what two have in common from one junction to the next.

    Attributes
    ----------
    points
        (n, 2) in the plane; a closed one ends where it begins.
    ring
        (m, 2) the ring of the first outline. What is not shared is simplified with all of it: of a line that
        goes round a house from one neighbour to the next, no corner is farther from its ends than the
        middle of the wall opposite.
    owners
        Numbers of the one or two outlines.
    """

    points: Floats
    ring: Floats
    owners: list[int]

    @property
    def closed(self) -> bool:
        """Whether it is a whole ring."""
        return bool((self.points[0] == self.points[-1]).all())

    @property
    def shared(self) -> bool:
        """Whether two outlines have it."""
        return len(self.owners) > 1

    def pieces(self, cell: float, step: float) -> list[Piece]:
        """Cut it at the corners of its simplified form (Douglas & Peucker 1973).

        Parameters
        ----------
        cell
            Side of a pixel.
        step
            How far the simplified form may be away.

        Returns
        -------
        list
            Empty where a ring collapses.
        """
        line = self.points if self.shared and not self.closed else _turned(self.ring)
        simple = shapely.get_coordinates(shapely.simplify(shapely.LineString(line), step))
        if self.closed and len(simple) < 4:
            return []
        points = _turned(self.points) if self.closed else self.points
        lookup = {tuple(point): number for number, point in enumerate(points[1:-1].tolist(), start=1)}
        inner = {lookup[place] for place in map(tuple, simple.tolist()) if place in lookup}
        corners = [0, *sorted(inner), len(points) - 1]
        middles = [_middles(points[a : b + 1], cell) for a, b in pairwise(corners)]
        return pieces_through(middles, [points[b] - points[a] for a, b in pairwise(corners)])


@dataclass(frozen=True, eq=False)
class Ring:
    """The outline of a polygon or of a hole in it.

    Attributes
    ----------
    owner
        Number of the polygon.
    hole
        Whether it is a hole.
    points
        (n, 2) in the plane; the last is the first.
    chains
        Numbers of the chains around it, and whether each is passed forwards.
    """

    owner: int
    hole: bool
    points: Floats
    chains: list[tuple[int, bool]] = field(default_factory=list)

    @property
    def area(self) -> float:
        """What it encloses."""
        return float(shapely.Polygon(self.points).area)


@dataclass(frozen=True, eq=False)
class Chains:
    """The rings of some polygons, and the chains that they are made of."""

    rings: list[Ring]
    chains: list[Chain]

    @property
    def touching(self) -> list[tuple[int, int]]:
        """Pairs of polygons that share a chain."""
        pairs = {(chain.owners[0], chain.owners[1]) for chain in self.chains if chain.shared}
        return sorted(pair for pair in pairs if pair[0] != pair[1])


def chains_of(outlines: NDArray[Any], plane: Floats) -> Chains:
    """Cut outlines into chains.

    Parameters
    ----------
    outlines
        (n,) polygons as traced, with corners of pixels as vertices, in columns and rows.
    plane
        (2, 2) turns (column, row) into the plane of the chains.
    """
    rings = shapely.get_rings(outlines, return_index=True)
    corners, ring = shapely.get_coordinates(rings[0], return_index=True)
    columns, rows = np.round(corners).astype(np.int64).T
    _, first, vertex = np.unique(rows * _WIDEST + columns, return_index=True, return_inverse=True)
    steps = np.flatnonzero(ring[1:] == ring[:-1])
    ends = np.sort(np.stack([vertex[steps], vertex[steps + 1]]), axis=0)
    edges, edge, times = np.unique(ends[0] * len(first) + ends[1], return_inverse=True, return_counts=True)
    meeting = np.bincount(np.concatenate(np.divmod(edges, len(first))), minlength=len(first))
    graph = _Graph(corners[first] @ plane.T, meeting > 2, shared=times > 1)
    found = Chains([], [])
    known: dict[int, int] = {}
    firsts = np.searchsorted(ring[steps], np.arange(len(rings[0]) + 1))
    for number, owner in enumerate(rings[1].tolist()):
        own = slice(firsts[number], firsts[number + 1])
        points = vertex[steps[own]]
        hole = number > 0 and rings[1][number - 1] == owner
        made = Ring(owner, hole, graph.places[np.append(points, points[0])])
        for run in graph.runs(points, edge[own]):
            made.chains.append(_known(found, known, run, ring=made, graph=graph))
        found.rings.append(made)
    return found


@dataclass(frozen=True, eq=False)
class _Graph:
    """Vertices (n, 2) in the plane, which of them are junctions, and which edges two outlines have."""

    places: Floats
    junctions: Bools
    shared: Bools

    def runs(self, points: Ints, edges: Ints) -> list[tuple[Ints, Ints]]:
        """Cut a ring at the junctions of what is shared: vertices and edges of each run."""
        shared = self.shared[edges]
        cuts = np.flatnonzero(self.junctions[points] & (shared | np.roll(shared, 1)))
        if not len(cuts):
            return [(np.append(points, points[0]), edges)]
        turned, edges = np.roll(points, -cuts[0]), np.roll(edges, -cuts[0])
        turned, bounds = np.append(turned, turned[0]), [*(cuts - cuts[0]), len(edges)]
        return [(turned[a : b + 1], edges[a:b]) for a, b in pairwise(bounds)]


def _known(
    found: Chains, known: dict[int, int], run: tuple[Ints, Ints], *, ring: Ring, graph: _Graph
) -> tuple[int, bool]:
    """Give the number of the chain of a run; what the other side has passed already is passed backwards."""
    points, edges = run
    key = int(edges.min())
    if key in known:
        found.chains[known[key]].owners.append(ring.owner)
        return known[key], False
    known[key] = len(found.chains)
    found.chains.append(Chain(graph.places[points], ring.points, [ring.owner]))
    return known[key], True


def _turned(ring: Floats) -> Floats:
    """Let a ring begin at a vertex that is a corner of the shape: the one farthest from the middle."""
    opened = ring[:-1]
    start = int(((opened - opened.mean(axis=0)) ** 2).sum(axis=1).argmax())
    return np.concatenate([ring[start:-1], ring[: start + 1]])


def _middles(points: Floats, cell: float) -> Floats:
    """Give points evenly spaced by about a pixel, at the middles of the pixels' edges."""
    parts = []
    for a, b in pairwise(points):
        count = max(1, round(float(np.hypot(*(b - a))) / cell))
        share = (np.arange(count) + 0.5) / count
        parts.append(a + share[:, None] * (b - a))
    return np.concatenate(parts)
