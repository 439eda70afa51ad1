"""What stands in the town and where: terrain, streets, buildings, trees, water, landmarks, signs.

Everything is in metres east and north of the town's middle; `Town.plane` ties that to the Earth. The
town is invented. It lies in the fields of the Po plain, so that its signs can name real cities.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from whence.earth.ellipsoid import geodesic_distance_m
from whence.earth.tangent import TangentPlane

if TYPE_CHECKING:
    from whence.typing import Floats

__all__ = ["ORIGIN", "Building", "Street", "Terrain", "Town", "Tree"]

ORIGIN = (10.462, 44.868)
"""Longitude and latitude of the middle of the town, degrees."""

HALF_SIZE_M = 500.0
STREET_WIDTH_M = 14.0
RIVER_NORTH_M = 400.0
"""North of this line is the river; its far bank is open country."""

CITIES = {"PARMA": (10.3279, 44.8015), "REGGIO EMILIA": (10.6313, 44.6980), "MANTOVA": (10.7914, 45.1564)}
SHOPS = (
    "FARMACIA", "PANIFICIO", "TRATTORIA", "LIBRERIA", "FERRAMENTA", "MACELLERIA", "GELATERIA", "TABACCHI",
    "OTTICO", "FIORI", "ALBERGO", "CALZATURE", "CARTOLERIA", "OROLOGERIA", "SARTORIA", "PIZZERIA",
)  # fmt: skip
STREET_NAMES = (
    "VIA GARIBALDI", "VIA MAZZINI", "VIA CAVOUR", "VIA VERDI", "VIA DANTE", "VIA ROMA", "VIA MARCONI",
    "VIA PO", "VIA DEL MULINO", "VIA EMILIA", "VIA DEI TIGLI", "VIA SAN PIETRO", "VIA DEL PONTE",
    "VIA VOLTA", "VIA GALILEI", "VIA MANZONI", "VIA LEOPARDI", "VIA ROSSINI", "VIA PUCCINI", "VIA BELLINI",
    "VIA TASSO", "VIA ARIOSTO", "VIA PETRARCA", "VIA COLOMBO", "VIA MATTEOTTI", "VIA DEI MILLE",
)  # fmt: skip


@dataclass(frozen=True)
class Terrain:
    """Gentle ground: a sum of a few long waves, so that its height is known exactly everywhere."""

    amplitudes_m: Floats  # (k,)
    wave_numbers: Floats  # (k, 2) radians per metre
    phases_rad: Floats  # (k,)

    @classmethod
    def rolling(cls, rng: np.random.Generator) -> Terrain:
        """Draw hills of some metres over some hundred metres."""
        lengths_m = np.array([900.0, 520.0, 310.0])
        directions = rng.uniform(0, 2 * np.pi, 3)
        waves = 2 * np.pi / lengths_m[:, None] * np.column_stack([np.cos(directions), np.sin(directions)])
        return cls(np.array([5.0, 2.0, 0.8]), waves, rng.uniform(0, 2 * np.pi, 3))

    def height_m(self, enu_m: Floats) -> Floats:
        """Height of the ground at (..., 2) metres east and north."""
        angles = np.asarray(enu_m) @ self.wave_numbers.T + self.phases_rad
        return np.asarray(np.cos(angles) @ self.amplitudes_m)


@dataclass(frozen=True)
class Street:
    """A straight street with its name."""

    name: str
    start_m: tuple[float, float]
    end_m: tuple[float, float]
    width_m: float = STREET_WIDTH_M

    @property
    def length_m(self) -> float:
        """Length of its middle line."""
        return float(np.hypot(*np.subtract(self.end_m, self.start_m)))

    @property
    def direction(self) -> Floats:
        """Unit vector from start to end."""
        return np.subtract(self.end_m, self.start_m) / self.length_m

    @property
    def heading_deg(self) -> float:
        """Compass direction from start to end."""
        east, north = self.direction
        return float(np.degrees(np.arctan2(east, north)) % 360)

    def at(self, along_m: float, aside_m: float = 0.0) -> Floats:
        """Point so far along the middle line and to the right of it."""
        east, north = self.direction
        return np.asarray(self.start_m) + along_m * self.direction + aside_m * np.array([north, -east])


@dataclass(frozen=True)
class Building:
    """A block with upright walls.

    Attributes
    ----------
    corners_m
        (4, 2) east, north, counter-clockwise; the first edge faces the street.
    height_m
        From its lowest corner to the eaves.
    storeys
        Rows of windows.
    look
        Seed of its façade: colours, windows, ornaments.
    sign
        Text over the shop window of the front; empty without one.
    name
        What a landmark is called; empty for ordinary houses.
    """

    corners_m: Floats
    height_m: float
    storeys: int
    look: int
    sign: str = ""
    name: str = ""

    @property
    def middle_m(self) -> Floats:
        """Mean of the corners."""
        return np.asarray(self.corners_m.mean(axis=0))


@dataclass(frozen=True)
class Tree:
    """A tree with its foot and size."""

    foot_m: tuple[float, float]
    height_m: float
    hue: int


@dataclass(frozen=True)
class Town:
    """The whole town; made by `build`, the same for the same seed."""

    seed: int
    terrain: Terrain
    streets: tuple[Street, ...]
    buildings: tuple[Building, ...]
    trees: tuple[Tree, ...]
    park_m: tuple[float, float, float, float]
    square_m: tuple[float, float, float, float]
    plane: TangentPlane = field(default_factory=lambda: TangentPlane(ORIGIN))

    @classmethod
    def build(cls, seed: int = 0) -> Town:
        """Lay out the town.

        Examples
        --------
        >>> town = Town.build(seed=0)
        >>> len(town.buildings) > 200, town.lonlat(np.zeros(2)).round(3).tolist()
        (True, [10.462, 44.868])
        """
        rng = np.random.default_rng(seed)
        columns_m, rows_m = _lines(rng), _lines(rng)
        rows_m = rows_m[rows_m < RIVER_NORTH_M - 20]
        blocks = list(_blocks(columns_m, rows_m))
        park, square = (blocks[i] for i in rng.choice(len(blocks), 2, replace=False))
        houses = [
            house for block in blocks if block not in (park, square) for house in _row_of_houses(block, rng)
        ]
        return cls(
            seed=seed,
            terrain=Terrain.rolling(rng),
            streets=tuple(_streets(columns_m, rows_m)),
            buildings=(*_with_signs(houses, rng), *_landmarks(square)),
            trees=tuple(_trees(park, columns_m, rows_m, rng)),
            park_m=park,
            square_m=square,
        )

    def lonlat(self, enu_m: Floats) -> Floats:
        """Longitude and latitude of (..., 2) metres east and north."""
        return self.plane.to_lonlat(enu_m)

    @cached_property
    def landmarks(self) -> dict[str, Floats]:
        """Name -> (longitude, latitude) of what the townspeople would name."""
        return {building.name: self.lonlat(building.middle_m) for building in self.buildings if building.name}


def _lines(rng: np.random.Generator) -> Floats:
    """Middles of parallel streets, 70 to 130 m apart."""
    gaps = rng.uniform(80, 130, 20)
    lines = -HALF_SIZE_M + 40 + np.concatenate([[0.0], np.cumsum(gaps)])
    return np.asarray(lines[lines < HALF_SIZE_M - 30])


def _streets(columns_m: Floats, rows_m: Floats) -> Iterator[Street]:
    names = iter(STREET_NAMES)
    for east in columns_m:
        yield Street(next(names), (float(east), -HALF_SIZE_M), (float(east), RIVER_NORTH_M))
    for north in rows_m:
        yield Street(next(names), (-HALF_SIZE_M, float(north)), (HALF_SIZE_M, float(north)))


def _blocks(columns_m: Floats, rows_m: Floats) -> Iterator[tuple[float, float, float, float]]:
    """West, south, east, north of what lies between the streets."""
    half = STREET_WIDTH_M / 2
    for west, east in itertools.pairwise(columns_m):
        for south, north in itertools.pairwise(rows_m):
            yield (float(west + half), float(south + half), float(east - half), float(north - half))


def _row_of_houses(block: tuple[float, float, float, float], rng: np.random.Generator) -> Iterator[Building]:
    """Houses along the four sides of a block, with a gap here and there."""
    west, south, east, north = block
    corners = np.array([[west, south], [east, south], [east, north], [west, north]])
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        length = float(np.hypot(*(end - start)))
        along = (end - start) / length
        inward = np.array([-along[1], along[0]])
        at, depth = 0.0, 11.0
        while at + 9 < length - depth:  # the next side's first house fills the corner
            width = min(float(rng.uniform(10, 22)), length - depth - at)
            if width > 7 and rng.random() > 0.06:
                front = start + along * at
                storeys = int(rng.integers(2, 6))
                ends = np.array([front, front + along * width])
                yield Building(
                    corners_m=np.concatenate([ends, ends[::-1] + inward * depth]),
                    height_m=storeys * float(rng.uniform(2.9, 3.5)) + 1.0,
                    storeys=storeys,
                    look=int(rng.integers(2**31)),
                )
            at += width


def _with_signs(houses: list[Building], rng: np.random.Generator) -> Iterator[Building]:
    """Give a third of the houses a shop, and a few a signpost's text with the way to real cities."""
    signposts = {name: geodesic_distance_m(ORIGIN, lonlat) / 1000 for name, lonlat in CITIES.items()}
    ways = [f"{name} {km:.0f} km" for name, km in signposts.items()]
    for house in houses:
        draw = rng.random()
        sign = ""
        if draw < 0.08:
            sign = ways[int(rng.integers(len(ways)))]
        elif draw < 0.40:
            sign = SHOPS[int(rng.integers(len(SHOPS)))]
        yield Building(house.corners_m, house.height_m, house.storeys, house.look, sign=sign)


