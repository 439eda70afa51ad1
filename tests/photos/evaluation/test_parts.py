"""Figures of parts of the photographs and names of places: against slow loops and known geography."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from whence.earth.sphere import destination
from whence.errors import InputError
from whence.photos.evaluate import Plan, evaluate_answers
from whence.photos.evaluation.administrative import administrative, continents_of, countries_of, names_of
from whence.photos.evaluation.answers import Answers
from whence.photos.evaluation.distribution import COUNT_LIMITS_KM, cdf, distribution
from whence.photos.evaluation.groups import grouped
from whence.photos.results import ResultRow

PARIS, LYON, MADRID, WINDHOEK = (2.35, 48.86), (4.84, 45.76), (-3.70, 40.42), (17.08, -22.56)
ATLANTIC = (-35.0, 25.0)


def _answers(truths: list, predictions: list, protocol: str = "whence", **columns: list) -> Answers:
    return Answers.of_arrays(
        [str(n) for n in range(len(truths))],
        truths=truths,
        predictions=[(np.nan, np.nan) if one is None else one for one in predictions],
        columns=columns,
        protocol=protocol,
    )


def _random(n: int = 500) -> tuple[Answers, np.ndarray]:
    rng = np.random.default_rng(0)
    truths = np.column_stack([rng.uniform(-180, 180, n), np.rad2deg(np.arcsin(rng.uniform(-1, 1, n)))])
    places = destination(truths, rng.uniform(0, 360, n), np.minimum(np.exp(rng.normal(12, 2, n)), 2e7))
    places[::9] = np.nan
    labels = rng.choice(["a", "b", "c", ""], n, p=[0.6, 0.3, 0.09, 0.01]).astype(object)
    names = [str(k) for k in range(n)]
    return Answers.of_arrays(names, truths=truths, predictions=places, protocol="osv5m"), labels


def test_parts_equal_a_loop() -> None:
    answers, labels = _random()
    found = grouped(answers, labels, by="camera", min_count=30)
    assert sum(group.count for group in found.groups) == len(answers)
    assert [group.count for group in found.groups] == sorted((g.count for g in found.groups), reverse=True)
    for group in found.groups:
        rows = [n for n in range(len(answers)) if (labels[n] or "(none)") == group.name]
        errors = [answers.errors_m[n] for n in rows if np.isfinite(answers.errors_m[n])]
        assert (group.count, group.located) == (len(rows), len(errors))
        assert group.median_m == pytest.approx(np.median(errors))
        assert group.mean_m == pytest.approx(np.mean(errors))
        scores = [5000 * np.exp(-answers.scored_m[n] / 1_492_700) for n in rows]
        assert group.score == pytest.approx(np.mean(scores))
        for limit, share in zip(found.limits_m, group.within, strict=True):
            assert share == pytest.approx(np.mean([answers.errors_m[n] < limit for n in rows]))
    large = [group.score for group in found.groups if group.count >= 30 and group.name != "(none)"]
    assert found.balanced_score == pytest.approx(np.mean(large))
    assert {group.name for group in found.shown} == {"a", "b", "c"}


def test_intervals_of_medians_cover_what_they_promise() -> None:
    """P(x_(r) < median < x_(n+1−r)) is a binomial sum: at least 95 %, and the next narrower is below."""
    for n in (6, 20, 101):
        truths = [(0.0, 0.0)] * n
        answers = _answers(truths, [(0.01 * k, 0.0) for k in range(1, n + 1)])
        ends = grouped(answers, np.full(n, "x", dtype=object), by="all").groups[0].median_interval_m
        assert ends is not None
        ordered = np.sort(answers.errors_m)
        rank = int(np.searchsorted(ordered, ends[0] - 1e-6)) + 1
        assert ends[1] == pytest.approx(ordered[n - rank])
        assert 1 - 2 * stats.binom.cdf(rank - 1, n, 0.5) >= 0.95
        assert 1 - 2 * stats.binom.cdf(rank, n, 0.5) < 0.95
    few = _answers([(0.0, 0.0)] * 5, [(0.1, 0.0)] * 5)
    assert grouped(few, np.full(5, "x", dtype=object), by="all").groups[0].median_interval_m is None


def test_columns_are_parted_by_name_and_unknown_ones_refused() -> None:
    answers = _answers([PARIS] * 3, [PARIS, PARIS, None], camera_id=["k1", "k2", "k1"])
    (found,) = evaluate_answers(answers, Plan(by=("camera_id",))).groups
    assert [(group.name, group.count, group.located) for group in found.groups] == [
        ("k1", 2, 1),
        ("k2", 1, 1),
    ]
    with pytest.raises(InputError, match="no column 'camera'; further columns: camera_id"):
        evaluate_answers(answers, Plan(by=("camera",)))
    with pytest.raises(InputError, match="no column 'sequence'"):
        evaluate_answers(answers, Plan(cluster="sequence"))


def test_countries_and_continents_of_the_truth() -> None:
    answers = _answers([PARIS, WINDHOEK, ATLANTIC, LYON], [PARIS, PARIS, PARIS, None])
    countries, continents = evaluate_answers(answers, Plan(places=True)).groups
    assert {(group.name, group.count) for group in countries.groups} == {("FR", 2), ("NA", 1), ("(none)", 1)}
    assert {group.name for group in continents.groups} == {"Europe", "Africa", "(none)"}


def test_the_code_of_namibia_is_not_a_missing_value() -> None:
    answers = _answers([WINDHOEK, PARIS], [WINDHOEK, PARIS], country=["NA", "nan"])
    assert countries_of(answers).tolist() == ["NA", ""]
    assert continents_of(countries_of(answers)).tolist() == ["Africa", ""]


def test_names_by_the_gazetteer() -> None:
    truths = [PARIS, LYON, MADRID, PARIS, ATLANTIC]
    predictions = [PARIS, PARIS, (2.35, 48.87), None, PARIS]
    found = {level.name: level for level in administrative(_answers(truths, predictions))}
    assert (found["country"].count, found["country"].hits) == (4, 2)  # the sea has no country
    assert (found["region"].hits, found["city"].hits) == (1, 1)
    assert found["country"].names_from == "gazetteer"
    assert found["country"].interval == pytest.approx(
        tuple(stats.binomtest(2, 4).proportion_ci(0.95, method="exact"))
    )


def test_published_columns_name_the_truth() -> None:
    pytest.importorskip("reverse_geocoder")
    name = names_of(np.array([PARIS]), names_from="reverse_geocoder")
    columns = {
        "unique_country": [name["country"][0], "ES"],
        "unique_region": [name["region"][0], "nan"],
        "unique_sub-region": ["nan", "nan"],
        "unique_city": [name["city"][0], "elsewhere"],
    }
    answers = _answers([PARIS, MADRID], [PARIS, PARIS], protocol="osv5m", **columns)
    found = {level.name: (level.count, level.hits, level.truth_from) for level in administrative(answers)}
    assert found == {
        "country": (2, 1, "unique_country"),
        "region": (1, 1, "unique_region"),
        "city": (2, 1, "unique_city"),
    }


def test_countries_by_name_are_not_taken_for_codes() -> None:
    pytest.importorskip("reverse_geocoder")
    answers = _answers([PARIS], [PARIS], protocol="osv5m", country=["France"])
    (country, *_) = administrative(answers)
    assert (country.hits, country.truth_from) == (1, "position")
    assert countries_of(answers).tolist() == ["FR"]


def test_there_are_two_sources_of_names() -> None:
    with pytest.raises(InputError, match="names come from gazetteer or reverse_geocoder, not from 'web'"):
        names_of(np.array([PARIS]), names_from="web")


def test_counts_stand_at_the_distances_of_the_thesis() -> None:
    assert {437.23, 874.46, 1748.92} <= set(COUNT_LIMITS_KM)
    assert [limit for limit in COUNT_LIMITS_KM if limit % 300 == 0] == list(range(300, 20_101, 300))


def test_the_antipode_is_counted_in_the_last_bins() -> None:
    counted = distribution(_answers([(0.0, 0.0), (0.0, 90.0)], [(180.0, 0.0), None]))
    assert len(counted.histogram) == 201
    assert sum(counted.histogram) == counted.histogram[200] == 1
    assert (counted.counts[-1], counted.counts[-2]) == (1, 0)


def test_shares_within_equal_a_loop() -> None:
    answers, _ = _random(200)
    at_m = np.array([0.0, 1e3, 1e5, 1e6, 2.1e7])
    shares = [sum(error <= limit for error in answers.errors_m) / 200 for limit in at_m]
    assert cdf(answers.errors_m, at_m) == pytest.approx(shares)


def test_rows_become_columns() -> None:
    rows = [
        ResultRow("a", gt_lat=1.0, gt_lon=2.0, pred_lat=1.0, pred_lon=2.0, radius_m=5.0, extra={"n": 3}),
        ResultRow("b", gt_lat=1.0, gt_lon=2.0, status="unreadable: empty"),
        ResultRow("c", pred_lat=1.0, pred_lon=2.0),
    ]
    answers = Answers.of_rows(rows)
    assert (len(answers), answers.rows, dict(answers.not_located)) == (2, 3, {"unreadable": 1})
    assert answers.numbers("n").tolist() == pytest.approx([3.0, np.nan], nan_ok=True)
    assert answers.errors_m.tolist() == [0.0, np.inf]
    taken = answers.take([1])
    assert (taken.names.tolist(), taken.rows, dict(taken.not_located)) == (["b"], 1, {"no position": 1})
    with pytest.raises(InputError, match="columns differ in length"):
        Answers.of_arrays(["a"], truths=[(0, 0), (1, 1)], predictions=[(0, 0)])
