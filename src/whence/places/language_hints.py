"""Guess the language of a few words: probabilities, not verdicts.

A naive Bayes sum of three cues: the script; words that a reader knows a language by (own table); and letters
given the two before them, counted in CLDR's names of countries, languages and currencies in each language. A
sign is no corpus, so the letters count for less than their likelihood says, and languages that were never in
question keep a small share.
"""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from babel import Locale

from whence.places.country_codes import country_records
from whence.places.language_use import usage
from whence.places.language_words import WORDS
from whence.places.script import languages_in, scripts_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["language_hints"]

_CYRILLIC = frozenset({"be", "bg", "kk", "mk", "mn", "ru", "sr", "uk"})
_WORD_GAIN = 3.0  # log likelihood ratio of a known word that one language alone has
_LETTER_TRUST = 0.4  # neighbouring letters are not independent, and names are not signs
_LEAN = 10.0  # so many sightings of a context outweigh the shorter one
_ALPHABET = 100
_WORD_REPEATS = 3
_PRIOR_POWER = 0.25  # of the number of speakers: rare languages need a little more evidence
_FLOOR = 0.02  # probability spread evenly over the script's languages

# Letters that only some languages of a shared script use.
_TELLING = {
    "fa": "پچژگ", "ur": "ٹڈڑںےھ", "ar": "ةىإأ", "ne": "छ", "mr": "ळ",
    "ja": "駅県沢広円々込働畑峠", "zh": "们这个说见东车对发乐边达进过还",
}  # fmt: skip


def language_hints(text: str) -> dict[str, float]:
    """Weigh the languages that a short text may be in.

    Parameters
    ----------
    text
        A few words, as read from a sign.

    Returns
    -------
    dict
        CLDR language code -> probability, largest first, summing to 1 over the languages known here (some
        forty in Latin and Cyrillic letters, and those of other scripts). Empty where no letter tells.

    Examples
    --------
    >>> next(iter(language_hints("Palais du Louvre, Musée des arts"))), language_hints("205 12:30")
    ('fr', {})
    >>> language_hints("เพชรบุรี"), next(iter(language_hints("清潔できれいな港区を")))
    ({'th': 1.0}, 'ja')
    """
    counts = scripts_in(text)
    hints: defaultdict[str, float] = defaultdict(float)
    for script, count in counts.items():
        for language, probability in _hints_in_script(text, script, counts).items():
            hints[language] += probability * count
    whole = sum(hints.values())
    return {language: p / whole for language, p in sorted(hints.items(), key=lambda item: -item[1])}


def _hints_in_script(text: str, script: str, counts: Mapping[str, int]) -> dict[str, float]:
    if script == "Han" and counts.keys() & {"Hiragana", "Katakana"}:
        return {"ja": 1.0}
    if script == "Latin":
        return _softmax(_bayes(text, [language for language in WORDS if language not in _CYRILLIC]))
    if script == "Cyrillic":
        return _softmax(_bayes(text, sorted(_CYRILLIC)))
    # The list is in order of use, each language about half as likely as the one before.
    languages = languages_in(script)
    telling = [len(set(text) & set(_TELLING.get(language, ""))) for language in languages]
    scores = {language: _WORD_GAIN * telling[rank] - 0.7 * rank for rank, language in enumerate(languages)}
    return _softmax(scores) if scores else {}


def _softmax(scores: Mapping[str, float]) -> dict[str, float]:
    top = max(scores.values())
    weights = {language: math.exp(score - top) for language, score in scores.items()}
    whole = sum(weights.values())
    floor = _FLOOR / len(scores)
    return {language: (1.0 - _FLOOR) * weight / whole + floor for language, weight in weights.items()}


def _bayes(text: str, languages: Iterable[str]) -> dict[str, float]:
    composed = unicodedata.normalize("NFC", text).casefold()
    words = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", composed)
    return {
        language: _prior(language) + _word_score(words, language) + _letter_score(words, language)
        for language in languages
    }


@functools.lru_cache(maxsize=64)
def _prior(language: str) -> float:
    records = country_records()
    used = (row for row in usage() if row.language == language)
    return _PRIOR_POWER * math.log(sum(row.share * records[row.country]["population"] for row in used) + 1e5)


def _word_score(words: list[str], language: str) -> float:
    owners = _owners()
    gain = 0.0
    for word in set(words):
        sharing = owners.get(word) or owners.get(_bare(word), frozenset())
        if language in sharing:
            gain += _WORD_GAIN + math.log(3.0 / (2.0 + len(sharing)))
    return gain


@functools.lru_cache(maxsize=1)
def _owners() -> dict[str, frozenset[str]]:
    """Map each known word, with and without its marks, to the languages that have it."""
    found: dict[str, set[str]] = {}
    for language, words in WORDS.items():
        for word in words.split():
            for form in (word, _bare(word)):
                found.setdefault(form, set()).add(language)
    return {word: frozenset(languages) for word, languages in found.items()}


def _bare(word: str) -> str:
    """Take the marks off, as signs in capitals and text readers do."""
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


def _letter_score(words: list[str], language: str) -> float:
    letters = _letters(language)
    return _LETTER_TRUST * sum(math.log(letters.probability(gram)) for gram in _grams(words, 3))


def _grams(words: Iterable[str], length: int) -> Iterable[str]:
    for word in words:
        padded = f" {word} "
        yield from (padded[i : i + length] for i in range(len(padded) - length + 1))


@dataclass(frozen=True, eq=False)
class _Letters:
    """Counts of one to three letters in a row, and of all letters."""

    counts: Mapping[str, int]
    size: int

    def probability(self, gram: str) -> float:
        """P(last letter | the letters before it), each order leaning on the one below (a Dirichlet prior)."""
        if not gram:
            return 1.0 / _ALPHABET
        before = self.counts.get(gram[:-1], 0) if len(gram) > 1 else self.size
        return (self.counts.get(gram, 0) + _LEAN * self.probability(gram[1:])) / (before + _LEAN)


@functools.lru_cache(maxsize=64)
def _letters(language: str) -> _Letters:
    locale = Locale.parse(language)
    names = [*locale.territories.values(), *locale.languages.values(), *locale.scripts.values()]
    names += [*locale.currencies.values(), *locale.months["format"]["wide"].values()]
    names += [*locale.days["format"]["wide"].values(), *(_WORD_REPEATS * WORDS[language].split())]
    words = [word for name in names for word in re.findall(r"[^\W\d_]+", name.casefold())]
    counts = Counter(gram for length in (1, 2, 3) for gram in _grams(words, length))
    return _Letters(counts, sum(n for gram, n in counts.items() if len(gram) == 1))
