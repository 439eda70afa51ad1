"""Readers of text in pictures, behind one Protocol, and how their readings are put together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from whence._lazy import named
from whence.errors import InputError, MissingExtraError
from whence.imagery.text.words import Word, script_counts, script_of, unmixed, worth_reading

if TYPE_CHECKING:
    from whence.typing import Image

__all__ = ["READERS", "Reader", "available_readers", "read_words"]

READERS = {
    "rapidocr": "whence.imagery.text.rapid:RapidOcrReader",
    "tesseract": "whence.imagery.text.tesseract:TesseractReader",
}
"""Name -> "module:class", in the order in which they are asked."""

MIXED_TRUST = 0.85

LETTERS_OF_PROOF = 4
"""A reading in another script this long may be a little less sure: short ones arise from clutter."""


class Reader(Protocol):
    """Finds and reads text.

    Attributes
    ----------
    name
        Key in `READERS`.
    scripts
        ISO 15924 codes that it reads here, with the models or language packs that are installed.
    """

    name: str
    scripts: frozenset[str]

    @classmethod
    def create(cls) -> Reader:
        """Get the reader ready; `MissingExtraError` when it is not installed."""
        ...

    def read(self, image: Image) -> list[Word]:
        """Find text and read it; places that look like text but resist come with an empty text."""
        ...

    def reread(self, image: Image, words: Sequence[Word], *, scripts: frozenset[str]) -> list[list[Word]]:
        """Read the places of `words` again in each of `scripts`: a list of readings for every word."""
        ...


def available_readers(names: Sequence[str] | None = None) -> list[Reader]:
    """Readers that work here, in the order of `READERS`.

    Raises
    ------
    InputError
        For a name that is not in `READERS`.
    MissingExtraError
        For a named reader that is not installed.
    """
    unknown = sorted(set(names or ()) - READERS.keys())
    if unknown:
        raise InputError(f"no reader is called {', '.join(unknown)}; there are: {', '.join(READERS)}")
    found: list[Reader] = []
    for name, home in READERS.items():
        if names is not None and name not in names:
            continue
        try:
            found.append(named(home).create())
        except MissingExtraError:
            if names is not None:
                raise
    return found


def read_words(image: Image, readers: Sequence[Reader]) -> list[Word]:
    """Read a picture: the first reader finds the words, the others try those scripts it cannot read.

    Parameters
    ----------
    image
        (height, width, 3) RGB uint8. Larger is slower but finds smaller text; 1600 to 3200 pixels on
        the long side are plenty.
    readers
        As from `available_readers`.

    Returns
    -------
    list of Word
        Plausible words only, see `worth_reading`; corners in pixels of `image`.
    """
    if not readers:
        return []
    first, *others = readers
    words = first.read(image)
    for other in others:
        beyond = other.scripts - first.scripts
        if beyond and words:
            words = _merge(words, other.reread(image, words, scripts=beyond))
    tidy = [replace(word, text=unmixed(word.text.strip())) for word in words if worth_reading(word)]
    tidy = [word for word in tidy if not _half_greek(word.text)]
    return [replace(word, script=script_of(word.text)) for word in tidy]


def _merge(words: Sequence[Word], rereadings: Sequence[Sequence[Word]]) -> list[Word]:
    """Take, word by word, the first reading or the best reading in another script.

    A sign in an unknown script is often read with confidence as its Latin look-alikes (МОСКВА as
    MOCKBA). So a script must first prove itself in the picture by a word that is long enough, sure,
    and written with letters that Latin does not have; then it may take look-alikes too.
    """
    best = [max(readings, key=_strength, default=None) for readings in rereadings]
    twins = _TWINS | (_GREEK_TWINS if any(set(word.text) & _GREEK_ONLY for word in words) else frozenset())
    proven = {
        reading.script
        for word, reading in zip(words, best, strict=True)
        if reading is not None and _proves(word, reading, twins)
    }
    merged = []
    for word, reading in zip(words, best, strict=True):
        wins = reading is not None and reading.script in proven and _wins(word, reading)
        merged.append(reading if wins and reading is not None else word)
    return merged


def _strength(reading: Word) -> float:
    """Confidence weighed by how much of the text is in one script of letters."""
    counts = script_counts(reading.text)
    letters = sum(counts.values())
    solid = sum(not character.isspace() for character in reading.text)
    own = counts.get(reading.script, 0) + sum(map(str.isdigit, reading.text))
    return reading.confidence * own / max(solid, 1) if letters else 0.0


# The letters of Cyrillic and Greek that have no Latin twin carry the proof.
_TWINS = frozenset("АВЕЗКМНОРСТУХЬаеорсухгіІјЅѕЈ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονυικρ")
# Where letters are seen that Cyrillic lacks, those that the two share prove nothing.
_GREEK_ONLY = frozenset("ΘΣΩΨΞΔΛθσςωψξδλμπημ")
_GREEK_TWINS = frozenset("ПГФпгф")
_THAI_CONSONANT = re.compile("[\u0e01-\u0e2e]")
_DIGIT_BEFORE_THAI = re.compile("\\d ?[\u0e01-\u0e4e](?<!ก)")
_DIGIT_INSIDE = re.compile(r"[^\W\d_]\d+[^\W\d_]")


def _proves(word: Word, reading: Word, twins: frozenset[str]) -> bool:
    own = sum(letter.isalpha() and letter not in twins for letter in reading.text)
    letters = script_counts(reading.text)[reading.script]
    strength = _strength(reading)
    sure = strength >= 0.75 if own >= 2 and letters >= LETTERS_OF_PROOF else strength >= 0.9
    if own < 1 or letters < 2 or not sure or not _well_formed(reading):
        return False
    return strength > _trust(word, reading) + 0.02


def _well_formed(reading: Word) -> bool:
    """Whether a reading looks written rather than made from the strokes of another script.

    Tesseract's Thai finds its thin upright letters in anything, with confidence: Hebrew, Armenian and
    Latin come out as the same two or three consonants, with digits between them.
    """
    if _DIGIT_INSIDE.search(reading.text):
        return False
    if reading.script != "Thai":
        return True
    consonants = _THAI_CONSONANT.findall(reading.text)
    return 2 * len(set(consonants)) > len(consonants) and not _DIGIT_BEFORE_THAI.search(reading.text)


def _wins(word: Word, reading: Word) -> bool:
    # A Latin word in a picture with Cyrillic ones reads as Cyrillic with some confidence (METRO as МЕТКО).
    return _strength(reading) > max(0.6, 0.95 * _trust(word, reading))


def _trust(word: Word, reading: Word) -> float:
    """How far the first reading is believed: less where it is not word-like or has lost letters."""
    solid = [sum(map(str.isalnum, text)) for text in (word.text, reading.text)]
    # Greek beside Latin letters within one word: the reader's alphabet does not have the right ones.
    complete = (MIXED_TRUST if _half_greek(word.text) else 1.0) * min(
        1.0, solid[0] / max(0.75 * solid[1], 1.0)
    )
    return complete * (word.confidence if worth_reading(word) else min(word.confidence, 0.5))


def _half_greek(text: str) -> bool:
    return any({"Grek", "Latn"} <= script_counts(part).keys() for part in text.split())


def rescaled(words: Sequence[Word], factor: float) -> list[Word]:
    """Multiply all corners by a factor: from the pixels of a reduced picture to the original's."""
    return [
        replace(word, corners_px=tuple((factor * column, factor * row) for column, row in word.corners_px))
        for word in words
    ]
