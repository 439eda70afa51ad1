"""Terrains whose heights are known everywhere, as fixtures that make them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from whence.maps.heights import Contours, Lattice, Spots, Terrain, contours_of


def _hills(lattice: Lattice, *, seed: int = 0, relief_m: float = 200.0) -> np.ndarray:
    """(rows, columns) smooth hills: a few waves of random direction."""
    rng = np.random.default_rng(seed)
    side = max(lattice.shape) * lattice.cell_m
    offset = lattice.centres() - [lattice.west, lattice.north]
    total = np.zeros(lattice.shape)
    for _ in range(6):
        wave = rng.normal(size=2) * 12 / side
        total += np.sin(offset @ wave + rng.uniform(0, 2 * np.pi))
    return relief_m * (total - total.min()) / np.ptp(total)


def _hilly(columns: int = 60, rows: int = 50, *, interval_m: float = 10.0, seed: int = 0):
    """A lattice at UTM magnitudes, its true heights, and the terrain of its contours."""
    lattice = Lattice(500_000.0, 6_000_000.0, 20.0, columns, rows)
    truth = _hills(lattice, seed=seed)
    return lattice, truth, Terrain(contours_of(truth, lattice, interval_m=interval_m))


def _points_only(positions: np.ndarray, heights_m: np.ndarray) -> Terrain:
    return Terrain(Contours((), np.empty(0)), Spots(positions, heights_m))


def _rmse(found: np.ndarray, truth: np.ndarray) -> float:
    known = np.isfinite(found)
    return float(np.sqrt(np.mean((found - truth)[known] ** 2)))


@pytest.fixture(scope="session")
def hilly() -> Callable:
    """Make (lattice, true heights, terrain of its contours)."""
    return _hilly


@pytest.fixture(scope="session")
def points_only() -> Callable:
    """Make a terrain of spot heights."""
    return _points_only


@pytest.fixture(scope="session")
def rmse() -> Callable:
    """Root mean square difference where both are known."""
    return _rmse
