"""Positions as networks read them: on an equal-area map, and as random waves over it.

Equal Earth: Šavrič, Patterson and Jenny 2018, "The Equal Earth map projection" (IJGIS 33). Random Fourier
features: Rahimi and Recht 2007; Tancik et al. 2020, "Fourier features let networks learn high frequency
functions in low dimensional domains". The two together for positions: Vivanco Cepeda, Nayak and Shah 2023,
"GeoCLIP" (NeurIPS), with waves of σ = 1, 16 and 256 over half the width of the globe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.spatial import cKDTree

from whence.earth.points import as_lonlat, wrap_longitude_deg
from whence.earth.sphere import EARTH_RADIUS_M, to_unit_vectors
from whence.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from whence.typing import ArrayLike, Floats

__all__ = ["Frame", "equal_earth", "fitting_sigmas", "frequencies", "spacing_m"]

_A1, _A2, _A3, _A4 = 1.340264, -0.081106, 0.000893, 0.003796
_WIDTH = 180.0 / 66.50336  # Earth radii from the middle of the map to its edge; what GeoCLIP divides by
_SMALLEST = 1.0 / EARTH_RADIUS_M  # one metre
_FINEST = 256.0
_WAVE_PER_SPACING = 14.0  # σ = 256 over the globe is 78 km, where five million photographs lie 5.6 km apart
_ASKED = 5000


def equal_earth(lonlat: ArrayLike) -> Floats:
    """Project onto the Equal Earth map.

    Parameters
    ----------
    lonlat
        (..., 2) longitude, latitude, degrees.

    Returns
    -------
    Floats
        (..., 2) x to the east, y to the north, in Earth radii; areas are kept.
    """
    longitude, latitude = np.moveaxis(np.deg2rad(as_lonlat(lonlat)), -1, 0)
    theta = np.arcsin(np.sqrt(3.0) / 2.0 * np.sin(latitude))
    squared = theta**2
    sixth = squared**3
    slope = _A1 + 3.0 * _A2 * squared + sixth * (7.0 * _A3 + 9.0 * _A4 * squared)
    x = 2.0 * np.sqrt(3.0) * longitude * np.cos(theta) / (3.0 * slope)
    y = theta * (_A1 + _A2 * squared + sixth * (_A3 + _A4 * squared))
    return np.stack([x, y], axis=-1)


@dataclass(frozen=True)
class Frame:
    """A piece of the map, brought to about ±1.

    Attributes
    ----------
    meridian_deg
        Longitude in the middle of the map; the map ends at its opposite.
    middle
        (x, y) of the piece, Earth radii.
    unit
        Half of its longer side, Earth radii.

    Examples
    --------
    >>> Frame.of([[0.0, 0.0], [180.0, 0.0], [-180.0, 0.0]]).coordinates([[180.0, 0.0]]).round(3).tolist()
    [[1.0, 0.0]]
    """

    meridian_deg: float
    middle: tuple[float, float]
    unit: float

    @classmethod
    def of(cls, lonlat: ArrayLike, *, extent_km: float = 0.0) -> Self:
        """Fit the frame to positions (n, 2).

        Parameters
        ----------
        lonlat
            Longitude, latitude, degrees. The map is turned so that their mean direction is in its middle.
        extent_km
            Length of the longer side; 0 takes that of the box of the positions, at least 2 m.

        Raises
        ------
        NotEnoughDataError
            Without positions.
        InputError
            For an extent below zero.
        """
        points = as_lonlat(lonlat)
        if not len(points):
            raise NotEnoughDataError("there are no positions to lay a map round; give at least one")
        if extent_km < 0:
            raise InputError(f"the extent must not be negative; it is {extent_km} km")
        east, north, _ = to_unit_vectors(points).mean(axis=0)
        meridian_deg = float(np.rad2deg(np.arctan2(north, east)))
        around = equal_earth(_turned(points, meridian_deg))
        low, high = around.min(axis=0), around.max(axis=0)
        unit = extent_km * 500.0 / EARTH_RADIUS_M if extent_km else float((high - low).max() / 2.0)
        middle = (low + high) / 2.0
        return cls(meridian_deg, (float(middle[0]), float(middle[1])), max(unit, _SMALLEST))

    @classmethod
    def globe(cls) -> Self:
        """Give the whole map: longitudes ±180 on the equator lie at ±1."""
        return cls(0.0, (0.0, 0.0), _WIDTH)

    def coordinates(self, lonlat: ArrayLike) -> Floats:
        """Place positions (..., 2) on the map: (..., 2), about ±1 within the piece."""
        on_map = equal_earth(_turned(as_lonlat(lonlat), self.meridian_deg))
        return np.asarray((on_map - np.array(self.middle)) / self.unit)


def _turned(lonlat: Floats, meridian_deg: float) -> Floats:
    turned = lonlat.copy()
    turned[..., 0] = wrap_longitude_deg(lonlat[..., 0] - meridian_deg)
    return turned


def spacing_m(lonlat: Floats) -> float:
    """Median distance, metres, from one position of (n, 2) to the nearest other one; at least 1.

    Positions that coincide count once. One position alone is as far from others as can be.
    """
    vectors = np.unique(to_unit_vectors(lonlat), axis=0)
    if len(vectors) < 2:
        return EARTH_RADIUS_M
    asked = vectors[:: max(1, len(vectors) // _ASKED)]
    chords = cKDTree(vectors).query(asked, k=2)[0][:, 1]
    return max(float(np.median(chords)) * EARTH_RADIUS_M, 1.0)


def fitting_sigmas(lonlat: Floats, frame: Frame) -> tuple[float, float, float]:
    """Choose three scales of waves for positions (n, 2) in a frame.

    The coarsest has a wave over half the frame (σ = 1). The finest is as many times as long as the positions
    lie apart as σ = 256 is on the globe with five million photographs: 14; so a thousand photographs of a
    town do not get waves of a metre that nothing pins down. The third lies between, geometrically.
    """
    apart = 2.0 * spacing_m(lonlat) / EARTH_RADIUS_M  # scattered at random, the nearest is half as far
    finest = float(np.clip(frame.unit / (_WAVE_PER_SPACING * apart), 1.0, _FINEST))
    return 1.0, float(np.sqrt(finest)), finest


def frequencies(sigma: float, count: int, rng: np.random.Generator) -> Floats:
    """Draw waves (2, count) from a normal distribution of deviation σ, in periods per unit of the frame."""
    return rng.normal(0.0, sigma, (2, count))
