"""How published work measures distances and scores, by name.

The same predictions get different figures under different protocols: one measures on a sphere, another on the
ellipsoid; one counts an error of exactly 25 km as within 25 km, another does not. Each is named after the
work that uses it, so that a figure can be put beside a published one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np

from whence.earth import ellipsoid, sphere
from whence.errors import InputError

if TYPE_CHECKING:
    from whence.typing import ArrayLike, Bools, Floats

__all__ = ["PROTOCOLS", "Protocol", "protocol_named"]

Surface = Literal["ellipsoid", "sphere"]

_LIMITS_KM = (1.0, 25.0, 200.0, 750.0, 2500.0)
_LIMITS_M = (25.0, 50.0, 100.0, 250.0, 1000.0)
_MAP_KM = 1492.7  # of the published GeoScores: 25 km still give 4917 points, 2500 km give 937


@dataclass(frozen=True)
class Protocol:
    """A way to measure errors and to score them.

    Attributes
    ----------
    name
        Key in `PROTOCOLS`.
    errors_on
        Surface of the errors themselves and of the shares within metres.
    scores_on
        Surface of the shares within kilometres and of the GeoScore.
    radius_m
        Radius of the sphere, metres.
    inclusive
        Whether an error equal to a limit counts as within it.
    score_scale_km
        s in the score 5000·exp(−d/s), kilometres.
    rounded
        Whether the score of every photograph is rounded to a whole number before the mean.
    limits_km, limits_m
        Limits of the shares, kilometres over the globe and metres in a city.
    source
        Where the rules come from.

    Examples
    --------
    >>> pole_to_pole = PROTOCOLS["osv5m"].scored_m([[0, 90]], [[0, -90]])
    >>> (pole_to_pole / 1000).round(3).tolist()
    [20015.087]
    """

    name: str
    source: str
    errors_on: Surface = "sphere"
    scores_on: Surface = "sphere"
    radius_m: float = sphere.EARTH_RADIUS_M
    inclusive: bool = True
    score_scale_km: float = _MAP_KM
    rounded: bool = False
    limits_km: tuple[float, ...] = _LIMITS_KM
    limits_m: tuple[float, ...] = _LIMITS_M

    def errors_m(self, predictions: ArrayLike, truths: ArrayLike) -> Floats:
        """Errors in metres; positions are (n, 2) longitude, latitude, degrees."""
        return self._distance_m(self.errors_on, predictions, truths)

    def scored_m(self, predictions: ArrayLike, truths: ArrayLike) -> Floats:
        """Distances in metres that scores and shares within kilometres are taken of; as `errors_m`."""
        return self._distance_m(self.scores_on, predictions, truths)

    def scores(self, distances_m: Floats) -> Floats:
        """Give the GeoScore, 0 to 5000, of each distance in metres."""
        points = 5000.0 * np.exp(-distances_m / (1000.0 * self.score_scale_km))
        return np.round(points) if self.rounded else points

    def within(self, distances_m: Floats, limit_m: float) -> Bools:
        """Tell which distances count as within a limit, both in metres."""
        return distances_m <= limit_m if self.inclusive else distances_m < limit_m

    def _distance_m(self, surface: Surface, a: ArrayLike, b: ArrayLike) -> Floats:
        if surface == "ellipsoid":
            return ellipsoid.geodesic_distance_m(a, b)
        return sphere.distance_m(a, b) * (self.radius_m / sphere.EARTH_RADIUS_M)


_ALL = (
    Protocol(
        "whence",
        "metres on the WGS 84 ellipsoid, scores on the sphere with the mean radius; limits count as within",
        errors_on="ellipsoid",
    ),
    Protocol(
        "osv5m",
        "Astruc et al. 2024 (OpenStreetView-5M): sphere of 6371 km, errors below the limit",
        radius_m=6_371_000.0,
        inclusive=False,
    ),
    Protocol(
        "geoclip",
        "Vivanco Cepeda et al. 2023 (GeoCLIP): geodesics on the ellipsoid, limits count as within",
        errors_on="ellipsoid",
        scores_on="ellipsoid",
    ),
    Protocol(
        "pigeon",
        "Haas et al. 2024 (PIGEON): sphere with the equatorial radius, every score rounded",
        radius_m=6_378_137.0,
        rounded=True,
    ),
    Protocol(
        "thesis",
        "CLIP with a small network on OpenStreetView-5M, 36 models: score 5000·exp(−10·d/20037.5), "
        "limits of a city (30 km), 300 km, and half, one and two mean countries",
        score_scale_km=2003.75,
        limits_km=(30.0, 300.0, 437.23, 874.46, 1748.92),
    ),
)

PROTOCOLS: Mapping[str, Protocol] = MappingProxyType({protocol.name: protocol for protocol in _ALL})
"""Name -> protocol."""


def protocol_named(name: str | Protocol) -> Protocol:
    """Look a protocol up; one's own `Protocol` is passed through.

    Raises
    ------
    InputError
        When there is none of that name; the message lists those that there are.
    """
    if isinstance(name, Protocol):
        return name
    if name not in PROTOCOLS:
        raise InputError(f"there is no protocol {name!r}; there are: {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
