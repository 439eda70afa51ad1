"""The simulated planet: the oracle is probability theory, and a simulation that ends."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from whence.earth import sphere
from whence.errors import InputError
from whence.smallworld.planet import Planet


@pytest.fixture(scope="module")
def planet() -> Planet:
    lonlat = np.random.default_rng(0).uniform([-10, 36], [30, 60], (600, 2))
    return Planet.make(lonlat, dim=32, concentration=30.0, seed=1)


def test_features_are_unit_vectors_round_the_signatures(planet: Planet) -> None:
    drawn = planet.photographs(4000, np.random.default_rng(2))
    features = drawn.take(slice(None))
    assert np.linalg.norm(features, axis=1) == pytest.approx(1.0, abs=2e-3)
    order = np.lexsort(planet.lonlat.T)
    where = order[np.searchsorted(planet.lonlat[order, 1], drawn.lonlat[:, 1])]
    cosines = np.einsum("ij,ij->i", features, planet.signatures[where])
    # A_d(κ) = I_{d/2}(κ) / I_{d/2−1}(κ), Mardia & Jupp (2000), equation 9.3.9
    expected = special.ive(16.0, 30.0) / special.ive(15.0, 30.0)
    assert cosines.mean() == pytest.approx(expected, abs=4 * cosines.std() / np.sqrt(4000) + 1e-3)


def test_the_posterior_is_calibrated(planet: Planet) -> None:
    """Of the positions said to have probability p, the share p is right."""
    drawn = planet.photographs(1500, np.random.default_rng(3))
    posterior = np.exp(planet.log_posterior(drawn.take(slice(None))))
    right = (planet.lonlat[None, :, :] == drawn.lonlat[:, None, :]).all(axis=2)
    for low, high in ((0.05, 0.2), (0.2, 0.5), (0.5, 0.9)):
        chosen = (posterior >= low) & (posterior < high)
        promised, kept = posterior[chosen].mean(), right[chosen].mean()
        assert kept == pytest.approx(promised, abs=4 * np.sqrt(promised / chosen.sum()))


def test_the_best_error_is_reached_by_the_posterior_and_by_nothing_simpler(planet: Planet) -> None:
    drawn = planet.photographs(800, np.random.default_rng(4))
    best = planet.reachable(drawn)
    features = drawn.take(slice(None))
    posterior = np.exp(planet.log_posterior(features))
    distance_km = sphere.distance_m(planet.lonlat[:, None], planet.lonlat[None, :]) / 1000.0
    answers = planet.lonlat[(posterior @ distance_km).argmin(axis=1)]
    errors_km = sphere.distance_m(answers, drawn.lonlat) / 1000.0
    assert errors_km.mean() == pytest.approx(best.mean_km, abs=4 * errors_km.std() / np.sqrt(800))
    likeliest_km = sphere.distance_m(planet.lonlat[posterior.argmax(axis=1)], drawn.lonlat) / 1000.0
    assert likeliest_km.mean() > best.mean_km
    assert 0.0 < best.within[25.0] < best.within[200.0] < best.within[750.0] <= 1.0


def test_a_better_encoder_reaches_more(planet: Planet) -> None:
    rng = np.random.default_rng(5)
    worse, better = (
        seen.reachable(seen.photographs(300, rng)) for seen in (planet, planet.seen_by(concentration=90.0))
    )
    assert better.mean_km < worse.mean_km
    assert better.geoscore > worse.geoscore
    assert better.country > worse.country


def test_the_same_seed_gives_the_same_planet() -> None:
    lonlat = np.random.default_rng(0).uniform([-10, 36], [30, 60], (50, 2))
    first, second = (Planet.make(lonlat, dim=16, concentration=9.0, seed=7) for _ in range(2))
    assert np.array_equal(first.signatures, second.signatures)


def test_a_planet_without_dimensions_is_refused() -> None:
    with pytest.raises(InputError, match="8 dimensions"):
        Planet.make([[0.0, 0.0]], dim=2, concentration=1.0)
