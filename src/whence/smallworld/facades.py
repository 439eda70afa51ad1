"""The walls of the town: textures drawn from a building's look, the same each time."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFont

if TYPE_CHECKING:
    from whence.smallworld.town import Building
    from whence.typing import Floats32, Image

__all__ = ["PIXELS_PER_M", "wall_texture"]

PIXELS_PER_M = 20

PLASTERS = (
    (222, 196, 150), (214, 160, 112), (196, 120, 92), (228, 212, 180), (186, 178, 160), (208, 176, 96),
    (170, 150, 130), (198, 204, 196), (160, 92, 74), (232, 224, 206), (150, 160, 150), (214, 186, 170),
)  # fmt: skip
SHUTTERS = ((52, 84, 60), (90, 60, 44), (60, 74, 96), (120, 60, 50), (84, 96, 84), (40, 60, 56))
BOARDS = ((30, 60, 40), (96, 24, 28), (24, 40, 84), (240, 236, 220), (60, 50, 44), (180, 140, 40))


@lru_cache(maxsize=1500)
def _cached(look: int, side: int, width_px: int, height_px: int, storeys: int, sign: str) -> Image:
    rng = np.random.default_rng([look, side])
    style = np.random.default_rng(look)  # shared by the four sides of a building
    wall = _plaster(PLASTERS[style.integers(len(PLASTERS))], width_px, height_px, style, rng)
    lit = np.zeros((height_px, width_px), np.float32)
    _windows(wall, lit, storeys, style, rng)
    if style.random() < 0.6:
        wall[: max(height_px // 40, 5)] = (wall[: max(height_px // 40, 5)] * 0.62).astype(np.uint8)  # cornice
    if side == 0:
        _ground_floor(wall, lit, storeys, style, sign)
    texture = np.dstack([wall, np.round(255 * lit).astype(np.uint8)])
    texture.setflags(write=False)
    return texture


def wall_texture(building: Building, side: int) -> Image:
    """Draw one side of a building.

    Parameters
    ----------
    building
        Whose wall.
    side
        0 is the front, then counter-clockwise.

    Returns
    -------
    (h, w, 4) uint8: red, green and blue by daylight, and how brightly the pixel shines at dusk.
    """
    corners = building.corners_m
    width_m = float(np.hypot(*(corners[(side + 1) % 4] - corners[side])))
    return _cached(
        building.look,
        side,
        max(round(width_m * PIXELS_PER_M), 8),
        max(round(building.height_m * PIXELS_PER_M), 8),
        building.storeys,
        building.sign if side == 0 else "",
    )


def _plaster(
    colour: tuple[int, int, int],
    width: int,
    height: int,
    style: np.random.Generator,
    rng: np.random.Generator,
) -> Image:
    wall = np.empty((height, width, 3), np.float32)
    wall[:] = np.array(colour) + style.uniform(-14, 14, 3)
    if style.random() < 0.3:  # brick
        rows = (np.arange(height) // 5) % 2
        joints = (np.arange(height) % 5 == 0)[:, None] | (
            (np.arange(width)[None] + 6 * rows[:, None]) % 12 == 0
        )
        wall[joints] *= 0.8
    stains = cv2.resize(rng.normal(0, 1, (max(height // 40, 2), max(width // 40, 2))), (width, height))
    wall += 7 * stains[..., None] + rng.normal(0, 3.5, (height, width, 1))
    return np.clip(wall, 0, 255).astype(np.uint8)


def _windows(
    wall: Image, lit: Floats32, storeys: int, style: np.random.Generator, rng: np.random.Generator
) -> None:
    height, width = wall.shape[:2]
    storey = height / storeys
    wide, tall = style.uniform(0.8, 1.4) * PIXELS_PER_M, style.uniform(0.45, 0.66) * storey
    gap = wide * style.uniform(1.7, 2.9)
    count = max(int((width - 0.6 * gap) // gap), 0)
    shutters = SHUTTERS[style.integers(len(SHUTTERS))] if style.random() < 0.6 else None
    frame = tuple(int(v) for v in style.uniform(150, 250, 3))
    for row in range(storeys):
        top = row * storey + 0.22 * storey
        for k in range(count):
            if rng.random() < 0.05:
                continue
            left = (width - count * gap) / 2 + k * gap + (gap - wide) / 2
            box = tuple(round(v) for v in (left, top, left + wide, top + tall))
            _window(wall, lit, box, frame, shutters, rng)


def _window(
    wall: Image,
    lit: Floats32,
    box: tuple[int, ...],
    frame: tuple[int, ...],
    shutters: tuple[int, int, int] | None,
    rng: np.random.Generator,
) -> None:
    left, top, right, bottom = box
    glass = tuple(int(v) for v in np.array((58, 70, 84)) + rng.uniform(-18, 26))
    cv2.rectangle(wall, (left - 2, top - 2), (right + 2, bottom + 2), frame, -1)
    cv2.rectangle(wall, (left, top), (right, bottom), glass, -1)
    cv2.line(wall, ((left + right) // 2, top), ((left + right) // 2, bottom), frame, 1)
    cv2.line(wall, (left - 3, bottom + 3), (right + 3, bottom + 3), (205, 200, 190), 2)
    if rng.random() < 0.45:
        lit[max(top, 0) : bottom, max(left, 0) : right] = rng.uniform(0.6, 1.0)
    if shutters is not None:
        half = max((right - left) // 2, 2)
        for near, far in ((left - 2 - half, left - 3), (right + 3, right + 2 + half)):
            cv2.rectangle(wall, (near, top - 2), (far, bottom + 2), shutters, -1)


def _ground_floor(wall: Image, lit: Floats32, storeys: int, style: np.random.Generator, sign: str) -> None:
    height, width = wall.shape[:2]
    top = height - round(min(height / storeys, 3.4 * PIXELS_PER_M))
    door = round(1.1 * PIXELS_PER_M)
    left = round(style.uniform(0.1, 0.8) * (width - door))
    if sign:
        base = BOARDS[style.integers(len(BOARDS))]
        cv2.rectangle(wall, (0, top), (width, height), tuple(int(0.8 * v) for v in wall[top, 0]), -1)
        cv2.rectangle(wall, (6, top + 24), (width - 6, height - 8), (52, 60, 66), -1)
        lit[top + 24 : height - 8, 6 : width - 6] = 0.9
        board = _board(sign, base, width - 12)
        rows = min(board.shape[0], height - top)
        wall[top - 4 : top - 4 + rows, 6 : 6 + board.shape[1]] = board[:rows]
        lit[top - 4 : top - 4 + rows, 6 : 6 + board.shape[1]] = 0.0
    colour = SHUTTERS[style.integers(len(SHUTTERS))]
    cv2.rectangle(wall, (left, height - round(2.2 * PIXELS_PER_M)), (left + door, height), colour, -1)


def _board(text: str, base: tuple[int, int, int], width: int) -> Image:
    """Draw a sign as wide as its shop, with letters as large as fit."""
    ink = (24, 24, 24) if sum(base) > 380 else (246, 242, 228)
    size = min(26, int(width / (0.68 * len(text) + 1)))
    font = ImageFont.load_default(size=max(size, 8))
    image = PIL.Image.new("RGB", (width, max(size, 8) + 10), base)
    draw = ImageDraw.Draw(image)
    draw.text((width / 2, image.height / 2), text, font=font, fill=ink, anchor="mm")
    return np.array(image)
