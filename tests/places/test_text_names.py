from __future__ import annotations

import pytest

from whence.places.gazetteer import gazetteer


def found(text, **options):
    return [
        (text[slice(*span)], matches[0].place.name)
        for span, matches in gazetteer().find_in_text(text, **options)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "서울 Seoul 56Km 평양 Pyongyang(205Km)",
            [("서울", "Seoul"), ("Seoul", "Seoul"), ("평양", "Pyongyang"), ("Pyongyang", "Pyongyang")],
        ),
        ("東京都港区六本木", [("東京都", "Tokyo"), ("港区", "Minato City"), ("六本木", "Roppongi")]),
        ("เส้นทางลัด เพชรบุรี", [("เพชรบุรี", "Phetchaburi")]),
        ("Willkommen in Frankfurt am Main!", [("Frankfurt am Main", "Frankfurt am Main")]),
        ("Ortsausgang: Saint-Denis/Paris", [("Saint-Denis", "Saint-Denis"), ("Paris", "Paris")]),
        ("exit to the centre of", []),
    ],
)
def test_the_longest_names_are_found_where_they_stand(text, expected):
    assert found(text) == expected


def test_words_of_a_list_are_numbered():
    spans = gazetteer().find_in_text(["NO", "LITTER", "MINATO", "CITY", "港区"])
    assert [span for span, _ in spans] == [(2, 4), (4, 5)]


def test_misread_words_are_tried_only_when_asked():
    assert found("to Pyongyan 205") == []
    assert found("to Pyongyan 205", fuzzy=True) == [("Pyongyan", "Pyongyang")]


def test_country_restricts():
    assert [
        m.place.country for _, ms in gazetteer().find_in_text("Paris", country="US", limit=3) for m in ms
    ] == ["US"] * 3


@pytest.mark.parametrize("text", ["", "   ", "12:30 – 205 km", []])
def test_nothing_to_find(text):
    assert gazetteer().find_in_text(text) == []
