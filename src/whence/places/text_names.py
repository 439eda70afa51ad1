"""Names of places in running text: the longest stretches that the gazetteer knows."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from whence.places.language_words import WORDS
from whence.places.names import UNSPACED, is_unspaced, key_of, key_variants

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whence.places.gazetteer import Gazetteer, Match

__all__ = ["Found", "Token", "find_names", "tokens_of"]

MOST_WORDS = 6
"""The longest name looked for, in words; longer ones are official titles that no sign spells out."""

# Hyphens, full stops and apostrophes may belong to a word: Saint-Denis, St., L'Aquila.
_PARTING = r"""\s()\[\]{}<>«»„“”"/\\|,;:!?…•·→←↑↓+=*&%#@~—–"""
_TOKEN = re.compile(rf"[{UNSPACED}]+|[^{_PARTING}{UNSPACED}]+")
_SHORTEST_UNSPACED = 2
_SHORTEST_FUZZY = 5


class Found(NamedTuple):
    """A stretch of text that is spelt like the name of places.

    Attributes
    ----------
    span
        (start, end): characters of a text, or words of a list of words; end not included.
    matches
        What it may mean, likeliest first.
    """

    span: tuple[int, int]
    matches: list[Match]


class Token(NamedTuple):
    """A word with the place it stands in, or a run of characters of a script written without spaces."""

    text: str
    start: int
    end: int


def tokens_of(text: str | Sequence[str]) -> list[Token]:
    """Part a text into words and unspaced runs by characters, or number the words of a list.

    >>> [(t.text, t.start) for t in tokens_of("港区 MINATO CITY")]
    [('港区', 0), ('MINATO', 3), ('CITY', 10)]
    """
    if isinstance(text, str):
        return [Token(match.group(), *match.span()) for match in _TOKEN.finditer(text)]
    return [Token(word, i, i + 1) for i, word in enumerate(text)]


def find_names(
    gazetteer: Gazetteer, text: str | Sequence[str], *, limit: int, country: str | None, fuzzy: bool
) -> list[Found]:
    """Do the work of `Gazetteer.find_in_text`, which says what is found."""
    tokens = tokens_of(text)
    by_character = isinstance(text, str)
    found: list[Found] = []
    at = 0
    while at < len(tokens):
        if is_unspaced(tokens[at].text):
            for span, name in _names_in_run(gazetteer, tokens[at], by_character):
                _add(
                    found,
                    span,
                    gazetteer.search(name, limit=limit, country=country, fuzzy=False, minor=False),
                )
            at += 1
            continue
        taken, matches = _longest(gazetteer, tokens[at : at + MOST_WORDS], limit, country)
        if not matches and fuzzy and _may_be_misread(tokens[at].text):
            matches = gazetteer.search(tokens[at].text, limit=limit, country=country, minor=False)
        _add(found, (tokens[at].start, tokens[at + taken - 1].end), matches)
        at += taken
    return found


def _may_be_misread(word: str) -> bool:
    key = key_of(word)
    return len(key) >= _SHORTEST_FUZZY and key not in _little_words()


def _add(found: list[Found], span: tuple[int, int], matches: list[Match]) -> None:
    if matches:
        found.append(Found(span, matches))


def _longest(
    gazetteer: Gazetteer, tokens: list[Token], limit: int, country: str | None
) -> tuple[int, list[Match]]:
    """Look up the most words from the first on that make a name; (1, []) where none do."""
    words = next((i for i, token in enumerate(tokens) if is_unspaced(token.text)), len(tokens))
    for count in range(words, 0, -1):
        name = " ".join(token.text for token in tokens[:count])
        key = key_of(name)
        if key in _little_words() or not any(character.isalpha() for character in key):
            continue
        known = any(gazetteer.names.find(form) is not None for form in (key, *key_variants(key)))
        matches = (
            gazetteer.search(name, limit=limit, country=country, fuzzy=False, minor=False) if known else []
        )
        if matches:
            return count, matches
    return 1, []


@functools.lru_cache(maxsize=1)
def _little_words() -> frozenset[str]:
    """Return words that a sign means as words although a village is called so ("of", "stop")."""
    return frozenset(key_of(word) for words in WORDS.values() for word in words.split())


def _names_in_run(
    gazetteer: Gazetteer, run: Token, by_character: bool
) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield the longest known names in a run without spaces, from left to right, none overlapping."""
    keys = [key_of(character) for character in run.text]
    at = 0
    while at < len(keys):
        length = 0 if unicodedata.category(run.text[at])[0] == "M" else _longest_from(gazetteer, keys[at:])
        if length:
            span = (run.start + at, run.start + at + length) if by_character else (run.start, run.end)
            yield span, run.text[at : at + length]
        at += max(length, 1)


def _longest_from(gazetteer: Gazetteer, keys: list[str]) -> int:
    """Return how many of the first characters make the longest known name; 0 where none do."""
    longest, key = 0, ""
    for length, piece in enumerate(keys, start=1):
        key += piece
        if not gazetteer.names.has_prefix(key):
            break
        if length >= _SHORTEST_UNSPACED and gazetteer.names.find(key) is not None:
            longest = length
    return longest
