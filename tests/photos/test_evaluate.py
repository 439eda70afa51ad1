"""Figures of a table of results, against hand computations, published rows and other libraries."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from scipy import stats

from whence.errors import InputError, NotEnoughDataError
from whence.photos.evaluate import Evaluation, evaluate
from whence.photos.protocols import PROTOCOLS, Protocol
from whence.photos.results import ResultRow, read_results
from whence.photos.summary import length_text

DEGREE_M = 6_371_000.0 * np.pi / 180.0  # of a great circle of the sphere with 6371 km


def _row(error_deg: float | None, radius_m: float | None = None, status: str = "located") -> ResultRow:
    """A photograph taken at (0, 0) and placed so many degrees east on the equator."""
    if error_deg is None:
        return ResultRow("x.jpg", gt_lat=0.0, gt_lon=0.0, status=status)
    return ResultRow("x.jpg", gt_lat=0.0, gt_lon=0.0, pred_lat=0.0, pred_lon=error_deg, radius_m=radius_m)


def _share(figures: Evaluation, limit_m: float) -> tuple[int, float, float | None]:
    share = next(share for share in figures.within if share.limit_m == limit_m)
    return share.count, share.of_all, share.of_located


@pytest.mark.parametrize(("km", "score"), [(0, 5000), (25, 4917), (200, 4373), (750, 3025), (2500, 937)])
def test_scores_are_the_published_ones(km: float, score: float) -> None:
    assert PROTOCOLS["osv5m"].scores(np.array([1000.0 * km]))[0] == pytest.approx(score, abs=0.5)


def test_photographs_that_were_not_located_count_as_wrong() -> None:
    rows = [
        _row(0.0),
        _row(0.0),
        _row(90.0),
        _row(None, status="unreadable: empty"),
        _row(None, status="no evidence"),
    ]
    figures = evaluate([*rows, ResultRow("without-truth.jpg", pred_lat=0.0, pred_lon=0.0)])
    assert (figures.rows, figures.with_truth, figures.located) == (6, 5, 3)
    assert figures.not_located == {"unreadable": 1, "no evidence": 1}
    assert _share(figures, 25.0) == (2, 0.4, pytest.approx(2 / 3))
    assert (figures.far.count, figures.far.of_all, figures.far.of_located) == (1, 0.2, pytest.approx(1 / 3))
    assert figures.median_m == 0.0
    assert figures.median_of_all_m == pytest.approx(Geod(ellps="WGS84").inv(0, 0, 90, 0)[2])
    assert figures.score.of_all == pytest.approx(figures.score.of_located * 3 / 5)


def test_a_table_with_nothing_located_has_no_errors_but_shares() -> None:
    figures = evaluate([_row(None, status="no evidence")] * 3)
    assert (figures.mean_m, figures.median_m, figures.median_of_all_m, figures.calibration) == (None,) * 4
    assert all(share.of_all == 0.0 and share.of_located is None for share in figures.within)
    assert figures.score.of_all == 0.0
    assert "no photo with a known position was located" in figures.summary()


def test_equality_with_a_limit_counts_where_the_protocol_says_so() -> None:
    exactly_25_km = np.array([25_000.0])
    within = {name: bool(rules.within(exactly_25_km, 25_000.0)[0]) for name, rules in PROTOCOLS.items()}
    assert within == {"whence": True, "osv5m": False, "geoclip": True, "pigeon": True, "thesis": True}


def test_protocols_measure_on_their_own_earth() -> None:
    # One degree along the equator: R·π/180 on a sphere, a·π/180 on the ellipsoid (the equator is a circle).
    truth, prediction = [[0.0, 0.0]], [[1.0, 0.0]]
    radius_m = {"whence": 6_371_008.8, "osv5m": 6_371_000.0, "geoclip": 6_378_137.0, "pigeon": 6_378_137.0}
    for name, radius in radius_m.items():
        distance = PROTOCOLS[name].scored_m(prediction, truth)[0]
        assert distance == pytest.approx(radius * np.pi / 180.0, rel=1e-9), name
    assert PROTOCOLS["whence"].errors_m(prediction, truth)[0] == pytest.approx(111_319.491, abs=1e-3)


def test_pigeon_rounds_every_score() -> None:
    rows = [_row(1.0), _row(2.0)]
    each = [5000 * np.exp(-6378.137 * np.deg2rad(degrees) / 1492.7) for degrees in (1.0, 2.0)]
    assert evaluate(rows, protocol="pigeon").score.of_all == np.mean(np.round(each))


def test_the_thesis_scores_a_half_circumference_as_ten_e_foldings() -> None:
    assert PROTOCOLS["thesis"].scores(np.array([20_037_500.0]))[0] == pytest.approx(5000 * np.exp(-10))


def test_limits_of_ones_own_replace_those_of_the_protocol() -> None:
    figures = evaluate([_row(0.0), _row(0.001)], within_m=[100, 120])
    assert [(share.limit_m, share.count) for share in figures.within] == [(100.0, 1), (120.0, 2)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(0, 180)), min_size=1, max_size=12))
def test_figures_equal_a_loop_over_the_rows(degrees: list[float | None]) -> None:
    figures = evaluate(
        [_row(value, status="no evidence") if value is None else _row(value) for value in degrees],
        protocol="osv5m",
    )
    km = [None if value is None else value * DEGREE_M / 1000 for value in degrees]
    scores = [0.0 if value is None else 5000 * np.exp(-value / 1492.7) for value in km]
    assert figures.score.of_all == pytest.approx(sum(scores) / len(scores), abs=1e-6)
    for limit in (1, 25, 200, 750, 2500):
        hits = sum(value is not None and value < limit - 1e-9 for value in km)
        assert _share(figures, 1000.0 * limit)[0] == hits
    assert figures.located == sum(value is not None for value in degrees)


def test_calibration_interval_is_the_exact_binomial_one() -> None:
    inside, outside = [_row(0.0, 10.0)] * 7, [_row(1.0, 10.0)] * 3
    calibration = evaluate([*inside, *outside, _row(0.0)]).calibration
    assert calibration is not None
    expected = stats.binomtest(7, 10).proportion_ci(0.95, method="exact")
    assert (calibration.inside, calibration.count) == (7, 10)
    assert calibration.interval == pytest.approx((expected.low, expected.high))
    assert calibration.kept


def test_a_broken_promise_is_called_one() -> None:
    narrow = evaluate([_row(1.0, 10.0)] * 40)
    wide = evaluate([_row(0.0, 10.0)] * 40)
    assert narrow.calibration is not None
    assert wide.calibration is not None
    assert (narrow.calibration.interval[0], wide.calibration.interval[1]) == (0.0, 1.0)
    assert "too narrow" in narrow.summary()
    assert "too wide" in wide.summary()


def test_bootstrap_intervals_are_those_of_the_binomial_order_statistics() -> None:
    # The median of a resample of an odd table is x_k with a probability that has a closed form (Efron 1979).
    n = 41
    figures = evaluate([_row(0.1 * k) for k in range(n)])
    steps = np.arange(n) * 0.1 * 6_378_137.0 * np.pi / 180.0
    reached = stats.binom.sf(n // 2, n, np.arange(1, n + 1) / n)  # P(median of a resample ≤ x_k)
    low, high = steps[np.searchsorted(reached, 0.025)], steps[np.searchsorted(reached, 0.975)]
    assert figures.median_interval_m is not None
    assert figures.median_interval_m == pytest.approx((low, high), abs=1.05 * steps[1])
    assert evaluate([_row(0.1 * k) for k in range(n)]).median_interval_m == figures.median_interval_m


def test_errors_come_from_positions_not_from_the_file() -> None:
    lying = ResultRow("a", gt_lat=0.0, gt_lon=0.0, pred_lat=0.0, pred_lon=1.0, error_m=0.0)
    assert evaluate([lying]).mean_m == pytest.approx(111_319.49, abs=0.01)


def test_unusable_input_is_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="none of the 1 rows has a true position"):
        evaluate([ResultRow("a", pred_lat=0.0, pred_lon=0.0)])
    with pytest.raises(InputError, match="no protocol 'mars'; there are: whence, osv5m"):
        evaluate([_row(0.0)], protocol="mars")
    with pytest.raises(InputError, match="confidence is 80"):
        evaluate([_row(0.0)], confidence=80)
    with pytest.raises(InputError, match="limits must be metres above zero"):
        evaluate([_row(0.0)], within_m=[0.0])


def test_the_figures_are_json_and_the_protocol_may_be_ones_own() -> None:
    mars = Protocol("mars", "a smaller sphere", radius_m=3_389_500.0)
    figures = evaluate([_row(1.0, 5.0), _row(None, status="no evidence")], protocol=mars)
    values = json.loads(json.dumps(figures.to_json(), allow_nan=False))
    assert values["protocol"] == "mars"
    assert values["mean_m"] == pytest.approx(3_389_500.0 * np.pi / 180)
    assert values["not_located"] == {"no evidence": 1}


def test_lengths_are_short_at_every_magnitude() -> None:
    assert [length_text(m) for m in (0.0, 9.96, 999.4, 999.6, 9_960, 20_015_000)] == [
        "0 m", "10 m", "999 m", "1 km", "10 km", "20,015 km"
    ]  # fmt: skip


@pytest.mark.slow
def test_a_table_as_long_as_the_test_set_of_osv5m() -> None:
    """Errors are log-normal, so that every figure has a closed form; 210,122 rows take seconds."""
    n, middle_km, spread = 210_122, 300.0, 1.5
    km = np.exp(np.random.default_rng(0).normal(np.log(middle_km), spread, n)).clip(0, 20_000)
    rows = [_row(degrees) for degrees in (km * 1000 / DEGREE_M).tolist()]
    figures = evaluate(rows, protocol="osv5m")
    assert figures.median_m == pytest.approx(1000 * middle_km, rel=0.02)
    assert figures.p90_m == pytest.approx(1000 * stats.lognorm.ppf(0.9, spread, scale=middle_km), rel=0.03)
    for limit in (1.0, 25.0, 200.0, 750.0, 2500.0):
        expected = stats.lognorm.cdf(limit, spread, scale=middle_km)
        share = next(one for one in figures.within if one.limit_m == 1000 * limit)
        assert share.of_all == pytest.approx(expected, abs=5 * np.sqrt(0.25 / n))
        assert share.interval[0] < share.of_all < share.interval[1]
    low, high = figures.median_interval_m
    # The median of n has the standard deviation 1 / (2 f(m) √n), f(m) = 1 / (m σ √(2π)).
    deviation = 1000 * middle_km * spread * np.sqrt(2 * np.pi) / (2 * np.sqrt(n))
    assert high - low == pytest.approx(2 * 1.96 * deviation, rel=0.2)
    assert figures.resamples == 200


@pytest.mark.shared_data
def test_a_published_table_is_reproduced(shared_data: Path) -> None:
    """`distance` (km) and `score` of fifty OSV-5M photographs; our own radius comes within 0.03 km."""
    rows = read_results(shared_data / "photos/osv5m/select.csv")
    distance_km = np.array([float(row.extra["distance"]) for row in rows])
    score = np.array([float(row.extra["score"]) for row in rows])
    for name, km, points in [("osv5m", 1e-9, 1e-9), ("whence", 0.03, 0.01)]:
        rules = PROTOCOLS[name]
        measured = rules.scored_m([row.prediction for row in rows], [row.truth for row in rows])
        assert np.abs(measured / 1000.0 - distance_km).max() < km
        assert np.abs(rules.scores(measured) - score).max() < points
    figures = evaluate(rows, protocol="osv5m")
    assert figures.score.of_all == pytest.approx(score.mean(), abs=1e-9)
    assert _share(figures, 200_000.0)[0] == (distance_km < 200).sum()
