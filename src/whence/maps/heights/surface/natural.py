"""Natural neighbours: means weighted by the area that each height would lose to a new place (Sibson 1981).

Were a place added to the heights, its Voronoi cell would take area from the cells of its neighbours; the
shares are the weights. The Voronoi diagram is never drawn: triangles whose circumcircle holds the place are
its cavity (Bowyer 1981, Watson 1981), and the area lost by a vertex of the cavity is a polygon of their
circumcentres and of those of the place with each edge around the cavity. All cavities of a batch of places
grow together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from whence.errors import InputError
from whence.maps.heights.surface.tin import on_planes, triangulate, vertices

if TYPE_CHECKING:
    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.terrain import Terrain
    from whence.typing import Bools, Floats, Ints

__all__ = ["NaturalNeighbour", "natural_neighbour"]

_BATCH = 20_000
_FLATTEST = 1e-9
"""A triangle of less area than this share of its longest edge squared is a line."""
_STRICT = 1e-12


@dataclass(frozen=True)
class NaturalNeighbour:
    """Sibson's interpolation among the vertices of the lines.

    It is exact on planes, smooth away from the heights themselves, and stays between the neighbours' heights:
    so tops and valleys are as flat as those of triangles.

    Parameters
    ----------
    step_cells
        Vertices along the lines are at most this many cells apart; None takes the lines as they are drawn.
    """

    name: ClassVar[str] = "natural-neighbour"
    step_cells: float | None = 1.0

    def __post_init__(self) -> None:
        if self.step_cells is not None and not self.step_cells > 0:
            raise InputError("the step along lines must be positive, or None for the lines as drawn")

    def heights(self, terrain: Terrain, lattice: Lattice) -> Floats:
        """Compute (rows, columns) heights; NaN outside of the hull of the vertices. See `Surface`."""
        nodes, heights_m = vertices(terrain, lattice, self.step_cells)
        columns, rows = np.meshgrid(np.arange(lattice.columns), np.arange(lattice.rows))
        at = np.stack([columns, rows], axis=-1).reshape(-1, 2).astype(float)
        return natural_neighbour(nodes, heights_m, at).reshape(lattice.shape)


def natural_neighbour(positions: Floats, heights_m: Floats, at: Floats) -> Floats:
    """Interpolate scattered heights.

    Parameters
    ----------
    positions, heights_m
        (n, 2) and (n,) known heights, no position twice.
    at
        (m, 2) where heights are wanted.

    Returns
    -------
    Floats
        (m,) heights, NaN outside of the hull. On its edge they are linear between the two ends.

    Raises
    ------
    NotEnoughDataError
        When the positions do not span a plane.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]])
    >>> natural_neighbour(square, np.array([1.0, 2.0, 3.0, 8.0]), np.array([[2.0, 2.0]])).round(9).tolist()
    [3.5]
    """
    middle = positions.mean(axis=0)
    mesh = _Mesh.of(triangulate(positions - middle))
    parts = [
        _of_batch(mesh, heights_m, at[first : first + _BATCH] - middle) for first in range(0, len(at), _BATCH)
    ]
    return np.concatenate(parts) if parts else np.empty(0)


@dataclass(frozen=True, eq=False)
class _Mesh:
    """A Delaunay triangulation with its circumcircles; triangles that are lines lead nowhere."""

    delaunay: Any
    neighbours: Ints
    centres: Floats
    radii2: Floats

    @classmethod
    def of(cls, delaunay: Any) -> _Mesh:
        a, b, c = (delaunay.points[delaunay.simplices[:, k]] for k in range(3))
        cross = _cross(b - a, c - a)
        longest2 = np.max([((p - q) ** 2).sum(axis=1) for p, q in ((a, b), (b, c), (c, a))], axis=0)
        line = np.abs(cross) < _FLATTEST * longest2
        centres = _circumcentres(a, b, c)
        radii2 = np.where(line, -1.0, ((centres - a) ** 2).sum(axis=1))
        around = delaunay.neighbors.astype(np.int64)
        return cls(delaunay, np.where((around >= 0) & ~line[around], around, -1), centres, radii2)


def _cross(one: Floats, other: Floats) -> Floats:
    with np.errstate(invalid="ignore"):  # corners of edges of the hull may lie infinitely far away
        return np.asarray(one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0])


def _circumcentres(a: Floats, b: Floats, c: Floats) -> Floats:
    """Give the (n, 2) centres of circles through three positions each; not finite where these are a line."""
    ab, ac = b - a, c - a
    ab2, ac2 = (ab**2).sum(axis=1), (ac**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        offset = np.stack([ac[:, 1] * ab2 - ab[:, 1] * ac2, ab[:, 0] * ac2 - ac[:, 0] * ab2], axis=1)
        return np.asarray(a + offset / (2 * _cross(ab, ac))[:, None])


def _of_batch(mesh: _Mesh, heights_m: Floats, at: Floats) -> Floats:
    """Interpolate at (m, 2) places: by areas, on the planes of triangles where these degenerate."""
    start = mesh.delaunay.find_simplex(at)
    found = np.full(len(at), np.nan)
    inside = np.flatnonzero(start >= 0)
    found[inside] = on_planes(mesh.delaunay, heights_m, start[inside], at[inside])
    asked = inside[mesh.radii2[start[inside]] > 0]
    place, triangle = _cavities(mesh, at[asked], start[asked])
    owner, vertex, area = _areas(mesh, at[asked], place, triangle)
    count = len(asked)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = np.bincount(owner, weights=area, minlength=count)
        mean = np.bincount(owner, weights=area * heights_m[vertex], minlength=count) / total
    good = np.isfinite(mean) & (total > 0)
    # on an edge of the hull, and on a vertex, areas are infinite or nothing: there the plane is the limit
    good &= ~_degenerate(mesh, at[asked], start[asked])
    found[asked[good]] = mean[good]
    return found


def _degenerate(mesh: _Mesh, at: Floats, start: Ints) -> Bools:
    """Tell which places lie on a vertex of their triangle, or on an edge of the hull."""
    corners = mesh.delaunay.points[mesh.delaunay.simplices[start]] - at[:, None]
    bad = ((corners**2).sum(axis=2) < 1e-18).any(axis=1)
    for side in range(3):
        one, other = corners[:, (side + 1) % 3], corners[:, (side + 2) % 3]
        on = np.abs(_cross(one, other)) < 1e-9 * ((one - other) ** 2).sum(axis=1)
        bad |= on & (mesh.neighbours[start, side] < 0)
    return np.asarray(bad)


def _cavities(mesh: _Mesh, at: Floats, start: Ints) -> tuple[Ints, Ints]:
    """Grow the cavity of each place from the triangle that holds it: (p,) places and (p,) triangles."""
    size = len(mesh.radii2)
    place, triangle = np.arange(len(at)), start.astype(np.int64)
    known = place * size + triangle
    frontier = known
    while len(frontier):
        place, triangle = frontier // size, frontier % size
        beside = mesh.neighbours[triangle].ravel()
        place = np.repeat(place, 3)[beside >= 0]
        beside = beside[beside >= 0]
        apart2 = ((at[place] - mesh.centres[beside]) ** 2).sum(axis=1)
        keys = np.unique((place * size + beside)[apart2 < mesh.radii2[beside] * (1 - _STRICT)])
        frontier = keys[~_among(keys, known)]
        known = np.sort(np.concatenate([known, frontier]), kind="stable")
    return known // size, known % size


def _among(keys: Ints, known: Ints) -> Bools:
    """Tell which keys are among known ones, both ascending."""
    number = np.searchsorted(known, keys).clip(max=len(known) - 1)
    return np.asarray(known[number] == keys)


def _areas(mesh: _Mesh, at: Floats, place: Ints, triangle: Ints) -> tuple[Ints, Ints, Floats]:
    """Give pieces of twice the area that vertices lose: (k,) places, (k,) vertices, (k,) signed areas.

    Every polygon is walked round; an edge from p to q adds p × q, seen from the place.
    """
    size = len(mesh.radii2)
    known = place * size + triangle
    owner, side = np.repeat(place, 3), np.tile(np.arange(3), len(place))
    own = np.repeat(triangle, 3)
    first = mesh.delaunay.simplices[own, (side + 1) % 3].astype(np.int64)
    second = mesh.delaunay.simplices[own, (side + 2) % 3].astype(np.int64)
    beside = mesh.neighbours[own, side]
    inner = (beside >= 0) & _among(owner * size + beside, known)
    here = mesh.centres[own] - at[owner]
    there = mesh.centres[beside[inner]] - at[owner[inner]]
    pieces = [(owner[inner], second[inner], _cross(here[inner], there))]
    rim = ~inner
    owner, first, second, here = owner[rim], first[rim], second[rim], here[rim]
    points = mesh.delaunay.points
    turn = _circumcentres(np.zeros((len(owner), 2)), points[first] - at[owner], points[second] - at[owner])
    pieces += [(owner, second, _cross(here, turn)), (owner, first, _cross(turn, here))]
    # the edge between the place and a vertex: from the corner on the edge that comes to it to the next one
    count = len(points)
    coming, going = np.argsort(owner * count + second), np.argsort(owner * count + first)
    pieces.append((owner[coming], second[coming], _cross(turn[coming], turn[going])))
    owners, losers, areas = zip(*pieces, strict=True)
    return np.concatenate(owners), np.concatenate(losers), np.concatenate(areas)
