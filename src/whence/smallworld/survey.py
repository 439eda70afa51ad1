"""What the surveyors of the old map saw: named landmarks, and how wrongly they placed them.

The grid of a sheet is constructed and exact; what is drawn into it was measured. The error of the survey is a
Gaussian random field: neighbours are displaced alike, places further apart than its reach independently.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Self

    from whence.smallworld.town import Building, Town
    from whence.typing import Floats

__all__ = ["LANDMARK_NAMES", "Landmark", "Survey", "landmarks_of"]

LANDMARK_NAMES = (
    "Chiesa di San Rocco", "Mulino Vecchio", "Stazione", "Scuola", "Ospedale", "Teatro", "Convento",
    "Caserma", "Macello", "Filanda", "Fornace", "Lavatoio", "Dogana", "Osteria del Ponte", "Cascina Bella",
    "Villa Rossi", "Biblioteca", "Mercato", "Fonderia", "Oratorio", "Torre Alta", "Segheria",
)  # fmt: skip
"""Names that the map gives to houses of the town, each once."""

_WAVES = 96


@dataclass(frozen=True, eq=False)
class Survey:
    """Error of the survey anywhere.

    Attributes
    ----------
    spread_m
        Standard deviation of each coordinate.
    reach_m
        Distance at which the correlation has fallen to exp(-1/2).
    """

    spread_m: float
    reach_m: float
    _waves: Floats  # (k, 2) radians per metre
    _phases: Floats  # (2, k)

    @classmethod
    def draw(cls, rng: np.random.Generator, *, spread_m: float = 2.0, reach_m: float = 50.0) -> Self:
        """Draw a survey by random Fourier features (Rahimi & Recht 2007) of a Gaussian covariance."""
        waves = rng.normal(0, 1 / reach_m, (_WAVES, 2))
        return cls(spread_m, reach_m, waves, rng.uniform(0, 2 * np.pi, (2, _WAVES)))

    def error_m(self, enu_m: Floats) -> Floats:
        """Displacement (..., 2), metres east and north, of what stands at (..., 2) metres of the town."""
        angles = np.asarray(enu_m)[..., None, :] @ self._waves.T + self._phases
        return np.asarray(self.spread_m * np.sqrt(2 / _WAVES) * np.cos(angles).sum(axis=-1))


@dataclass(frozen=True, eq=False)
class Landmark:
    """A named building.

    Attributes
    ----------
    name
        As lettered on the map.
    place_m
        (2,) metres east and north of the middle of the town, where it truly stands.
    building
        Its walls.
    """

    name: str
    place_m: Floats
    building: Building


def landmarks_of(town: Town) -> list[Landmark]:
    """Name the landmarks of a town: those that its people name, and houses spread over it.

    Each next house is the one farthest from all that have a name, so that the names cover the town. They
    come in this order, the same for the same town.
    """
    named = [Landmark(house.name, house.middle_m, house) for house in town.buildings if house.name]
    houses = [house for house in town.buildings if not house.name]
    middles = np.array([house.middle_m for house in houses])
    taken = np.array([landmark.place_m for landmark in named])
    away_m = np.hypot(*(middles[:, None] - taken).transpose(2, 0, 1)).min(axis=1)
    order = np.random.default_rng([town.seed, 11]).permutation(len(LANDMARK_NAMES))
    for k in order:
        farthest = int(away_m.argmax())
        named.append(Landmark(LANDMARK_NAMES[k], middles[farthest], houses[farthest]))
        away_m = np.minimum(away_m, np.hypot(*(middles - middles[farthest]).T))
    return named
