"""Fifty published predictions of two models: every figure that the authors' table holds is reproduced."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from whence.photos.evaluate import evaluate_answers
from whence.photos.evaluation.administrative import administrative, hits_of, names_of
from whence.photos.evaluation.answers import Answers
from whence.photos.evaluation.comparison import evaluate_many
from whence.photos.results import read_results

pytestmark = pytest.mark.shared_data

# Name of the model -> its columns of positions, and what its other columns end in.
MODELS = {"best": (("pred_lat", "pred_lon"), ""), "base": (("pred_lat_base", "pred_lon_base"), "_base")}
COLUMN = {"country": "country", "region": "region", "sub-region": "area", "city": "city"}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest, shared_data: Path) -> tuple[Answers, str]:
    columns, ending = MODELS[request.param]
    rows = read_results(shared_data / "photos/osv5m/select.csv", predictions=columns)
    return Answers.of_rows(rows, protocol="osv5m"), ending


def test_distances_and_scores(model: tuple[Answers, str]) -> None:
    answers, ending = model
    distance_km, score = answers.numbers(f"distance{ending}"), answers.numbers(f"score{ending}")
    assert np.abs(answers.scored_m / 1000.0 - distance_km).max() < 1e-9
    assert np.abs(answers.protocol.scores(answers.scored_m) - score).max() < 1e-9
    figures = evaluate_answers(answers)
    assert figures.mean_m == pytest.approx(1000 * distance_km.mean())
    assert figures.median_m == pytest.approx(1000 * np.median(distance_km))
    assert figures.score.of_all == pytest.approx(score.mean())
    counts = {share.limit_m / 1000: share.count for share in figures.within}
    for limit in (1.0, 25.0, 200.0, 750.0, 2500.0):
        assert counts[limit] == (distance_km < limit).sum()
    assert (figures.far_200.count, figures.far.count) == (
        (distance_km > 200).sum(),
        (distance_km > 500).sum(),
    )


def test_hits_and_running_accuracies(model: tuple[Answers, str]) -> None:
    pytest.importorskip("reverse_geocoder")
    answers, ending = model
    for level, (known, hits, _) in hits_of(answers, names_from="reverse_geocoder").items():
        column = COLUMN[level]
        published = answers.texts(f"{column}_hit{ending}") == "True"
        assert (hits[known] == published[known]).all(), level
        # The authors' table counts two missing names as a hit in its running mean of the rows before.
        no_name = (answers.texts(column) == "") & (answers.texts(f"pred_{column}{ending}") == "")
        running = np.cumsum(hits | no_name)[:-1] / np.arange(1, len(answers))
        assert 100.0 * running == pytest.approx(answers.numbers(f"accuracy_{column}{ending}")[1:])


def test_names_of_predictions(model: tuple[Answers, str]) -> None:
    pytest.importorskip("reverse_geocoder")
    answers, ending = model
    names = names_of(answers.predictions, names_from="reverse_geocoder")
    for level, column in COLUMN.items():
        first = [text.split("_")[0] for text in names[level]]
        assert first == list(answers.texts(f"pred_{column}{ending}"))


def test_accuracies_leave_out_rows_without_a_name_of_that_level_only(model: tuple[Answers, str]) -> None:
    pytest.importorskip("reverse_geocoder")
    answers, ending = model
    found = {level.name: level for level in administrative(answers)}
    assert {level.names_from for level in found.values()} == {"reverse_geocoder"}
    for name, column in COLUMN.items():
        known = answers.texts(column) != ""
        published = answers.texts(f"{column}_hit{ending}") == "True"
        assert (found[name].count, found[name].hits) == (known.sum(), (published & known).sum())


def test_positions_are_named_where_the_table_does_not(model: tuple[Answers, str]) -> None:
    pytest.importorskip("reverse_geocoder")
    answers, _ = model
    bare = Answers.of_arrays(
        answers.names, truths=answers.truths, predictions=answers.predictions, protocol="osv5m"
    )
    named = {level.name: level.hits for level in administrative(answers)}
    by_position = {level.name: level for level in administrative(bare)}
    assert {name: level.hits for name, level in by_position.items()} == named
    assert by_position["country"].truth_from == "position"


def test_thesis_counts(model: tuple[Answers, str]) -> None:
    answers, ending = model
    distance_km = answers.numbers(f"distance{ending}")
    counted = evaluate_answers(answers).distribution
    assert counted.mean_km == pytest.approx(distance_km.mean())
    for limit, count in zip(counted.limits_km, counted.counts, strict=True):
        assert count == sum(value <= limit for value in distance_km)
    for bin_, count in enumerate(counted.histogram):
        assert count == sum(100 * bin_ <= value < 100 * (bin_ + 1) for value in distance_km)


def test_the_two_models_side_by_side(shared_data: Path) -> None:
    path = shared_data / "photos/osv5m/select.csv"
    named = {name: read_results(path, predictions=columns) for name, (columns, _) in MODELS.items()}
    metrics = ["geoscore", "median", "within_750km"]
    found = evaluate_many(named, protocol="osv5m", metrics=metrics)
    assert (found.common, found.best("geoscore"), found.best("median")) == (50, "best", "best")
    for name, (_, ending) in MODELS.items():
        published = np.mean([float(row.extra[f"score{ending}"]) for row in named[name]])
        assert found.standing(name, "geoscore").value == pytest.approx(published, abs=1e-9)
    assert all(contrast.clear for contrast in found.contrasts)
