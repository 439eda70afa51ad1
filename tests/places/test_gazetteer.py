from __future__ import annotations

import numpy as np
import pytest
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from whence.earth.sphere import distance_m
from whence.errors import InputError
from whence.places.gazetteer import gazetteer
from whence.places.name_table import allowed_edits
from whence.places.names import key_of


@pytest.fixture(scope="module")
def places():
    return gazetteer()


def test_every_record_is_there(places, raw_places):
    assert len(places) == len(raw_places) == 234_908
    rows = np.random.default_rng(0).integers(len(places), size=300).tolist()
    for row in rows:
        place = places.place(row)
        raw = raw_places[place.geonameid]
        assert (place.name, place.country, place.population, place.timezone) == (
            raw["name"], raw["countrycode"], raw["population"], raw["timezone"],
        )  # fmt: skip
        assert (place.longitude_deg, place.latitude_deg) == (raw["longitude"], raw["latitude"])


@pytest.fixture(scope="module")
def bearers(raw_places):
    """Keys of sixty random names and one well-known word -> numbers of the places that bear them."""
    rng = np.random.default_rng(1)
    numbers = list(raw_places)
    wanted = {key_of(raw_places[numbers[i]]["name"]) for i in rng.integers(len(numbers), size=60)} - {""}
    slow = {key: set() for key in {*wanted, "nice"}}
    for number, raw in raw_places.items():
        for spelling in {raw["name"], *raw["alternatenames"]}:
            if (key := key_of(spelling)) in slow:
                slow[key].add(number)
    return slow


def test_search_finds_exactly_the_places_that_a_loop_over_the_raw_names_finds(places, bearers):
    for key, expected in bearers.items():
        found = places.search(key, limit=5000, fuzzy=False)
        assert {match.place.geonameid for match in found} == expected
        assert all(match.exact and key_of(match.name) == key for match in found)
        assert sum(match.share for match in found) == pytest.approx(1.0)


@pytest.fixture(scope="module")
def every_key(places):
    return [places.names.key(i) for i in range(len(places.names))]


@pytest.mark.parametrize("typed", ["pyongyan", "sankt peterbrg", "реиквик"])
def test_approximate_search_equals_a_comparison_with_every_key(places, every_key, typed):
    edits = allowed_edits(typed)
    distance = cdist([typed], every_key, scorer=OSA.distance, score_cutoff=edits, dtype=np.int32)[0]
    numbers, found = places.names.find_near(typed, max_edits=edits)
    assert set(numbers.tolist()) == set(np.flatnonzero(distance <= edits).tolist())
    assert (distance[numbers] == found).all()
    assert (np.diff(found) >= 0).all()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Пекин", "Beijing CN"),
        ("東京", "Tokyo JP"),
        ("Munich", "Munich DE"),
        ("MÜNCHEN", "Munich DE"),
        ("Roma", "Rome IT"),
        ("서울", "Seoul KR"),
        ("평양", "Pyongyang KP"),
        ("港区", "Minato City JP"),
        ("港區", "Minato City JP"),
        ("เพชรบุรี", "Phetchaburi TH"),
        ("القاهرة", "Cairo EG"),
        ("Paris", "Paris FR"),
        ("Moscow", "Moscow RU"),
        ("St Petersburg", "Saint Petersburg RU"),
        ("15e Arrondissement", "Paris 15 Vaugirard FR"),
        ("上海市", "Shanghai CN"),
        ("Londres", "London GB"),
        ("Αθήνα", "Athens GR"),
    ],
)
def test_names_in_many_languages_mean_the_great_city(places, name, expected):
    best = places.search(name)[0].place
    assert f"{best.name} {best.country}" == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("Reykjavik City", "Reykjavík"), ("Kyoto Prefecture", "Kyoto")]
)
def test_the_kind_of_place_may_be_said_or_not(places, name, expected):
    best = places.search(name)[0]
    assert best.place.name == expected
    assert 0.9 < best.score < 1.0
    assert not best.exact


def test_typing_errors_are_forgiven_but_never_preferred(places):
    assert places.search("Pyongyan")[0].place.name == "Pyongyang"
    assert places.search("Pyongyan")[0].score == pytest.approx(1 - 1 / 9)
    assert places.search("Pyongyan", fuzzy=False) == []
    assert all(match.exact for match in places.search("Paris", limit=100))


def test_country_restricts(places):
    found = places.search("Paris", country="us", limit=100)
    assert {match.place.country for match in found} == {"US"}
    assert found[0].place.region == "Texas"
    assert places.search("Paris", country="ZZ") == []


@pytest.mark.parametrize("nothing", ["", " - ", "Xqzzvkw"])
def test_what_is_no_name_finds_nothing(places, nothing):
    assert places.search(nothing) == []
    assert places.ambiguity(nothing).places == 0


def test_ambiguity_counts_places(places, bearers, raw_places):
    bearing = [raw_places[number] for number in bearers["nice"]]
    measured = places.ambiguity("Nice")
    assert measured.places == len(bearing)
    assert measured.countries == len({r["countrycode"] for r in bearing})
    assert measured.population == max(r["population"] for r in bearing)
    assert places.ambiguity("Springfield").bits > 3.0 > 1.0 > places.ambiguity("Nice").bits


def test_nearest_equals_a_look_at_every_place(places):
    rng = np.random.default_rng(2)
    points = np.column_stack([rng.uniform(-180, 180, 12), np.degrees(np.arcsin(rng.uniform(-1, 1, 12)))])
    points = np.vstack([points, [(180.0, -16.5), (-180.0, -16.5), (0.0, 90.0)]])
    found, metres = places.nearest(points)
    for point, place, metre in zip(points, found, metres, strict=True):
        every = distance_m(point, places.lonlat)
        assert metre == pytest.approx(every.min(), rel=1e-9, abs=1e-3)
        assert place.geonameid == places.place(int(every.argmin())).geonameid


def test_nearest_great_city(places):
    found, metres = places.nearest((2.0, 48.5), min_population=1_000_000)
    assert found[0].name == "Paris"
    assert metres.shape == (1,)
    with pytest.raises(InputError, match="inhabitants"):
        places.nearest((0.0, 0.0), min_population=10**9)


def test_places_in_a_country_are_sorted_by_size(places, raw_places):
    rows = places.places_in("jp")
    assert len(rows) == sum(r["countrycode"] == "JP" for r in raw_places.values())
    assert places.place(int(rows[0])).name == "Tokyo"
    assert (np.diff(places.population[rows].astype(np.int64)) <= 0).all()
    assert len(places.places_in("ZZ")) == 0
