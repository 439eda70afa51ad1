"""The cells that a head classifies over: which partition, how fine, and what lies above its cells."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from whence._lazy import named
from whence.earth import partitions as geometric
from whence.earth.sphere import distance_m
from whence.errors import FormatError, InputError, NotEnoughDataError

if TYPE_CHECKING:
    from whence.earth.partitions import Partition
    from whence.typing import Floats, Ints, Json

__all__ = ["CELL_PARTITIONS", "CellSettings", "ancestor_levels", "cell_spreads_m", "load_partition"]

CELL_PARTITIONS = geometric.PARTITIONS | {
    "country": "whence.places.administrative:CountryPartition",
    "region": "whence.places.administrative:RegionPartition",
}
"""Name of a partition that heads know -> where its class is."""

_LEAST_A_CELL = 10  # photographs in the average cell, where the resolution is left to us
_FINEST = 10
_PRIOR_POINTS = 2.0  # photographs that the cell as an evenly filled disc counts for


@dataclass(frozen=True)
class CellSettings:
    """Which cells; every head over cells has these settings.

    Attributes
    ----------
    partition
        ``quadtree``, ``h3``, ``grid``, ``country`` or ``region``.
    max_points, max_depth
        Of a quadtree. 0 points: the square root of the number of photographs, from 10 to 1000.
    resolution
        Of H3. -1: the finest, up to 10, whose cells hold 10 photographs on average.
    step_deg
        Of a grid.
    """

    partition: str = "quadtree"
    max_points: int = 0
    max_depth: int = 10
    resolution: int = -1
    step_deg: float = 0.25

    def __post_init__(self) -> None:
        if self.partition not in CELL_PARTITIONS:
            raise InputError(f"no partition {self.partition!r}; there are {', '.join(CELL_PARTITIONS)}")

    def fit_partition(self, lonlat: Floats) -> Partition:
        """Divide the Earth by training positions (n, 2), longitude, latitude, degrees.

        Raises
        ------
        NotEnoughDataError
            When they all fall into one cell.
        """
        if self.partition == "h3":
            partition = self._hexagons(lonlat)
        elif self.partition == "quadtree":
            most = self.max_points or int(np.clip(np.sqrt(len(lonlat)), 10, 1000))
            partition = _fitted("quadtree", lonlat, max_points=most, max_depth=self.max_depth)
        elif self.partition == "grid":
            partition = _fitted("grid", lonlat, step_deg=self.step_deg)
        else:
            partition = _fitted(self.partition, lonlat)
        if len(partition) < 2:
            raise NotEnoughDataError(
                f"all {len(lonlat)} training photographs lie in one cell of the {self.partition} partition: "
                "there is nothing to tell apart; choose smaller cells, or a head of coordinates"
            )
        return partition

    def _hexagons(self, lonlat: Floats) -> Partition:
        if self.resolution >= 0:
            return _fitted("h3", lonlat, resolution=self.resolution)
        partition = _fitted("h3", lonlat, resolution=0)
        for resolution in range(1, _FINEST + 1):
            finer = _fitted("h3", lonlat, resolution=resolution)
            if len(finer) * _LEAST_A_CELL > len(lonlat) and len(partition) > 1:
                break
            partition = finer
        return partition


def _fitted(name: str, lonlat: Floats, **settings: Any) -> Partition:
    partition: Partition = named(CELL_PARTITIONS[name]).fit(lonlat, **settings)
    return partition


def load_partition(content: Json) -> Partition:
    """Read back what the `to_json` of any partition of `CELL_PARTITIONS` gave.

    Raises
    ------
    FormatError
        When it is broken, or of a kind that is not known.
    """
    name = content.get("partition")
    if name not in CELL_PARTITIONS:
        raise FormatError(f"no partition is of the kind {name!r}; known are {', '.join(CELL_PARTITIONS)}")
    partition: Partition = named(CELL_PARTITIONS[name]).from_json(content)
    return partition


def cell_spreads_m(partition: Partition, lonlat: Floats) -> Floats:
    """Spread of the photographs in each cell.

    Parameters
    ----------
    partition
        n cells.
    lonlat
        (m, 2) training positions, longitude, latitude, degrees.

    Returns
    -------
    Floats
        (n,) one-dimensional standard deviation round the centres, metres. A cell with few photographs leans
        on its size: an evenly filled disc of radius a, whose deviation is a / 2, counts as two photographs.
    """
    cell = partition.assign(lonlat)
    apart_m = distance_m(lonlat, partition.centers()[cell])
    count = np.bincount(cell, minlength=len(partition))
    squares = np.bincount(cell, apart_m**2 / 2.0, len(partition))
    disc = (partition.size_m() / 2.0) ** 2
    return np.asarray(np.sqrt((squares + _PRIOR_POINTS * disc) / (count + _PRIOR_POINTS)))


def ancestor_levels(partition: Partition) -> list[Ints]:
    """Find what lies above the cells: boxes of a quadtree, parents of hexagons, blocks of a grid, countries.

    Returns
    -------
    list of Ints
        (n,) for each level the number of each cell's ancestor, from 0 with none left out; coarsest first,
        each level nested in the one before. Levels that tell nothing apart, or as much as the next, are left
        out.
    """
    levels = [np.unique(keys, return_inverse=True)[1] for keys in _ancestor_keys(partition)]
    counts = [int(level.max()) + 1 for level in levels] + [len(partition)]
    kept = [level for level, (here, below) in zip(levels, pairwise(counts), strict=True) if 1 < here < below]
    return [np.asarray(level, np.int64) for level in kept]


def _ancestor_keys(partition: Any) -> list[Any]:
    """Labels (n,) of the ancestors, coarsest level first."""
    if partition.name == "quadtree":
        return [partition.ancestors(level) for level in range(1, partition.max_depth)]
    if partition.name == "h3":
        return _hexagon_parents(partition.h3_ids, partition.resolution)
    if partition.name == "grid":
        row, column = np.divmod(partition.keys, 2 * round(180.0 / partition.step_deg))
        return [(row // 4**up << 32) | (column // 4**up) for up in (4, 3, 2, 1)]
    ancestors: list[Any] = partition.ancestor_names()
    return ancestors


def _hexagon_parents(ids: Ints, resolution: int) -> list[Ints]:
    import h3.api.numpy_int as h3

    return [
        np.array([h3.cell_to_parent(cell, up) for cell in ids.tolist()], np.int64) for up in range(resolution)
    ]
