"""What stands on the ground of the orthophoto: roofs, crowns and cars, with their heights and their light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.smallworld.orthophoto_frame import PhotoFrame
    from whence.smallworld.orthophoto_plan import Car, Crown, Roof
    from whence.typing import Floats, Floats32

__all__ = ["Surface", "add_cars", "add_crowns", "add_roofs"]

_KINDS = {"flat": 0, "gable": 1, "hip": 2}
_CAR_HEIGHT_M = 1.45
_CHIMNEY_M, _CHIMNEY_HEIGHT_M = 0.45, 1.3
_LEAVES = (
    ((72, 104, 54), (86, 116, 58), (58, 92, 56)),
    ((132, 116, 62), (148, 110, 58), (78, 96, 56)),
)


@dataclass(frozen=True, eq=False)
class Surface:
    """What is seen from above, pixel by pixel; it is painted in place.

    Attributes
    ----------
    colour
        (rows, cols, 3) in full light, 0 to 255.
    height_m
        (rows, cols) above the ground.
    facing
        (rows, cols): light of the sun that falls on it, of that on level ground; 1 where it is level.
    ids
        (rows, cols) of the scheme ``smallworld``.
    """

    colour: Floats32
    height_m: Floats32
    facing: Floats32
    ids: NDArray[np.uint8]


def add_roofs(
    surface: Surface,
    roofs: tuple[Roof, ...],
    frame: PhotoFrame,
    *,
    sun: Floats,
    number: int,
    rng: np.random.Generator,
) -> None:
    """Put roofs over the ground.

    Parameters
    ----------
    surface
        Changed in place.
    roofs
        The roofs; each is 1 + its place among them in the raster that they are burnt into.
    frame
        The grid.
    sun
        (3,) unit vector towards the sun: east, north, up.
    number
        Id of buildings.
    rng
        Of tiles and stains.
    """
    burnt = frame.burn([roof.corners_m for roof in roofs], range(1, len(roofs) + 1))
    flat, places = frame.covered(burnt)
    if not flat.size:
        return
    which = burnt.ravel()[flat] - 1
    along, inward, length, depth = _axes(roofs)
    away = places - np.array([roof.corners_m[0] for roof in roofs])[which]
    u, v = (away * along[which]).sum(1), (away * inward[which]).sum(1)
    long, deep = length[which], depth[which]
    kinds = np.array([_KINDS[roof.kind] for roof in roofs])[which]
    slope = np.array([roof.slope for roof in roofs])[which] * (kinds > 0)
    low, side = _nearest_eaves(np.stack([v, deep - v, u, long - u], axis=1), kinds)
    outward = np.stack([-inward, inward, -along, along], axis=1)[which, side]
    level = np.stack([*(slope[:, None] * outward).T, np.ones(len(flat))], axis=1)
    light = np.maximum(level @ sun, 0.0) / np.linalg.norm(level, axis=1) / sun[2]
    colours = np.array([roof.colour for roof in roofs], np.float32)[which]
    colours += rng.normal(0, 5, (len(flat), 1)).astype(np.float32)
    rows = np.where(kinds > 0, 5.0 * np.sin(2 * np.pi * low / max(0.7, 3 * frame.cell_m)), 0.0)
    colours += rows[:, None].astype(np.float32)
    ridge = (kinds > 0) & (np.abs(low - _highest(long, deep, kinds)) < 0.3)
    colours[ridge] *= 1.12
    rim = np.minimum(np.minimum(u, long - u), np.minimum(v, deep - v)) < 0.35
    colours[rim & (kinds == 0)] *= 1.2
    colours[rim & (kinds > 0)] *= 0.82
    heights = np.array([roof.eaves_m for roof in roofs])[which] + slope * low
    shares = np.array([roof.chimney for roof in roofs])[which]
    chimney = (np.abs(u - shares[:, 0] * long) < _CHIMNEY_M) & (np.abs(v - shares[:, 1] * deep) < _CHIMNEY_M)
    colours[chimney] = (120, 84, 74)
    heights = heights + chimney * _CHIMNEY_HEIGHT_M
    surface.colour.reshape(-1, 3)[flat] = colours
    surface.height_m.ravel()[flat] = heights
    surface.facing.ravel()[flat] = light
    surface.ids.ravel()[flat] = number


def _axes(roofs: tuple[Roof, ...]) -> tuple[Floats, Floats, Floats, Floats]:
    """Give unit vectors along and across (n, 2), length and depth (n,)."""
    corners = np.array([roof.corners_m for roof in roofs])
    first, second = corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0]
    length, depth = np.hypot(*first.T), np.hypot(*second.T)
    return first / length[:, None], second / depth[:, None], length, depth


def _nearest_eaves(away_m: Floats, kinds: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
    """Distance from the eaves that a point of the roof drains to, and which of the four that is.

    Gables drain to front and back alone, hips to all four sides.
    """
    reachable = away_m + np.where(kinds[:, None] == _KINDS["hip"], 0.0, [0.0, 0.0, np.inf, np.inf])
    side = reachable.argmin(axis=1)
    return np.take_along_axis(reachable, side[:, None], axis=1)[:, 0], side


def _highest(long: Floats, deep: Floats, kinds: NDArray[np.int64]) -> Floats:
    """How far from its eaves the highest line lies."""
    return np.where(kinds == _KINDS["hip"], np.minimum(long, deep) / 2, deep / 2)


def add_crowns(
    surface: Surface,
    crowns: tuple[Crown, ...],
    frame: PhotoFrame,
    *,
    sun: Floats,
    date: int,
    number: int,
    rng: np.random.Generator,
) -> None:
    """Put crowns over what is lower than they; arguments as of `add_roofs`."""
    clumps = rng.standard_normal((64, 64)).astype(np.float32)
    for crown in crowns:
        _add_crown(surface, crown, frame, sun=sun, clumps=clumps, leaves=_LEAVES[date - 1], number=number)


def _add_crown(
    surface: Surface,
    crown: Crown,
    frame: PhotoFrame,
    *,
    sun: Floats,
    clumps: Floats32,
    leaves: tuple[tuple[int, int, int], ...],
    number: int,
) -> None:
    column, row = frame.pixels(np.array(crown.foot_m))
    reach = 1.3 * crown.radius_m / frame.cell_m + 1
    left, right = max(0, int(column - reach)), min(frame.shape[1], int(column + reach) + 1)
    top, bottom = max(0, int(row - reach)), min(frame.shape[0], int(row + reach) + 1)
    if left >= right or top >= bottom:
        return
    rows, columns = np.mgrid[top:bottom, left:right]
    away = frame.enu_m(np.stack([columns + 0.5, rows + 0.5], axis=-1)) - crown.foot_m
    turn, far = np.arctan2(away[..., 1], away[..., 0]), np.hypot(away[..., 0], away[..., 1])
    rim = crown.radius_m * (
        1 + 0.10 * np.sin(3 * turn + crown.phase) + 0.07 * np.sin(5 * turn + 2 * crown.phase)
        + 0.04 * np.sin(9 * turn + 3 * crown.phase)
    )  # fmt: skip
    share = np.minimum(far / rim, 1.0)
    height = crown.height_m * (0.4 + 0.6 * np.sqrt(1 - share**2))
    window = np.s_[top:bottom, left:right]
    seen = (share < 1) & (height > surface.height_m[window])
    step = max(1, round(0.5 / frame.cell_m))
    lumps = clumps[(rows // step) % 64, (columns // step) % 64]
    normal = np.stack([*(away / crown.radius_m).transpose(2, 0, 1), np.full(far.shape, 0.8)], axis=-1)
    light = np.maximum(normal @ sun, 0.05) / np.linalg.norm(normal, axis=-1) / sun[2]
    surface.colour[window][seen] = np.asarray(leaves[crown.hue], np.float32)
    surface.facing[window][seen] = np.clip(light * (1 + 0.22 * lumps), 0.1, 1.7)[seen]
    surface.height_m[window][seen] = height[seen]
    surface.ids[window][seen] = number


def add_cars(surface: Surface, cars: list[Car], frame: PhotoFrame) -> None:
    """Put cars on the streets, where no crown hides them; they are of the class of what they stand on."""
    burnt = frame.burn([car.corners_m for car in cars], range(1, len(cars) + 1))
    burnt[surface.height_m > _CAR_HEIGHT_M] = 0
    flat, places = frame.covered(burnt)
    if not flat.size:
        return
    which = burnt.ravel()[flat] - 1
    corners = np.array([car.corners_m for car in cars])
    first = corners[:, 1] - corners[:, 0]
    length = np.hypot(*first.T)
    share = ((places - corners[which, 0]) * first[which]).sum(1) / length[which] ** 2
    colour = np.array([car.colour for car in cars], np.float32)[which]
    colour[(np.abs(share - 0.68) < 0.07) | (np.abs(share - 0.2) < 0.05)] = (34, 38, 44)  # its windows
    surface.colour.reshape(-1, 3)[flat] = colour
    surface.height_m.ravel()[flat] = _CAR_HEIGHT_M
