"""Names with a state, a country or shortened words; the oracle is an atlas."""

from __future__ import annotations

import pytest

from whence.places.gazetteer import gazetteer
from whence.places.qualifiers import qualified


@pytest.mark.parametrize(
    ("name", "country", "lonlat"),
    [
        ("Paris, TX", "US", (-95.6, 33.7)),
        ("Springfield, Illinois", "US", (-89.6, 39.8)),
        ("Las Vegas NV", "US", (-115.1, 36.2)),
        ("Washington, D.C.", "US", (-77.0, 38.9)),
        ("London, ON", "CA", (-81.2, 43.0)),
        ("Perth, WA", "AU", (115.9, -31.9)),
        ("Cordoba, España", "ES", (-4.8, 37.9)),
        ("Córdoba, Argentina", "AR", (-64.2, -31.4)),
        ("Frankfurt a. M.", "DE", (8.7, 50.1)),
        ("Frankfurt a.M.", "DE", (8.7, 50.1)),
        ("Freiburg i. Br.", "DE", (7.85, 48.0)),
        ("Rothenburg o.d.T.", "DE", (10.2, 49.4)),
        ("Praha 1", "CZ", (14.4, 50.1)),
        ("부산역", "KR", (129.0, 35.1)),
    ],
)
def test_what_is_added_to_a_name_tells_which_place_it_is(
    name: str, country: str, lonlat: tuple[float, float]
) -> None:
    place = gazetteer().search(name, fuzzy=False)[0].place
    assert place.country == country
    assert (place.longitude_deg, place.latitude_deg) == pytest.approx(lonlat, abs=0.15)


@pytest.mark.parametrize(
    "name", ["Lyon, Marseille", "Berlin", "", ",", "Paris,", "NV", "Rock AND", "a, b, c"]
)
def test_other_names_stay_whole(name: str) -> None:
    assert qualified(name) == (name, ())


def test_a_state_without_such_a_town_answers_nothing() -> None:
    assert gazetteer().search("Pyongyang, TX", fuzzy=False) == []


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("القاهرة", "Cairo"), ("תל אביב", "Tel Aviv"), ("ΑΘΗΝΑ", "Athens"), ("मुंबई", "Mumbai"),
        ("თბილისი", "Tbilisi"), ("አዲስ አበባ", "Addis Ababa"), ("சென்னை", "Chennai"), ("N'Djamena", "N'Djamena"),
        ("Coeur d’Alene", "Coeur d'Alene"), ("DİYARBAKIR", "Diyarbakır"), ("NYC", "New York City"),
        ("N.Y.C.", "New York City"), ("s Hertogenbosch", "'s-Hertogenbosch"), ("ＴＯＫＹＯ", "Tokyo"),
    ],
)  # fmt: skip
def test_scripts_apostrophes_and_initials_change_nothing(name: str, place: str) -> None:
    assert gazetteer().search(name, fuzzy=False)[0].place.name == place
