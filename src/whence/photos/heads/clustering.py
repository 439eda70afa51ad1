"""k-means, small and seeded: centres of positions, and prototypes of a cell's photographs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from whence.typing import Floats, Ints

__all__ = ["k_means", "nearest_center"]

_BLOCK = 8_000_000  # distances held at once


def k_means(points: Floats, count: int, rng: np.random.Generator, *, rounds: int = 20) -> Floats:
    """Find centres by Lloyd's rounds from a start by k-means++ (Arthur and Vassilvitskii 2007).

    Parameters
    ----------
    points
        (n, d).
    count
        How many centres at most: points that coincide give fewer.
    rng
        Source of the start.
    rounds
        Lloyd's rounds at most; it ends when nothing moves.

    Returns
    -------
    Floats
        (k, d) means of the points nearest to them, none empty.
    """
    middle = points.mean(axis=0)
    points = points - middle  # a city on the unit sphere keeps its digits
    centers = _start(points, count, rng)
    labels = np.full(len(points), -1)
    for _ in range(rounds):
        now = nearest_center(points, centers)
        if np.array_equal(now, labels):
            break
        labels = now
        found, labels = np.unique(labels, return_inverse=True)
        sums = np.zeros((len(found), points.shape[1]))
        np.add.at(sums, labels, points)
        centers = sums / np.bincount(labels)[:, None]
    return np.asarray(centers + middle)


def nearest_center(points: Floats, centers: Floats) -> Ints:
    """Find the number (n,) of the centre of (k, d) nearest to each point of (n, d)."""
    squares = np.sum(centers**2, axis=1) / 2.0
    step = max(1, _BLOCK // len(centers))
    blocks = [points[start : start + step] for start in range(0, len(points), step)]
    found = [np.argmin(squares - block @ centers.T, axis=1) for block in blocks]
    return np.concatenate(found).astype(np.int64) if found else np.zeros(0, np.int64)


def _start(points: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Points far from each other: each drawn by its squared distance from those before."""
    chosen = [int(rng.integers(len(points)))]
    apart = np.sum((points - points[chosen[0]]) ** 2, axis=1)
    while len(chosen) < count and apart.max() > 0.0:
        chosen.append(int(rng.choice(len(points), p=apart / apart.sum())))
        apart = np.minimum(apart, np.sum((points - points[chosen[-1]]) ** 2, axis=1))
    return np.asarray(points[chosen])
