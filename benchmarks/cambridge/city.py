"""Where the photographs stand, and who may learn from whom."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whence.earth.points import from_lat_lon
from whence.earth.sphere import geometric_median
from whence.earth.tangent import TangentPlane

if TYPE_CHECKING:
    from pathlib import Path

    from whence.typing import Bools, Floats, Ints

VIEWS = 4
FOLDS = 5
BLOCK_M = 100.0
MARGIN_M = 25.0
DUPLICATE_M = 0.5


@dataclass(frozen=True, eq=False)
class City:
    """Locations (n, 2), longitude and latitude; view v of location i is row 4 i + v of all features."""

    lonlat: Floats

    @classmethod
    def read(cls, table: Path) -> City:
        """Read a CSV file with columns lat and lon."""
        with table.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        return cls(from_lat_lon([float(r["lat"]) for r in rows], [float(r["lon"]) for r in rows]))

    @cached_property
    def enu_m(self) -> Floats:
        """(n, 2) metres east and north of the middle."""
        return TangentPlane(self.lonlat.mean(axis=0)).to_enu(self.lonlat)

    @cached_property
    def distances_m(self) -> Floats:
        """(n, n) between locations."""
        return np.linalg.norm(self.enu_m[:, None] - self.enu_m, axis=-1)

    @cached_property
    def _blocks(self) -> Ints:
        """(n, 2) column and row of the 100 m block of each location."""
        return np.floor((self.enu_m - self.enu_m.min(axis=0)) / BLOCK_M).astype(np.int64)

    @cached_property
    def fold(self) -> Ints:
        """(n,) fold 0..4 of each location: whole blocks, dealt out at random."""
        blocks, which = np.unique(self._blocks, axis=0, return_inverse=True)
        order = np.random.default_rng(0).permutation(len(blocks))
        dealt = np.empty(len(blocks), np.int64)
        dealt[order] = np.arange(len(blocks)) % FOLDS
        return dealt[which.ravel()]

    def known(self, fold: int) -> Bools:
        """(n,) locations in no block of `fold` and more than 25 m from every such block."""
        corner_m = self.enu_m - self.enu_m.min(axis=0)
        known = self.fold != fold
        for block in np.unique(self._blocks[self.fold == fold], axis=0):
            beside = np.maximum(np.maximum(block * BLOCK_M - corner_m, corner_m - (block + 1) * BLOCK_M), 0)
            known &= np.hypot(*beside.T) > MARGIN_M
        return known

    def constant_m(self, fold: int) -> Floats:
        """Errors (q,) of always answering with the geometric median of what is known."""
        middle = TangentPlane(self.lonlat.mean(axis=0)).to_enu(
            geometric_median(self.lonlat[self.known(fold)])
        )
        return np.linalg.norm(self.enu_m[self.fold == fold] - middle, axis=1)

    def oracle_m(self, fold: int) -> Floats:
        """Errors (q,) of always answering with the nearest known location."""
        return self.distances_m[self.fold == fold][:, self.known(fold)].min(axis=1)


def per_view(of_locations: Bools) -> Bools:
    """Repeat (n,) for the four views of each location: (4 n,)."""
    return np.repeat(of_locations, VIEWS)
