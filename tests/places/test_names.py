from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whence.places.names import is_unspaced, key_of, key_variants

LETTERS = st.text(st.characters(categories=("L", "M", "N", "P", "Zs")), max_size=30)


@given(LETTERS)
@settings(max_examples=300)
def test_a_key_is_its_own_key(name):
    assert key_of(key_of(name)) == key_of(name)


@given(LETTERS)
@settings(max_examples=300)
def test_composed_and_decomposed_spellings_share_a_key(name):
    assert key_of(unicodedata.normalize("NFD", name)) == key_of(unicodedata.normalize("NFC", name))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SÃO PAULO", "São Paulo"),
        ("Łódź", "lodz"),
        ("Saint-Denis", "saint denis"),
        ("St. Petersburg", "ST PETERSBURG"),
        ("L’Aquila", "L'AQUILA"),
        ("ΑΘΗΝΑ", "Αθήνα"),
        ("İSTANBUL", "istanbul"),
        ("Straße", "STRASSE"),
        ("港 區", "港区"),
        ("橫濱", "橫浜".replace("浜", "滨")),
        ("أبوظبي", "ابوظبي"),
        ("P'yŏngyang", "Pyongyang"),
        ("ＭＩＮＡＴＯ", "minato"),
    ],
)
def test_spellings_that_a_reader_takes_for_one_name_share_a_key(one, other):
    assert key_of(one) == key_of(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("か", "が"), ("서울", "부산"), ("मुंबई", "मबई"), ("ปาย", "ป่าย"), ("Москва", "Moskva"), ("Бар", "Bar")],
)
def test_marks_and_scripts_that_make_another_word_stay(one, other):
    assert key_of(one) != key_of(other)


def test_hangul_stays_whole():
    assert key_of("서울특별시") == "서울특별시"  # NFKD alone would leave jamo


@pytest.mark.parametrize("name", ["", "  ", "---", "…"])
def test_no_letters_no_key(name):
    assert key_of(name) == ""


@pytest.mark.parametrize(
    ("key", "variant"),
    [
        ("minato city", "minato"),
        ("gangnam gu", "gangnam"),
        ("city of london", "london"),
        ("st denis", "saint denis"),
        ("saint denis", "st denis"),
        ("京都市", "京都"),
        ("京都", "京都市"),
        ("서울특별시", "서울"),
        ("서울", "서울시"),
        ("เมืองเพชรบุรี", "เพชรบุรี"),
        ("г москва", "москва"),
    ],
)
def test_the_word_for_the_kind_of_place_may_be_there_or_not(key, variant):
    assert variant in key_variants(key)
    assert key not in key_variants(key)


@given(LETTERS.map(key_of).filter(bool))
@settings(max_examples=200)
def test_variants_are_never_single_letters(key):
    assert all(len(variant) >= 2 for variant in key_variants(key))


def test_scripts_without_spaces():
    assert [is_unspaced(t) for t in ("東京", "トウキョウ", "กรุงเทพ", "서울", "Paris", "", "東京 Tokyo")] == [
        True, True, True, False, False, False, False,
    ]  # fmt: skip
