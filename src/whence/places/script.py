"""Which scripts a text is written in."""

from __future__ import annotations

import functools
import unicodedata
from collections import Counter

__all__ = ["languages_in", "scripts_in"]

# First words of Unicode character names that are not the name of a script.
_RENAMED = {
    "CJK": "Han", "IDEOGRAPHIC": "Han", "KATAKANA-HIRAGANA": "Katakana", "HALFWIDTH": "Katakana",
    "FULLWIDTH": "Latin", "MICRO": "Greek", "OHM": "Greek", "KELVIN": "Latin", "ANGSTROM": "Latin",
    "FEMININE": "Latin", "MASCULINE": "Latin", "CANADIAN": "Canadian Aboriginal", "PHAGS-PA": "Phags-pa",
}  # fmt: skip

_LANGUAGES = {
    "Arabic": ("ar", "fa", "ur", "ps", "ug", "ckb", "sd"),
    "Armenian": ("hy",),
    "Bengali": ("bn", "as"),
    "Cyrillic": ("ru", "uk", "bg", "sr", "kk", "be", "mk", "mn", "ky", "tg", "tt"),
    "Devanagari": ("hi", "mr", "ne"),
    "Ethiopic": ("am", "ti"),
    "Georgian": ("ka",),
    "Greek": ("el",),
    "Gujarati": ("gu",),
    "Gurmukhi": ("pa",),
    "Han": ("zh", "ja"),
    "Hangul": ("ko",),
    "Hebrew": ("he", "yi"),
    "Hiragana": ("ja",),
    "Kannada": ("kn",),
    "Katakana": ("ja",),
    "Khmer": ("km",),
    "Lao": ("lo",),
    "Malayalam": ("ml",),
    "Mongolian": ("mn",),
    "Myanmar": ("my",),
    "Oriya": ("or",),
    "Sinhala": ("si",),
    "Tamil": ("ta",),
    "Telugu": ("te",),
    "Thaana": ("dv",),
    "Thai": ("th",),
    "Tibetan": ("bo", "dz"),
}


def scripts_in(text: str) -> dict[str, int]:
    """Count the letters of each script.

    Parameters
    ----------
    text
        Any text; digits, punctuation, symbols and marks of no script do not count.

    Returns
    -------
    dict
        Name of the script ("Latin", "Cyrillic", "Han", "Hangul", "Thai" …) -> letters, most first.

    Examples
    --------
    >>> scripts_in("港区 MINATO CITY きれいな"), scripts_in("205 km!")
    ({'Latin': 10, 'Hiragana': 4, 'Han': 2}, {'Latin': 2})
    """
    counts = Counter(script for character in text if (script := _script(character)))
    return dict(counts.most_common())


@functools.lru_cache(maxsize=4096)
def _script(character: str) -> str | None:
    """Name the script of one character after the first word of its Unicode name."""
    if character.isascii():
        return "Latin" if character.isalpha() else None
    category = unicodedata.category(character)
    if category[0] != "L" and category != "Mc":
        return None
    name = unicodedata.name(character, "")
    if name.startswith("HALFWIDTH HANGUL"):
        return "Hangul"
    word = name.partition(" ")[0]
    if word == "MODIFIER":
        return None
    return _RENAMED.get(word, word.capitalize()) or None


def languages_in(script: str) -> tuple[str, ...]:
    """Return the main languages written in a script; empty for Latin, which says too little.

    >>> languages_in("Thai"), languages_in("Han"), languages_in("Latin")
    (('th',), ('zh', 'ja'), ())
    """
    return _LANGUAGES.get(script, ())
