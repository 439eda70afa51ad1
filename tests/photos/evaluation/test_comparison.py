"""Several models on the photographs that they share: paired differences with a known answer."""

from __future__ import annotations

import json

import numpy as np
import pytest

from whence.errors import InputError, NotEnoughDataError
from whence.photos.evaluate import Plan
from whence.photos.evaluation.answers import Answers
from whence.photos.evaluation.comparison import evaluate_many, in_common
from whence.photos.evaluation.metrics import draws_of, metric_named, values_of
from whence.photos.evaluation.resampling import Resampling, interval_of
from whence.photos.results import ResultRow
from whence.photos.summary import comparison_text

DEGREE_M = 6_371_000.0 * np.pi / 180.0


def _model(degrees: list[float | None], names: list[str] | None = None, protocol: str = "osv5m") -> Answers:
    """Photographs taken at (0, 0), placed so many degrees east on the equator."""
    return Answers.of_arrays(
        names or [f"{n}.jpg" for n in range(len(degrees))],
        truths=np.zeros((len(degrees), 2)),
        predictions=[(np.nan, np.nan) if value is None else (value, 0.0) for value in degrees],
        protocol=protocol,
    )


def test_a_constant_shift_is_certain_in_pairs_although_the_models_overlap() -> None:
    """What is hard is hard for both: every resample gives the same difference."""
    hard = np.random.default_rng(0).uniform(1, 60, 200)
    found = evaluate_many({"far": _model(hard + 0.5), "near": _model(hard)}, metrics=["mean"])
    far, near = found.standing("far", "mean"), found.standing("near", "mean")
    assert far.interval is not None
    assert near.interval is not None
    assert far.interval[0] < near.interval[1]  # each by itself could be the other
    (contrast,) = found.contrasts
    assert (contrast.best, contrast.model, contrast.clear) == ("near", "far", True)
    assert contrast.interval == pytest.approx((0.5 * DEGREE_M, 0.5 * DEGREE_M))
    assert contrast.difference == pytest.approx(0.5 * DEGREE_M)


def test_one_difference_in_twenty_is_clear_by_chance() -> None:
    """Two models that are alike: the 95 % interval leaves zero out in 5 % of trials."""
    rng, clear = np.random.default_rng(1), []
    metric, resampling = metric_named("mean"), Resampling(80, seed=1, resamples=200)
    for _ in range(200):
        pair = {name: _model(rng.uniform(1, 60, 80)) for name in "ab"}
        draws = draws_of(pair, [metric], resampling)[:, :, 0]
        low, high = interval_of(draws[:, 1] - draws[:, 0])
        clear.append(low > 0 or high < 0)
    assert 0.015 < np.mean(clear) < 0.105  # four standard errors of 200 trials


def test_a_difference_by_chance_is_not_called_clear() -> None:
    found = evaluate_many({"a": _model([1.0, 5.0] * 20), "b": _model([5.0, 1.1] * 20)}, metrics=["mean"])
    assert [contrast.clear for contrast in found.contrasts] == [False]


def test_only_common_photographs_are_compared() -> None:
    one = _model([1.0, 2.0, 3.0], ["a", "b", "c"])
    two = _model([30.0, 1.0, 9.0, 9.0], ["c", "b", "x", "y"])
    found = evaluate_many({"one": one, "two": two}, metrics=["mean"])
    assert (found.common, found.left_out) == (2, {"one": 1, "two": 2})
    assert found.standing("one", "mean").value == pytest.approx(2.5 * DEGREE_M)
    assert found.standing("two", "mean").value == pytest.approx(15.5 * DEGREE_M)
    assert found.evaluations["one"].mean_m == pytest.approx(2.0 * DEGREE_M)  # by itself, on all it has
    assert "2 models on 2 common photos (left out: one 1, two 2)" in comparison_text(found)


