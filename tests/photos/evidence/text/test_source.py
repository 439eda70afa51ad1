"""Text as evidence, from words to a belief."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from signs import stacked

from whence.earth.sphere import distance_m
from whence.imagery.photo import open_image
from whence.imagery.text.readers import Reader, read_words
from whence.photos.evidence.text.hint import Hint
from whence.photos.evidence.text.prior import country_prior, vote
from whence.photos.evidence.text.source import evidence_from_words, text_source
from whence.places.country import country_at

if TYPE_CHECKING:
    from whence.photos.evidence.evidence import Evidence


def _countries(evidence: Evidence, k: int = 3) -> list[str | None]:
    return [country_at([each.longitude_deg, each.latitude_deg])[0] for each in evidence.belief.hypotheses(k)]


def _of(lines: list[str]) -> Evidence:
    evidence = evidence_from_words(stacked(lines))
    assert evidence is not None
    return evidence


@pytest.mark.parametrize(
    ("country", "lines"),
    [
        ("DE", ["Hauptstraße", "Bäckerei Müller", "Tel. 030 1234567"]),
        ("ES", ["Calle de Alcalá", "Farmacia", "91 123 45 67"]),
        ("MX", ["Avenida Insurgentes", "Tacos al pastor $25", "55 1234 5678"]),
        ("AR", ["Av. Corrientes", "Heladería", "(011) 4321-5678"]),
        ("PL", ["ul. Marszałkowska", "Apteka", "22 555 44 33"]),
        ("RU", ["улица Ленина", "Аптека", "8 (495) 123-45-67"]),
        ("RU", ["Новосибирск 120", "Омск 540 км"]),
        ("UA", ["Київ 45 км", "Вулиця Шевченка"]),
        ("TR", ["Ankara 120", "Konya 140 km", "Çıkış"]),
        ("GR", ["ΑΘΗΝΑ 25", "ΠΑΤΡΑ 190", "Έξοδος"]),
        ("EG", ["القاهرة 50 كم", "الإسكندرية 170 كم"]),
        ("SA", ["صيدلية النهدي", "طريق الملك فهد", "الرياض"]),
        ("IR", ["خیابان ولیعصر", "داروخانه", "تهران"]),
        ("IN", ["मुंबई महानगरपालिका", "Mumbai", "₹250"]),
        ("GB", ["High Street", "Fish & Chips £6.50", "www.codfather.co.uk"]),
        ("US", ["Main Street", "Gas $3.49", "(212) 555-0123"]),
        ("BR", ["Rua das Flores", "Padaria", "(11) 3456-7890", "R$ 12,50"]),
        ("TW", ["臺北市 中山北路", "藥局", "02-2345-6789"]),
        ("CN", ["上海市 南京路", "药房", "021-62345678"]),
        ("CA", ["Rue Sainte-Catherine", "Pharmacie", "514-555-1234", "Arrêt"]),
        ("IL", ["רחוב הרצל", "תל אביב", "בית מרקחת"]),
        ("VN", ["Đường Nguyễn Huệ", "Nhà thuốc", "50.000 ₫"]),
    ],
)  # fmt: skip
def test_country_of_a_sign_comes_first(country: str, lines: list[str]) -> None:
    # Oracle: street names, area codes, prices and distances as they are in that country.
    assert _countries(_of(lines), 1) == [country]


@pytest.mark.parametrize("lines", [[], ["7"], ["Exit"], ["Bar"], ["XK"], ["205"]])
def test_words_that_are_everywhere_are_no_evidence(lines: list[str]) -> None:
    assert evidence_from_words(stacked(lines)) is None


@pytest.mark.parametrize("lines", [["PIZZA", "CAFE ROMA", "OPEN"], ["Exit", "Bar", "Stop", "Hotel Paris"]])
def test_names_chosen_for_their_sound_leave_most_of_the_world_possible(lines: list[str]) -> None:
    assert _of(lines).belief.background > 0.5


def test_sentence_quotes_the_words_and_details_survive_json() -> None:
    evidence = _of(["Seoul 56 km", "Pyongyang(205Km)"])
    assert evidence.source == "text"
    assert "«Seoul 56 km» and «Pyongyang 205Km» put it 56 km from Seoul and 205 km" in evidence.sentence
    details = json.loads(json.dumps(evidence.details))
    assert details["words"][0]["text"] == "Seoul 56 km"
    assert details["hints"][0]["kind"] == "distance"


def test_text_never_vetoes() -> None:
    assert _of(["Stadt Göttingen", "www.goettingen.de", "Tel. +49 551 1234567"]).belief.background >= 0.049


def test_votes_are_a_posterior_of_the_prior() -> None:
    hints = [
        Hint("currency", "", "", 0.5, {"SE": 0.5, "NO": 0.5}),
        Hint("language", "", "", 0.7, {"SE": 1.0}),
    ]
    prior, votes = country_prior(), vote(hints)
    # Oracle: Bayes' rule by hand for Sweden against Norway.
    sweden = prior["SE"] * (0.5 * 0.5 / prior["SE"] + 0.5) * (0.7 / prior["SE"] + 0.3)
    norway = prior["NO"] * (0.5 * 0.5 / prior["NO"] + 0.5) * 0.3
    assert votes.shares["SE"] / votes.shares["NO"] == pytest.approx(sweden / norway)
    assert sum(votes.shares.values()) == pytest.approx(1.0)
    assert sum(votes.spoken().values()) + votes.idle == pytest.approx(1.0, abs=1e-4)


def test_no_hint_leaves_the_prior() -> None:
    votes = vote([])
    assert votes.idle == pytest.approx(1.0, abs=1e-4)
    assert votes.spoken() == {}


def test_source_is_made_where_a_reader_is_installed(readers: list[Reader]) -> None:
    assert callable(text_source(None))  # type: ignore[arg-type]  # it needs nothing from the settings


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "within_km"),
    [("chinese.jpg", None), ("french.jpg", 5), ("japanese.jpg", 10), ("korean.png", 30), ("thai.jpg", 100)],
)
def test_country_of_real_signs(
    name: str, within_km: float | None, shared_data: Path, readers: list[Reader]
) -> None:
    with (shared_data / "photos/signs/expected.csv").open(encoding="utf-8") as file:
        row = next(row for row in csv.DictReader(file) if row["path"].endswith(name))
    if name in ("korean.png", "thai.jpg") and not any(
        {"Hang", "Thai"} <= reader.scripts for reader in readers
    ):
        pytest.skip("tesseract's Korean and Thai are not installed")
    truth = np.array([float(row["lon"]), float(row["lat"])])
    evidence = evidence_from_words(read_words(open_image(shared_data / "photos/signs" / name), readers))
    assert evidence is not None
    assert _countries(evidence)[0] == country_at(truth)[0]
    if within_km is not None:
        assert distance_m(evidence.belief.best(), truth) < 1000 * within_km


@pytest.mark.slow
@pytest.mark.shared_data
def test_street_photographs_give_no_confident_nonsense(shared_data: Path, readers: list[Reader]) -> None:
    truth = {"2872700852992867.jpg": "CN", "137033365014320.jpg": "ID"}
    for path in sorted((shared_data / "photos/osv5m/images").glob("*.jpg")):
        evidence = evidence_from_words(read_words(open_image(path), readers))
        if evidence is not None:
            assert path.name in truth
            assert evidence.belief.background > 0.5 or _countries(evidence)[0] == truth[path.name]
