"""Fixtures for the tests of warping."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from whence.maps.transforms import Transform, fit

sys.path.insert(0, str(Path(__file__).parent))  # for `scans`, which holds functions rather than fixtures

from scans import ORIGIN, control_points


@pytest.fixture
def spline() -> Transform:
    """A thin-plate spline of 40 points over 700 × 600 pixels."""
    return fit(*control_points(40, 700, 600), kind="tps")


@pytest.fixture
def north_up() -> Transform:
    """2 m a pixel, north up: sheet pixel = scan pixel."""
    pixels = np.array([[0, 0], [100, 0], [100, 100], [0, 100]], dtype=float)
    return fit(pixels, ORIGIN + pixels * [2.0, -2.0], kind="affine")
