"""Names of places in text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from whence.imagery.text.words import script_of
from whence.photos.evidence.text.hint import Hint, Spot, town_spots
from whence.photos.evidence.text.sign_words import (
    BUSINESS_WORDS,
    SIGN_WORDS,
    STREET_ENDINGS,
    STREET_WORDS,
    TOWN_HALL_WORDS,
)
from whence.places.gazetteer import Match, gazetteer
from whence.places.names import is_unspaced, key_of

__all__ = ["NamedPlace", "find_names", "name_hints", "stretches"]

MOST_WORDS = 4
MOST_PLACES = 12
MOST_HINTS = 8
LEAST_TRUST = 0.08

# Vowel signs of Indic and South East Asian scripts are marks, which \w does not hold.
_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e31-\u0e4e"
    "\u0eb1-\u0ecd\u0f71-\u0fbc\u102b-\u103e\u17b4-\u17d3"
)
_TOKEN = re.compile(rf"[^\W\d_](?:[\w{_MARKS}'’.-]*(?:[^\W_]|[{_MARKS}]))?")
_NO_BEGINNING = SIGN_WORDS | {"di", "of"}
_CYRILLIC_TWINS = str.maketrans("ABEKMHOPCTYXaeopcyx", "АВЕКМНОРСТУХаеорсух")


@dataclass(frozen=True)
class NamedPlace:
    """A stretch of text that is spelt like the name of places.

    Attributes
    ----------
    text
        As read.
    line
        Number of its line.
    start, stop
        Characters within the line.
    matches
        The places, likeliest first.
    """

    text: str
    line: int
    start: int
    stop: int
    matches: tuple[Match, ...]


def find_names(lines: Sequence[str], *, fuzzy: bool = False) -> list[NamedPlace]:
    """Find the longest stretches of text that the gazetteer knows, from left to right.

    Parameters
    ----------
    lines
        Text, a line each.
    fuzzy
        Also forgive slips in long words.

    Examples
    --------
    >>> [(found.text, found.matches[0].place.country) for found in find_names(["Exit Rio de Janeiro"])]
    [('Rio de Janeiro', 'BR')]
    """
    return [found for number, line in enumerate(lines) for found in _in_line(number, line, fuzzy)]


def _in_line(number: int, line: str, fuzzy: bool) -> Iterator[NamedPlace]:
    end = 0
    for start, stop in stretches(line):
        if start < end:
            continue
        text = line[start:stop]
        if not _may_name(text):
            continue
        matches = _look_up(text, fuzzy)
        if key_of(text).split()[0] in _NO_BEGINNING:
            # Las Vegas and New Delhi, but not "Exit Rio" or "Stadt Osnabrück" for its second word.
            matches = tuple(match for match in matches if match.exact)
        if matches:
            end = stop
            yield NamedPlace(text, number, start, stop, matches)


def stretches(line: str) -> Iterator[tuple[int, int]]:
    """Candidate stretches by start, longest first; pieces of unspaced scripts by characters."""
    tokens = list(_TOKEN.finditer(line))
    for first, token in enumerate(tokens):
        if _unspaced(token[0]):
            for start in range(token.start(), token.end() - 1):
                for stop in range(min(token.end(), start + 12), start + 1, -1):
                    yield start, stop
        else:
            for last in range(min(len(tokens), first + MOST_WORDS) - 1, first - 1, -1):
                yield token.start(), tokens[last].end()


def _unspaced(text: str) -> bool:
    return script_of(text) in ("Hani", "Hira", "Kana", "Thai", "Laoo", "Khmr", "Mymr") or is_unspaced(text)


def _may_name(text: str) -> bool:
    """Names begin with a capital where there are capitals, and do not consist of the words of signs."""
    key = key_of(text)
    if len(key) < 2 or text[0].islower():
        return False
    return key not in SIGN_WORDS and not all(part in SIGN_WORDS for part in key.split())


def _look_up(text: str, fuzzy: bool) -> tuple[Match, ...]:
    places = gazetteer()
    matches = places.search(text, limit=MOST_PLACES, fuzzy=False)
    if not matches and text.translate(_CYRILLIC_TWINS).isupper() and script_of(text) == "Latn":
        twin = text.translate(_CYRILLIC_TWINS)
        if set(map(script_of, twin.replace(" ", ""))) == {"Cyrl"} and len(twin) >= 4:
            matches = places.search(twin, limit=MOST_PLACES, fuzzy=False)
    if not matches and fuzzy and len(text) >= 5:
        matches = places.search(text, limit=MOST_PLACES)
    return tuple(matches)


def name_hints(lines: Sequence[str], *, skip: Sequence[NamedPlace] = ()) -> list[Hint]:
    """Read names of places as hints, the most trusted `MOST_HINTS` of them.

    Parameters
    ----------
    lines
        Text, a line each.
    skip
        Names that are explained otherwise (the targets of a signpost).

    Examples
    --------
    >>> hints = name_hints(["Stadt Osnabrück"])
    >>> hints[0].quote, round(hints[0].spots[0].latitude_deg)
    ('Osnabrück', 52)
    """
    taken = {found.matches[0].place.geonameid for found in skip}
    best: dict[int, Hint] = {}
    for found in find_names(lines):
        key = found.matches[0].place.geonameid
        trust = _trust(found, lines[found.line])
        if key in taken or trust < LEAST_TRUST or (key in best and best[key].trust >= trust):
            continue
        best[key] = _hint(found, trust)
    return sorted(best.values(), key=lambda hint: -hint.trust)[:MOST_HINTS]


def _hint(found: NamedPlace, trust: float) -> Hint:
    total = sum(match.share for match in found.matches)
    spots: list[Spot] = []
    for match in found.matches:
        spots += town_spots(match.place, match.share / total)
    place = found.matches[0].place
    others = len(found.matches) - 1
    also = f" (or {others} more so called)" if others else ""
    sentence = f"«{found.text}» is the name of {place.name}, {place.country}{also}."
    return Hint("name", found.text, sentence, trust, spots=tuple(spots))


def _trust(found: NamedPlace, line: str) -> float:
    """Probability that a stretch of text is meant as the name of a place near by.

    Short words coincide with names of villages somewhere; the gazetteer holds a tenth of all
    four-letter combinations that can be spoken, and hardly any long word that is not a name.
    """
    best = found.matches[0]
    trust = _trust_of_spelling(found.text)
    if best.place.population >= 300_000 and best.share > 0.5 and len(found.text) >= 4:
        trust = max(trust, 0.4)
    if best.place.population < 2000 and best.share > 0.9:
        trust *= 0.6
    if not best.official and script_of(found.text) == script_of(best.place.name):
        trust *= 0.7 if len(found.text) > 5 else 0.4
    return min(0.9, trust * _setting(found, line))


def _trust_of_spelling(text: str) -> float:
    words = key_of(text).split()
    if _unspaced(text):
        # Ideographs say more than letters do.
        least = 0 if script_of(text) == "Hani" else 2
        return {1: 0.0, 2: 0.3, 3: 0.45}.get(max(len("".join(words)) - least, 1), 0.6)
    # Words of signs add nothing: many a shop is called La Perla, many an estate Lake View.
    telling = [word for word in words if word not in SIGN_WORDS]
    letters = len("".join(telling))
    return (0.0, 0.0, 0.02, 0.06, 0.15, 0.25, 0.35, 0.45)[min(letters, 7)] + (
        0.15 if len(telling) > 1 else 0.0
    )


def _setting(found: NamedPlace, line: str) -> float:
    """Factor for the words round a name: a town hall is at home, a street is named after elsewhere."""
    if _unspaced(found.text):
        return _setting_unspaced(found, line)
    around = key_of(f"{line[: found.start]} {line[found.stop :]}")
    beside = set(around.split())
    if beside & TOWN_HALL_WORDS:
        return 2.0
    if beside & (STREET_WORDS | BUSINESS_WORDS) or any(word.endswith(STREET_ENDINGS) for word in beside):
        return 0.25
    return 1.0 if len(beside) <= 2 else 0.6


def _setting_unspaced(found: NamedPlace, line: str) -> float:
    """Do the same where words are not parted: by the last character and what runs on at either side."""
    before, after = line[: found.start][-1:], line[found.stop :][:1]
    if found.text[-1] in "市区區県县縣町村府州":
        return 2.0
    if after in tuple("路街道巷弄通り") or found.text[-1] in "路街道巷弄":
        return 0.2
    runs_on = sum(bool(side) and script_of(side) == script_of(found.text) for side in (before, after))
    return (1.6, 0.6, 0.3)[runs_on] if len(found.text) == 2 else (1.0, 0.8, 0.6)[runs_on]
