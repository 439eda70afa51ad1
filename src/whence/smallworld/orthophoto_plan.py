"""What stands in the town from above at each of two dates: roofs, gardens, trees and cars.

The houses are those of `Town`; behind them, where no street photograph looks, lie gardens and yards with
annexes. Between the dates some houses go, and some are built in the yards.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from whence.smallworld.town import HALF_SIZE_M, RIVER_NORTH_M, STREET_WIDTH_M, Street, Town

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.typing import Floats

__all__ = ["DATES", "RIVER_WIDTH_M", "Car", "Crown", "Parcel", "Plan", "Roof", "rectangle"]

DATES = (1, 2)
RIVER_WIDTH_M = 60.0

_HOUSE_DEPTH_M = 11.0
_PARCEL_M = 17.0
_LEAST_PARCEL_M = 10.0
_GONE, _LANDMARKS = 0.04, 2
_NEW, _PHANTOMS = 14, 9
_PARKED_EVERY_M = 7.0
_TILED, _FLAT = (
    ((176, 96, 70), (190, 112, 82), (158, 84, 64), (170, 108, 88), (122, 92, 82), (112, 112, 116)),
    ((150, 148, 144), (128, 126, 124), (176, 174, 168), (104, 106, 108)),
)
_PAINT = (
    (232, 232, 230), (38, 38, 42), (150, 152, 156), (178, 34, 34), (44, 66, 120), (88, 92, 96),
    (196, 186, 160),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Roof:
    """A building from above.

    Attributes
    ----------
    ident
        Its number in the register.
    corners_m
        (4, 2), counter-clockwise, the first edge along the street.
    eaves_m
        Height of the eaves above the ground.
    kind
        ``gable``, ``hip`` or ``flat``.
    slope
        Rise per metre.
    colour
        Red, green, blue in full light.
    chimney
        Where it stands, as shares of length and depth.
    """

    ident: str
    corners_m: Floats
    eaves_m: float
    kind: str
    slope: float
    colour: tuple[int, int, int]
    chimney: tuple[float, float]


@dataclass(frozen=True)
class Parcel:
    """A piece of ground between the houses: west, south, east, north, and what covers it."""

    box_m: tuple[float, float, float, float]
    cover: str


@dataclass(frozen=True)
class Crown:
    """A tree from above."""

    foot_m: tuple[float, float]
    radius_m: float
    height_m: float
    hue: int
    phase: float


@dataclass(frozen=True, eq=False)
class Car:
    """A car: corners (4, 2) with the first edge along its side, and its paint."""

    corners_m: Floats
    colour: tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Plan:
    """All that can be seen from above, at both dates.

    Attributes
    ----------
    town
        The town.
    roofs
        Roofs of date 1.
    gone
        Identifiers of those that are gone at date 2.
    new
        Roofs that stand at date 2 only.
    phantoms
        Roofs that were gone before date 1.
    parcels, crowns
        Ground and trees behind the houses, in the streets, and beyond the river.
    """

    town: Town
    roofs: tuple[Roof, ...]
    gone: frozenset[str]
    new: tuple[Roof, ...]
    phantoms: tuple[Roof, ...]
    parcels: tuple[Parcel, ...]
    crowns: tuple[Crown, ...]
    seed: int = 0

    @classmethod
    def of_town(cls, town: Town, *, seed: int = 0) -> Plan:
        """Lay out roofs, parcels and trees, the same for the same town and seed."""
        rng = np.random.default_rng([town.seed, seed, 21])
        parcels = list(_parcels(town, rng))
        yards = [one for one in parcels if one.cover in {"yard", "gravel"}]
        order = rng.permutation(len(yards)).tolist()
        chosen = [yards[k] for k in order]
        late, lost = chosen[:_NEW], chosen[_NEW : _NEW + _PHANTOMS]
        annexes = [one for one in chosen[_NEW + _PHANTOMS :] if rng.random() < 0.55]
        houses = [
            _roof(f"B{number:04d}", house.corners_m, house.height_m, rng)
            for number, house in enumerate(town.buildings)
        ]
        small = [_within(f"A{number:04d}", one.box_m, (2.6, 4.0), rng) for number, one in enumerate(annexes)]
        ordinary = [roof.ident for roof in houses[:-_LANDMARKS]]
        gone = rng.choice(ordinary, round(_GONE * len(ordinary)), replace=False)
        return cls(
            town=town,
            roofs=(*houses, *small),
            gone=frozenset(gone.tolist()),
            new=tuple(_within(f"N{n:04d}", one.box_m, (6.0, 16.0), rng) for n, one in enumerate(late)),
            phantoms=tuple(_within(f"P{n:04d}", one.box_m, (3.0, 9.0), rng) for n, one in enumerate(lost)),
            parcels=tuple(parcels),
            crowns=tuple(_crowns(town, parcels, rng)),
            seed=seed,
        )

    def standing(self, date: int) -> tuple[Roof, ...]:
        """Roofs that stand at a date."""
        if date == 1:
            return self.roofs
        return (*(roof for roof in self.roofs if roof.ident not in self.gone), *self.new)

    def cars(self, date: int) -> list[Car]:
        """Cars in the streets at a date."""
        rng = np.random.default_rng([self.town.seed, self.seed, 22, date])
        return [car for street in self.town.streets for car in _cars(street, rng)]


def rectangle(box_m: tuple[float, float, float, float]) -> Floats:
    """Corners (4, 2) of west, south, east, north, counter-clockwise."""
    west, south, east, north = box_m
    return np.array([[west, south], [east, south], [east, north], [west, north]])


def _roof(ident: str, corners_m: Floats, eaves_m: float, rng: np.random.Generator) -> Roof:
    kind = str(rng.choice(["gable", "hip", "flat"], p=[0.55, 0.2, 0.25]))
    colours = _FLAT if kind == "flat" else _TILED
    colour = np.clip(np.array(colours[int(rng.integers(len(colours)))]) + rng.normal(0, 6, 3), 30, 235)
    red, green, blue = (int(value) for value in colour)
    return Roof(
        ident, np.asarray(corners_m), float(eaves_m), kind, float(rng.uniform(0.35, 0.7)), (red, green, blue),
        (float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.25, 0.75))),
    )  # fmt: skip


def _within(
    ident: str,
    box_m: tuple[float, float, float, float],
    eaves_m: tuple[float, float],
    rng: np.random.Generator,
) -> Roof:
    """Put a building into a parcel, 1.5 m off its bounds."""
    west, south, east, north = box_m
    width = float(rng.uniform(0.5, 1.0)) * (east - west - 3.0)
    depth = float(rng.uniform(0.5, 1.0)) * (north - south - 3.0)
    left, low = (
        float(rng.uniform(west + 1.5, east - 1.5 - width)),
        float(rng.uniform(south + 1.5, north - 1.5 - depth)),
    )
    return _roof(ident, rectangle((left, low, left + width, low + depth)), rng.uniform(*eaves_m), rng)


def _parcels(town: Town, rng: np.random.Generator) -> Iterator[Parcel]:
    """Divide what lies behind the houses of each block."""
    columns_m = sorted(s.start_m[0] for s in town.streets if s.start_m[0] == s.end_m[0])
    rows_m = sorted(s.start_m[1] for s in town.streets if s.start_m[1] == s.end_m[1])
    off = STREET_WIDTH_M / 2 + _HOUSE_DEPTH_M
    for west, east in itertools.pairwise(columns_m):
        for south, north in itertools.pairwise(rows_m):
            block = (west + STREET_WIDTH_M / 2, south + STREET_WIDTH_M / 2)
            if block in {town.park_m[:2], town.square_m[:2]}:
                continue
            across = _divided(west + off, east - off)
            up = _divided(south + off, north - off)
            for (left, right), (low, high) in itertools.product(
                itertools.pairwise(across), itertools.pairwise(up)
            ):
                cover = str(rng.choice(["lawn", "garden", "yard", "gravel"], p=[0.42, 0.18, 0.25, 0.15]))
                yield Parcel((left, low, right, high), cover)


def _divided(low: float, high: float) -> list[float]:
    if high - low < _LEAST_PARCEL_M:
        return []
    edges: list[float] = np.linspace(low, high, max(2, round((high - low) / _PARCEL_M) + 1)).tolist()
    return edges


def _crowns(town: Town, parcels: list[Parcel], rng: np.random.Generator) -> Iterator[Crown]:
    for tree in town.trees:
        yield _crown(tree.foot_m, 0.30 * tree.height_m + 0.8, tree.height_m, tree.hue, rng)
    for parcel in parcels:
        if parcel.cover not in {"lawn", "garden"}:
            continue
        west, south, east, north = parcel.box_m
        for _ in range(int(rng.integers(0, 4))):
            radius = float(rng.uniform(1.2, 3.4))
            foot = (rng.uniform(west + radius, east - radius), rng.uniform(south + radius, north - radius))
            yield _crown(foot, radius, 2.4 * radius + 1.0, int(rng.integers(3)), rng)
    bank = RIVER_NORTH_M + RIVER_WIDTH_M
    for _ in range(220):  # the wood beyond the river, dense in the west
        east_m = -HALF_SIZE_M - 40 + float(rng.beta(1.0, 2.6)) * 2 * HALF_SIZE_M
        foot = (east_m, float(rng.uniform(bank + 5, bank + 85)))
        yield _crown(foot, float(rng.uniform(2.2, 4.8)), float(rng.uniform(8, 16)), int(rng.integers(3)), rng)


def _crown(
    foot_m: tuple[float, float], radius_m: float, height_m: float, hue: int, rng: np.random.Generator
) -> Crown:
    east, north = (float(value) for value in foot_m)
    return Crown((east, north), float(radius_m), float(height_m), hue, float(rng.uniform(0, 2 * np.pi)))


def _cars(street: Street, rng: np.random.Generator) -> Iterator[Car]:
    """Park cars along both kerbs, and let some drive."""
    kerb = (street.width_m - 5) / 2 - 1.2
    for side in (-1.0, 1.0):
        for along in np.arange(6.0, street.length_m - 6, _PARKED_EVERY_M):
            if rng.random() < 0.3:
                yield _car(street, float(along + rng.uniform(-0.6, 0.6)), side * kerb, rng)
        for along in rng.uniform(6.0, street.length_m - 6, 3):
            yield _car(street, float(along), side * 1.6, rng)


def _car(street: Street, along_m: float, aside_m: float, rng: np.random.Generator) -> Car:
    half, side = float(rng.uniform(2.0, 2.4)), float(rng.uniform(0.85, 0.95))
    corners = [
        street.at(along_m + a * half, aside_m + b * side) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    return Car(np.array(corners), _PAINT[int(rng.integers(len(_PAINT)))])
