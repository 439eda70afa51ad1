"""Words: scripts, plausibility, lines."""

from __future__ import annotations

import pytest
from signs import word

from whence.imagery.text.words import script_counts, script_of, text_lines, unmixed, worth_reading


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Łódź", "Latn"), ("МОСКВА", "Cyrl"), ("ΑΘΗΝΑ", "Grek"), ("서울", "Hang"), ("เพชรบุรี", "Thai"),
        ("القاهرة", "Arab"), ("दिल्ली", "Deva"), ("港区", "Hani"), ("きれいな", "Hira"), ("ポイ", "Kana"),
        ("תל אביב", "Hebr"), ("თბილისი", "Geor"), ("205 / 12:30", "Zyyy"), ("", "Zyyy"),
    ],
)  # fmt: skip
def test_script_is_that_of_the_unicode_names(text: str, script: str) -> None:
    assert script_of(text) == script


def test_vowel_marks_count_as_letters() -> None:
    # Oracle: เพชรบุรี has 6 letters and 2 marks by the Unicode character database.
    assert script_counts("เพชรบุรี")["Thai"] == 8


@pytest.mark.parametrize(
    "text",
    ["愚园路", "東", "Lund 7", "МОСКВА", "56Km", "315", "8 (495) 123-45-67", "港区MINATO"],
)
def test_text_of_signs_is_worth_reading(text: str) -> None:
    assert worth_reading(word(text, confidence=0.97))


@pytest.mark.parametrize(
    ("text", "confidence"),
    [("A", 0.99), ("7", 0.99), ("|||", 0.9), ("-- ..", 0.9), ("lllll", 0.9), ("穴", 0.88), ("五花", 0.7),
     ("Lund", 0.3), ("", 0.99), ("ЖЩשל", 0.9)],
)  # fmt: skip
def test_clutter_is_not(text: str, confidence: float) -> None:
    assert not worth_reading(word(text, confidence=confidence))


def test_words_on_one_baseline_make_a_line() -> None:
    words = [
        word("Seoul", at_px=(0, 0)),
        word("56", at_px=(110, 4)),
        word("Km", at_px=(160, 2)),
        word("Exit", at_px=(0, 80)),
    ]
    assert text_lines(reversed(words)) == ["Seoul 56 Km", "Exit"]


def test_words_of_other_size_or_far_apart_do_not() -> None:
    words = [
        word("Lund", at_px=(0, 0)),
        word("HOTEL", at_px=(90, -40), height_px=110),
        word("7", at_px=(700, 0)),
    ]
    assert sorted(text_lines(words)) == ["7", "HOTEL", "Lund"]


def test_a_word_knows_its_box_and_height() -> None:
    tilted = word("x").__class__("Lund", 0.9, ((10, 20), (110, 30), (108, 60), (8, 50)), "Latn", "by hand")
    assert tilted.box_px == (8, 20, 110, 60)
    assert tilted.height_px == pytest.approx((2**2 + 30**2) ** 0.5)


def test_greek_words_lose_their_latin_twins() -> None:
    assert unmixed("AΘHNA 25 km") == "ΑΘΗΝΑ 25 km"
    assert unmixed("ATHENS 25") == "ATHENS 25"
