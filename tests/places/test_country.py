from __future__ import annotations

import babel
import phonenumbers
import pytest
from babel.numbers import get_territory_currencies

from whence.errors import NotFoundError
from whence.places.country import (
    by_calling_code,
    by_currency,
    by_name,
    by_tld,
    countries,
    country,
    country_names,
    name_in,
)


def test_a_country_is_told_in_full():
    japan = country("jp")
    assert (japan.code3, japan.numeric, japan.name, japan.capital, japan.continent) == (
        "JPN", "392", "Japan", "Tokyo", "Asia",
    )  # fmt: skip
    assert (japan.calling_codes, japan.drives_on, japan.currencies, japan.tlds) == (
        ("81",),
        "left",
        ("JPY",),
        ("jp",),
    )
    assert japan.languages == ("ja",)
    assert japan.neighbours == ()


def test_codes_are_unique_and_neighbours_mutual():
    known = {c.code: c for c in countries()}
    assert len(known) == len(countries()) == len({c.code3 for c in countries()}) == 250
    for c in countries():
        for other in c.neighbours:
            if other in known:
                assert c.code in known[other].neighbours


@pytest.mark.parametrize(
    ("code", "side"),
    [
        ("GB", "left"),
        ("GI", "right"),
        ("TH", "left"),
        ("MM", "right"),
        ("CN", "right"),
        ("HK", "left"),
        ("MO", "left"),
        ("US", "right"),
        ("VI", "left"),
        ("CY", "left"),
        ("SR", "left"),
        ("BR", "right"),
        ("WS", "left"),
    ],
)
def test_the_side_of_the_road(code, side):
    assert country(code).drives_on == side


def test_about_a_third_of_the_countries_drive_on_the_left():
    assert 70 <= sum(c.drives_on == "left" for c in countries()) <= 80


@pytest.mark.parametrize("language", ["de", "fr", "ja", "ru", "ar", "th", "ko", "fi", "zh"])
def test_every_name_that_cldr_has_in_a_language_finds_its_country(language):
    names = babel.Locale.parse(language).territories
    for c in countries():
        assert by_name(names[c.code]).code == c.code, names[c.code]
        assert name_in(c.code, language) == names[c.code]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("DE", "DE"),
        ("deu", "DE"),
        ("276", "DE"),
        ("Deutschland", "DE"),
        ("GERMANY", "DE"),
        ("UK", "GB"),
        ("USA", "US"),
        ("Côte d'Ivoire", "CI"),
        ("Holland", "NL"),
        ("South Korea", "KR"),
        ("Georgia", "GE"),
        ("Niger", "NE"),
    ],
)
def test_codes_and_common_names(name, code):
    assert by_name(name).code == code


def test_an_unknown_name_suggests_near_ones():
    with pytest.raises(NotFoundError, match="Germany"):
        by_name("Germny")
    with pytest.raises(NotFoundError):
        by_name("")
    with pytest.raises(NotFoundError, match="ISO 3166"):
        country("ZZ")


def test_names_are_many_and_all_of_them_countries():
    names = country_names()
    assert len(names) > 20_000
    assert set(names.values()) == {c.code for c in countries()}


def test_calling_codes_are_those_of_phonenumbers():
    known = {c.code for c in countries()}
    for digits, codes in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        expected = [code for code in codes if code in known]
        if expected:
            assert [c.code for c in by_calling_code(f"+{digits}")] == expected


@pytest.mark.parametrize(
    ("digits", "codes"),
    [
        ("0049", ["DE"]),
        ("66", ["TH"]),
        ("+1 868", ["TT"]),
        ("+1 416", ["US", "CA"]),
        ("+7 727", ["KZ"]),
        ("+7 495", ["RU"]),
    ],
)
def test_written_forms_and_shared_codes(digits, codes):
    assert [c.code for c in by_calling_code(digits)] == codes


@pytest.mark.parametrize("digits", ["+999", "", "+", "abc"])
def test_no_calling_code(digits):
    with pytest.raises(NotFoundError, match=r"\+49"):
        by_calling_code(digits)


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("fr", "FR"),
        ("www.bbc.co.uk", "GB"),
        (".рф", "RU"),
        ("xn--p1ai", "RU"),
        ("DE.", "DE"),
        ("berlin", "DE"),
        ("한국", "KR"),
    ],
)
def test_endings_of_countries_and_cities(ending, code):
    ((found, weight),) = by_tld(ending).items()
    assert found == code
    assert weight >= 0.9


@pytest.mark.parametrize("ending", ["tv", "io", "co", "me", "ai"])
def test_endings_sold_for_their_looks_say_little(ending):
    assert by_tld(ending) == {ending.upper(): 0.1}


@pytest.mark.parametrize("ending", ["com", "eu", "gb", "xx", "", "fra"])
def test_endings_of_no_country(ending):
    assert by_tld(ending) == {}


def test_every_country_answers_to_its_own_endings():
    for c in countries():
        for ending in c.tlds:
            assert c.code in by_tld(ending), ending


@pytest.mark.parametrize(
    ("sign", "codes"),
    [
        ("¥", {"CN", "JP"}),
        ("zł", {"PL"}),
        ("₩", {"KR"}),
        ("₽", {"RU"}),
        ("฿", {"TH"}),
        ("THB", {"TH"}),
        ("円", {"JP"}),
        ("Kč", {"CZ"}),
        ("₴", {"UA"}),
    ],
)
def test_signs_of_money(sign, codes):
    weights = by_currency(sign)
    assert set(weights) == codes
    assert sum(weights.values()) == pytest.approx(1.0)


def test_shared_signs_and_codes():
    assert {"SE", "NO", "DK", "IS"} <= set(by_currency("kr."))
    assert next(iter(by_currency("$"))) == "US"
    assert by_currency("☃") == {}
    for c in countries():
        for code in get_territory_currencies(c.code):
            assert c.code in by_currency(code)
