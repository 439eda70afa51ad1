"""Scans at real magnitudes for the tests of transforms: 8000 pixels, UTM metres."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from whence.typing import Floats  # noqa: TC001 - pytest reads the annotations of fixtures

SIZE_PX = np.array([8000.0, 6000.0])
PLANE = np.array([[0.846, 0.012], [0.011, -0.847]])
CORNER_M = np.array([512_345.0, 6_789_012.0])


@pytest.fixture(scope="session")
def spread() -> Callable[..., Floats]:
    """Give (count, 2) pixels all over the scan, no two of them near each other."""

    def pixels(count: int, seed: int = 0) -> Floats:
        rng = np.random.default_rng(seed)
        columns = int(np.ceil(np.sqrt(count * 4 / 3)))
        rows = int(np.ceil(count / columns))
        cells = rng.permutation(columns * rows)[:count]
        places = np.column_stack([cells % columns, cells // columns]) + rng.uniform(0.1, 0.9, (count, 2))
        return places / [columns, rows] * SIZE_PX

    return pixels


@pytest.fixture(scope="session")
def flat() -> Callable[[Floats], Floats]:
    """Give the ground of a sheet that shrank a little."""
    return lambda pixels: pixels @ PLANE.T + CORNER_M


@pytest.fixture(scope="session")
def bent(flat: Callable[[Floats], Floats]) -> Callable[[Floats], Floats]:
    """Give the ground of a sheet that is bent by some 15 m, smoothly."""

    def ground(pixels: Floats) -> Floats:
        x, y = np.moveaxis(pixels / SIZE_PX - 0.5, -1, 0)
        return flat(pixels) + np.stack([12.0 * np.sin(3.0 * x) * y, 15.0 * x**2 - 9.0 * x * y], axis=-1)

    return ground
