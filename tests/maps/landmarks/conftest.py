"""Simulated sheets: names with decoys all over the world, drawn by a known map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from whence.earth.tangent import TangentPlane
from whence.maps.landmarks import Candidate, Landmark, Landmarks

if TYPE_CHECKING:
    from whence.typing import Floats

SIZE_PX = (4000, 3000)


@dataclass(frozen=True, eq=False)
class Names:
    """A source of places: the truth among decoys."""

    known: dict[str, list[Candidate]]

    def places(self, name: str, *, limit: int) -> list[Candidate]:
        return self.known.get(name, [])[:limit]


@dataclass(frozen=True, eq=False)
class Sheet:
    landmarks: Landmarks
    source: Names
    truth: Floats


def on_ground(
    pixels: Floats,
    *,
    turn_deg: float,
    metres_per_px: float,
    middle: tuple[float, float],
    mirrored: bool = False,
) -> Floats:
    """(n, 2) longitude, latitude of pixels of a sheet in the plane that touches at its middle."""
    away = (pixels - np.array(SIZE_PX) / 2) * [1.0, -1.0] * metres_per_px
    if mirrored:
        away = away * [-1.0, 1.0]
    turn = np.deg2rad(turn_deg)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return TangentPlane(middle).to_lonlat(away @ matrix.T)


def drawn_sheet(
    n: int = 20,
    *,
    decoys: int = 10,
    seed: int = 0,
    noise_px: float = 4.0,
    turn_deg: float = 25.0,
    metres_per_px: float = 40.0,
    middle: tuple[float, float] = (13.0, 55.0),
    mirrored: bool = False,
    wrong: int = 0,
) -> Sheet:
    """Draw n names; the last `wrong` of them have decoys only."""
    rng = np.random.default_rng(seed)
    pixels = rng.uniform(0.05, 0.95, (n, 2)) * SIZE_PX
    truth = on_ground(
        pixels, turn_deg=turn_deg, metres_per_px=metres_per_px, middle=middle, mirrored=mirrored
    )
    known = {}
    for row in range(n):
        sphere = rng.normal(size=(decoys, 3))
        latitude = np.rad2deg(np.arcsin(sphere[:, 2] / np.linalg.norm(sphere, axis=1)))
        places = [
            Candidate(f"decoy {row}.{number}", float(longitude), float(where), 1.0)
            for number, (longitude, where) in enumerate(
                zip(np.rad2deg(np.arctan2(sphere[:, 1], sphere[:, 0])), latitude, strict=True)
            )
        ]
        if row < n - wrong:
            longitude, where = truth[row].tolist()
            places.insert(int(rng.integers(0, decoys + 1)), Candidate(f"true {row}", longitude, where, 1.0))
        known[f"name {row}"] = places
    noisy = np.clip(pixels + rng.normal(0, noise_px, (n, 2)), 0, SIZE_PX)
    items = tuple(Landmark(f"name {row}", tuple(noisy[row].tolist())) for row in range(n))
    return Sheet(Landmarks(items, SIZE_PX), Names(known), truth)


@pytest.fixture(scope="session")
def sheet() -> Callable[..., Sheet]:
    """Draw a sheet."""
    return drawn_sheet


@pytest.fixture(scope="session")
def drawn() -> Callable[..., Floats]:
    """Bring pixels of a sheet to the ground."""
    return on_ground


@pytest.fixture(scope="session")
def names() -> type[Names]:
    """Make a source of places out of a dict."""
    return Names
