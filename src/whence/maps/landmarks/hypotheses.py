"""Similarities proposed by two landmarks each, and how many others agree with them.

Two landmarks with a candidate each determine a rotation, a scale and a shift. Every proposal has a plane of
its own, the stereographic projection round the middle of its two places: it is conformal, needs three dot
products for a place, and is true where the sheet is, wherever that may be. The pairs that prior shares favour
and that have few rivals come first; as many are tried as a second allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whence.earth.sphere import local_axes
from whence.maps.landmarks.chance import log10_tail_bound, log10_tries

if TYPE_CHECKING:
    from whence.maps.landmarks.problem import Problem
    from whence.typing import Floats, Ints

__all__ = ["TOLERANCES", "Hypotheses", "screen"]

TOLERANCES = (0.004, 0.008, 0.015, 0.03, 0.05)
"""Distances that count as agreement, as shares of the root of the scan's area."""

_MOST_PROPOSERS = 1500  # candidates that take part in pairs
_MOST_PAIRS = 20_000
_MOST_WORK = 20_000_000  # pairs times candidates
_BLOCK = 400_000
_LEAST_APART = 0.12  # of two landmarks on the scan, as a share of its diagonal
_LEAST_ANGLE = 1e-6  # of two places as seen from the middle of the Earth: 6 m
_LARGEST_ANGLE = 1.75  # beyond a hemisphere no plane is near enough
_SEED = 20_000

_Complex = np.ndarray[tuple[int, ...], np.dtype[np.complex64]]


@dataclass(frozen=True, eq=False)
class Hypotheses:
    """Pairs of landmarks with a candidate each, best first.

    Parameters
    ----------
    pairs
        (h, 2) rows of candidates.
    log10_alarms
        (h,) expected number of accidents as good, log10: an upper bound.
    tolerance_px
        (h,) the distance at which it is that.
    """

    pairs: Ints
    log10_alarms: Floats
    tolerance_px: Floats


