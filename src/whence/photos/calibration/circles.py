"""How large the circles of many mixtures must be, all at once.

`Belief.radius_m` integrates exactly, one belief at a time. Here every patch is replaced by points at the
quantiles of its own distribution, turned by the golden angle, and the circle is a weighted quantile of their
distances: exact on the sphere at every width, and off by less than a percent of mass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from whence.earth import sphere
from whence.earth import von_mises_fisher as vmf

if TYPE_CHECKING:
    from whence.photos.heads.mixtures import Mixtures
    from whence.typing import Floats

__all__ = ["mass_nearer", "points_of", "radii_m"]

_POINTS = 6144  # of a photograph, over all its patches
_FEWEST, _MOST = 24, 1024  # of a patch
_HELD_AT_ONCE = 2_000_000
_GOLDEN = np.pi * (3.0 - np.sqrt(5.0))


def radii_m(mixtures: Mixtures, points: Floats, confidence: Sequence[float], *, background: float) -> Floats:
    """Radii round points that hold shares of each mixture.

    Parameters
    ----------
    mixtures
        n of them.
    points
        (n, 2) centres of the circles, longitude, latitude, degrees.
    confidence
        The q shares, between 0 and 1.
    background
        Mass spread evenly over the globe beside each mixture.

    Returns
    -------
    ndarray
        (n, q) metres.
    """
    found = np.empty((len(mixtures), len(confidence)))
    for block in _blocks(mixtures):
        angles, masses = points_of(mixtures.take(block), points[block])
        order = np.argsort(angles, axis=1)
        angles, masses = np.take_along_axis(angles, order, 1), np.take_along_axis(masses, order, 1)
        even = background * np.sin(angles / 2.0) ** 2
        held = np.cumsum(masses, axis=1) - masses / 2.0
        held = (1.0 - background) * held + even
        for place, share in enumerate(confidence):
            found[block, place] = _quantiles(angles, held, share, background)
    return found * sphere.EARTH_RADIUS_M


def mass_nearer(mixtures: Mixtures, points: Floats, distance_m: Floats, *, background: float) -> Floats:
    """Mass (n,) of each belief within distances (n,) of points (n, 2): the inverse of `radii_m`.

    A promise "within the radius that holds q" is kept when the mass nearer than the truth is at most q.
    """
    found = np.empty(len(mixtures))
    angle = distance_m / sphere.EARTH_RADIUS_M
    for block in _blocks(mixtures):
        angles, masses = points_of(mixtures.take(block), points[block])
        inside = ((angles <= angle[block][:, None]) * masses).sum(axis=1)
        found[block] = (1.0 - background) * inside + background * np.sin(angle[block] / 2.0) ** 2
    return found


def _blocks(mixtures: Mixtures) -> Iterator[slice]:
    size = max(1, _HELD_AT_ONCE // (mixtures.patches * _points_each(mixtures.patches)))
    for start in range(0, len(mixtures), size):
        yield slice(start, start + size)


def _points_each(patches: int) -> int:
    return int(np.clip(_POINTS // max(1, patches), _FEWEST, _MOST))


def points_of(mixtures: Mixtures, points: Floats) -> tuple[Floats, Floats]:
    """Angles (m, s) from each point to what stands for its mixture, and their masses (m, s)."""
    count = _points_each(mixtures.patches)
    place = np.arange(count)
    kappa = vmf.concentration(mixtures.spread_m)[:, :, None]  # (m, k, 1)
    share = (place + 0.5) / count
    height = np.clip(-np.log1p(share * np.expm1(-2.0 * kappa)) / kappa, 0.0, 2.0)  # 1 − cos ψ
    here = sphere.to_unit_vectors(points)[:, None, :]
    squared = ((sphere.to_unit_vectors(mixtures.lonlat) - here) ** 2).sum(axis=2)[:, :, None]  # chord²
    away = squared / 2.0  # 1 − cos δ
    cross = np.sqrt(np.maximum(away * (2.0 - away) * height * (2.0 - height), 0.0))
    # 1 − cos d = a + h − a h − sin δ sin ψ cos φ, which keeps its digits in a city
    deficit = away + height - away * height - cross * np.cos(place * _GOLDEN)
    angles = 2.0 * np.arcsin(np.sqrt(np.clip(deficit / 2.0, 0.0, 1.0)))
    masses = np.broadcast_to(mixtures.weights[:, :, None] / count, angles.shape)
    return angles.reshape(len(mixtures), -1), masses.reshape(len(mixtures), -1)


def _quantiles(angles: Floats, held: Floats, confidence: float, background: float) -> Floats:
    """Angle (m,) of the circles that hold `confidence`, interpolated between the points."""
    after = np.argmax(held >= confidence, axis=1)
    beyond = held[:, -1] < confidence  # only the background reaches further
    rows = np.arange(len(angles))
    before = np.maximum(after - 1, 0)
    low = np.where(after > 0, held[rows, before], 0.0)
    start = np.where(after > 0, angles[rows, before], 0.0)
    step = np.maximum(held[rows, after] - low, 1e-300)
    between = start + (angles[rows, after] - start) * np.clip((confidence - low) / step, 0.0, 1.0)
    missing = (confidence - (1.0 - background)) / background
    alone = 2.0 * np.arcsin(np.sqrt(np.clip(missing, 0.0, 1.0)))
    return np.asarray(np.where(beyond, np.maximum(alone, angles[:, -1]), between))
