"""Readers: how their readings are put together, and what the installed ones read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from signs import draw_sign, word

from whence.errors import InputError
from whence.imagery.text.readers import Reader, available_readers, read_words
from whence.imagery.text.words import Word, script_of

if TYPE_CHECKING:
    from whence.typing import Image

BLANK = np.full((240, 320, 3), 200, np.uint8)


@dataclass
class FixedReader:
    """Gives what it was told, whatever the picture."""

    name: str
    scripts: frozenset[str]
    words: Sequence[Word] = ()
    readings: dict[str, tuple[str, float]] = field(default_factory=dict)

    @classmethod
    def create(cls) -> FixedReader:
        return cls("fixed", frozenset())

    def read(self, image: Image) -> list[Word]:
        return list(self.words)

    def reread(self, image: Image, words: Sequence[Word], *, scripts: frozenset[str]) -> list[list[Word]]:
        found = []
        for seen in words:
            text, confidence = self.readings.get(seen.text, ("", 0.0))
            reading = replace(
                seen, text=text, confidence=confidence, script=script_of(text), reader=self.name
            )
            found.append([reading] if text else [])
        return found


def _read(latin: dict[str, float], cyrillic: dict[str, tuple[str, float]]) -> list[str]:
    first = FixedReader("latin", frozenset({"Latn"}), [word(t, confidence=c) for t, c in latin.items()])
    other = FixedReader("cyrillic", frozenset({"Latn", "Cyrl"}), readings=cyrillic)
    return [found.text for found in read_words(BLANK, [first, other])]


def test_look_alikes_turn_cyrillic_once_a_word_has_proved_the_script() -> None:
    cyrillic = {"yjiua": ("улица", 0.96), "MOCKBA 120": ("МОСКВА 120", 0.97)}
    assert _read({"yjiua": 0.6, "MOCKBA 120": 1.0}, cyrillic) == ["улица", "МОСКВА 120"]


def test_look_alikes_alone_prove_nothing() -> None:
    assert _read({"MOCKBA": 1.0}, {"MOCKBA": ("МОСКВА", 0.97)}) == ["MOCKBA"]


def test_latin_words_stay_latin_on_a_sign_in_two_scripts() -> None:
    # Confidences as measured: tesseract reads METRO as МЕТКО with 0.92.
    cyrillic = {"yjiua": ("улица", 0.96), "METRO": ("МЕТКО", 0.92)}
    assert _read({"yjiua": 0.6, "METRO": 1.0}, cyrillic) == ["улица", "METRO"]


def test_confident_garbage_in_another_script_does_not_replace_a_sure_word() -> None:
    assert _read({"Bahnhof": 1.0}, {"Bahnhof": ("8ลเทททอร์", 0.9)}) == ["Bahnhof"]


def test_implausible_words_are_dropped_and_no_reader_reads_nothing() -> None:
    assert _read({"|": 0.9, "Lund": 0.2, "Malmö": 0.9}, {}) == ["Malmö"]
    assert read_words(BLANK, []) == []


def test_unknown_reader_is_an_input_error() -> None:
    with pytest.raises(InputError, match="there are: rapidocr, tesseract"):
        available_readers(["abbyy"])


def test_nothing_is_read_on_a_blank_wall(readers: list[Reader]) -> None:
    assert read_words(BLANK, readers) == []


@pytest.mark.parametrize(
    "lines",
    [
        ["Straße der Einheit", "Tel. 030 1234567", "www.baecker.de"],
        ["ul. Marszałkowska", "Łódź 56", "Wrocław 204"],
    ],
)  # fmt: skip
def test_latin_signs_are_read(lines: list[str], readers: list[Reader]) -> None:
    assert [found.text for found in read_words(draw_sign(lines, size_px=(800, 600)), readers)] == lines


@pytest.mark.slow
def test_boxes_are_where_the_text_is(readers: list[Reader]) -> None:
    image = draw_sign(["Göttingen"], size_px=(1800, 1200))
    (found,) = read_words(image, readers)
    left, top, right, bottom = found.box_px
    panel = np.argwhere((image[..., 2] > 130) & (image[..., 0] < 60))
    assert panel[:, 1].min() < left < right < panel[:, 1].max()
    assert panel[:, 0].min() < top < bottom < panel[:, 0].max()


@pytest.mark.slow
def test_greek_stays_greek_without_a_greek_pack(readers: list[Reader]) -> None:
    # The bundled recogniser lacks accented Greek letters and drops them; the script is still plain.
    found = read_words(draw_sign(["Νέα Σμύρνη", "Λευκωσία 25"], size_px=(800, 600)), readers)
    assert {seen.script for seen in found} == {"Grek"}


def test_cyrillic_signs_are_read_where_tesseract_has_russian(readers: list[Reader]) -> None:
    if not any("Cyrl" in reader.scripts for reader in readers):
        pytest.skip("tesseract's Russian is not installed (Debian: tesseract-ocr-rus)")
    lines = ["улица Ленина", "МОСКВА 120", "ул. Мира 15"]
    assert [found.text for found in read_words(draw_sign(lines, size_px=(800, 600)), readers)] == lines


@pytest.mark.parametrize("text", ["25 วม 7 ภ", "๒ทน.เนน12", "7 งากวาแทา", "ทุนทนนาทเน"])
def test_garbage_in_thai_proves_nothing(text: str) -> None:
    # As tesseract's Thai reads Hebrew (7 งากวาแทา) and Armenian (ทุนทนนาทเน) letters, with 0.84.
    first = FixedReader("latin", frozenset({"Latn"}), [word("tnnL", confidence=0.6)])
    other = FixedReader("thai", frozenset({"Thai"}), readings={"tnnL": (text, 0.84)})
    read = read_words(BLANK, [first, other])
    assert all(found.script != "Thai" for found in read)


@pytest.mark.slow
def test_small_letters_in_a_large_photograph_are_found_in_tiles(readers: list[Reader]) -> None:
    image = draw_sign(["Hauptstraße 12", "Göttingen"], letter_px=24, size_px=(4000, 3000))
    assert [found.text for found in read_words(image, readers)] == ["Hauptstraße 12", "Göttingen"]


@pytest.mark.slow
def test_tesseract_alone_reads_too() -> None:
    try:
        alone = available_readers(["tesseract"])
    except ImportError as error:
        pytest.skip(str(error))
    words = read_words(draw_sign(["Göttingen", "Hannover"]), alone)
    assert "Hannover" in [seen.text for seen in words]
