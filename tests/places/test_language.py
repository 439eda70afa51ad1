from __future__ import annotations

import pytest
from babel.languages import get_official_languages, get_territory_language_info
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.errors import NotFoundError
from whence.places.country import countries
from whence.places.language import countries_of, language_hints, languages_in, languages_of, scripts_in
from whence.places.language_words import WORDS


@pytest.mark.parametrize("code", ["CH", "BE", "IN", "TW", "RS", "US"])
def test_shares_are_those_of_cldr(code):
    table = {}
    for name, facts in get_territory_language_info(code).items():
        base = name.partition("_")[0]
        table[base] = max(table.get(base, 0.0), facts["population_percent"] / 100)
    assert languages_of(code) == pytest.approx(table)
    assert list(languages_of(code).values()) == sorted(table.values(), reverse=True)


def test_every_official_language_is_listed_in_its_country():
    for c in countries():
        for language in get_official_languages(c.code):
            assert language.partition("_")[0] in languages_of(c.code)


@pytest.mark.parametrize(
    ("language", "first"),
    [
        ("pt", "BR"),
        ("pt-BR", "BR"),
        ("th", "TH"),
        ("zh_Hant", "CN"),
        ("ja", "JP"),
        ("no", "NO"),
        ("sv", "SE"),
        ("uk", "UA"),
    ],
)
def test_countries_of_a_language(language, first):
    weights = countries_of(language)
    assert next(iter(weights)) == first
    assert sum(weights.values()) == pytest.approx(1.0)


def test_signs_are_mostly_in_official_languages():
    assert countries_of("tr", public=True)["DE"] < countries_of("tr")["DE"]
    assert countries_of("th", public=True)["TH"] > 0.95


def test_an_unknown_language_is_refused():
    with pytest.raises(NotFoundError, match="qqq"):
        countries_of("qqq")


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Москва", {"Cyrillic": 6}),
        ("ソウル", {"Katakana": 3}),
        ("漢字", {"Han": 2}),
        ("서울!", {"Hangul": 2}),
        ("ÅÉ", {"Latin": 2}),
        ("ไทย", {"Thai": 3}),
        ("Αθήνα", {"Greek": 5}),
        ("القاهرة", {"Arabic": 7}),
        ("हिन्दी", {"Devanagari": 5}),
        ("A1 Б", {"Latin": 1, "Cyrillic": 1}),
        ("12:30 €", {}),
        ("ﾄｳ", {"Katakana": 2}),
    ],
)
def test_scripts_are_counted_by_letters(text, counts):
    assert scripts_in(text) == counts


@given(st.text(max_size=30))
@settings(max_examples=60, deadline=None)  # the first text waits for the tables of letters
def test_hints_are_probabilities(text):
    hints = language_hints(text)
    assert not hints or sum(hints.values()) == pytest.approx(1.0)
    assert all(0.0 < p <= 1.0 for p in hints.values())
    assert list(hints.values()) == sorted(hints.values(), reverse=True)


SIGNS = {
    "fr": "Passage interdit au public",
    "de": "Durchfahrt verboten",
    "en": "Keep off the grass",
    "es": "Se vende terreno",
    "pt": "Proibido estacionar em frente à saída",
    "it": "Vietato l'accesso ai non addetti",
    "nl": "Verboden toegang",
    "sv": "Förbud mot infart",
    "fi": "Läpikulku kielletty",
    "pl": "Wstęp wzbroniony",
    "cs": "Průjezd zakázán",
    "hu": "Tilos a dohányzás",
    "tr": "Girilmez",
    "vi": "Cấm đỗ xe",
    "id": "Dilarang parkir",
    "ro": "Oprirea interzisă",
    "ru": "Осторожно злая собака",
    "uk": "Стій! Заборонено",
    "sr": "Забрањено паркирање",
    "ja": "ポイ捨て禁止",
    "zh": "请勿进入",
    "ko": "출입금지",
    "th": "ห้ามเข้า",
    "el": "Απαγορεύεται",
    "he": "אין כניסה",
    "fa": "پارکینگ عمومی",
    "ar": "ممنوع الوقوف",
}


@pytest.mark.parametrize(("language", "sign"), SIGNS.items())
def test_signs_are_recognised(language, sign):
    assert next(iter(language_hints(sign))) == language


def test_a_single_name_is_no_proof():
    assert max(language_hints("Hansen").values()) < 0.9


def test_text_without_letters_has_no_language():
    assert language_hints("205 km"[:3]) == {}
    assert languages_in("Klingon") == ()


def test_words_are_written_once_in_small_letters():
    for language, words in WORDS.items():
        listed = words.split()
        assert len(listed) == len(set(listed)), language
        assert words == words.lower(), language
