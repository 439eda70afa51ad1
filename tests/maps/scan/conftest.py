"""Scans drawn with every stroke at a known place, to a fraction of a pixel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from whence.typing import Floats, Image

PAPER = 244.0


@dataclass
class Paper:
    """A blank scan to draw on with anti-aliased strokes."""

    width: int
    height: int
    ink: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.ink = np.zeros((self.height, self.width))

    def stroke(self, start: Floats, end: Floats, *, thick_px: float = 2.5, black: float = 1.0) -> None:
        """Draw a straight stroke; ends and places count from the outer corner of the first pixel."""
        low = np.maximum(np.floor(np.minimum(start, end)).astype(int) - 4, 0)
        high = np.minimum(np.ceil(np.maximum(start, end)).astype(int) + 4, [self.width, self.height])
        if (high <= low).any():
            return
        x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
        along = np.asarray(end, float) - start
        length = float(np.hypot(*along))
        unit = along / length
        reach = (x - start[0]) * unit[0] + (y - start[1]) * unit[1]
        off = np.abs((y - start[1]) * unit[0] - (x - start[0]) * unit[1])
        soft = np.clip(thick_px / 2.0 - off + 0.5, 0, 1) * np.clip(
            np.minimum(reach, length - reach) + 0.5, 0, 1
        )
        part = self.ink[low[1] : high[1], low[0] : high[0]]
        np.maximum(part, black * soft, out=part)

    def cross(self, place: Floats, turn_deg: float, *, arm_px: float = 28.0) -> None:
        angle = np.deg2rad(turn_deg)
        for way in (angle, angle + np.pi / 2):
            along = np.array([np.cos(way), np.sin(way)])
            self.stroke(place - arm_px * along, place + arm_px * along)

    def image(self, *, noise: float = 2.0, seed: int = 0, light: Floats | None = None) -> Image:
        """(height, width, 3) of 8 bits, with a little noise and, if given, uneven light (0 to 1)."""
        rng = np.random.default_rng(seed)
        grey = PAPER - (PAPER - 25.0) * self.ink
        if light is not None:
            grey = grey * light
        grey = grey + noise * rng.standard_normal(grey.shape)
        return np.repeat(np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None], 3, axis=2)

    def clutter(self, count: int, seed: int) -> None:
        """Draw strokes anywhere, as roads and letters make them."""
        rng = np.random.default_rng(seed)
        for _ in range(count):
            start = rng.uniform([0, 0], [self.width, self.height])
            along = rng.normal(size=2)
            end = start + along / np.hypot(*along) * rng.uniform(8, 120)
            thick, black = float(rng.uniform(1.5, 3.0)), float(rng.uniform(0.5, 1.0))
            self.stroke(start, end, thick_px=thick, black=black)


@pytest.fixture(scope="session")
def blank() -> Callable[[int, int], Paper]:
    """Give paper of a width and a height."""
    return Paper