def screen(problem: Problem, *, most: int = 60) -> Hypotheses:
    """Try pairs, and return the most promising.

    Parameters
    ----------
    problem
        Landmarks and candidates.
    most
        How many to return.

    Returns
    -------
    Hypotheses
        Empty where no two landmarks are apart on both scan and ground.
    """
    pairs = _pairs(problem)
    rows = max(1, _BLOCK // max(len(problem.candidates), 1))
    parts = [_judge(problem, pairs[start : start + rows]) for start in range(0, len(pairs), rows)]
    if not parts:
        return Hypotheses(pairs, np.zeros(0), np.zeros(0))
    alarms, tolerance = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(alarms, kind="stable")[:most]
    return Hypotheses(pairs[order], alarms[order], tolerance[order])


def _pairs(problem: Problem) -> Ints:
    """Choose pairs of candidates of different landmarks, likeliest first."""
    rng = np.random.default_rng(_SEED)
    prior = problem.log10_prior + 1e-6 * rng.random(len(problem.candidates))
    proposers = np.sort(np.argsort(-prior)[:_MOST_PROPOSERS])
    first, second = np.triu_indices(len(proposers), 1)
    first, second = proposers[first], proposers[second]
    where = problem.pixels[problem.owner]
    left, top, right, bottom = problem.frame_px
    least_px = _LEAST_APART * np.hypot(right - left, bottom - top)
    apart = np.linalg.norm(where[first] - where[second], axis=1) >= least_px
    first, second = first[apart], second[apart]
    chord = np.linalg.norm(problem.units[first] - problem.units[second], axis=1)
    real = (chord > _LEAST_ANGLE) & (chord < 2 * np.sin(_LARGEST_ANGLE / 2))
    first, second = first[real], second[real]
    # Gumbel noise draws without replacement in proportion to the prior: the surest first, but not only they.
    weight = prior[first] + prior[second] + rng.gumbel(size=len(first)) / np.log(10)
    most = max(1, min(_MOST_PAIRS, _MOST_WORK // max(len(problem.candidates), 1)))
    if len(first) > most:
        chosen = np.argpartition(-weight, most)[:most]
        first, second = first[chosen], second[chosen]
    return np.column_stack([first, second])


def _judge(problem: Problem, pairs: Ints) -> tuple[Floats, Floats]:
    """Return the alarms of (h, 2) pairs and the tolerances at which they are fewest."""
    found = _on_scan(problem, pairs)
    where = _as_complex(problem.pixels).astype(np.complex64)
    away = np.abs(found - where[problem.owner])
    nearest = np.minimum.reduceat(away, problem.starts, axis=1)
    left, top, right, bottom = problem.frame_px
    sight = (found.real >= left) & (found.real <= right) & (-found.imag >= top) & (-found.imag <= bottom)
    seen = np.add.reduceat(sight.astype(np.float32), problem.starts, axis=1)
    n = len(problem)
    side = np.sqrt(problem.area_px2)
    tries = log10_tries(n, 2) - problem.log10_prior[pairs].sum(axis=1) + np.log10(len(TOLERANCES))
    alarms = np.empty((len(TOLERANCES), len(pairs)))
    for row, share in enumerate(TOLERANCES):
        reach = np.hypot(share * side, problem.spreads_px)
        by_chance = np.minimum(seen * (np.pi * np.square(reach) / problem.area_px2), 1.0)
        agree = (nearest <= reach).sum(axis=1)
        alarms[row] = tries + log10_tail_bound(agree - 2.0, n - 2.0, by_chance.mean(axis=1))
    best = alarms.argmin(axis=0)
    return alarms[best, np.arange(len(pairs))], side * np.take(TOLERANCES, best)


def _on_scan(problem: Problem, pairs: Ints) -> _Complex:
    """(h, c) column − i row where the map of each pair puts every candidate; far off if not in its plane."""
    where = _as_complex(problem.pixels)[problem.owner]
    ends = problem.units[pairs]
    middle = ends.sum(axis=1)
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    east, north = _axes(middle)
    units = problem.units.astype(np.float32)
    sign = 1.0 if problem.handed == "map" else -1.0
    height = middle.astype(np.float32) @ units.T
    plane = np.empty(height.shape, np.complex64)
    plane.real = east.astype(np.float32) @ units.T
    plane.imag = sign * (north.astype(np.float32) @ units.T)
    plane /= np.maximum(1.0 + height, 1e-3)
    at = _stereographic(ends, middle, east, sign * north)
    factor = (where[pairs[:, 1]] - where[pairs[:, 0]]) / (at[:, 1] - at[:, 0])
    shift = where[pairs[:, 0]] - factor * at[:, 0]
    plane *= factor.astype(np.complex64)[:, None]
    plane += shift.astype(np.complex64)[:, None]
    plane[height < 0.0] = 1e9
    return plane


def _stereographic(ends: Floats, middle: Floats, east: Floats, north: Floats) -> Any:
    """(h, 2) complex places of the two ends in the plane of their middle."""
    height = np.einsum("hei,hi->he", ends, middle)
    x, y = np.einsum("hei,hi->he", ends, east), np.einsum("hei,hi->he", ends, north)
    return (x + 1j * y) / (1.0 + height)


def _axes(middle: Floats) -> tuple[Floats, Floats]:
    """(h, 3) unit vectors east and north at (h, 3) places."""
    longitude = np.rad2deg(np.arctan2(middle[:, 1], middle[:, 0]))
    latitude = np.rad2deg(np.arcsin(np.clip(middle[:, 2], -1.0, 1.0)))
    axes = local_axes(np.column_stack([longitude, latitude]))
    return axes[0], axes[1]


def _as_complex(pixels: Floats) -> Any:
    """Column − i row: the scan as a plane that counts upward."""
    return pixels @ np.array([1.0, -1j])
