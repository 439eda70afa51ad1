"""Learning from an index's own photos how far its answers can be trusted."""

from __future__ import annotations

import logging
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from whence.earth.sphere import distance_m
from whence.photos.index.calibration import (
    ELSEWHERE,
    MOST_LOG_ODDS,
    Calibration,
    PlaceModel,
    Reliability,
    default_for,
    stranger_from,
)
from whence.photos.index.consensus import (
    ASSERT_FROM,
    NEIGHBOUR_TEMPERATURE,
    inlier_feature,
)
from whence.photos.index.logistic import Logistic
from whence.photos.index.neighbours import Exclude
from whence.photos.index.places import SAME_PLACE_M
from whence.photos.index.questions import FEWEST_TRIALS, Questions, padded
from whence.photos.index.reliability import calibration_error, measured_reliability, promise_masses
from whence.photos.index.rerank import reranked
from whence.photos.index.trials import (
    FOLDS,
    Trial,
    block_folds,
    covered_trials,
    group_trials,
    uncovered_trials,
)

if TYPE_CHECKING:
    from whence.photos.index.place_index import PlaceIndex
    from whence.typing import Bools, Floats, Ints

__all__ = ["fitted_calibration", "fitted_model"]

_BLOCK_NEAR = 4.0  # blocks of 100 m where 25 m counts as near
_MEASURED = 400  # left-out photos a case on which the promises are checked
_CHECKED_BY_GEOMETRY = 200  # questions a case asked again with inliers: 40 ms each
_CHECKED_AFTER_FIT = 200
_KEPT = 0.8
_WIDENINGS = (1.0, 1.4, 2.0, 2.8, 4.0)
_RAYLEIGH_80 = float(
    np.sqrt(-2.0 * np.log(0.2))
)  # radius that holds 80 % of a two-dimensional Gaussian, in σ
_TEMPERATURES = (0.02, 0.035, 0.05, 0.08, 0.12, 0.2)
_SPREADS_NEAR = tuple(2.0 ** (i / 2) for i in range(-1, 10))  # of `near_m`: 18 m to 570 m where that is 25 m
_SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8)
_log = logging.getLogger(__name__)


def fitted_calibration(index: PlaceIndex, *, rng: np.random.Generator, queries: int = 2000) -> Calibration:
    """Fit and measure a calibration by leaving photos of the index out.

    Both cases of `whence.photos.index.trials` count half: a map is asked about places that it covers and
    about places that it does not, and the similarities must tell which. What is fitted is measured afterwards
    on spatial folds that the fit did not see.

    Parameters
    ----------
    index
        At least some hundred photos for a useful fit.
    rng
        Draws the photos asked about, and the folds.
    queries
        Photos asked about at most.

    Returns
    -------
    Calibration
        The wide defaults (``photos == 0``) when fewer than 50 questions can be asked in either case.
    """
    unmeasured = default_for(index.places)
    frame = replace(unmeasured, elsewhere=ELSEWHERE)
    rows = np.sort(rng.permutation(len(index))[:queries])
    folds = block_folds(index.records.lonlat, block_m=_BLOCK_NEAR * frame.near_m, rng=rng)
    single = Questions.of(
        covered_trials(index, rows, folds, near_m=frame.near_m)
        + uncovered_trials(index, rows, folds, near_m=frame.near_m),
        frame,
    )
    if not single.is_enough():
        _log.warning(
            "%d photos are too few to measure how far the index can be trusted; its answers stay wide",
            len(index),
        )
        return replace(unmeasured, stranger=stranger_from(_familiarity(index, rows)))
    fitted = replace(frame, single=fitted_model(single, frame), photos=len(rows))
    fitted = replace(fitted, reliability=_cross_fitted(single, frame, rng))
    if index.header.has_local:
        fitted = replace(fitted, single=_with_geometry(index, single, fitted, rng))
    group = Questions.of(_group_questions(index, folds, frame, rng=rng, queries=queries), frame)
    return replace(fitted, group=fitted_model(group, frame)) if group.is_enough() else fitted


