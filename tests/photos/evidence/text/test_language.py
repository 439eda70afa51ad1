"""Script and language."""

from __future__ import annotations

import pytest

from whence.photos.evidence.text.language import chinese_forms, spoken_hints


@pytest.mark.parametrize(
    ("lines", "country"),
    [
        (["ทางออก", "ห้ามจอดรถ", "NO PARKING"], "TH"), (["서울", "출구"], "KR"),
        (["清潔できれいな港区を"], "JP"), (["愚园路 东"], "CN"),
        (["臺北 藥局"], "TW"), (["Έξοδος", "Φαρμακείο"], "GR"), (["улица Ленина", "Аптека"], "RU"),
        (["Вулиця Шевченка", "Київ"], "UA"),
        (["רחוב הרצל", "בית מרקחת"], "IL"), (["აფთიაქი"], "GE"), (["दवाखाना", "सड़क"], "IN"),
        (["ul. Marszałkowska", "Wejście"], "PL"),
        (["Eczane", "Çıkış", "Giriş"], "TR"), (["Náměstí Míru", "Lékárna"], "CZ"),
        (["Gyógyszertár", "utca"], "HU"),
        (["Nhà thuốc", "Đường Nguyễn Huệ"], "VN"), (["Bäckerei", "Straße der Einheit"], "DE"),
        (["داروخانه", "خیابان"], "IR"),
        (["LES ARTS DÉCORATIFS", "Palais du LOUVRE"], "FR"), (["Apteekki", "Kauppakatu"], "FI"),
    ],
)  # fmt: skip
def test_language_points_at_a_country(lines: list[str], country: str) -> None:
    (hint,) = spoken_hints(lines)
    assert country in sorted(hint.countries, key=lambda code: -hint.countries[code])[:2]


@pytest.mark.parametrize("lines", [[], ["205", "12:30"], ["ami"], ["Leie co"], ["KX 77"]])
def test_scraps_have_no_language(lines: list[str]) -> None:
    assert spoken_hints(lines) == []


def test_english_is_trusted_less_than_other_languages_and_scripts() -> None:
    english, polish, thai = (
        spoken_hints(lines)[0].trust
        for lines in (["No parking at any time"], ["Zakaz wjazdu prosimy nie"], ["ห้ามจอดรถ"])
    )
    assert english < 0.35 < polish < thai


def test_forms_of_chinese_characters() -> None:
    simplified, traditional, shared = chinese_forms("车门"), chinese_forms("電話"), chinese_forms("山口")
    assert max(simplified, key=lambda form: simplified[form]) == "zh-Hans"
    assert max(traditional, key=lambda form: traditional[form]) == "zh-Hant"
    assert shared["ja"] > 0.1
    assert sum(shared.values()) == pytest.approx(1.0)
