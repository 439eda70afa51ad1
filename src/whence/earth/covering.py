"""Beliefs and regions: patches that cover a region, the mass inside it, and what is left within it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely

from whence.earth import von_mises_fisher as vmf
from whence.earth.merging import merge_runs, reduce_to
from whence.earth.patches import Patches, density_ratio
from whence.earth.quadrature import even_nodes
from whence.earth.region import Region
from whence.earth.sphere import EARTH_RADIUS_M, destination, from_unit_vectors, to_unit_vectors

if TYPE_CHECKING:
    from whence.typing import ArrayLike, Bools, Floats, Ints

__all__ = ["cover", "mass_in", "restricted", "ring"]

_LATTICE_POINTS = 16_000
_NODES = 256  # points that stand for a patch which the border of a region may cut
_BORDER_PATCHES = 1000  # cells of the cover in which what is wide is kept
_SCATTERED = 0.5  # a patch that loses more than this share of its points is split
_PIECES = 12
_MOST_SCATTERED = 50  # the heaviest; each costs a millisecond
_LEAST_SPREAD_M = 1.0


@dataclass(frozen=True, eq=False)
class _Lattice:
    """Points over a region: `vectors` (n, 3), the `areas` (n,) in steradians they stand for, their `step`."""

    vectors: Floats
    areas: Floats
    step: float


def cover(region: Region, max_patches: int) -> Patches:
    """Cover a region evenly: patches in square cells, as wide as half a cell, weighing their area.

    The weights sum to 1. The belief runs out over about half a cell at the border.
    """
    lattice = _lattice(region)
    cells, starts = _cells(lattice, max_patches)
    return _patches(lattice, lattice.areas / lattice.areas.sum(), cells, starts)


def ring(center: ArrayLike, distance_m: float, spread_m: float, max_patches: int) -> tuple[Floats, float]:
    """Lay patches round a point, at a distance: their centres (n, 2) in degrees and their one spread.

    They are 1.5 spreads apart, which makes a ring even to 1 %; a ring too thin for `max_patches` of them is
    made as thick as they must be to touch.
    """
    around_m = 2.0 * np.pi * EARTH_RADIUS_M * abs(np.sin(distance_m / EARTH_RADIUS_M))
    count = int(np.clip(np.ceil(around_m / (1.5 * spread_m)), 1, max_patches))
    bearings = np.arange(count) * (360.0 / count)
    return destination(center, bearings, distance_m), max(spread_m, around_m / (1.5 * count))


def mass_in(patches: Patches, background: float, region: Region) -> float:
    """Mass inside a region; patches are sampled where they are narrow, the region where they are wide."""
    lattice = _lattice(region)
    narrow = patches.kappas > lattice.step**-2
    wide = density_ratio(lattice.vectors, patches[~narrow], background) @ lattice.areas / (4.0 * np.pi)
    inside = _inside(patches[narrow], region).mean(axis=1)
    return float(np.clip(wide + patches.weights[narrow] @ inside, 0.0, 1.0))


def restricted(patches: Patches, background: float, region: Region) -> Patches:
    """Return the part of a belief inside a region; the weights sum to the mass inside.

    Patches narrower than a cell of the region's cover lose what lies outside and keep mean and spread of
    the rest; the wide ones and the background become patches of the cover.
    """
    lattice = _lattice(region)
    order, starts = _cells(lattice, _BORDER_PATCHES)
    narrow = patches.kappas > float(np.sum(lattice.areas)) ** -1 * _BORDER_PATCHES
    ratio = density_ratio(lattice.vectors, patches[~narrow], background)
    wide = _patches(lattice, ratio * lattice.areas / (4.0 * np.pi), order, starts)
    return Patches.joined([_clipped(patches[narrow], region), wide])


def _clipped(patches: Patches, region: Region) -> Patches:
    """Cut narrow patches at the border; what has nothing inside is left out.

    What is left becomes one patch again, or several where little is left: islands in the sea.
    """
    inside = _inside(patches, region)
    whole, some = inside.all(axis=1), inside.any(axis=1)
    cut = np.flatnonzero(some & ~whole)
    points = even_nodes(patches[cut], _NODES)[inside[cut]]
    owner = np.repeat(np.arange(len(cut)), inside[cut].sum(axis=1))
    # Every point stands for a little disc of the patch, or a single one left would be infinitely sharp.
    discs = Patches(points, patches.kappas[cut][owner] * _NODES / 4.0, patches.weights[cut][owner] / _NODES)
    if not len(cut):
        return patches[whole]
    starts = np.searchsorted(owner, np.arange(len(cut)))
    left = np.diff(np.r_[starts, len(owner)])
    scattered = np.flatnonzero(left < _SCATTERED * _NODES)
    scattered = scattered[np.argsort(-patches.weights[cut][scattered], kind="stable")[:_MOST_SCATTERED]]
    one = merge_runs(discs, starts)[0]
    several = [reduce_to(discs[owner == index], _PIECES) for index in scattered.tolist()]
    return Patches.joined([patches[whole], one[np.setdiff1d(np.arange(len(cut)), scattered)], *several])


def _inside(patches: Patches, region: Region) -> Bools:
    """Tell which of the points (n, 256) of each patch are inside."""
    points = even_nodes(patches, _NODES)
    return region.contains(from_unit_vectors(points.reshape(-1, 3))).reshape(len(patches), _NODES)


def _cells(lattice: _Lattice, count: int) -> tuple[Ints, Ints]:
    """Sort the points of a lattice into about `count` square cells: their order, and where cells start."""
    longitude, latitude = from_unit_vectors(lattice.vectors).T
    # Cells that the border cuts come on top of those that fit, hence a little larger than the share.
    side = float(np.rad2deg(np.sqrt(lattice.areas.sum() / (0.75 * count))))
    row = np.floor(latitude / side)
    level = np.cos(np.deg2rad(np.clip((row + 0.5) * side, -90.0 + side / 2.0, 90.0 - side / 2.0)))
    column = np.floor(longitude * np.maximum(level, 1e-6) / side + 0.5 * (row % 2))
    order = np.lexsort((column, row))
    new = (np.diff(row[order]) != 0.0) | (np.diff(column[order]) != 0.0)
    return order, np.flatnonzero(np.r_[True, new])


def _patches(lattice: _Lattice, weights: Floats, order: Ints, starts: Ints) -> Patches:
    """Make one patch of each cell, as wide as half the side of a square of its area."""
    masses = np.add.reduceat(weights[order], starts)
    vectors = np.add.reduceat(lattice.vectors[order] * weights[order, np.newaxis], starts, axis=0)
    areas = np.add.reduceat(lattice.areas[order], starts)
    kappas = np.minimum(4.0 / areas, vmf.concentration(np.asarray(_LEAST_SPREAD_M)))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Patches(vectors, kappas, masses)


@lru_cache(maxsize=32)
def _lattice(region: Region) -> _Lattice:
    """Spread points over a region, part by part; a part too small for one has its inner point."""
    parts = [Region(region.name, part) for part in shapely.get_parts(region.geometry)]
    wholes = np.array([part.area_km2 for part in parts]) * 1e6 / EARTH_RADIUS_M**2
    step = float(np.sqrt(wholes.sum() / _LATTICE_POINTS))
    lonlat, areas = zip(
        *(_rows(part, step, whole) for part, whole in zip(parts, wholes.tolist(), strict=True)), strict=True
    )
    return _Lattice(to_unit_vectors(np.concatenate(lonlat)), np.concatenate(areas), step)


def _rows(part: Region, step: float, whole: float) -> tuple[Floats, Floats]:
    """Lay points on the parallels inside one polygon, at least one: (n, 2) degrees, and areas (n,).

    Rows and places fill the polygon's box exactly, so that the points of a box are those of its cells.
    """
    west, south, east, north = part.geometry.bounds
    side = np.rad2deg(step)
    edges = np.linspace(south, north, int(np.ceil((north - south) / side)) + 1)
    latitudes, heights = (edges[1:] + edges[:-1]) / 2.0, np.diff(np.sin(np.deg2rad(edges)))
    counts = np.ceil((east - west) * np.cos(np.deg2rad(latitudes)) / side).astype(np.int64)
    row = np.repeat(np.arange(len(latitudes)), counts)
    place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    longitudes = west + (place + 0.5) * ((east - west) / counts[row])
    lonlat = np.column_stack([longitudes, latitudes[row]])
    areas = heights[row] / counts[row]
    inside = part.contains(lonlat)
    if not inside.any():
        inner = shapely.get_coordinates(shapely.point_on_surface(part.geometry))
        return np.array(inner, dtype=np.float64), np.array([whole])
    return lonlat[inside], areas[inside] * (whole / float(areas[inside].sum()))
