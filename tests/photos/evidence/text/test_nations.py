"""Names of countries in text."""

from __future__ import annotations

import pytest

from whence.photos.evidence.text.nations import nation_hints


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("Poczta Polska", "PL"), ("République Française FRANCE", "FR"), ("Bundesrepublik Deutschland", "DE"),
        ("Почта России Россия", "RU"), ("日本郵便", "JP"), ("中国银行", "CN"), ("Banco de México", "MX"),
        ("Ελλάδα", "GR"), ("Türkiye Cumhuriyeti", "TR"), ("भारत", "IN"), ("대한민국", "KR"),
        ("New Zealand Post", "NZ"), ("Nouvelle-Calédonie", "NC"),
    ],
)  # fmt: skip
def test_names_of_countries_in_their_languages(line: str, code: str) -> None:
    assert [list(hint.countries) for hint in nation_hints([line])] == [[code]]


@pytest.mark.parametrize("line", ["Exit", "Stop", "Lund 7", "omani", "peru", "", "New Mexico", "NEW ENGLAND"])
def test_other_words_name_no_country(line: str) -> None:
    assert nation_hints([line]) == []


def test_trade_and_hotels_are_trusted_less() -> None:
    trust = [nation_hints([line])[0].trust for line in ("Poste Italia", "Hotel Italia", "Made in Italia")]
    assert trust[0] > 3 * max(trust[1:])
