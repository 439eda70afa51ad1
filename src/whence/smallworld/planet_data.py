"""The simulated planet as files: feature stores of a worse and a better encoder, and a split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whence.photos.features import FeatureStore
from whence.photos.splits import Split
from whence.places.gazetteer import gazetteer
from whence.smallworld.planet import Planet

if TYPE_CHECKING:
    from whence.typing import ArrayLike, Floats, PathLike

__all__ = ["CONCENTRATIONS", "PlanetData", "inhabited_positions", "write_planet"]

CONCENTRATIONS = {"B32": 24.0, "B16": 34.0}
"""Code of an encoder -> κ of its features: nothing but the order of the two is like the real ones."""

_DIM = 32  # few, so that some ten thousand photographs are enough to learn from
_PLACES = 4_000


@dataclass(frozen=True)
class PlanetData:
    """What `write_planet` wrote, and the planet it comes from.

    Attributes
    ----------
    features
        Code of an encoder -> folder of its feature store.
    split
        File of the split into training, validation and test photographs.
    planets
        Code of an encoder -> the planet as it sees it, which knows the best that can be reached.
    """

    features: dict[str, Path]
    split: Path
    planets: dict[str, Planet]


def write_planet(
    folder: PathLike,
    *,
    lonlat: ArrayLike | None = None,
    photographs: tuple[int, int, int] = (40_000, 4_000, 4_000),
    dim: int = _DIM,
    seed: int = 0,
) -> PlanetData:
    """Write the simulated features of photographs, as every encoder of `CONCENTRATIONS` sees them.

    Parameters
    ----------
    folder
        Where the stores and the split go; made if absent.
    lonlat
        (m, 2) where photographs are taken; 4,000 inhabited places if not given.
    photographs
        How many to learn from, to choose by, and to judge by.
    dim
        Length of the features.
    seed
        Of everything.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    positions = inhabited_positions(_PLACES, rng) if lonlat is None else np.asarray(lonlat, np.float64)
    planet = Planet.make(positions, dim=dim, concentration=1.0, seed=seed)
    where = planet.places(sum(photographs), rng)
    planets, folders = {}, {}
    for code, concentration in CONCENTRATIONS.items():
        planets[code] = planet.seen_by(concentration=concentration)
        taken = planets[code].photographs(len(where), rng, where=where)
        folders[code] = target / f"{code}.features"
        FeatureStore.create(
            folders[code],
            taken.features,
            taken.metadata,
            identity=f"simulated-{code}-{dim}-{concentration:g}-{seed}",
            source="a simulated planet: these are no features of photographs",
        )
    sides = np.repeat(np.arange(3, dtype=np.int8), photographs)
    split = Split.of(taken.metadata, sides, name="simulated", seed=seed)
    split.write(target / "split.parquet")
    return PlanetData(folders, target / "split.parquet", planets)


def inhabited_positions(count: int, rng: np.random.Generator) -> Floats:
    """Draw (count, 2) different places of the gazetteer, large ones rather than small ones."""
    places = gazetteer()
    weights = np.sqrt(np.maximum(np.asarray(places.population, np.float64), 1.0))
    rows = rng.choice(len(places), count, replace=False, p=weights / weights.sum())
    return np.asarray(places.lonlat[np.sort(rows)], np.float64)
