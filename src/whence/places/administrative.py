"""Partitions by country, and by the regions of countries, for classifiers.

They meet `whence.earth.partitions.Partition`. A position belongs to the country whose outline holds it, or
whose coast is nearest; to the region of the nearest place of the gazetteer. Regions have no outlines here, so
their sizes and neighbours are estimates from their places.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.spatial import cKDTree

from whence.earth.partitions.occupied import (
    Nearest,
    area_radius_m,
    check_cell,
    mean_points,
    open_record,
    training_positions,
    whole_numbers,
)
from whence.earth.points import as_lonlat
from whence.earth.sphere import EARTH_RADIUS_M, distance_m, mean_point, to_unit_vectors
from whence.errors import FormatError
from whence.places.country_table import country
from whence.places.gazetteer import gazetteer
from whence.places.outlines import country_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from whence.typing import ArrayLike, Floats, Ints, Json

__all__ = ["CountryPartition", "RegionPartition"]

_ANYWHERE_M = np.pi * EARTH_RADIUS_M
_ROUND_A_PLACE_M = 10_000.0  # a place stands for what is within so far
_SAMPLES = 400  # positions in the circle round a region that say how much of it is the region's
_NEAR_PLACES = 7  # regions touch where places of both are among the nearest so many of each other


@dataclass(frozen=True, eq=False)
class _Named(ABC):
    """Cells with names, as countries and regions are.

    Parameters
    ----------
    names
        n names, ascending.
    mean_lonlat
        (n, 2) mean training position of each, degrees.
    radius_m
        (n,) radius of the circle as large as the cell, metres.
    counts
        (n,) training positions in each.
    """

    names: tuple[str, ...]
    mean_lonlat: Floats
    radius_m: Floats
    counts: Ints

    name: ClassVar[str]

    @classmethod
    def fit(cls, lonlat: ArrayLike) -> Self:
        """Take the cells that hold positions.

        Parameters
        ----------
        lonlat
            (n, 2) longitude, latitude, degrees.

        Raises
        ------
        NotEnoughDataError
            When there is no position.
        """
        points = training_positions(lonlat)
        found, first, cell, counts = np.unique(
            cls.names_at(points), return_index=True, return_inverse=True, return_counts=True
        )
        names = tuple(found.tolist())
        means = mean_points(points, cell, points[first])
        return cls(names, means, cls._radii_m(names), counts.astype(np.int64))

    @staticmethod
    @abstractmethod
    def names_at(lonlat: Floats) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
        """Name the country or region of each position (n, 2)."""

    @staticmethod
    @abstractmethod
    def _radii_m(names: tuple[str, ...]) -> Floats:
        """Radius of the circle as large as each cell, metres."""

    @abstractmethod
    def _touching(self, name: str) -> set[str]:
        """Names of the cells that touch the one of a name."""

    def __len__(self) -> int:
        return len(self.names)

    def assign(self, lonlat: ArrayLike) -> Ints:
        """Find the cell number (...) of each position (..., 2); see `Partition.assign`."""
        points = as_lonlat(lonlat)
        rows = points.reshape(-1, 2)
        known, wanted = np.array(self.names), self.names_at(rows)
        cell = np.minimum(np.searchsorted(known, wanted), len(self) - 1)
        stray = known[cell] != wanted
        cell[stray] = self._nearest.find(rows[stray])
        return np.asarray(cell.reshape(points.shape[:-1]), np.int64)

    def centers(self) -> Floats:
        """(n, 2) mean training position of each cell, longitude, latitude, degrees."""
        return self.mean_lonlat

    def size_m(self) -> Floats:
        """(n,) radius of the circle as large as the cell, metres, at least 1."""
        return self.radius_m

    def neighbours(self, cell: int, rings: int = 1) -> Ints:
        """Find the cells that touch, step by step; those without positions do not carry a step."""
        check_cell(cell, len(self), rings)
        number = {name: at for at, name in enumerate(self.names)}
        reached = {cell}
        front = {cell}
        for _ in range(rings):
            touched = {number[n] for at in front for n in self._touching(self.names[at]) if n in number}
            front = touched - reached
            reached |= touched
        return np.array(sorted(reached - {cell}), np.int64)

    def to_json(self) -> Json:
        """Everything needed to make it again, as JSON values."""
        return {
            "partition": self.name,
            "version": 1,
            "names": list(self.names),
            "mean_lonlat": self.mean_lonlat.tolist(),
            "radius_m": self.radius_m.tolist(),
            "counts": self.counts.tolist(),
        }

    @classmethod
    def from_json(cls, content: Json) -> Self:
        """Make it again from what `to_json` gave.

        Raises
        ------
        FormatError
            When it is of another kind or version, or incomplete.
        """
        record = open_record(content, cls.name, columns=("names", "mean_lonlat", "radius_m", "counts"))
        names = tuple(map(str, record["names"]))
        if list(names) != sorted(set(names)):
            raise FormatError(f"the names of the {cls.name} partition are not in order; its file is broken")
        return cls(
            names,
            as_lonlat(record["mean_lonlat"]),
            np.array(record["radius_m"], np.float64),
            whole_numbers(record, "counts"),
        )

    @cached_property
    def _nearest(self) -> Nearest:
        return Nearest.of(self.mean_lonlat)


class CountryPartition(_Named):
    """The countries that hold data, by their ISO 3166-1 alpha-2 codes; see `whence.places.outlines`.

    Examples
    --------
    >>> cells = CountryPartition.fit([[2.35, 48.86], [5.37, 43.30], [4.35, 50.85]])
    >>> cells.names, cells.assign([[7.75, 48.57], [4.40, 51.22]])
    (('BE', 'FR'), array([1, 0]))
    """

    name: ClassVar[str] = "country"

    @staticmethod
    def names_at(lonlat: Floats) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
        """Country code of each position (n, 2); at sea that of the nearest coast."""
        return np.array(country_at(lonlat, tolerance_m=_ANYWHERE_M), np.str_).reshape(len(lonlat))

    @staticmethod
    def _radii_m(names: tuple[str, ...]) -> Floats:
        return area_radius_m(np.array([country(name).area_km2 * 1e6 for name in names]))

    def _touching(self, name: str) -> set[str]:
        borders = set(country(name).neighbours)
        return borders | {other for other in self.names if name in country(other).neighbours}

    def ancestor_names(self) -> list[list[str]]:
        """Levels of what lies above: the continent of each country."""
        return [[country(name).continent for name in self.names]]


class RegionPartition(_Named):
    """The regions of countries that hold data, such as "US.Texas" and "FR.11".

    The name of a region is the country and what the gazetteer calls the first administrative level: the name
    of a state in the USA, GeoNames' code elsewhere.

    Examples
    --------
    >>> cells = RegionPartition.fit([[2.35, 48.86], [5.37, 43.30], [-95.37, 29.76]])
    >>> cells.names, cells.assign([[-96.8, 32.78]])
    (('FR.11', 'FR.93', 'US.Texas'), array([2]))
    """

    name: ClassVar[str] = "region"

    @staticmethod
    def names_at(lonlat: Floats) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
        """Region of the place nearest to each position (n, 2)."""
        world = _regions()
        return np.asarray(world.names[world.region[world.nearest(lonlat)]]).reshape(len(lonlat))

    @staticmethod
    def _radii_m(names: tuple[str, ...]) -> Floats:
        return np.array([_regions().radius_m(name) for name in names])

    def _touching(self, name: str) -> set[str]:
        return set(_regions().touching.get(name, ()))

    def ancestor_names(self) -> list[list[str]]:
        """Levels of what lies above: the continent and the country of each region."""
        codes = [name.partition(".")[0] for name in self.names]
        return [[country(code).continent for code in codes], codes]


@dataclass(frozen=True, eq=False)
class _Regions:
    """The regions of all places of the gazetteer."""

    names: np.ndarray[tuple[int], np.dtype[np.str_]]
    region: Ints
    lonlat: Floats
    tree: cKDTree

    def nearest(self, lonlat: Floats) -> Ints:
        """Place nearest to each position (n, 2)."""
        return np.asarray(self.tree.query(to_unit_vectors(lonlat))[1], np.int64)

    def radius_m(self, name: str) -> float:
        """Radius of the circle as large as a region: its share of the circle that holds its places."""
        number = int(np.searchsorted(self.names, name))
        places = self.lonlat[self.region == number]
        center = mean_point(places)
        reach_m = float(distance_m(places, center).max()) + _ROUND_A_PLACE_M
        around = _disc(center, min(reach_m / EARTH_RADIUS_M, np.pi))
        near = self.nearest(around)
        apart = np.linalg.norm(to_unit_vectors(around) - to_unit_vectors(self.lonlat[near]), axis=1)
        wild = apart * EARTH_RADIUS_M > max(_ROUND_A_PLACE_M, reach_m / 3.0)  # the sea, mostly
        share = np.mean((self.region[near] == number) & ~wild)
        return max(reach_m * float(np.sqrt(share)), _ROUND_A_PLACE_M / 2.0)

    @cached_property
    def touching(self) -> Mapping[str, set[str]]:
        """Regions that have places among the nearest neighbours of the places of each."""
        _, near = self.tree.query(self.tree.data, k=_NEAR_PLACES)
        here, there = np.repeat(self.region, _NEAR_PLACES), self.region[near.ravel()]
        pairs = np.unique(np.stack([here, there], axis=1)[here != there], axis=0)
        touching: dict[str, set[str]] = {}
        for one, other in pairs.tolist():
            touching.setdefault(str(self.names[one]), set()).add(str(self.names[other]))
            touching.setdefault(str(self.names[other]), set()).add(str(self.names[one]))
        return touching


@functools.lru_cache(maxsize=1)
def _regions() -> _Regions:
    names, region = gazetteer().regions
    lonlat = np.asarray(gazetteer().lonlat)
    tree = cKDTree(to_unit_vectors(lonlat), balanced_tree=False, compact_nodes=False)
    return _Regions(names, region, lonlat, tree)


def _disc(center: Floats, angle: float) -> Floats:
    """Positions (n, 2) spread evenly over the cap of so many radians round a point: a sunflower."""
    from whence.earth.sphere import destination

    number = np.arange(_SAMPLES) + 0.5
    height = (1.0 - np.cos(angle)) * number / _SAMPLES
    distances_m = 2.0 * EARTH_RADIUS_M * np.arcsin(np.sqrt(height / 2.0))
    return destination(center, np.remainder(137.50776405 * number, 360.0), distances_m)
