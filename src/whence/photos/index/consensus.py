"""From neighbours to a point, and to a belief."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from whence.earth.belief import Belief
from whence.earth.sphere import (
    EARTH_RADIUS_M,
    distance_m,
    from_unit_vectors,
    geometric_median,
    to_unit_vectors,
)
from whence.errors import InputError, NotEnoughDataError

if TYPE_CHECKING:
    from whence.photos.index.calibration import Calibration, PlaceModel
    from whence.photos.index.neighbours import Neighbours
    from whence.typing import Bools, Floats

__all__ = [
    "Consensus",
    "belief_from_neighbours",
    "consensus_of",
    "kde_mode",
    "near_probability",
    "weighted_geometric_median",
]

NEIGHBOUR_TEMPERATURE = 0.05
"""Neighbours weigh exp((s - s₁) / 0.05): one a tenth less similar counts an eighth."""

ASSERT_FROM = 0.3
"""Below this probability a single spot is not put forward: the neighbourhood is the better answer."""

_UNFAMILIAR = 0.05  # top similarities below this quantile of strangers begin to fade to the background
_MEAN_SHIFT_STEPS = 50
_SETTLED_M = 0.01


@dataclass(frozen=True, eq=False)
class Consensus:
    """What k neighbours agree on.

    Attributes
    ----------
    point
        (2,) mode of the density of neighbours, longitude and latitude, degrees.
    members
        (k,) which neighbours belong to it.
    top
        Highest similarity in the cluster.
    margin
        By how much it exceeds the best similarity elsewhere (the least one listed, when all are members).
    mass
        Share of the neighbours' weight, by similarity, that belongs to it.
    inliers
        Most inliers of a member; None when geometry was not compared.
    """

    point: Floats
    members: Bools
    top: float
    margin: float
    mass: float
    inliers: int | None

    @property
    def features(self) -> Floats:
        """(3,) what the probability of being right is read from."""
        return np.array([self.top, self.margin, self.mass])


def kde_mode(lonlat: Floats, *, weights: Floats | None = None, bandwidth_m: float = 15.0) -> Floats:
    """Densest point of weighted positions, under a Gaussian kernel.

    Mean shift (Comaniciu and Meer 2002, IEEE PAMI 24) from the densest of the positions; chords on the sphere
    stand for distances, so positions may lie anywhere.

    Parameters
    ----------
    lonlat
        (k, 2) longitude, latitude, degrees.
    weights
        (k,) not negative; equal by default.
    bandwidth_m
        Standard deviation of the kernel, metres.

    Returns
    -------
    Floats
        (2,) degrees.

    Raises
    ------
    NotEnoughDataError
        Without positions, or when no weight is positive.

    Examples
    --------
    >>> points = np.array([[13.1950, 55.6980], [13.1951, 55.6980], [13.3, 55.7]])
    >>> kde_mode(points).round(5).tolist()
    [13.19505, 55.698]
    """
    shares = _shares(lonlat, weights)
    points = to_unit_vectors(lonlat)
    width = bandwidth_m / EARTH_RADIUS_M
    squared = ((points[:, None] - points) ** 2).sum(axis=-1)
    here = points[int(np.argmax(np.exp(-0.5 * squared / width**2) @ shares))]
    for _ in range(_MEAN_SHIFT_STEPS):
        pull = shares * np.exp(-0.5 * ((points - here) ** 2).sum(axis=1) / width**2)
        mean = pull @ points
        mean /= np.linalg.norm(mean)
        moved = float(np.linalg.norm(mean - here))
        here = mean
        if moved * EARTH_RADIUS_M < _SETTLED_M:
            break
    return from_unit_vectors(here)


def weighted_geometric_median(
    lonlat: Floats, *, similarity: Floats, temperature: float = NEIGHBOUR_TEMPERATURE
) -> Floats:
    """Point of least summed distance to neighbours that weigh exp((s - s₁) / temperature).

    The best single point when only the neighbourhood can be recognised.

    Parameters
    ----------
    lonlat
        (k, 2) longitude, latitude, degrees.
    similarity
        (k,) in any order.
    temperature
        In units of similarity.

    Returns
    -------
    Floats
        (2,) degrees.
    """
    return geometric_median(lonlat, neighbour_weights(similarity, temperature))


def neighbour_weights(similarity: Floats, temperature: float = NEIGHBOUR_TEMPERATURE) -> Floats:
    """(k,) weights that sum to 1."""
    raw = np.exp((similarity - similarity.max()) / temperature)
    weights: Floats = raw / raw.sum()
    return weights


def consensus_of(neighbours: Neighbours, *, bandwidth_m: float, near_m: float) -> Consensus:
    """Find the cluster that the neighbours agree on, and what speaks for it.

    Raises
    ------
    NotEnoughDataError
        When there is no neighbour.
    """
    if not len(neighbours):
        raise NotEnoughDataError("there is no neighbour to agree with: everything was left out of the search")
    score = neighbours.score
    weights = neighbour_weights(score)
    likeness = neighbours.similarity  # the features mean the same whether geometry was compared or not
    point = kde_mode(neighbours.lonlat, weights=weights, bandwidth_m=bandwidth_m)
    members = distance_m(point, neighbours.lonlat) <= near_m
    if not members.any():  # the mode lies between far neighbours
        members = weights == weights.max()
    top = float(likeness[members].max())
    best_elsewhere = float(likeness[~members].max() if not members.all() else likeness.min())
    inliers = None if neighbours.inliers is None else int(neighbours.inliers[members].max())
    mass = float(neighbour_weights(likeness)[members].sum())
    return Consensus(point, members, top, top - best_elsewhere, mass, inliers)


def near_probability(consensus: Consensus, model: PlaceModel) -> float:
    """Probability that the truth is near the cluster, given that the photo is from this map."""
    log_odds = float(model.near.log_odds(consensus.features))
    if consensus.inliers is not None:
        log_odds += float(model.geometry.log_odds(np.array([inlier_feature(consensus)])))
    return float(0.5 * (1.0 + np.tanh(0.5 * log_odds)))


def inlier_feature(consensus: Consensus) -> float:
    """Log(1 + inliers beyond the eight that agree by chance)."""
    return float(np.log1p(max((consensus.inliers or 0) - 8, 0)))


def belief_from_neighbours(neighbours: Neighbours, calibration: Calibration) -> Belief:
    """Turn neighbours into a probability over the Earth.

    With the calibrated probability p the truth is near the cluster that the neighbours agree on: one patch.
    The rest is spread over the other neighbours, narrow and wide, and the map as a whole. When p is below
    `ASSERT_FROM` no spot is put forward, only the neighbourhood: its mode is then close to the weighted
    geometric median. The background is the probability of a photo from elsewhere; it grows when the photo
    resembles nothing in the index.

    Parameters
    ----------
    neighbours
        Of one query; an empty list gives the uniform belief.
    calibration
        Of the index.

    Returns
    -------
    Belief
        At most 2 k + 2 patches.
    """
    if not len(neighbours):
        return Belief.uniform()
    model = model_for(neighbours, calibration)
    found = consensus_of(neighbours, bandwidth_m=calibration.bandwidth_m, near_m=calibration.near_m)
    p = near_probability(found, model)
    elsewhere = calibration.elsewhere
    if calibration.stranger is not None:
        elsewhere = float(calibration.stranger.probability(np.array([[found.top]]))[0])
    background = elsewhere_probability(found, p, model, elsewhere=elsewhere)
    return assemble(neighbours, found, p if p >= ASSERT_FROM else 0.0, model, calibration, background)


def model_for(neighbours: Neighbours, calibration: Calibration) -> PlaceModel:
    """Choose between the model of one photo and of several."""
    return calibration.group if neighbours.photos > 1 and calibration.group else calibration.single


def elsewhere_probability(found: Consensus, p: float, model: PlaceModel, *, elsewhere: float) -> float:
    """Probability that the photo is not from this map.

    Bayes' rule with the prior `elsewhere`. A photo from elsewhere is taken to be as similar as one whose
    surroundings were removed, except in the lowest 5 %: what resembles the map less than those ever did
    fades.
    """
    familiar = min(1.0, float(ndtr((found.top - model.top_mean) / model.top_sd)) / _UNFAMILIAR)
    inside = (1.0 - elsewhere) * (p + (1.0 - p) * familiar)
    outside = elsewhere * (1.0 - p)
    return float(np.clip(outside / max(inside + outside, 1e-12), 1e-4, 1.0))


def assemble(
    neighbours: Neighbours,
    found: Consensus,
    p: float,
    model: PlaceModel,
    calibration: Calibration,
    background: float,
) -> Belief:
    """Lay the patches: the cluster, other single neighbours, their surroundings, the map."""
    others = ~found.members
    single = neighbour_weights(neighbours.score)[others]
    other_share = model.other_share if p > 0 and others.any() else 0.0
    wide = neighbour_weights(neighbours.score, model.coarse_temperature)
    rest = 1.0 - p
    weights = [
        np.array([p]),
        rest * other_share * single / max(float(single.sum()), 1e-300),
        rest * (1.0 - other_share) * (1.0 - model.map_share) * wide,
        np.array([rest * (1.0 - other_share) * model.map_share]),
    ]
    spreads_m = [
        np.array([float(model.spread_at(p))]),
        np.full(int(others.sum()), model.near_spread_m),
        np.full(len(neighbours), model.coarse_spread_m),
        np.array([calibration.map_spread_m]),
    ]
    centers = [
        found.point[None],
        neighbours.lonlat[others],
        neighbours.lonlat,
        np.array([calibration.map_center]),
    ]
    all_weights = np.concatenate(weights)
    kept = all_weights > 0
    return Belief.patches(
        np.concatenate(centers)[kept],
        np.concatenate(spreads_m)[kept],
        all_weights[kept],
        background=background,
    )


def _shares(lonlat: Floats, weights: Floats | None) -> Floats:
    if not len(lonlat):
        raise NotEnoughDataError("no positions were given; a mode needs at least one")
    shares = np.ones(len(lonlat)) if weights is None else np.asarray(weights, np.float64)
    if shares.shape != (len(lonlat),) or not (np.isfinite(shares) & (shares >= 0)).all():
        raise InputError(f"give one weight, finite and not negative, for each of the {len(lonlat)} positions")
    if not shares.sum() > 0:
        raise NotEnoughDataError("no weight is positive; a mode needs at least one")
    normalised: Floats = shares / shares.sum()
    return normalised