def _familiarity(index: PlaceIndex, rows: Ints) -> Floats:
    """(n,) highest similarity of each photo to the photos of other places; those without any left out."""
    lonlat = index.records.lonlat[rows]
    exclude = [Exclude(around=point, radius_m=SAME_PLACE_M) for point in lonlat]
    found = index.query_vectors(index.vectors.take(rows), k=1, exclude=exclude)
    return np.array([neighbours.similarity[0] for neighbours in found if len(neighbours)])


def fitted_model(questions: Questions, frame: Calibration) -> PlaceModel:
    """Fit one `PlaceModel` to questions with answers."""
    near = questions.error_m <= frame.near_m
    logistic = Logistic.fit(questions.features, near, weights=questions.weights)
    p = logistic.probability(questions.features)
    spread_m, slope = _near_spread(questions.error_m[near], p[near], frame)
    temperature, coarse_spread_m, map_share = _coarse_fit(questions.where(~near), frame)
    uncovered = questions.features[~questions.covered, 0]
    model = replace(
        frame.single,
        near=logistic,
        near_spread_m=spread_m,
        near_slope=slope,
        coarse_temperature=temperature,
        coarse_spread_m=coarse_spread_m,
        map_share=map_share,
        top_mean=float(uncovered.mean()),
        top_sd=max(float(uncovered.std()), 1e-6),
    )
    lost = questions.where(~near & (p >= ASSERT_FROM))
    model = replace(model, other_share=_other_share(lost, model, frame))
    return _widened(model, questions.where(~questions.covered), frame)


def _with_geometry(
    index: PlaceIndex, questions: Questions, fitted: Calibration, rng: np.random.Generator
) -> PlaceModel:
    """Learn what inliers add to the log-odds, from some questions asked again with geometry."""
    chosen = _sample_of_both(questions.covered, rng, most=_CHECKED_BY_GEOMETRY)
    checked = [
        replace(trial, neighbours=reranked(trial.neighbours, index.local[trial.row], index.local))
        for trial in (questions.trials[i] for i in chosen)
    ]
    again = Questions.of(checked, fitted)
    inliers = np.array([[inlier_feature(found)] for found in again.consensus])
    geometry = Logistic.fit(
        inliers,
        again.error_m <= fitted.near_m,
        weights=again.weights,
        offsets=fitted.single.near.log_odds(again.features),
    )
    return replace(fitted.single, geometry=geometry)


