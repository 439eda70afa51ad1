"""The country first: against the rule of total probability, one photograph and one country at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from whence.earth.sphere import distance_m
from whence.errors import FormatError, InputError
from whence.photos.heads import Task, head_class, recipe_class
from whence.photos.heads.country_first import CountryFirst, CountryFirstHead

if TYPE_CHECKING:
    from whence.photos.samples import Samples

BOX = (8.0, 6.0)  # degrees; the grid makes 2 x 2 "countries" of it
RECIPE = CountryFirst(
    countries={"kind": "cells", "partition": "grid", "step_deg": 4.0, "hidden": [], "dropout": 0.0},
    within={"kind": "retrieval", "neighbours": 9, "whitening": "no"},
    least_photos=150,
    opened=2,
)


@pytest.fixture(scope="module")
def states(world: Callable[..., Samples], make_task: Callable[..., Task]) -> Task:
    train, held = (world(count, seed=seed, size_deg=BOX) for count, seed in ((1200, 1), (400, 2)))
    return make_task(train, held, epochs=12, batch=128, lr=1e-2)


@pytest.fixture(scope="module")
def head(states: Task) -> CountryFirstHead:
    return RECIPE.fit(states)


@pytest.fixture(scope="module")
def asked(world: Callable[..., Samples]) -> Samples:
    return world(200, seed=3, size_deg=BOX)


def test_it_is_the_rule_of_total_probability(head: CountryFirstHead, asked: Samples) -> None:
    features, truth = asked.take(slice(0, 6)), asked.lonlat[:6]
    found = np.exp(replace(head, opened=99, patches=9999).mixtures(features).log_density(truth))
    for row in range(6):
        one = features[row : row + 1]
        shares = np.exp(head.gate.log_weights(one))[0]
        total = 0.0
        for country, share in enumerate(shares):
            if head.which[country] >= 0:
                inner = head.heads[head.which[country]].mixtures(one)
            else:
                single = type(head.mixtures(one)).at
                inner = single(head.gate.centers[[country]], head.gate.spread_m[country])
            total += share * float(np.exp(inner.log_density(truth[row : row + 1])[0]))
        assert found[row] == pytest.approx(total, rel=1e-4)  # float32 products


def test_countries_that_were_not_looked_into_keep_their_weight(
    head: CountryFirstHead, asked: Samples
) -> None:
    features = asked.take(slice(0, 50))
    shares = np.sort(np.exp(head.gate.log_weights(features)), axis=1)
    rest = replace(head, patches=9999).mixtures(features).weights[:, -1]
    assert rest == pytest.approx(shares[:, :-2].sum(axis=1), abs=1e-9)


def test_it_finds_the_place_and_not_only_the_country(head: CountryFirstHead, asked: Samples) -> None:
    features = asked.take(slice(None))
    errors_m = distance_m(head.mixtures(features).points(), asked.lonlat)
    of_country_m = distance_m(head.gate.mixtures(features).points(), asked.lonlat)
    assert len(head.heads) >= 3
    assert np.median(errors_m) < 0.4 * np.median(of_country_m)


def test_countries_with_few_photographs_are_one_patch(states: Task, asked: Samples) -> None:
    head = replace(RECIPE, least_photos=10_000).fit(states)
    assert head.heads == ()
    features = asked.take(slice(0, 9))
    assert head.mixtures(features).patches == 3


def test_it_comes_back_to_the_last_bit(head: CountryFirstHead, asked: Samples) -> None:
    features = asked.take(slice(0, 20))
    settings, arrays = head.to_parts()
    again = head_class("country-first").from_parts(settings, arrays)
    for name in ("lonlat", "log_weights", "spread_m"):
        assert np.array_equal(getattr(head.mixtures(features), name), getattr(again.mixtures(features), name))
    with pytest.raises(FormatError):
        CountryFirstHead.from_parts(settings, arrays | {"which": np.zeros_like(arrays["which"])})


def test_real_countries(world: Callable[..., Samples], make_task: Callable[..., Task]) -> None:
    """Poland, Germany and their neighbours, by the gazetteer's outlines."""
    train, held = (world(count, seed=seed, size_deg=(24.0, 12.0)) for count, seed in ((600, 1), (200, 2)))
    head = recipe_class("country-first")(least_photos=60).fit(make_task(train, held, epochs=2))
    assert head.gate.cells.name == "country"
    assert len(head.gate.centers) >= 3


def test_what_cannot_be_is_refused(states: Task) -> None:
    with pytest.raises(InputError, match="gradients"):
        replace(RECIPE, within={"kind": "unit-vector"}).fit(states)
    with pytest.raises(InputError, match="cells"):
        CountryFirst(countries={"kind": "retrieval"})
    with pytest.raises(InputError, match="no setting"):
        CountryFirst(within={"kind": "retrieval", "k": 1})
    with pytest.raises(InputError):
        CountryFirst(opened=0)
