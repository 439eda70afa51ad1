"""Names of places in text."""

from __future__ import annotations

import pytest

from whence.photos.evidence.text.names import find_names, name_hints


@pytest.mark.parametrize(
    ("line", "name", "country"),
    [
        ("Stadt Göttingen", "Göttingen", "DE"), ("Exit Rio de Janeiro", "Rio de Janeiro", "BR"),
        ("港区 MINATO CITY", "港区", "JP"),
        ("清潔できれいな港区を", "港区", "JP"), ("เทศบาลเมืองเพชรบุรี", "เพชรบุรี", "TH"),
        ("Welcome to Osnabrück", "Osnabrück", "DE"),
        ("г. Новосибирск", "Новосибирск", "RU"), ("Δήμος ΘΕΣΣΑΛΟΝΙΚΗΣ Θεσσαλονίκη", "Θεσσαλονίκη", "GR"),
        ("محطة القاهرة", "القاهرة", "EG"),
        ("मुंबई महानगरपालिका", "मुंबई", "IN"), ("WROCŁAW GŁÓWNY", "WROCŁAW", "PL"),
        ("בית מרקחת תל אביב", "תל אביב", "IL"),
        ("Exit New Delhi", "New Delhi", "IN"), ("LAS VEGAS", "LAS VEGAS", "US"),
        ("San Salvador", "San Salvador", "SV"), ("Saint-Denis", "Saint-Denis", "RE"),
        ("La Paz 12 km", "La Paz", "BO"), ("Tel Aviv", "Tel Aviv", "IL"),
        ("Ciudad Juárez", "Ciudad Juárez", "MX"), ("The Hague", "The Hague", "NL"),
        ("MOCKBA", "MOCKBA", "RU"), ("上海市 南京路", "上海市", "CN"),
    ],
)  # fmt: skip
def test_names_are_found_in_many_scripts(line: str, name: str, country: str) -> None:
    found = {stretch.text: stretch.matches[0].place.country for stretch in find_names([line])}
    assert found.get(name) == country


@pytest.mark.parametrize(
    "line",
    [
        "Exit",
        "Bar",
        "STOP",
        "No Parking",
        "OPEN",
        "Café Bar",
        "Hotel",
        "Danger",
        "SALIDA",
        "Theatre",
        "clean hands",
        "New Shop",
        "The Old Bank",
        "Port Office",
        "Sortie",
        "Apotheke",
        "аптека",
        "",
    ],
)
def test_words_of_signs_are_no_names(line: str) -> None:
    assert name_hints([line]) == []


def test_positions_are_those_of_the_stretch() -> None:
    (stretch,) = find_names(["Exit Osnabrück 12"])
    assert "Exit Osnabrück 12"[stretch.start : stretch.stop] == "Osnabrück"


def test_a_town_hall_is_trusted_more_than_a_street_or_a_hotel() -> None:
    trust = {
        line: name_hints([line])[0].trust for line in ("Stadt Osnabrück", "Osnabrück", "Hotel Osnabrück")
    }
    assert trust["Stadt Osnabrück"] > trust["Osnabrück"] > trust["Hotel Osnabrück"]


def test_a_name_that_could_be_a_shop_is_trusted_less_than_a_city_so_called() -> None:
    shop, city, telling = (
        name_hints([line])[0].trust for line in ("La Perla", "Los Angeles", "Rio de Janeiro")
    )
    assert shop < 0.3 < city < telling


def test_shares_of_all_candidates_sum_to_one() -> None:
    (hint,) = name_hints(["Paris"])
    assert sum(spot.share for spot in hint.spots) == pytest.approx(1.0)
    assert len({(spot.longitude_deg, spot.latitude_deg) for spot in hint.spots}) > 3


def test_names_explained_otherwise_are_left_out() -> None:
    lines = ["Osnabrück 12 km"]
    assert name_hints(lines, skip=find_names(lines)) == []


def test_names_in_another_script_are_the_same_place() -> None:
    assert len(name_hints(["서울", "Seoul"])) == 1
