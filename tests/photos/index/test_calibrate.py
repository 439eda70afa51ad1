"""Calibration: the logistic fit, the honest questions, and promises kept on a synthetic city."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from whence.earth.sphere import destination, distance_m
from whence.photos.index import PlaceIndex
from whence.photos.index.calibrate import fitted_calibration
from whence.photos.index.calibration import default_for
from whence.photos.index.leave_one_out import recall_at_1, rows_left_out
from whence.photos.index.logistic import Logistic
from whence.photos.index.reliability import calibration_error, promise_masses
from whence.photos.index.store import Header, Records
from whence.photos.index.trials import Trial, block_folds, covered_trials, uncovered_trials
from whence.photos.index.vectors import UnitVectors

CITY = np.array([13.19, 55.70])


def city(tmp_path, *, side=30, step_m=10.0, views=1, noise=0.6, seed=0, sequences=None):
    """Places on a grid whose vectors are a smooth random field plus noise: near places look alike."""
    rng = np.random.default_rng(seed)
    east, north = np.meshgrid(np.arange(side) * step_m, np.arange(side) * step_m)
    ground = np.column_stack([east.ravel(), north.ravel()])
    bearing = np.degrees(np.arctan2(ground[:, 0], ground[:, 1]))
    lonlat = destination(CITY, bearing, np.hypot(*ground.T)).repeat(views, axis=0)
    waves = rng.normal(size=(2, 48)) / 20.0
    field = np.cos(ground @ waves + rng.uniform(0, 2 * np.pi, 48)).repeat(views, axis=0)
    vectors = (field + noise * rng.normal(size=field.shape)).astype(np.float32)
    n = len(vectors)
    ids = ("",) * n if sequences is None else tuple(sequences)
    records = Records(tuple(f"{i}.jpg" for i in range(n)), lonlat, ids, ("",) * n)
    header = Header("field", 48, count=n, complete=True)
    return PlaceIndex(tmp_path, header, records, UnitVectors.encode(vectors, dtype="float16"))


def test_the_logistic_fit_has_zero_score_and_recovers_the_truth():
    rng = np.random.default_rng(0)
    features = rng.normal([1.0, -3.0], [2.0, 0.1], (40_000, 2))
    truth = Logistic(31.0, (0.7, 10.0))
    outcomes = rng.random(40_000) < truth.probability(features)
    fit = Logistic.fit(features, outcomes, ridge=0.0)
    assert fit.coefficients == pytest.approx(truth.coefficients, rel=0.05)
    residual = outcomes - fit.probability(features)
    assert abs(residual.mean()) < 1e-4  # the likelihood equations, up to the two half observations
    assert np.abs(residual @ features / len(features)).max() < 1e-3


def test_the_logistic_fit_survives_perfect_separation_and_constant_features():
    features = np.column_stack([np.linspace(-1, 1, 50), np.ones(50)])
    fit = Logistic.fit(features, features[:, 0] > 0)
    p = fit.probability(features)
    assert np.isfinite(p).all()
    assert (p[features[:, 0] > 0.2] > 0.7).all()
    everything = Logistic.fit(features, np.ones(50, bool))
    assert (everything.probability(features) < 1.0).all()


def test_weights_count_as_repetitions():
    rng = np.random.default_rng(1)
    features, outcomes = rng.normal(size=(60, 2)), rng.random(60) < 0.4
    times = rng.integers(1, 4, 60)
    weighted = Logistic.fit(features, outcomes, weights=times.astype(float), ridge=0.0)
    repeated = Logistic.fit(features.repeat(times, axis=0), outcomes.repeat(times), ridge=0.0)
    # Equal up to the scale in which the two half observations stand.
    assert weighted.coefficients == pytest.approx(repeated.coefficients, rel=0.05)


def test_blocks_are_squares_and_folds_are_even(tmp_path):
    index = city(tmp_path, side=40)
    folds = block_folds(index.records.lonlat, block_m=100.0, rng=np.random.default_rng(0))
    assert set(folds) == set(range(5))
    assert np.bincount(folds).min() > 0.1 * len(folds)
    tree_neighbours = [index.rows_within(index.records.lonlat[row], 15.0) for row in range(0, 1600, 37)]
    together = np.mean([(folds[rows] == folds[rows[0]]).mean() for rows in tree_neighbours])
    assert together > 0.75  # most photos 10 m apart share a block of 100 m


def test_covered_questions_leave_out_the_own_place_only(tmp_path):
    index = city(tmp_path, views=2)
    folds = np.zeros(len(index), np.int64)
    for trial in covered_trials(index, np.arange(0, len(index), 91), folds, near_m=25.0):
        apart_m = distance_m(trial.truth, trial.neighbours.lonlat)
        assert apart_m.min() > 0.5
        assert np.array_equal(trial.truth, index.records.lonlat[trial.row])


def test_covered_questions_leave_out_the_own_drive_and_need_another(tmp_path):
    # Even rows of the grid are one drive, odd rows another, the last third of the map has only one.
    drive = np.arange(900) // 30 % 2
    drive[600:] = 0
    index = city(tmp_path, sequences=[f"drive {d}" for d in drive])
    trials = covered_trials(index, np.arange(900), np.zeros(900, np.int64), near_m=25.0)
    for trial in trials[::17]:
        apart_m = distance_m(trial.truth, trial.neighbours.lonlat)
        same = drive[trial.neighbours.rows] == drive[trial.row]
        assert not (same & (apart_m <= 99.0)).any()
    asked = {trial.row for trial in trials}
    assert not asked & set(range(700, 900))


def test_uncovered_questions_keep_their_distance_from_the_fold(tmp_path):
    index = city(tmp_path)
    folds = block_folds(index.records.lonlat, block_m=100.0, rng=np.random.default_rng(0))
    trials = uncovered_trials(index, np.arange(0, 900, 7), folds, near_m=25.0)
    assert len(trials) == len(range(0, 900, 7))
    for trial in trials:
        assert distance_m(trial.truth, trial.neighbours.lonlat).min() > 25.0
        assert (folds[trial.neighbours.rows] != trial.fold).all()


def test_promises_are_kept_on_questions_that_the_fit_never_saw(tmp_path):
    index = city(tmp_path, side=32, noise=0.8)
    calibration = fitted_calibration(index, rng=np.random.default_rng(0), queries=500)
    assert calibration.photos == 500
    measured = calibration.reliability
    for held in (measured.held_covered, measured.held_uncovered):
        assert 0.72 < held[1] < 0.97  # promised 0.8, of 400 questions each
        assert held[3] > 0.88  # promised 0.95
    assert measured.calibration_error < 0.05
    assert measured.median_covered_m < 20.0


def test_the_same_seed_gives_the_same_calibration(tmp_path):
    index = city(tmp_path, side=16)
    one, other = (fitted_calibration(index, rng=np.random.default_rng(5), queries=150) for _ in range(2))
    assert one == other


def test_groups_of_photos_get_their_own_model(tmp_path):
    index = city(tmp_path, side=16, views=3, noise=1.5)
    calibration = fitted_calibration(index, rng=np.random.default_rng(0), queries=250)
    assert calibration.group is not None
    assert calibration.group != calibration.single


def test_a_tiny_index_keeps_wide_defaults(tmp_path, caplog):
    index = city(tmp_path, side=5)
    calibration = fitted_calibration(index, rng=np.random.default_rng(0))
    assert replace(calibration, stranger=None) == default_for(index.places)
    assert calibration.stranger is not None
    assert calibration.photos == 0
    assert "too few" in caplog.text
    assert all(row.result.radius_m > 30.0 for row in rows_left_out(index))


def test_an_exact_calibration_error():
    probability = np.repeat([0.1, 0.7], 100)
    outcome = np.concatenate([np.arange(100) < 30, np.arange(100) < 60])
    # By hand: half the questions are 0.2 off, half 0.1; shuffled groups keep to one probability each.
    error = calibration_error(probability, _mixed(outcome), weights=np.ones(200))
    assert error == pytest.approx(0.15)


def _mixed(outcome):
    """Spread the successes evenly, so that each of the ten groups has its share."""
    return np.concatenate(
        [outcome[:100].reshape(5, 20, order="F").ravel(), outcome[100:].reshape(5, 20, order="F").ravel()]
    )


def test_promise_masses_are_those_of_the_belief(tmp_path):
    index = city(tmp_path, side=6)
    neighbours = index.query_vectors(index.vectors.take(np.array([7])))[0]
    trial = Trial(neighbours, index.records.lonlat[7], 0, True, 7)
    mass, error_m = promise_masses([trial], [index.calibration])
    belief = index.belief(neighbours)
    assert belief.radius_m(mass[0] + 1e-4) == pytest.approx(error_m[0], abs=0.5)


def test_leave_one_out_never_answers_with_the_own_surroundings(tmp_path):
    index = city(tmp_path, side=8)
    rows = list(rows_left_out(index, radius_m=25.0))
    assert len(rows) == 64
    assert min(row.nearest_m for row in rows) > 24.9
    assert recall_at_1(rows, within_m=10.0) == 0.0
    alone = list(rows_left_out(index, radius_m=1000.0))
    assert all(row.nearest_m is None and row.result.status.startswith("no evidence") for row in alone)
