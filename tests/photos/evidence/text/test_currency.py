"""Prices."""

from __future__ import annotations

import pytest

from whence.photos.evidence.text.currency import currency_hints


@pytest.mark.parametrize(
    ("line", "country"),
    [
        ("Espresso 12,50 zł", "PL"), ("250 Kč", "CZ"), ("1 500 Ft", "HU"), ("£6.50", "GB"),
        ("R$ 12,50", "BR"), ("₹250", "IN"),
        ("₩ 5,000", "KR"), ("50.000 ₫", "VN"), ("Rp 15.000", "ID"), ("100 ₽", "RU"), ("45 грн", "UA"),
        ("25 ₺", "TR"),
        ("¥980", "JP"), ("KSh 250", "KE"), ("CHF 12.50", "CH"), ("฿40", "TH"), ("₪ 20", "IL"),
        ("12 lei", "RO"),
        ("₹1,00,000", "IN"), ("120.000 đ", "VN"), ("45:-", "SE"), ("R 99.99", "ZA"), ("Ksh 50", "KE"),
        ("ZŁ 12", "PL"), ("100 р.", "RU"), ("5 ر.س", "SA"), ("GH₵ 5", "GH"), ("£ 5", "GB"),
        ("$3.49", "US"), ("980円", "JP"), ("25 元", "CN"), ("S/ 5.00", "PE"),
    ],
)  # fmt: skip
def test_price_points_at_the_country_that_pays_in_it(line: str, country: str) -> None:
    (hint,) = currency_hints([line])
    assert max(hint.countries, key=lambda code: hint.countries[code]) == country
    assert sum(hint.countries.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "line",
    [
        "Zone 30",
        "Fr 12-18",
        "krone",
        "Route 66",
        "Kreta 5",
        "the lei",
        "10 ft",
        "TLC 5",
        "56Km",
        "A$AP",
        "",
        "Q1",
        "R 66",
        "Ph:- 98450 12345",
        "р. 12",
        "Room RM",
    ],
)
def test_other_numbers_are_no_prices(line: str) -> None:
    assert currency_hints([line]) == []


def test_a_price_is_quoted_whole() -> None:
    assert currency_hints(["only ₹1,00,000 net"])[0].quote == "₹1,00,000"


def test_euro_is_shared_and_the_dollar_trusted_less() -> None:
    (euro,) = currency_hints(["Menü 9,90 €"])
    (dollar,) = currency_hints(["$25"])
    assert {"DE", "FR", "ES", "IT"} <= set(euro.countries)
    assert dollar.trust < euro.trust
