"""Triangles between the vertices of the contours (TIN)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from whence.errors import NotEnoughDataError

if TYPE_CHECKING:
    from typing import Any

    from whence.maps.heights.lattice import Lattice
    from whence.maps.heights.terrain import Terrain
    from whence.typing import Floats

__all__ = ["Tin", "triangulate"]


@dataclass(frozen=True)
class Tin:
    """Linear interpolation in the Delaunay triangles of the vertices.

    Tops, valleys and spurs come out flat where all corners of a triangle lie on one contour: there the
    surface is wrong by up to half an interval. `SummitTin` mends that.

    Parameters
    ----------
    step_cells
        Vertices along the lines are at most this many cells apart; None takes the lines as they are drawn.
    """

    name: ClassVar[str] = "tin"
    step_cells: float | None = 0.5

    def heights(self, terrain: Terrain, lattice: Lattice) -> Floats:
        """Compute (rows, columns) heights; NaN outside of the hull of the vertices. See `Surface`."""
        from scipy.interpolate import LinearNDInterpolator

        nodes, heights_m = vertices(terrain, lattice, self.step_cells)
        interpolator = LinearNDInterpolator(triangulate(nodes), heights_m)
        columns, rows = np.meshgrid(np.arange(lattice.columns), np.arange(lattice.rows))
        return np.asarray(interpolator(columns, rows))


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
