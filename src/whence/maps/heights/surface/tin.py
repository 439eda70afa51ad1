"""Triangles between the vertices of the contours (TIN).

At the rim of a sheet lines end, and the triangles that close the hull join ends of one line: flat, though
nothing says so, for the line that would bound them lies outside. There the plane of the nearest slanted
triangle is continued instead, up to half an interval from the height of the line, which is as far as the
ground can be known to go without meeting another line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from whence.errors import NotEnoughDataError

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.terrain import Terrain
    from whence.typing import Floats, Ints

__all__ = ["Tin", "interpolated", "on_planes", "triangulate", "vertices"]


@dataclass(frozen=True)
class Tin:
    """Linear interpolation in the Delaunay triangles of the vertices.

    Tops, valleys and spurs within the sheet come out flat where all corners of a triangle lie on one
    contour: there the surface is wrong by up to half an interval. `SummitTin` mends that.

    Parameters
    ----------
    step_cells
        Vertices along the lines are at most this many cells apart; None takes the lines as they are drawn.
    """

    name: ClassVar[str] = "tin"
    step_cells: float | None = 0.5

    def heights(self, terrain: Terrain, lattice: Lattice) -> Floats:
        """Compute (rows, columns) heights; NaN outside of the hull of the vertices. See `Surface`."""
        nodes, heights_m = vertices(terrain, lattice, self.step_cells)
        return interpolated(nodes, heights_m, lattice.shape, interval_m=terrain.interval_m)


def interpolated(nodes: Floats, heights_m: Floats, shape: tuple[int, int], *, interval_m: float) -> Floats:
    """Interpolate linearly in triangles, and continue slopes into what is flat at the hull.

    Parameters
    ----------
    nodes, heights_m
        (n, 2) vertices in cells from the first centre, no two the same, and (n,) their heights.
    shape
        Rows and columns.
    interval_m
        The contour interval; 0 leaves flat triangles flat.

    Returns
    -------
    Floats
        (rows, columns) heights, NaN outside of the hull.
    """
    mesh = triangulate(nodes)
    columns, rows = np.meshgrid(np.arange(shape[1]), np.arange(shape[0]))
    at = np.stack([columns, rows], axis=-1).reshape(-1, 2).astype(float)
    within = mesh.find_simplex(at)
    found = np.where(within >= 0, on_planes(mesh, heights_m, within, at), np.nan)
    flat = np.ptp(heights_m[mesh.simplices], axis=1) == 0
    if interval_m > 0 and not flat.all():
        closing = flat & (mesh.neighbors < 0).any(axis=1)
        asked = np.flatnonzero((within >= 0) & closing[within])
        slanted = np.flatnonzero(~flat)
        continued = on_planes(mesh, heights_m, _nearest(mesh, slanted, at[asked]), at[asked])
        level = heights_m[mesh.simplices[within[asked], 0]]
        found[asked] = np.clip(continued, level - interval_m / 2, level + interval_m / 2)
    return found.reshape(shape)


def _nearest(mesh: Any, triangles: Ints, at: Floats) -> Ints:
    """Give for (m, 2) positions the nearest of some triangles, by their centroids."""
    from scipy.spatial import cKDTree

    centroids = mesh.points[mesh.simplices[triangles]].mean(axis=1)
    return np.asarray(triangles[cKDTree(centroids).query(at)[1]], dtype=np.int64)


def on_planes(mesh: Any, heights_m: Floats, triangles: Ints, at: Floats) -> NDArray[np.float64]:
    """Read the planes of (m,) triangles at (m, 2) positions."""
    transform = mesh.transform[triangles]
    first = np.einsum("nij,nj->ni", transform[:, :2], at - transform[:, 2])
    share = np.column_stack([first, 1.0 - first.sum(axis=1)])
    return np.asarray((share * heights_m[mesh.simplices[triangles]]).sum(axis=1))


def vertices(terrain: Terrain, lattice: Lattice, step_cells: float | None) -> tuple[Floats, Floats]:
    """Give (n, 2) positions in cells from the first centre and (n,) heights, each position once."""
    positions, heights_m = terrain.samples(np.inf if step_cells is None else step_cells * lattice.cell_m)
    nodes = lattice.to_cells(positions) - 0.5
    kept = np.unique(nodes, axis=0, return_index=True)[1]
    return nodes[kept], heights_m[kept]


def triangulate(nodes: Floats) -> Any:
    """Make the Delaunay triangulation of (n, 2) positions.

    Raises
    ------
    NotEnoughDataError
        When they do not span a plane.
    """
    from scipy.spatial import Delaunay, QhullError

    if len(nodes) < 3:
        raise NotEnoughDataError(f"{len(nodes)} positions make no triangle; give contours or more heights")
    try:
        return Delaunay(nodes)
    except QhullError as error:
        raise NotEnoughDataError(
            "all positions lie on one straight line, which makes no triangle; give heights beside it"
        ) from error
