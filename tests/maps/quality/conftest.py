"""Sheets at real-world size: 5000 by 3500 pixels of 0.85 m, in UTM."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from whence.earth import Crs
from whence.maps import ControlPoints

if TYPE_CHECKING:
    from whence.typing import Floats

SIZE_PX = (5000, 3500)
UTM = Crs.parse("EPSG:32637")


def on_the_ground(pixels: Floats) -> Floats:
    """An affine that is no similarity: 0.85 m by 0.84 m, turned by a degree, sheared a little."""
    return pixels @ np.array([[0.85, 0.02], [0.01, -0.84]]) + [437_000.0, 6_180_000.0]


@pytest.fixture
def sheet() -> Callable[..., ControlPoints]:
    """Points of a sheet, with noise of so many metres in each coordinate."""

    def make(n: int = 12, *, noise_m: float = 1.0, seed: int = 0) -> ControlPoints:
        rng = np.random.default_rng(seed)
        pixels = rng.uniform(0, 1, (n, 2)) * SIZE_PX
        return ControlPoints(pixels, on_the_ground(pixels) + rng.normal(0, noise_m, (n, 2)), crs=UTM)

    return make
