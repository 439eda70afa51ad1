"""The rule of the thesis on curves made for it, and choice by a metric."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.errors import InputError
from whence.photos.choose import choose
from whence.photos.evaluation.answers import Answers

KM_PER_DEGREE = 6371.0 * np.pi / 180.0


def _model(km: np.ndarray | list[float]) -> Answers:
    """Photographs with these errors in kilometres, infinite ones not located."""
    degrees = np.asarray(km, dtype=float) / KM_PER_DEGREE
    places = np.column_stack([np.where(np.isfinite(degrees), degrees, np.nan), np.zeros(len(degrees))])
    places[np.isnan(places[:, 0])] = np.nan
    names = [f"{n}" for n in range(len(degrees))]
    return Answers.of_arrays(names, truths=np.zeros((len(degrees), 2)), predictions=places, protocol="osv5m")


def _errors(seed: int, median_km: float, spread: float, n: int = 4000) -> np.ndarray:
    return np.exp(np.random.default_rng(seed).normal(np.log(median_km), spread, n)).clip(0, 19_000)


def test_the_lesser_mean_does_not_decide() -> None:
    """Steady is higher nearly everywhere; its few answers at the antipode make its mean the worst."""
    steady = np.where(np.arange(1000) < 30, 19_000.0, np.linspace(50, 900, 1000))
    middling = np.linspace(300, 1000, 1000)
    assert steady.mean() > middling.mean()
    chosen = choose({"middling": _model(middling), "steady": _model(steady)})
    assert chosen.model == "steady"
    assert choose({"middling": _model(middling), "steady": _model(steady)}, by="mean").model == "middling"


def test_a_brilliant_start_does_not_outweigh_a_curve_that_falls() -> None:
    """As in the thesis: one model is best below 300 km, another stays on top."""
    starter, balanced = _errors(0, 1500, 2.2), _errors(1, 900, 1.1)
    assert (starter < 100).mean() > (balanced < 100).mean() + 0.05
    chosen = choose({"starter": _model(starter), "balanced": _model(balanced)})
    assert chosen.model == "balanced"
    first, second = chosen.candidates
    assert (first.kept, second.kept) == (True, False)
    assert second.shortfall is not None
    expected = max((balanced <= d).mean() - (starter <= d).mean() for d in np.linspace(1, 19_000, 4000))
    assert second.shortfall == pytest.approx(expected, abs=0.003)
    assert "starter falls" in chosen.sentences[1]
    assert any("The best start has starter" in line for line in chosen.sentences)
    near_only = choose({"starter": _model(starter), "balanced": _model(balanced)}, by="within_100km")
    assert near_only.model == "starter"


def test_among_those_on_top_the_start_decides() -> None:
    """Equal beyond 300 km, so both stay on top; below, one is higher on average."""
    far = np.linspace(310, 3000, 3000)
    early = np.concatenate([np.linspace(10, 200, 1000), far])
    late = np.concatenate([np.linspace(150, 299, 1000), far])
    lower = np.concatenate([np.linspace(10, 200, 1000), far + 2000])
    chosen = choose({"late": _model(late), "lower": _model(lower), "early": _model(early)}, tolerance=0.2)
    assert chosen.model == "early"
    assert {one.model for one in chosen.candidates if one.kept} == {"early", "late"}
    assert chosen.start_m == 300_000.0
    start = chosen.candidates[0].value
    assert start == pytest.approx(np.clip(1.0 - early / 300.0, 0.0, 1.0).mean())  # ∫₀³⁰⁰ F(d) dd / 300
    assert chosen.candidates[1].clear
    assert any("is clear" in line for line in chosen.sentences)


def test_chance_keeps_a_model_in_a_small_table_and_drops_it_in_a_large_one() -> None:
    def models(n: int) -> dict[str, Answers]:
        return {"a": _model(_errors(3, 500, 1.0, n)), "b": _model(_errors(4, 560, 1.0, n))}

    assert [one.kept for one in choose(models(40)).candidates] == [True, True]
    assert [one.kept for one in choose(models(20_000)).candidates] == [True, False]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_a_dominated_model_is_never_chosen(seed: int, others: int) -> None:
    rng = np.random.default_rng(seed)
    errors = [
        np.exp(rng.normal(rng.uniform(4, 8), rng.uniform(0.3, 2), 30)).clip(0, 19_000) for _ in range(others)
    ]
    worse = np.minimum(errors[0] * rng.uniform(1.0, 1.3, 30) + 5.0, 19_500)  # nowhere above the first
    chosen = choose({"worse": _model(worse), **{f"m{k}": _model(one) for k, one in enumerate(errors)}})
    assert chosen.model != "worse"


@settings(max_examples=15, deadline=None)
@given(st.permutations(["a", "b", "c"]))
def test_the_order_of_the_models_does_not_matter(order: list[str]) -> None:
    models = {name: _model(_errors(seed, 700, 1.0, 60)) for seed, name in enumerate("abc")}
    again = choose({name: models[name] for name in order})
    assert again.candidates == choose(models).candidates


def test_curves_on_top_everywhere_are_said_to_be() -> None:
    chosen = choose({"good": _model([1, 2, 3, 4]), "bad": _model([10, 20, 30, 40])})
    assert chosen.sentences[0].startswith("The curve of good is the highest at every distance, on 4 common")
    assert chosen.candidates[0].shortfall == 0.0


def test_photographs_not_located_lower_the_curve() -> None:
    answers = np.linspace(100, 3000, 100)
    silent, answering = np.where(np.arange(100) % 2 == 0, answers, np.inf), answers
    chosen = choose({"silent": _model(silent), "answering": _model(answering)})
    assert chosen.model == "answering"
    assert {one.model: one.shortfall for one in chosen.candidates}["silent"] == pytest.approx(0.5)


def test_in_a_city_the_start_is_the_median_of_the_best() -> None:
    chosen = choose({"a": _model(np.linspace(0.01, 0.2, 101)), "b": _model(np.linspace(0.02, 0.4, 101))})
    assert chosen.start_m == pytest.approx(105.0, rel=1e-3)


@pytest.mark.parametrize(
    ("by", "winner"), [("median", "near"), ("within_10km", "near"), ("p90", "sure"), ("mean", "sure")]
)
def test_choice_by_a_metric(by: str, winner: str) -> None:
    near = np.concatenate([np.linspace(1, 9, 80), np.full(20, 9000.0)])
    sure = np.linspace(100, 200, 100)
    chosen = choose({"sure": _model(sure), "near": _model(near)}, by=by)
    assert (chosen.model, chosen.by, chosen.start_m) == (winner, by, None)
    assert chosen.candidates[0].kept
    assert f"Next is {chosen.candidates[1].model}" in chosen.sentences[1]
    assert "is clear" in chosen.sentences[1]


def test_a_difference_by_chance_is_called_so() -> None:
    models = {
        "a": _model([100, 500] * 30),
        "b": _model([501, 101] * 30),
        "c": _model([502, 102] * 30),
    }
    chosen = choose(models, by="median")
    assert "may be chance" in chosen.sentences[1]
    assert chosen.sentences[2].startswith("Not clearly worse either:")


def test_infinite_means_come_last() -> None:
    chosen = choose({"shy": _model([1.0, np.inf]), "bold": _model([9000.0, 9000.0])}, by="mean")
    assert chosen.model == "bold"
    assert "with ∞" in chosen.sentences[1]


def test_a_single_model_is_chosen_without_a_contest() -> None:
    assert choose({"only": _model([1.0, 2.0])}).sentences == (
        "The curve of only is the highest at every distance, on 2 common photographs.",
    )


def test_wrong_wishes_are_refused() -> None:
    models = {"a": _model([1.0])}
    with pytest.raises(InputError, match="there is no metric 'best'"):
        choose(models, by="best")
    with pytest.raises(InputError, match="tolerance is 2"):
        choose(models, tolerance=2)
    with pytest.raises(InputError, match="start ends at 0"):
        choose(models, start_m=0.0)
