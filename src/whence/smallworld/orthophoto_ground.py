"""The ground of the orthophoto: what covers it, with the texture and the colours of the season."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from whence.smallworld.orthophoto_plan import RIVER_WIDTH_M, rectangle
from whence.smallworld.town import HALF_SIZE_M, RIVER_NORTH_M, Street

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from whence.smallworld.orthophoto_frame import PhotoFrame
    from whence.smallworld.orthophoto_plan import Plan
    from whence.typing import Floats, Floats32

__all__ = ["COVERS", "Cover", "covers_of", "noise", "painted_ground"]

_FAR_M = 900.0
_NORTH_OF_RIVER_M = RIVER_NORTH_M + RIVER_WIDTH_M


@dataclass(frozen=True)
class Cover:
    """What covers the ground.

    Attributes
    ----------
    land
        Its class.
    colours
        Red, green, blue at date 1 (June) and at date 2 (October).
    rough
        Standard deviation of the texture over ten metres, over one metre, and from pixel to pixel.
    """

    land: str
    colours: tuple[tuple[int, int, int], tuple[int, int, int]]
    rough: tuple[float, float, float]


COVERS: dict[str, Cover] = {
    "plough": Cover("ground", ((158, 132, 98), (128, 104, 80)), (7, 5, 4)),
    "stubble": Cover("ground", ((188, 168, 112), (150, 128, 96)), (8, 4, 4)),
    "meadow": Cover("grass", ((112, 140, 70), (132, 138, 78)), (10, 7, 5)),
    "lawn": Cover("grass", ((104, 136, 68), (122, 130, 72)), (8, 7, 6)),
    "garden": Cover("grass", ((92, 124, 62), (120, 122, 70)), (10, 12, 7)),
    "yard": Cover("ground", ((152, 146, 134), (146, 140, 130)), (8, 4, 3)),
    "gravel": Cover("ground", ((180, 166, 142), (174, 160, 138)), (6, 4, 5)),
    "pavement": Cover("road", ((158, 154, 148), (152, 149, 144)), (4, 3, 3)),
    "asphalt": Cover("road", ((92, 92, 96), (86, 86, 90)), (5, 3, 3)),
    "paint": Cover("road", ((206, 206, 200), (190, 190, 186)), (5, 4, 4)),
    "water": Cover("water", ((66, 92, 98), (74, 92, 86)), (5, 2, 2)),
    "bank": Cover("ground", ((168, 154, 122), (156, 142, 116)), (8, 6, 5)),
}
"""Name -> cover; their order is that of the numbers of `covers_of`."""

_NUMBER = {name: number for number, name in enumerate(COVERS)}


def covers_of(plan: Plan, frame: PhotoFrame, *, date: int) -> NDArray[np.int32]:
    """Tell what covers the ground everywhere: (rows, cols) numbers in the order of `COVERS`."""
    shapes: list[tuple[Floats, str]] = [
        *_country(),
        (rectangle((-HALF_SIZE_M, -HALF_SIZE_M, HALF_SIZE_M, RIVER_NORTH_M - 4)), "meadow"),
        (rectangle(_built_up(plan)), "yard"),
        *((rectangle(parcel.box_m), parcel.cover) for parcel in plan.parcels),
        *((roof.corners_m, "gravel") for roof in plan.roofs if date == 2 and roof.ident in plan.gone),
        *((roof.corners_m, "gravel") for roof in plan.phantoms),
        *_streets(plan),
        *_places(plan),
        *_river(),
    ]
    numbers = [_NUMBER[name] + 1 for _, name in shapes]
    return np.asarray(frame.burn([shape for shape, _ in shapes], numbers) - 1)


def painted_ground(
    covers: NDArray[np.int32], frame: PhotoFrame, *, date: int, rng: np.random.Generator
) -> Floats32:
    """Colour (rows, cols, 3), 0 to 255 in full light, without shadows."""
    shade = np.zeros(frame.shape, np.float32)
    rough = np.array([cover.rough for cover in COVERS.values()], np.float32)
    for k, reach_m in enumerate((12.0, 1.2, 0.0)):
        shade += rough[covers, k] * noise(frame, reach_m, rng)
    _plough(shade, covers, frame)
    palette = np.array([cover.colours[date - 1] for cover in COVERS.values()], np.float32)
    colour: Floats32 = palette[covers]
    colour += shade[..., None]
    tint = noise(frame, 25.0, rng)[..., None] * np.array([4.0, 0.0, -3.0], np.float32)
    colour += tint * (covers == _NUMBER["lawn"])[..., None]
    return colour


def noise(frame: PhotoFrame, reach_m: float, rng: np.random.Generator) -> Floats32:
    """Draw smooth noise (rows, cols) of about unit variance that changes over so many metres."""
    if reach_m <= frame.cell_m:
        return rng.standard_normal(frame.shape, np.float32)
    cells = tuple(int(side * frame.cell_m / reach_m) + 3 for side in frame.shape)
    coarse = rng.standard_normal(cells, np.float32)
    drawn = cv2.resize(coarse, frame.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(1.3 * drawn, np.float32)


def _plough(shade: Floats32, covers: NDArray[np.int32], frame: PhotoFrame) -> None:
    """Draw furrows, as wide as the pixels can show."""
    step_m = max(1.6, 5 * frame.cell_m)
    for name, strength in (("plough", 7.0), ("stubble", 4.0)):
        flat, places = frame.covered(np.asarray(covers == _NUMBER[name], np.int32))
        along = places[:, 0] * 0.26 + places[:, 1] * 0.97
        shade.ravel()[flat] += np.asarray(strength * np.sin(2 * np.pi * along / step_m), np.float32)


def _country() -> list[tuple[Floats, str]]:
    """Fields around the town, and meadows beyond the river."""
    shapes = [(rectangle((-_FAR_M, -_FAR_M, _FAR_M, _FAR_M)), "meadow")]
    names = ("plough", "stubble", "meadow", "stubble", "plough", "meadow", "lawn")
    edges = np.array([-900, -470, -395, -290, -205, -120, -10, 75, 160, 270, 330, 425, 900.0])
    for k, (low, high) in enumerate(itertools.pairwise(edges.tolist())):
        one, other, third = names[3 * k % 7], names[(5 * k + 2) % 7], names[(2 * k + 4) % 7]
        shapes.append((rectangle((-_FAR_M, low, -HALF_SIZE_M, high - 1.5)), one))
        shapes.append((rectangle((HALF_SIZE_M, low, _FAR_M, high - 1.5)), other))
        shapes.append((rectangle((low, -_FAR_M, high - 1.5, -HALF_SIZE_M)), third))
    shapes.append((rectangle((-40, _NORTH_OF_RIVER_M + 12, 150, _FAR_M)), "plough"))
    shapes.append((rectangle((153, _NORTH_OF_RIVER_M + 12, 420, _FAR_M)), "stubble"))
    return shapes


def _built_up(plan: Plan) -> tuple[float, float, float, float]:
    """Give the rectangle that the outermost streets enclose."""
    ends = np.array([[*street.start_m, *street.end_m] for street in plan.town.streets])
    columns_m = ends[ends[:, 0] == ends[:, 2], 0]
    rows_m = ends[ends[:, 1] == ends[:, 3], 1]
    return float(columns_m.min()), float(rows_m.min()), float(columns_m.max()), float(rows_m.max())


def _streets(plan: Plan) -> list[tuple[Floats, str]]:
    streets = plan.town.streets
    shapes = [(_strip(street, street.width_m), "pavement") for street in streets]
    shapes += [(_strip(street, street.width_m - 5), "asphalt") for street in streets]
    for street in streets:
        for along in np.arange(2.0, street.length_m - 5, 9.0):
            ends = [street.at(along + a, b) for a, b in ((0, -0.12), (3, -0.12), (3, 0.12), (0, 0.12))]
            shapes.append((np.array(ends), "paint"))
    upright = [s for s in streets if s.start_m[0] == s.end_m[0]]
    level = [s for s in streets if s.start_m[1] == s.end_m[1]]
    for one in upright:
        for other in level:
            shapes += _crossing(one.start_m[0], other.start_m[1], (one.width_m - 5) / 2)
    return shapes


def _crossing(east_m: float, north_m: float, half_m: float) -> list[tuple[Floats, str]]:
    """Keep a crossing free of dashes, and paint stripes for those who walk on two sides."""
    shapes = [(rectangle((east_m - half_m, north_m - half_m, east_m + half_m, north_m + half_m)), "asphalt")]
    for aside in np.arange(-half_m + 0.5, half_m - 0.5, 1.2):
        for away in (half_m + 0.6, -half_m - 3.6):
            west, south = east_m + aside, north_m + away
            shapes.append((rectangle((west, south, west + 0.55, south + 3.0)), "paint"))
    return shapes


def _strip(street: Street, width_m: float) -> Floats:
    half = width_m / 2
    far = street.length_m
    return np.array([street.at(a, b) for a, b in ((0, -half), (far, -half), (far, half), (0, half))])


def _places(plan: Plan) -> list[tuple[Floats, str]]:
    """List the park with its paths, and the square."""
    west, south, east, north = plan.town.park_m
    middle = np.array([(west + east) / 2, (south + north) / 2])
    paths = [np.array([[west, south], [west + 2.5, south], [east, north], [east - 2.5, north]])]
    turns = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    return [
        (rectangle(plan.town.park_m), "lawn"),
        *((path, "gravel") for path in paths),
        (middle + 14.0 * ring, "gravel"),
        (middle + 9.0 * ring, "water"),
        (rectangle(plan.town.square_m), "pavement"),
    ]


def _river() -> list[tuple[Floats, str]]:
    """Two banks, and the water between them, which winds a little."""
    east = np.linspace(-_FAR_M, _FAR_M, 120)
    near, far = RIVER_NORTH_M + 2 * np.sin(east / 31), _NORTH_OF_RIVER_M + 3 * np.sin(east / 47 + 1)

    def band(low: Floats, high: Floats) -> Floats:
        return np.concatenate([np.stack([east, low], 1), np.stack([east, high], 1)[::-1]])

    return [(band(near - 3, far + 3), "bank"), (band(near, far), "water")]
