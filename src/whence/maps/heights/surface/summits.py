"""Triangles that know of tops and valleys: flat ones are raised or lowered before they are drawn.

A triangle whose corners all lie on one contour would be a terrace. Flat triangles that touch make an area.
Where one borders on a triangle of another height, it runs out into a valley or along a ridge; where none
does, it is a top or a hollow. New vertices are set at the circumcentres of flat triangles: between contours
a and b by the share of the distances to both, on tops by the slope outside, at most 0.8 of an interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from whence.maps.heights.surface.tin import interpolated, triangulate, vertices

if TYPE_CHECKING:
    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.terrain import Terrain
    from whence.typing import Bools, Floats

__all__ = ["SummitTin"]

_MOST_OF_INTERVAL = 0.8


@dataclass(frozen=True)
class SummitTin:
    """A TIN of densified lines without flat triangles.

    Parameters
    ----------
    step_cells
        Vertices along the lines are at most this many cells apart.
    """

    name: ClassVar[str] = "summit-tin"
    step_cells: float = 0.5

    def heights(self, terrain: Terrain, lattice: Lattice) -> Floats:
        """Compute (rows, columns) heights; NaN outside of the hull of the vertices. See `Surface`."""
        nodes, heights_m = vertices(terrain, lattice, self.step_cells)
        added, their_m = skeleton(nodes, heights_m, terrain.interval_m, step_cells=self.step_cells)
        together, kept = np.unique(np.concatenate([nodes, added]), axis=0, return_index=True)
        levels = np.concatenate([heights_m, their_m])[kept]
        return interpolated(together, levels, lattice.shape, interval_m=terrain.interval_m)


def skeleton(
    nodes: Floats, heights_m: Floats, interval_m: float, *, step_cells: float
) -> tuple[Floats, Floats]:
    """Give new positions in the middle of flat areas, and their heights.

    Parameters
    ----------
    nodes, heights_m
        (n, 2) vertices in cells, no two the same, and (n,) their heights.
    interval_m
        The contour interval.
    step_cells
        Greatest distance of vertices along a line, by which edges on lines are told from others.

    Returns
    -------
    positions, heights_m
        (k, 2) and (k,).
    """
    mesh = triangulate(nodes)
    levels = heights_m[mesh.simplices]
    flat = np.ptp(levels, axis=1) == 0
    own = levels[:, 0]
    direction, leads = _directions(mesh, levels, flat, step_cells)
    centres, inside = _circumcentres(mesh, nodes)
    numbers = np.flatnonzero(flat & inside & (direction != 0))
    if len(numbers) == 0 or interval_m <= 0:
        return np.empty((0, 2)), np.empty(0)
    at, level, sign = centres[numbers], own[numbers], direction[numbers]
    outer = np.where(leads[numbers], level + sign * interval_m, level - sign * interval_m)
    to_own, to_other = _distances(nodes, heights_m, at, level, outer)
    # between two lines by the share of both distances; on a top half as steep as the ground outside of it
    between = to_own / (to_own + to_other)
    beyond = 0.5 * to_own / np.maximum(to_other - to_own, 1e-9)
    rise = interval_m * np.minimum(np.where(leads[numbers], between, beyond), _MOST_OF_INTERVAL)
    return at, level + sign * rise


def _directions(mesh: Any, levels: Floats, flat: Bools, step_cells: float) -> tuple[Floats, Bools]:
    """Tell for each flat triangle whether its area rises (1) or falls (-1), and whether it runs on."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(flat)
    one, side = np.repeat(np.arange(count), 3), np.tile(np.arange(3), count)
    other = mesh.neighbors.ravel()
    known = (other >= 0) & flat[one]
    one, side, other = one[known], side[known], other[known]
    ends = mesh.simplices[one[:, None], (side[:, None] + [1, 2]) % 3]
    length = np.hypot(*(mesh.points[ends[:, 1]] - mesh.points[ends[:, 0]]).T)
    open_edge = length > 1.001 * step_cells  # vertices of a line are nearer than that
    joined = flat[other] & open_edge
    graph = coo_array((np.ones(joined.sum()), (one[joined], other[joined])), shape=(count, count))
    area = connected_components(graph, directed=False)[1]
    slope = np.sign((levels[other] - levels[one, :1]).sum(axis=1))
    through = np.bincount(area[one], weights=slope * open_edge, minlength=area.max() + 1)
    across = np.bincount(area[one], weights=slope * ~open_edge, minlength=area.max() + 1)
    # the ground goes on as it does through the open edges; else on as it comes across the lines
    sign = np.where(through != 0, np.sign(through), -np.sign(across))
    return sign[area], (through != 0)[area]


def _circumcentres(mesh: Any, nodes: Floats) -> tuple[Floats, Bools]:
    """Give (t, 2) circumcentres, and which of them lie within a triangle of the mesh."""
    a, b, c = (nodes[mesh.simplices[:, k]] for k in range(3))
    ab, ac = b - a, c - a
    cross = 2 * (ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0])
    ab2, ac2 = (ab**2).sum(axis=1), (ac**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = (ac[:, 1] * ab2 - ab[:, 1] * ac2) / cross
        y = (ab[:, 0] * ac2 - ac[:, 0] * ab2) / cross
    centres = a + np.stack([x, y], axis=1)
    good = np.isfinite(centres).all(axis=1)
    inside = np.zeros(len(centres), dtype=bool)
    inside[good] = mesh.find_simplex(centres[good]) >= 0
    return centres, inside


def _distances(
    nodes: Floats, heights_m: Floats, at: Floats, own: Floats, other: Floats
) -> tuple[Floats, Floats]:
    """Give distances of places to the nearest vertex of their own height and of another."""
    from scipy.spatial import cKDTree

    near, far = np.empty(len(at)), np.full(len(at), np.inf)
    levels, number = np.unique(np.round(heights_m, 6), return_inverse=True)
    trees = {level: cKDTree(nodes[number == k]) for k, level in enumerate(levels)}
    for wanted, into in ((own, near), (other, far)):
        for level in np.unique(np.round(wanted, 6)):
            if level in trees:
                asked = np.round(wanted, 6) == level
                into[asked] = trees[level].query(at[asked])[0]
    return near, far