def test_photographs_not_located_count_as_farthest() -> None:
    found = evaluate_many(
        {"bold": _model([1.0, 2.0, 90.0]), "shy": _model([1.0, 2.0, None])},
        metrics=["mean", "median", "within_300km"],
    )
    assert found.standing("shy", "mean").value is None
    assert found.standing("shy", "median").value == pytest.approx(2.0 * DEGREE_M)
    assert (found.best("mean"), found.standing("shy", "within_300km").value) == ("bold", pytest.approx(2 / 3))
    assert "∞" in comparison_text(found)
    values = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert values["evaluations"]["shy"]["located"] == 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mean", lambda km: 1000 * np.mean(km)),
        ("median", lambda km: 1000 * np.median(km)),
        ("p90", lambda km: 1000 * np.quantile(km, 0.9)),
        ("geoscore", lambda km: np.mean(5000 * np.exp(-km / 1492.7))),
        ("within_25km", lambda km: np.mean(km < 25)),
        ("within_100m", lambda km: np.mean(km < 0.1)),
        ("within_2.5km", lambda km: np.mean(km < 2.5)),
    ],
)
def test_metrics_are_their_definitions_and_so_is_every_draw(name: str, expected) -> None:
    degrees = np.exp(np.random.default_rng(2).normal(-1, 4, 60)).clip(1e-4, 180)
    km = degrees * DEGREE_M / 1000
    metric, answers = metric_named(name), _model(degrees)
    assert values_of(answers, [metric])[0] == pytest.approx(expected(km), rel=1e-6)
    resampling = Resampling(60, seed=4, resamples=5)
    draws = draws_of({"m": answers}, [metric], resampling)[:, 0, 0]
    for draw, weights in zip(draws, resampling.weights(), strict=True):
        assert draw == pytest.approx(expected(np.repeat(km, weights.astype(int))), rel=1e-6)


def test_clusters_are_drawn_for_all_models_alike() -> None:
    names = [f"{n}" for n in range(40)]
    groups = [f"walk{n // 10}" for n in range(40)]
    rows = [
        ResultRow(name, gt_lat=0.0, gt_lon=0.0, pred_lat=0.0, pred_lon=1.0 + n // 10, extra={"walk": group})
        for n, (name, group) in enumerate(zip(names, groups, strict=True))
    ]
    alone = evaluate_many({"m": rows}, metrics=["mean"])
    whole = evaluate_many({"m": rows}, metrics=["mean"], plan=Plan(cluster="walk"))
    assert (alone.clusters, whole.clusters) == (None, 4)
    width = [np.ptp(found.standing("m", "mean").interval) for found in (alone, whole)]
    assert width[1] > 2.0 * width[0]


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({}, "there is no model to compare"),
        ({"a": _model([1], ["x"]), "b": _model([1], ["y"])}, "no photograph is in all of a, b"),
        ({"a": _model([1, 2], ["x", "x"]), "b": _model([1], ["x"])}, "a: 'x' is in the table more than once"),
        ({"a": _model([1]), "b": _model([1], protocol="pigeon")}, "different protocols"),
    ],
)
def test_tables_that_do_not_fit_are_refused(tables: dict[str, Answers], said: str) -> None:
    with pytest.raises((InputError, NotEnoughDataError), match=said):
        in_common(tables)


def test_tables_of_other_photographs_under_the_same_names_are_refused() -> None:
    moved = Answers.of_arrays(["0.jpg"], truths=[(0.1, 0.0)], predictions=[(0.0, 0.0)], protocol="osv5m")
    with pytest.raises(InputError, match="a and b disagree about the true position of '0"):
        in_common({"a": _model([1.0]), "b": moved})
    east = Answers.of_arrays(["x"], truths=[(180.0, 0.0)], predictions=[(0.0, 0.0)])
    west = Answers.of_arrays(["x"], truths=[(-180.0, 0.0)], predictions=[(0.0, 0.0)])
    assert len(in_common({"east": east, "west": west})["west"]) == 1  # one meridian, two names


def test_unknown_metrics_are_refused_with_those_that_there_are() -> None:
    for wrong in ("accuracy", "within_0km", "within_km", "within_5mi"):
        with pytest.raises(InputError, match="there are: median, mean"):
            metric_named(wrong)
