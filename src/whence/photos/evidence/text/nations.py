"""Names of countries in text: post offices, banks, ministries, monuments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from whence.imagery.text.words import script_of
from whence.photos.evidence.text.hint import Hint
from whence.photos.evidence.text.names import stretches
from whence.photos.evidence.text.sign_words import BUSINESS_WORDS, STREET_WORDS
from whence.places.country import country, country_names
from whence.places.names import key_of

__all__ = ["nation_hints"]

TRUST = 0.45
TRUST_ABROAD = 0.1
"""Beside words of streets, businesses and trade: the Hotel Italia, made in China."""

LEAST_LETTERS = 4
FIRST_NAMES = frozenset(
    {"georgia", "jordan", "chad", "jersey", "israel", "kenya", "india", "guinea", "togo", "island"}
)
"""Also names of people or words of other languages."""

_NEW = re.compile(r"\b(new|nueva|nouvelle)[\s-]+$", re.IGNORECASE)
"""New Mexico and New England lie elsewhere; New Zealand is found first, as the longer name."""

_TRADE = re.compile(
    r"\b(made|product|imported|hecho|fabriqué|embassy|consulate|airlines?|visa)\b", re.IGNORECASE
)


def nation_hints(lines: Sequence[str]) -> list[Hint]:
    """Find names of countries, in any language.

    Examples
    --------
    >>> [(hint.quote, list(hint.countries)) for hint in nation_hints(["Poczta Polska"])]
    [('Polska', ['PL'])]
    """
    found: dict[str, Hint] = {}
    for line in lines:
        for text, code in _named(line):
            trust = _trust(text, line)
            if code not in found or found[code].trust < trust:
                sentence = f"«{text}» names {country(code).name}."
                found[code] = Hint("nation", text, sentence, trust, {code: 1.0})
    return list(found.values())


def _named(line: str) -> Iterator[tuple[str, str]]:
    end = 0
    for start, stop in stretches(line):
        text = line[start:stop]
        least = 2 if script_of(text) in ("Hani", "Hang") else LEAST_LETTERS
        if start < end or len(text) < least or text[0].islower() or _NEW.search(line, 0, start):
            continue
        code = country_names().get(key_of(text))
        if code is not None:
            end = stop
            yield text, code


def _trust(text: str, line: str) -> float:
    beside = set(key_of(line).split()) - set(key_of(text).split())
    abroad = beside & (BUSINESS_WORDS | STREET_WORDS) or _TRADE.search(line)
    return TRUST_ABROAD if abroad or key_of(text) in FIRST_NAMES else TRUST