def _group_questions(
    index: PlaceIndex, folds: Ints, frame: Calibration, *, rng: np.random.Generator, queries: int
) -> list[Trial]:
    several = np.flatnonzero(np.bincount(index.places.of_row) > 1)
    places = np.sort(rng.permutation(several)[: queries // 2])
    return [
        trial
        for covered in (True, False)
        for trial in group_trials(index, places, folds, near_m=frame.near_m, covered=covered)
    ]


def _near_spread(errors_m: Floats, p: Floats, frame: Calibration) -> tuple[float, float]:
    """Spread at even odds, and how it falls with the log-odds.

    The slope is that of a straight line through the logarithms of the errors; the level is such that 80 % of
    the errors lie in their 80 % circle.
    """
    if len(errors_m) < FEWEST_TRIALS // 2:
        return frame.single.near_spread_m, 0.0
    odds = np.clip(np.log(p / (1.0 - p)), -MOST_LOG_ODDS, MOST_LOG_ODDS)
    slope = float(np.polyfit(odds, np.log(np.maximum(errors_m, 0.01 * frame.near_m)), 1)[0])
    slope = float(np.clip(slope, -0.3, 0.0))
    level = float(np.quantile(errors_m / np.exp(slope * odds), 0.8)) / _RAYLEIGH_80
    return max(level, 0.01 * frame.near_m), slope


def _coarse_fit(questions: Questions, frame: Calibration) -> tuple[float, float, float]:
    """Temperature, spread and share of the map of greatest likelihood, over a small grid."""
    apart_m, scores = questions.apart_and_scores()
    map_density = _gaussian(_from_map_m(questions, frame), frame.map_spread_m)
    best = (-np.inf, 0.0, 0.0, 0.0)
    for temperature, factor in product(_TEMPERATURES, _SPREADS_NEAR):
        weights = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
        weights /= weights.sum(axis=1, keepdims=True)
        density = (weights * _gaussian(apart_m, factor * frame.near_m)).sum(axis=1)
        for share in _SHARES:
            fit = float(questions.weights @ np.log((1 - share) * density + share * map_density))
            best = max(best, (fit, temperature, factor * frame.near_m, share))
    return best[1:]


def _other_share(questions: Questions, model: PlaceModel, frame: Calibration) -> float:
    """Share of the wrong answers whose truth is at another single neighbour, of greatest likelihood."""
    if not len(questions.trials):
        return model.other_share
    apart_m, scores = questions.apart_and_scores()
    members = np.array([padded(found.members.astype(float), 1.0) for found in questions.consensus]) > 0
    single = np.where(
        members, 0.0, np.exp((scores - scores.max(axis=1, keepdims=True)) / NEIGHBOUR_TEMPERATURE)
    )
    single /= np.maximum(single.sum(axis=1, keepdims=True), 1e-300)
    narrow = (single * _gaussian(apart_m, model.near_spread_m)).sum(axis=1)
    wide = np.exp((scores - scores.max(axis=1, keepdims=True)) / model.coarse_temperature)
    wide /= wide.sum(axis=1, keepdims=True)
    coarse = (1 - model.map_share) * (wide * _gaussian(apart_m, model.coarse_spread_m)).sum(axis=1)
    coarse += model.map_share * _gaussian(_from_map_m(questions, frame), frame.map_spread_m)
    fits = [float(questions.weights @ np.log(share * narrow + (1 - share) * coarse)) for share in _SHARES]
    return _SHARES[int(np.argmax(fits))]


def _widened(model: PlaceModel, questions: Questions, frame: Calibration) -> PlaceModel:
    """Widen the coarse part until its promise is kept where the map does not cover the place.

    The likelihood prefers spreads that fit the luckier half; a promise is about the other one as well.
    """
    trials = questions.trials[:: max(1, len(questions.trials) // _CHECKED_AFTER_FIT)]
    wider = model
    for factor in _WIDENINGS:
        wider = replace(model, coarse_spread_m=factor * model.coarse_spread_m)
        calibration = replace(frame, single=wider, group=wider)
        mass, _ = promise_masses(trials, [calibration] * len(trials))
        if np.mean(mass <= _KEPT) >= _KEPT:
            break
    return wider


def _from_map_m(questions: Questions, frame: Calibration) -> Floats:
    truths = np.array([trial.truth for trial in questions.trials])
    return distance_m(np.array(frame.map_center), truths)


def _gaussian(apart_m: Floats, spread_m: float) -> Floats:
    """Density per square metre of a two-dimensional Gaussian, never quite zero."""
    density: Floats = np.exp(-0.5 * (apart_m / spread_m) ** 2) / (2.0 * np.pi * spread_m**2)
    return density + 1e-15


def _cross_fitted(questions: Questions, frame: Calibration, rng: np.random.Generator) -> Reliability:
    """Fit without each spatial fold and measure on it."""
    probability = np.zeros(len(questions.trials))
    without: dict[int, Calibration] = {}
    for fold in range(FOLDS):
        inside = questions.folds == fold
        others = questions.where(~inside)
        model = fitted_model(others if others.is_enough() else questions, frame)
        without[fold] = replace(frame, single=model)
        probability[inside] = model.near.probability(questions.features[inside])
    trials = [questions.trials[i] for i in _sample_of_both(questions.covered, rng, most=_MEASURED)]
    near = questions.error_m <= frame.near_m
    return measured_reliability(
        trials,
        [without[trial.fold] for trial in trials],
        error_of_near=calibration_error(probability, near, weights=questions.weights),
    )


def _sample_of_both(covered: Bools, rng: np.random.Generator, *, most: int) -> Ints:
    cases = [rng.permutation(np.flatnonzero(covered == case))[:most] for case in (True, False)]
    return np.sort(np.concatenate(cases))
