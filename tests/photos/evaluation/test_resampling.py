"""Resamples as weights: against repeated values, closed forms of the bootstrap, and clusters by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from whence.photos.evaluation.resampling import (
    Ordered,
    Resampling,
    binomial_interval,
    codes_of,
    interval_of,
    part_intervals,
    share_interval,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 2e7), st.integers(0, 4)), min_size=1, max_size=30), st.booleans())
def test_figures_of_weights_are_those_of_repeated_values(pairs: list[tuple[float, int]], far: bool) -> None:
    distances, times = (np.array(column) for column in zip(*pairs, strict=True))
    distances = distances.astype(float)
    if far:
        distances[0] = np.inf
    repeated = np.repeat(distances, times)
    found = Ordered(distances, located_only=False).figures(times.astype(float), [0.5, 0.9])
    if not len(repeated):
        assert np.isnan(found[0])
        return
    assert found[0] == pytest.approx(repeated.mean())
    if np.isfinite(repeated).all():
        assert found[1] == pytest.approx(np.quantile(repeated, [0.5, 0.9]).tolist())
    else:  # interpolation towards infinity is infinite
        ranks = [int(np.ceil((len(repeated) - 1) * q)) for q in (0.5, 0.9)]
        upper = np.sort(repeated)[ranks]
        assert [np.isinf(value) for value in found[1]] == np.isinf(upper).tolist()


def test_only_the_located_count_where_asked() -> None:
    mean, (median,) = Ordered(np.array([1.0, 3.0, np.inf]), located_only=True).figures(np.ones(3), [0.5])
    assert (mean, median) == (2.0, 2.0)


def test_drawn_shares_are_binomial() -> None:
    hits = (np.arange(80) < 20).astype(float)
    drawn = Resampling(80, seed=3, resamples=4000).means([hits])[:, 0]
    expected = stats.binom(80, 0.25)
    assert drawn.mean() == pytest.approx(0.25, abs=4 * expected.std() / 80 / np.sqrt(4000))
    assert drawn.std() == pytest.approx(expected.std() / 80, rel=0.05)


def test_means_among_some_divide_by_those_drawn() -> None:
    values, among = np.array([[1.0, 0.0, 1.0, 5.0]]), np.array([[1, 1, 1, 0]])
    drawn = Resampling(4, seed=0, resamples=500).means(values, among)[:, 0]
    weights = list(Resampling(4, seed=0, resamples=500).weights())
    for value, weight in zip(drawn, weights, strict=True):
        total = weight[:3].sum()
        expected = (weight[0] + weight[2]) / total if total else np.nan
        assert value == pytest.approx(expected, nan_ok=True)


def test_clusters_are_drawn_as_a_whole() -> None:
    clusters = np.repeat(np.arange(10), 7)
    for weights in Resampling(70, clusters, seed=1, resamples=20).weights():
        by_cluster = weights.reshape(10, 7)
        assert (by_cluster == by_cluster[:, :1]).all()
        assert by_cluster[:, 0].sum() == 10


def test_alike_photographs_widen_the_interval_as_much_as_they_should() -> None:
    """All of a cluster are alike: the spread of the mean is that of as many clusters, √7 times wider."""
    rng = np.random.default_rng(0)
    values = np.repeat(rng.normal(0.0, 1.0, 60), 7)
    alone = Resampling(420, seed=0, resamples=2000).means([values])[:, 0]
    whole = Resampling(420, np.repeat(np.arange(60), 7), seed=0, resamples=2000).means([values])[:, 0]
    assert alone.std() == pytest.approx(values.std() / np.sqrt(420), rel=0.06)
    assert whole.std() == pytest.approx(values.std() / np.sqrt(60), rel=0.06)


def test_the_same_seed_draws_the_same() -> None:
    one, two, other = (list(Resampling(9, seed=seed, resamples=3).weights()) for seed in (5, 5, 6))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_blocks_hold_all_weights_in_order() -> None:
    resampling = Resampling(3_000_000, seed=0, resamples=3)
    blocks = [block.shape for block in resampling.blocks()]
    assert blocks == [(1, 3_000_000)] * 3


def test_labels_become_numbers_and_those_without_one_stand_alone() -> None:
    codes = codes_of(np.array(["b", "", "a", "b", ""], dtype=object))
    assert codes[0] == codes[3]
    assert len(set(codes.tolist())) == 4
    assert sorted(set(codes.tolist())) == [0, 1, 2, 3]


def test_intervals_of_draws() -> None:
    assert interval_of(np.arange(1001.0)) == (25.0, 975.0)
    assert interval_of(np.array([1.0] * 30 + [np.inf] * 70)) == (1.0, np.inf)
    assert np.isnan(interval_of(np.array([np.nan]))).all()


@pytest.mark.parametrize(("hits", "count"), [(0, 50), (7, 10), (50, 50), (1, 1)])
def test_binomial_intervals_are_the_exact_ones(hits: int, count: int) -> None:
    expected = stats.binomtest(hits, count).proportion_ci(0.95, method="exact")
    assert binomial_interval(hits, count) == pytest.approx((expected.low, expected.high))


def test_nothing_seen_is_not_certain() -> None:
    none = np.zeros(200)
    assert share_interval(0, none, Resampling(50)) == pytest.approx((0.0, 1.0 - 0.025 ** (1 / 50)))
    clustered = Resampling(50, np.repeat(np.arange(5), 10))
    assert share_interval(0, none, clustered) == pytest.approx((0.0, 1.0 - 0.025 ** (1 / 5)))
    assert share_interval(25, np.array([0.2, 0.8]), clustered) == pytest.approx((0.215, 0.785))


def test_shares_of_some_are_binomial_or_of_whole_clusters() -> None:
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(50), 8)
    hits = np.repeat(rng.uniform(size=50) < 0.5, 8)  # all of a cluster are right, or none
    among = np.ones(400, dtype=bool)
    among[:80] = False
    alone = part_intervals([hits], [among], Resampling(400))[0]
    assert alone == binomial_interval(int(hits[among].sum()), 320)
    whole = part_intervals([hits], [among], Resampling(400, clusters))[0]
    spread = np.sqrt(hits[among].mean() * (1 - hits[among].mean()) / 40)  # forty clusters count
    assert np.ptp(whole) == pytest.approx(2 * 1.96 * spread, rel=0.15)
    sure = part_intervals([np.ones(400)], [among], Resampling(400, clusters))[0]
    assert sure == pytest.approx((0.025 ** (1 / 40), 1.0))
