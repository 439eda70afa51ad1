"""Whitening from positions, on vectors whose useful directions are known."""

from __future__ import annotations

import numpy as np
import pytest

from whence.earth.sphere import distance_m
from whence.errors import NotEnoughDataError
from whence.learn.encoders.classic.whitening import LearnedWhitening, matching_pairs
from whence.learn.encoders.normalisation import unit_rows

STREETS = 120


@pytest.fixture(scope="module")
def photos() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors, positions, street (8 photos each): 12 directions of the street, 30 louder of the moment."""
    rng = np.random.default_rng(0)
    street = np.repeat(np.arange(STREETS), 8)
    look = rng.normal(size=(STREETS, 12))[street]
    moment = 2.5 * rng.normal(size=(len(street), 30))
    corner = np.stack(
        [13.19 + 0.01 * (np.arange(STREETS) % 12), 55.70 + 0.01 * (np.arange(STREETS) // 12)], axis=1
    )
    positions = corner[street] + rng.uniform(-5e-5, 5e-5, (len(street), 2))
    return unit_rows(np.concatenate([look, moment], axis=1).astype(np.float32)), positions, street


def right(queries: np.ndarray, street: np.ndarray) -> float:
    """Share of photos whose nearest other photo is of the same street."""
    products = queries @ queries.T
    np.fill_diagonal(products, -np.inf)
    return float(np.mean(street[np.argmax(products, axis=1)] == street))


def test_it_learns_which_directions_tell_places(photos: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    vectors, positions, street = photos
    learnt = street % 2 == 0
    whitening = LearnedWhitening.fit(vectors[learnt], positions[learnt], dim=20, shrink=0.1)
    unseen = whitening.apply(vectors[~learnt])
    assert unseen.shape == (np.sum(~learnt), 20)
    np.testing.assert_allclose(np.linalg.norm(unseen, axis=1), 1, atol=1e-5)
    assert right(unseen, street[~learnt]) > right(vectors[~learnt], street[~learnt]) + 0.2


def test_pairs_are_those_of_a_slow_search(photos: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    vectors, positions, _ = photos
    found = matching_pairs(vectors, positions, positive_m=5.0)
    gaps_m = distance_m(positions[:, None], positions[None])
    expected = set()
    for i, gaps in enumerate(gaps_m):
        near = np.flatnonzero((gaps > 0.5) & (gaps <= 5.0))
        best = sorted(near, key=lambda j: -float(vectors[i] @ vectors[j]))[:5]
        expected |= {(i, int(j)) for j in best}
    assert {tuple(pair) for pair in found.tolist()} == expected


def test_photos_far_from_each_other_teach_nothing(photos: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    vectors, positions, _ = photos
    with pytest.raises(NotEnoughDataError, match="use the vectors as they are"):
        LearnedWhitening.fit(vectors[::8], positions[::8])
