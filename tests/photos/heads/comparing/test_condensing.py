"""Condensing keeps what can be kept exactly: weight and mean vector."""

from __future__ import annotations

import numpy as np
import pytest

from whence.earth import von_mises_fisher as vmf
from whence.earth.sphere import to_unit_vectors
from whence.photos.heads.condensing import condensed
from whence.photos.heads.mixtures import Mixtures


def drawn(n: int, k: int, *, size_deg: float, spread_m: float) -> Mixtures:
    rng = np.random.default_rng(0)
    lonlat = np.array([10.0, 50.0]) + rng.uniform(-0.5, 0.5, (n, k, 2)) * size_deg
    return Mixtures(lonlat, rng.normal(0, 2, (n, k)), spread_m * rng.uniform(0.5, 2, (n, k)))


def mean_vectors(mixtures: Mixtures) -> np.ndarray:
    lengths = 1.0 - vmf.resultant_deficit(vmf.concentration(mixtures.spread_m))
    return np.einsum("nk,nkc->nc", mixtures.weights * lengths, to_unit_vectors(mixtures.lonlat))


@pytest.mark.parametrize(("size_deg", "spread_m"), [(0.01, 50.0), (5.0, 2e4), (60.0, 2e6)])
def test_the_mean_vector_stays(size_deg: float, spread_m: float) -> None:
    mixtures = drawn(6, 20, size_deg=size_deg, spread_m=spread_m)
    few = condensed(mixtures, 5)
    assert few.patches == 6
    assert mean_vectors(few) == pytest.approx(mean_vectors(mixtures), abs=1e-12)
    kept = np.sort(mixtures.weights, axis=1)[:, -5:]
    assert np.sort(few.weights[:, :5], axis=1) == pytest.approx(kept)
    assert few.weights[:, 5] == pytest.approx(1.0 - kept.sum(axis=1))


def test_a_city_keeps_its_metres() -> None:
    """The spread of the one patch is the spread of draws from those that it replaces."""
    mixtures = drawn(1, 12, size_deg=0.01, spread_m=100.0)
    rest = condensed(mixtures, 2)
    light = np.argsort(mixtures.weights[0])[:-2]
    rng = np.random.default_rng(1)
    of = rng.choice(light, 100_000, p=mixtures.weights[0, light] / mixtures.weights[0, light].sum())
    kappa = vmf.concentration(mixtures.spread_m[0, of])
    truth = vmf.sample(to_unit_vectors(mixtures.lonlat[0, of]), kappa, rng)
    off = truth - to_unit_vectors(rest.lonlat[0, 2])
    assert rest.spread_m[0, 2] == pytest.approx(
        6_371_008.8 * np.sqrt((off**2).sum(axis=1).mean() / 2), rel=0.01
    )


def test_nothing_changes_where_there_is_nothing_to_drop() -> None:
    mixtures = drawn(3, 4, size_deg=1.0, spread_m=1e3)
    assert condensed(mixtures, 4) is mixtures


def test_weightless_and_opposite_patches() -> None:
    lonlat = [[[0.0, 0.0], [10.0, 0.0], [180.0, 0.0]], [[5.0, 5.0], [0.0, 0.0], [180.0, 0.0]]]
    logs = [[0.0, -np.inf, -np.inf], [0.0, -1.0, -1.0]]
    few = condensed(Mixtures(lonlat, logs, np.full((2, 3), 1e3)), 1)
    assert few.weights[0].tolist() == [1.0, 0.0]
    assert few.spread_m[1, 1] > 1e7  # antipodes cancel out: anywhere
