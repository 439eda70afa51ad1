"""A planet of simulated features with a known answer: how near any method could come at all.

Photographs are taken at known positions; what an encoder would say of a position p is a unit vector f(p), and
of one photograph a unit vector drawn round it, x ~ vMF(f(p), κ) in d dimensions. Likelihood and prior are
known, so the posterior over positions is Bayes' rule, and the smallest error that any method can reach on
average is computed, not guessed.

f is built to be as treacherous as pictures are: parts that vary smoothly over thousands, hundreds and tens
of kilometres, a part that is the same all over a country, and one that knows only how far the equator is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy import special

from whence.earth import sphere
from whence.errors import InputError
from whence.imagery.catalogue import Catalogue
from whence.photos.samples import Samples
from whence.places.outlines import country_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whence.typing import ArrayLike, Floats, Floats32, Ints

__all__ = ["Planet", "Reachable"]

_SCALES_KM = (4000.0, 1000.0, 250.0, 60.0)
_SCALE_SHARES = (0.30, 0.20, 0.12, 0.08)
_COUNTRY_SHARE = 0.20
_CLIMATE_SHARE = 0.10
_CLIMATE_SCALE_KM = 1500.0
_SUPPORT = 400  # positions of the posterior that are looked at; the others together weigh next to nothing
_LEAST_SHARE = 1e-6  # of the likeliest position's
_BLOCK = 256
_GEOSCORE_KM = 1492.7


@dataclass(frozen=True)
class Reachable:
    """The best that any method can do on the average photograph of a planet.

    Attributes
    ----------
    photographs
        Number of photographs over which the posterior was averaged.
    mean_km
        Smallest mean error: each photograph's posterior geometric median.
    median_km
        Median error of those medians; another rule could do a little better at it.
    geoscore
        Largest mean GeoScore, 5000·exp(−d/1492.7 km).
    country
        Largest share of right countries.
    within
        Limit in km -> largest share of errors within it.
    """

    photographs: int
    mean_km: float
    median_km: float
    geoscore: float
    country: float
    within: dict[float, float]


@dataclass(frozen=True, eq=False)
class Planet:
    """Positions with the features that photographs taken there have on average; frozen.

    Attributes
    ----------
    lonlat
        (m, 2) where photographs are taken, each as likely as another; longitude, latitude, degrees.
    countries
        (m,) two-letter codes, empty at sea.
    signatures
        (m, d) unit vectors: the mean direction of the features at each position.
    concentration
        κ of the von Mises-Fisher density from which features are drawn; the larger, the better the encoder.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> planet = Planet.make(rng.uniform([-10, 40], [30, 60], (500, 2)), dim=64, concentration=300.0)
    >>> photographs = planet.photographs(100, rng)
    >>> photographs.dim, len(photographs)
    (64, 100)
    """

    lonlat: Floats
    countries: list[str]
    signatures: Floats32
    concentration: float

    @classmethod
    def make(cls, lonlat: ArrayLike, *, dim: int = 512, concentration: float, seed: int = 0) -> Self:
        """Give positions (m, 2) their signatures.

        Raises
        ------
        InputError
            For fewer than 8 dimensions, or a concentration that is not positive.
        """
        if dim < 8 or not concentration > 0:
            raise InputError(
                f"a planet needs 8 dimensions or more and κ above zero, not {dim} and {concentration}"
            )
        positions = np.asarray(lonlat, np.float64)
        rng = np.random.default_rng(seed)
        countries = [code or "" for code in country_at(positions)]
        signatures = np.sqrt(_COUNTRY_SHARE) * _by_country(countries, dim, rng)
        vectors = sphere.to_unit_vectors(positions)
        for scale_km, share in zip(_SCALES_KM, _SCALE_SHARES, strict=True):
            signatures += np.sqrt(share) * _smooth(vectors, scale_km, dim, rng)
        heights = np.abs(vectors[:, 2:]) * np.array([[0.0, 0.0, 1.0]])  # distance from the equator alone
        signatures += np.sqrt(_CLIMATE_SHARE) * _smooth(heights, _CLIMATE_SCALE_KM, dim, rng)
        signatures /= np.linalg.norm(signatures, axis=1, keepdims=True)
        return cls(positions, countries, signatures.astype(np.float32), float(concentration))

    def seen_by(self, *, concentration: float) -> Planet:
        """Look at the same planet through a better or a worse encoder."""
        return replace(self, concentration=float(concentration))

    def places(self, n: int, rng: np.random.Generator) -> Ints:
        """Draw the places of n photographs: row numbers of `lonlat`."""
        return rng.integers(0, len(self.lonlat), n)

    def photographs(self, n: int, rng: np.random.Generator, *, where: Ints | None = None) -> Samples:
        """Take n photographs, there or anywhere; features are float16, and countries a column."""
        where = self.places(n, rng) if where is None else where
        features = np.concatenate(
            [
                _around(self.signatures[where[start : start + 4096]], self.concentration, rng)
                for start in range(0, n, 4096)
            ]
        )
        metadata = Catalogue.of_arrays(
            self.lonlat[where],
            ids=[f"{i:08d}" for i in range(n)],
            country=[self.countries[i] for i in where],
        )
        return Samples(features.astype(np.float16), np.arange(n), metadata)

    def log_posterior(self, features: ArrayLike) -> Floats:
        """(n, m) natural logarithm of the probability of each position, given features (n, d)."""
        likeness = np.asarray(features, np.float32) @ self.signatures.T
        return np.asarray(special.log_softmax(self.concentration * likeness.astype(np.float64), axis=1))

    def reachable(
        self, photographs: Samples, *, within_km: tuple[float, ...] = (25.0, 200.0, 750.0)
    ) -> Reachable:
        """Compute the best that any method can do on average over some photographs.

        The expectations are those of the posterior, so they need no truth and hardly scatter.
        """
        bests = [
            best
            for block, features in photographs.blocks(_BLOCK)
            for best in self._best_of(features, photographs.lonlat[block], within_km)
        ]
        mean_km, error_km, score, country, *shares = np.array(bests).T
        return Reachable(
            photographs=len(bests),
            mean_km=float(mean_km.mean()),
            median_km=float(np.median(error_km)),
            geoscore=float(score.mean()),
            country=float(country.mean()),
            within=dict(zip(within_km, (float(share.mean()) for share in shares), strict=True)),
        )

    def _best_of(
        self, features: Floats32, truth: Floats, within_km: tuple[float, ...]
    ) -> Iterator[tuple[float, ...]]:
        posterior = np.exp(self.log_posterior(features))
        support = np.argpartition(-posterior, min(_SUPPORT, posterior.shape[1] - 1), axis=1)[:, :_SUPPORT]
        for shares, rows, true in zip(posterior, support, truth, strict=True):
            kept = rows[shares[rows] > _LEAST_SHARE * shares[rows].max()]
            weights = shares[kept] / shares[kept].sum()
            places = self.lonlat[kept]
            away_km = _pairwise_km(self._vectors[kept])
            expected_km = away_km @ weights
            median = places[expected_km.argmin()]
            yield (
                float(expected_km.min()),
                float(sphere.distance_m(median, true)) / 1000.0,
                float((5000.0 * np.exp(-away_km / _GEOSCORE_KM) @ weights).max()),
                float(np.bincount(self._country_numbers[kept], weights).max()),
                *(float(((away_km <= limit) @ weights).max()) for limit in within_km),
            )

    @cached_property
    def _vectors(self) -> Floats:
        return sphere.to_unit_vectors(self.lonlat)

    @cached_property
    def _country_numbers(self) -> Ints:
        return np.unique(self.countries, return_inverse=True)[1].astype(np.int64)


def _pairwise_km(vectors: Floats) -> Floats:
    """(s, s) great-circle distances between unit vectors (s, 3), to the metre."""
    haversines = np.clip((1.0 - vectors @ vectors.T) / 2.0, 0.0, 1.0)
    return np.asarray(2.0 * sphere.EARTH_RADIUS_M / 1000.0 * np.arcsin(np.sqrt(haversines)))


def _smooth(vectors: Floats, scale_km: float, dim: int, rng: np.random.Generator) -> Floats:
    """(m, dim) random features of (m, 3) vectors whose kernel is a Gaussian of that width.

    Rahimi and Recht (2007), "Random features for large-scale kernel machines", with a sine and a cosine of
    every frequency, so that each row has unit length.
    """
    frequencies = rng.normal(size=(3, dim // 2)) * (sphere.EARTH_RADIUS_M / 1000.0 / scale_km)
    angles = vectors @ frequencies
    waves = np.concatenate([np.cos(angles), np.sin(angles)], axis=1) / np.sqrt(dim // 2)
    # A random rotation, so that the parts of the signature do not share axes.
    return np.asarray(waves @ _rotation(waves.shape[1], dim, rng))


def _rotation(rows: int, dim: int, rng: np.random.Generator) -> Floats:
    return np.linalg.qr(rng.normal(size=(dim, dim)))[0][:rows]


def _by_country(countries: list[str], dim: int, rng: np.random.Generator) -> Floats:
    codes, number = np.unique(countries, return_inverse=True)
    looks = rng.normal(size=(len(codes), dim))
    return np.asarray((looks / np.linalg.norm(looks, axis=1, keepdims=True))[number])


def _around(means: Floats32, concentration: float, rng: np.random.Generator) -> Floats:
    """Draw one unit vector round each mean (n, d), by the method of Wood (1994, Commun. Stat. Simul. 23).

    The component along the mean comes from a rejection sampler; the rest is uniform on the sphere across it.
    """
    n, dim = means.shape
    along = _along(n, dim, concentration, rng)[:, None]
    across = rng.normal(size=(n, dim))
    across -= (across * means).sum(axis=1, keepdims=True) * means
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    return np.asarray(along * means + np.sqrt(1.0 - along**2) * across)


def _along(n: int, dim: int, concentration: float, rng: np.random.Generator) -> Floats:
    """(n,) cosines between a vector of vMF(κ) in d dimensions and its mean direction."""
    freedom = dim - 1.0
    b = freedom / (2.0 * concentration + np.hypot(2.0 * concentration, freedom))
    middle = (1.0 - b) / (1.0 + b)
    bound = concentration * middle + freedom * np.log1p(-(middle**2))
    drawn = np.empty(n)
    missing = np.arange(n)
    while len(missing):
        z = rng.beta(freedom / 2.0, freedom / 2.0, len(missing))
        w = (1.0 - (1.0 + b) * z) / (1.0 - (1.0 - b) * z)
        log_ratio = concentration * w + freedom * np.log1p(-middle * w) - bound
        accepted = log_ratio >= np.log(rng.uniform(size=len(missing)))
        drawn[missing[accepted]] = w[accepted]
        missing = missing[~accepted]
    return drawn
