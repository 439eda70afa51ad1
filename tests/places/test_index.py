from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from whence.places.gazetteer import Gazetteer
from whence.places.index_build import bag_signatures, build_index, place_weight

WORD = st.text("abcdefgh абвгд京都", min_size=1, max_size=12)


def record(number, name, *others, country="FR", population=1000, lonlat=(2.0, 48.0)):
    return str(number), {
        "geonameid": number,
        "name": name,
        "latitude": lonlat[1],
        "longitude": lonlat[0],
        "countrycode": country,
        "population": population,
        "timezone": "Europe/Paris",
        "admin1code": "CA",
        "alternatenames": list(others),
    }


@pytest.fixture(scope="module")
def village(tmp_path_factory):
    folder = tmp_path_factory.mktemp("index")
    places = [
        record(7, "Aville", "Avilla", "AVI", "a wei er", lonlat=(2.1, 48.0)),
        record(8, "Aville", "Äville", country="US", population=10),
        record(9, "Bburg", "Avilla", country="US", population=900_000, lonlat=(-120.0, 37.0)),
        record(10, "京都", "Kyoto", country="JP", population=0),
    ]
    build_index(folder, dict(places), {"CA": "California"})
    return Gazetteer(folder)


def test_fields_survive_the_index(village):
    place = village.place(2)
    assert (place.geonameid, place.name, place.country, place.population) == (9, "Bburg", "US", 900_000)
    assert (place.longitude_deg, place.latitude_deg, place.timezone) == (-120.0, 37.0, "Europe/Paris")


def test_only_the_states_of_the_usa_get_names(village):
    assert [village.place(row).region for row in range(4)] == ["CA", "California", "California", "CA"]


def test_the_main_name_beats_an_alternate_of_equal_size_and_loses_to_a_far_larger_place(village):
    assert [m.place.geonameid for m in village.search("Aville")] == [7, 8]
    assert [m.place.geonameid for m in village.search("avilla")] == [9, 7]
    assert [m.official for m in village.search("avilla")] == [False, False]


def test_a_place_comes_once_though_two_of_its_names_share_a_key(village):
    assert [m.place.geonameid for m in village.search("äville", country="us")] == [8]


def test_codes_and_romanisations_can_be_left_out(village):
    assert [m.place.geonameid for m in village.search("AVI")] == [7]
    assert village.search("AVI", minor=False) == []
    assert village.search("a wei er", minor=False) == []


def test_shares_are_weights_of_all_that_was_found(village):
    shares = {m.place.geonameid: m.share for m in village.search("Aville")}
    expected = place_weight(np.array([1000, 10]))
    assert shares == pytest.approx({7: expected[0] / expected.sum(), 8: expected[1] / expected.sum()})


def test_files_hold_no_pickles(village):
    for path in village._folder.glob("*.npy"):
        np.load(path, allow_pickle=False)
    json.loads((village._folder / "tables.json").read_text(encoding="utf-8"))


@given(WORD, WORD)
@settings(max_examples=500)
def test_keys_within_d_edits_differ_in_at_most_2d_bits(one, other):
    a, b = bag_signatures([one, other])
    assert int(np.bitwise_count(a ^ b)) <= 2 * OSA.distance(one, other)


def test_signature_bits_are_first_and_second_occurrences():
    assert bag_signatures(["aab"])[0] == (1 << 1) | (1 << 33) | (1 << 2)
