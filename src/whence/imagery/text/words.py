"""Words seen in a picture: what was read, how surely, where, and in which script."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Word", "script_counts", "script_of", "text_lines", "unmixed", "word_lines", "worth_reading"]

# ISO 15924 codes by the first word of a letter's Unicode name.
_SCRIPTS = {
    "LATIN": "Latn", "FULLWIDTH": "Latn", "CYRILLIC": "Cyrl", "GREEK": "Grek", "THAI": "Thai",
    "HANGUL": "Hang", "HIRAGANA": "Hira", "KATAKANA": "Kana", "CJK": "Hani", "ARABIC": "Arab",
    "HEBREW": "Hebr", "DEVANAGARI": "Deva", "BENGALI": "Beng", "TAMIL": "Taml", "TELUGU": "Telu",
    "KANNADA": "Knda", "MALAYALAM": "Mlym", "GUJARATI": "Gujr", "GURMUKHI": "Guru", "ORIYA": "Orya",
    "SINHALA": "Sinh", "ARMENIAN": "Armn", "GEORGIAN": "Geor", "ETHIOPIC": "Ethi", "LAO": "Laoo",
    "KHMER": "Khmr", "MYANMAR": "Mymr", "TIBETAN": "Tibt", "MONGOLIAN": "Mong", "THAANA": "Thaa",
    "TIFINAGH": "Tfng", "BOPOMOFO": "Bopo", "CHEROKEE": "Cher", "CANADIAN": "Cans",
}  # fmt: skip


SURE_IDEOGRAPHS = (0.95, 0.9, 0.8)
"""Least confidence of one, two, three ideographs: arrows, pictograms and twigs are misread as 穴 or 五花."""


@dataclass(frozen=True)
class Word:
    """A word or line of text found in a picture.

    Attributes
    ----------
    text
        What was read; empty where something like text was found but not understood.
    confidence
        0 to 1, as the reader states it (its meaning differs a little between readers).
    corners_px
        Four (column, row) corners in pixels: top left, top right, bottom right, bottom left of the
        text as it is read.
    script
        ISO 15924 code of most of its letters ("Latn", "Cyrl", …); "Zyyy" without letters.
    reader
        Name of the reader, with its language pack where it has several ("tesseract:tha").

    Examples
    --------
    >>> word = Word("Lund 7", 0.9, ((0, 0), (60, 0), (60, 20), (0, 20)), "Latn", "rapidocr")
    >>> word.box_px, word.height_px
    ((0, 0, 60, 20), 20.0)
    """

    text: str
    confidence: float
    corners_px: tuple[tuple[float, float], ...]
    script: str
    reader: str

    @property
    def box_px(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the upright box round the corners."""
        columns, rows = zip(*self.corners_px, strict=True)
        return min(columns), min(rows), max(columns), max(rows)

    @property
    def center_px(self) -> tuple[float, float]:
        """Column and row of the middle."""
        left, top, right, bottom = self.box_px
        return (left + right) / 2, (top + bottom) / 2

    @property
    def height_px(self) -> float:
        """Height of the letters: the mean length of the two sides across the line."""
        top_left, top_right, bottom_right, bottom_left = self.corners_px
        return (_apart(top_left, bottom_left) + _apart(top_right, bottom_right)) / 2


def _apart(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)


@lru_cache(maxsize=8192)
def _letter_script(letter: str) -> str | None:
    # Marks count too: Thai and Indic vowels are marks, not letters.
    if not unicodedata.category(letter).startswith(("L", "M")):
        return None
    first = unicodedata.name(letter, "").partition(" ")[0]
    return _SCRIPTS.get(first)


def script_counts(text: str) -> Counter[str]:
    """Count the letters of each script (ISO 15924 code).

    Examples
    --------
    >>> sorted(script_counts("港区 MINATO!").items())
    [('Hani', 2), ('Latn', 6)]
    """
    return Counter(script for script in map(_letter_script, text) if script)


def script_of(text: str) -> str:
    """Script of most letters; ``"Zyyy"`` (common) without letters."""
    counts = script_counts(text)
    return counts.most_common(1)[0][0] if counts else "Zyyy"


# Writing systems that really mix: Japanese, Korean with Chinese characters, Chinese with bopomofo.
_TOGETHER = frozenset({"Hani", "Hira", "Kana", "Hang", "Bopo"})


def worth_reading(word: Word, *, least_confidence: float = 0.5) -> bool:
    """Tell whether a word is more likely text than a misread window, fence or tree.

    Refused are low confidence, single letters (single ideographs are words), strings with fewer
    letters and digits than other signs, one letter repeated, and mixtures of scripts inside one
    word that nobody writes.
    """
    text = word.text.strip()
    counts = script_counts(text)
    letters = sum(counts.values())
    solid = sum(character.isalnum() for character in text) + letters - sum(map(str.isalpha, text))
    if word.confidence < least_confidence or solid < max(1, len(text.replace(" ", "")) / 2):
        return False
    if len(text) == 1 and not counts.keys() & _TOGETHER:
        return False
    if counts.keys() & _TOGETHER and word.confidence < dict(enumerate(SURE_IDEOGRAPHS, 1)).get(letters, 0.0):
        return False
    if letters >= 3 and len(set(text.casefold()) - set(" .-")) == 1:
        return False
    return not any(_mixed(part) for part in text.split())


def _mixed(part: str) -> bool:
    """Whether one word holds letters of two scripts that do not go together (at least two of each)."""
    scripts = {script for script, count in script_counts(part).items() if count >= 2} - {"Latn"}
    # Latin beside another script within one token is the reader's missing space ("港区MINATO").
    return len(scripts) > 1 and not scripts <= _TOGETHER


# Greek letters by their Latin twins: a Greek word is read with some of them.
_GREEK_TWINS = str.maketrans("ABEZHIKMNOPTYXovupxkia", "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονυρχκια")


def unmixed(text: str) -> str:
    """Turn the Latin twins inside words that hold Greek letters into Greek.

    Examples
    --------
    >>> unmixed("AΘHNA 25 km")
    'ΑΘΗΝΑ 25 km'
    """
    parts = text.split(" ")
    return " ".join(part.translate(_GREEK_TWINS) if script_counts(part)["Grek"] else part for part in parts)


def text_lines(words: Iterable[Word]) -> list[str]:
    """Merge words into lines, top to bottom; parts of one sign on one baseline make one line.

    Two words share a line when their heights are alike (within a factor 1.8), their middles differ
    by less than half a letter height, and the gap between them is below two letter heights.
    """
    return [" ".join(word.text.strip() for word in line) for line in word_lines(words)]


def word_lines(words: Iterable[Word]) -> list[list[Word]]:
    """Group words as `text_lines` does, and keep them."""
    lines: list[list[Word]] = []
    for word in words:
        joined = [line for line in lines if any(_neighbours(other, word) for other in line)]
        lines = [line for line in lines if line not in joined]
        lines.append([word, *(member for line in joined for member in line)])
    for line in lines:
        line.sort(key=lambda member: member.box_px[0])
    return sorted(lines, key=lambda line: (line[0].center_px[1], line[0].box_px[0]))


def _neighbours(a: Word, b: Word) -> bool:
    low, high = sorted((a.height_px, b.height_px))
    if high > 1.8 * max(low, 1e-9):
        return False
    gap_px = max(a.box_px[0], b.box_px[0]) - min(a.box_px[2], b.box_px[2])
    return abs(a.center_px[1] - b.center_px[1]) < 0.5 * high and gap_px < 2 * high
