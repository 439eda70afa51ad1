"""The town from straight above: what the ground is covered with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from whence.smallworld.town import HALF_SIZE_M, RIVER_NORTH_M, Street, Town

if TYPE_CHECKING:
    from whence.typing import Floats, Image

__all__ = ["Ground"]

PIXELS_PER_M = 2.0
MARGIN_M = 150.0

GRASS, FIELD, ASPHALT, PAVEMENT, WATER, GRAVEL, YARD = (
    (96, 122, 66), (150, 146, 92), (92, 92, 94), (150, 146, 138), (72, 98, 112), (178, 168, 146),
    (128, 124, 110),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Ground:
    """An image of the ground, (h, w, 3) uint8, north up; see `column_row` for where its pixels lie."""

    image: Image

    @classmethod
    def paint(cls, town: Town) -> Ground:
        """Paint fields, river, yards, streets with their markings, park and square."""
        rng = np.random.default_rng([town.seed, 7])
        side = round(2 * (HALF_SIZE_M + MARGIN_M) * PIXELS_PER_M)
        image = np.empty((side, side, 3), np.uint8)
        image[:] = FIELD
        far = HALF_SIZE_M + MARGIN_M
        _fill(image, (-HALF_SIZE_M, -HALF_SIZE_M, HALF_SIZE_M, RIVER_NORTH_M), YARD)
        _fill(image, (-far, RIVER_NORTH_M, far, RIVER_NORTH_M + 60), WATER)
        for street in town.streets:
            _strip(image, street.start_m, street.end_m, street.width_m, PAVEMENT)
        for street in town.streets:
            _strip(image, street.start_m, street.end_m, street.width_m - 5, ASPHALT)
        for street in town.streets:
            _dashes(image, street)
        _fill(image, town.park_m, GRASS)
        _fill(image, town.square_m, GRAVEL)
        coarse = cv2.resize(rng.normal(0, 1, (side // 24, side // 24)).astype(np.float32), (side, side))
        fine = rng.normal(0, 1, (side, side)).astype(np.float32)
        shade = (6 * coarse + 5 * fine)[..., None]
        return cls(np.clip(image + shade, 0, 255).astype(np.uint8))

    @staticmethod
    def column_row(enu_m: Floats) -> Floats:
        """Pixel (column, row) of (..., 2) metres east and north; (0, 0) is the image's outer corner."""
        half = HALF_SIZE_M + MARGIN_M
        return np.stack([enu_m[..., 0] + half, half - enu_m[..., 1]], axis=-1) * PIXELS_PER_M


def _pixels(points_m: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    return np.round(Ground.column_row(points_m)).astype(np.int32)


def _fill(image: Image, box: tuple[float, float, float, float], colour: tuple[int, int, int]) -> None:
    west, south, east, north = box
    cv2.rectangle(
        image,
        _pixels(np.array([west, north])).tolist(),
        _pixels(np.array([east, south])).tolist(),
        colour,
        -1,
    )


def _strip(
    image: Image,
    start_m: tuple[float, float],
    end_m: tuple[float, float],
    width_m: float,
    colour: tuple[int, int, int],
) -> None:
    start, end = np.array(start_m), np.array(end_m)
    along = (end - start) / np.hypot(*(end - start))
    across = np.array([-along[1], along[0]]) * width_m / 2
    cv2.fillConvexPoly(
        image, _pixels(np.array([start - across, end - across, end + across, start + across])), colour
    )


def _dashes(image: Image, street: Street) -> None:
    for along in np.arange(0.0, street.length_m - 3, 9.0):
        ends = _pixels(np.array([street.at(along), street.at(along + 3.0)]))
        cv2.line(image, ends[0].tolist(), ends[1].tolist(), (222, 220, 210), 1)
