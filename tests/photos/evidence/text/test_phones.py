"""Telephone numbers."""

from __future__ import annotations

import pytest

from whence.photos.evidence.text.phones import phone_hints


@pytest.mark.parametrize(
    ("line", "country", "town"),
    [
        ("Tel. +49 30 1234567", "DE", (13.4, 52.5)), ("+48 22 555 44 33", "PL", (21.0, 52.2)),
        ("+7 495 123-45-67", "RU", (37.6, 55.75)),
        ("0034 91 123 45 67", "ES", (-3.7, 40.4)), ("+81 3-3456-7890", "JP", (139.7, 35.7)),
        ("+1 212-555-0123", "US", (-74.0, 40.7)),
        ("+90 212 345 67 89", "TR", (28.97, 41.0)), ("+30 210 3312345", "GR", (23.7, 37.97)),
        ("(+33) 1 42 60 38 01", "FR", (2.35, 48.86)),
    ],
)  # fmt: skip
def test_international_numbers_give_country_and_town(
    line: str, country: str, town: tuple[float, float]
) -> None:
    # Oracle: the published area codes of the capitals (and of New York and Istanbul).
    (hint,) = phone_hints([line])
    assert list(hint.countries) == [country]
    assert (hint.spots[0].longitude_deg, hint.spots[0].latitude_deg) == pytest.approx(town, abs=0.3)


@pytest.mark.parametrize(
    ("line", "likely", "country"),
    [
        ("030 1234567", {"DE": 0.8, "AT": 0.1}, "DE"), ("22 555 44 33", {"PL": 0.9}, "PL"),
        ("0212 345 67 89", {"TR": 0.9}, "TR"),
        ("011 2345 6789", {"IN": 0.7, "PK": 0.1}, "IN"), ("(11) 3456-7890", {"BR": 0.5, "PT": 0.2}, "BR"),
        ("03-3456-7890", {"JP": 0.9}, "JP"), ("02-123-4567", {"TH": 0.9}, "TH"),
        ("8 (495) 123-45-67", {"RU": 0.5, "UA": 0.2}, "RU"),
    ],
)  # fmt: skip
def test_national_numbers_are_read_in_the_likely_countries(
    line: str, likely: dict[str, float], country: str
) -> None:
    (hint,) = phone_hints([line], likely)
    assert max(hint.countries, key=lambda code: hint.countries[code]) == country


def test_a_national_number_without_context_is_trusted_less() -> None:
    known = phone_hints(["01 42 60 38 01"], {"FR": 0.9})[0]
    unknown = phone_hints(["01 42 60 38 01"])[0]
    assert unknown.trust < known.trust
    assert "FR" in unknown.countries


@pytest.mark.parametrize(
    "line", ["309", "12:30-18:00", "2024-05-17", "56Km 205Km", "No. 1234567890123456", ""]
)
def test_other_numbers_are_not_dialled(line: str) -> None:
    assert phone_hints([line], {"DE": 0.5, "US": 0.5}) == []


def test_one_number_is_read_once() -> None:
    (hint,) = phone_hints(["8 (495) 123-45-67"])
    assert list(hint.countries) == ["RU"]


def test_mobile_numbers_name_a_country_only() -> None:
    (hint,) = phone_hints(["+49 171 1234567"])
    assert hint.spots == ()
    assert hint.countries == {"DE": 1.0}
