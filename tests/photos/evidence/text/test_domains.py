"""Web and mail addresses."""

from __future__ import annotations

import pytest

from whence.photos.evidence.text.domains import domain_hints


@pytest.mark.parametrize(
    ("line", "country"),
    [
        ("www.codfather.co.uk", "GB"), ("www.baecker-mueller.de", "DE"), ("info@lund.se", "SE"),
        ("http://sklep.pl/oferta", "PL"),
        ("www.eczane.com.tr", "TR"), ("www.кремль.рф", "RU"), ("praha.cz", "CZ"), ("WWW.FARMACIA.ES", "ES"),
        ("visit www.rotorua.co.nz today", "NZ"), ("www.shop.gr", "GR"),
    ],
)  # fmt: skip
def test_country_domains(line: str, country: str) -> None:
    (hint,) = domain_hints([line])
    assert list(hint.countries) == [country]


@pytest.mark.parametrize(
    "line",
    [
        "Yuyuan Rd.E",
        "12.50",
        "St. Pauli",
        "www.shop.com",
        "e.g. this",
        "Dr.Ing",
        "10.de",
        "",
        "linktr.ee/shop",
        "https://youtu.be/abc",
    ],
)
def test_dots_elsewhere_are_no_address(line: str) -> None:
    assert domain_hints([line]) == []


@pytest.mark.parametrize(
    ("line", "longitude_deg", "latitude_deg"),
    [
        ("www.zoo.berlin", 13.4, 52.5),
        ("www.metro.tokyo", 139.7, 35.7),
        ("hotel@opera.paris", 2.35, 48.86),
        ("www.museum.moscow", 37.6, 55.75),
        ("www.gelato.roma", 12.5, 41.9),
    ],
)  # fmt: skip
def test_domains_of_cities_point_at_the_city(line: str, longitude_deg: float, latitude_deg: float) -> None:
    (hint,) = domain_hints([line])
    assert hint.spots[0].longitude_deg == pytest.approx(longitude_deg, abs=0.2)
    assert hint.spots[0].latitude_deg == pytest.approx(latitude_deg, abs=0.2)


def test_domains_sold_as_words_are_trusted_little() -> None:
    (sold,) = domain_hints(["www.stream.tv"])
    (own,) = domain_hints(["www.stream.se"])
    assert sold.trust < 0.2 < own.trust


def test_eu_is_europe() -> None:
    (hint,) = domain_hints(["www.reisen.eu"])
    assert {"DE", "FR"} <= set(hint.countries)
    assert "US" not in hint.countries
