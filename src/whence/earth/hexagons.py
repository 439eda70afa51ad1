"""A belief on the hexagons of H3: the mass of every cell that holds some."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h3.api.numpy_int as h3
import numpy as np

from whence.earth import von_mises_fisher as vmf
from whence.earth.patches import Patches, density_ratio
from whence.earth.quadrature import even_nodes
from whence.earth.sphere import EARTH_AREA_KM2, EARTH_RADIUS_M, from_unit_vectors, to_unit_vectors
from whence.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whence.typing import Floats, Ints

__all__ = ["masses"]

_WHOLE_GLOBE = 3  # up to this resolution (41,162 cells) every cell is given
_MOST_CELLS = 500_000
_OUTSIDE = 1e-4  # share of a wide patch that may lie beyond the cells given for it
_NODES = 64


def masses(patches: Patches, background: float, resolution: int) -> tuple[Ints, Floats]:
    """Mass of the cells of one resolution: ids (n,) ascending, masses (n,), the background included.

    Patches wider than two sides of a cell are taken at its centre; the others by points of equal mass.
    """
    if resolution not in range(16):
        raise InputError(f"H3 has the resolutions 0 to 15, not {resolution!r}")
    side = h3.average_hexagon_edge_length(resolution, unit="m") / EARTH_RADIUS_M
    wide = patches.kappas < (2.0 * side) ** -2
    narrow_ids, narrow_masses = _sampled(patches[~wide], resolution)
    ids = np.union1d(_cells_near(patches[wide], resolution, side), narrow_ids)
    centers = np.array([h3.cell_to_latlng(cell)[::-1] for cell in ids.tolist()]).reshape(-1, 2)
    areas = np.array([h3.cell_area(cell, unit="km^2") for cell in ids.tolist()])
    mass = density_ratio(to_unit_vectors(centers), patches[wide], background) * areas / EARTH_AREA_KM2
    mass[np.searchsorted(ids, narrow_ids)] += narrow_masses
    return ids, mass


def _sampled(patches: Patches, resolution: int) -> tuple[Ints, Floats]:
    """Count points of equal mass by cell."""
    lonlat = from_unit_vectors(even_nodes(patches, _NODES).reshape(-1, 3))
    cells = [h3.latlng_to_cell(latitude, longitude, resolution) for longitude, latitude in lonlat.tolist()]
    ids, rows = np.unique(np.array(cells, dtype=np.int64), return_inverse=True)
    weights = np.repeat(patches.weights, _NODES) / _NODES
    return ids, np.asarray(np.bincount(rows, weights=weights, minlength=len(ids)), dtype=np.float64)


def _cells_near(patches: Patches, resolution: int, side: float) -> Ints:
    """Ids of all cells that wide patches reach; of all cells there are, where those are few."""
    if resolution <= _WHOLE_GLOBE:
        return _ids(child for cell in h3.get_res0_cells() for child in h3.cell_to_children(cell, resolution))
    # k rings of hexagons reach at least 1.5 k sides.
    rings = np.ceil(vmf.tail_angle(patches.kappas, _OUTSIDE) / (1.5 * side)).astype(np.int64) + 1
    if len(rings) and 3 * int(rings.max()) ** 2 > _MOST_CELLS:
        raise InputError(f"the belief covers more than {_MOST_CELLS:,} cells; take a lower resolution")
    found: set[int] = set()
    for (longitude, latitude), count in zip(
        from_unit_vectors(patches.vectors).tolist(), rings.tolist(), strict=True
    ):
        found.update(h3.grid_disk(h3.latlng_to_cell(latitude, longitude, resolution), count).tolist())
        if len(found) > _MOST_CELLS:
            raise InputError(f"the belief covers more than {_MOST_CELLS:,} cells; take a lower resolution")
    return _ids(found)


def _ids(cells: Iterable[int]) -> Ints:
    return np.unique(np.fromiter((int(cell) for cell in cells), dtype=np.int64))