def _landmarks(square: tuple[float, float, float, float]) -> Iterator[Building]:
    """Put a town hall and a church tower on the square; the tower is seen from afar."""
    west, south, east, north = square
    middle = np.array([(west + east) / 2, (south + north) / 2])
    hall, tower = np.array([13.0, 8.0]), np.array([4.0, 4.0])
    unit = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    yield Building(middle + [0, 12] + unit * hall, 17.0, 4, 101, sign="MUNICIPIO", name="Municipio")
    yield Building(middle + [12, -14] + unit * tower, 42.0, 9, 202, name="Campanile")


def _trees(
    park: tuple[float, float, float, float], columns_m: Floats, rows_m: Floats, rng: np.random.Generator
) -> Iterator[Tree]:
    west, south, east, north = park
    for _ in range(60):
        yield _tree(rng.uniform(west + 2, east - 2), rng.uniform(south + 2, north - 2), rng)
    for east in columns_m[::3]:  # avenues
        for north in np.arange(-HALF_SIZE_M + 20, RIVER_NORTH_M - 15, 24.0):
            if np.abs(rows_m - north).min() > STREET_WIDTH_M:
                yield _tree(east + rng.choice([-5.6, 5.6]), north + rng.uniform(-2, 2), rng)
    for east in np.arange(-HALF_SIZE_M, HALF_SIZE_M, 18.0):  # along the river
        yield _tree(east + rng.uniform(-4, 4), RIVER_NORTH_M - 6, rng)


def _tree(east_m: float, north_m: float, rng: np.random.Generator) -> Tree:
    return Tree((float(east_m), float(north_m)), float(rng.uniform(5, 11)), int(rng.integers(3)))
